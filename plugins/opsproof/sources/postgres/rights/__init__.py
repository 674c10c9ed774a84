"""The role as which opsproof connects, with exactly the grants that are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files as resources
from string import Template

from opsproof.model.rights import Account, Need, Rights, RightsFile
from opsproof.model.target import Target
from opsproof.sources.postgres.statements import SCHEMA

_STATS = "-- Sees the sessions of other roles, which are hidden from an ordinary role.\n"
_FUNCTIONS = {
    "pg_control_system()": "-- Tells which server this is.\n",
    "pg_control_checkpoint()": "-- Tells of tables that were made a moment ago that they are new.\n",
}
_STATEMENTS = """-- In the database itself, wherever the extension lies there.
\\connect {database}
SELECT format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, '{role_name}')
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
\\gexec"""


def files(needs: Sequence[Need], target: Target, account: Account) -> tuple[RightsFile, ...]:
    """SQL for `psql`, to be run once by a superuser."""
    role = quoted(target.settings.user)
    values: Mapping[str, str] = {
        "role": role,
        "role_name": target.settings.user.replace("'", "''"),
        "grants": "\n".join(_grants(needs, target, role)),
    }
    text = (resources(__name__) / "opsproof.sql").read_text("utf-8")
    return (RightsFile(f"{target.role}.sql", Template(text).substitute(values), comment="--"),)


def _grants(needs: Sequence[Need], target: Target, role: str) -> list[str]:
    found = []
    database = quoted(target.settings.database)
    for need in sorted(set(needs)):
        if need.verb == "CONNECT":
            found.append(f"GRANT CONNECT ON DATABASE {database} TO {role};")
        elif need.verb == "EXECUTE":
            found.append(f"{_FUNCTIONS[need.on]}GRANT EXECUTE ON FUNCTION {need.on} TO {role};")
        elif need.verb == "USAGE":
            found.append(f"{_STATS}GRANT {need.on} TO {role};")
    if SCHEMA in needs:  # the last: what follows would be of another database
        role_name = target.settings.user.replace("'", "''")
        found.append(_STATEMENTS.format(database=database, role_name=role_name))
    return found


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


RIGHTS = Rights(files, (Need("CONNECT"), Need("EXECUTE", "pg_control_system()")))
