"""The role as which opsproof connects, with exactly the grants that are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files as resources
from string import Template

from opsproof.model.rights import Account, Need, Rights, RightsFile
from opsproof.model.target import Target

_STATS = "-- Sees the sessions of other roles, which are hidden from an ordinary role.\n"
_FUNCTION = "-- Tells which server this is.\n"


def files(needs: Sequence[Need], target: Target, account: Account) -> tuple[RightsFile, ...]:
    """SQL for `psql`, to be run once by a superuser."""
    role = _quoted(target.settings.user)
    values: Mapping[str, str] = {
        "role": role,
        "role_name": target.settings.user.replace("'", "''"),
        "grants": "\n".join(_grants(needs, target, role)),
    }
    text = (resources(__name__) / "opsproof.sql").read_text("utf-8")
    return (RightsFile(f"{target.role}.sql", Template(text).substitute(values), comment="--"),)


def _grants(needs: Sequence[Need], target: Target, role: str) -> list[str]:
    found = []
    for need in sorted(set(needs)):
        if need.verb == "CONNECT":
            found.append(f"GRANT CONNECT ON DATABASE {_quoted(target.settings.database)} TO {role};")
        elif need.verb == "EXECUTE":
            found.append(f"{_FUNCTION}GRANT EXECUTE ON FUNCTION {need.on} TO {role};")
        elif need.verb == "USAGE":
            found.append(f"{_STATS}GRANT {need.on} TO {role};")
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


RIGHTS = Rights(files, (Need("CONNECT"), Need("EXECUTE", "pg_control_system()")))
