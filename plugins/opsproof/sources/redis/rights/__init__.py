"""One line for the server's ACL file: the commands that are asked, and the one key that is read."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files as resources
from string import Template

from opsproof.model.rights import Account, Need, Rights, RightsFile
from opsproof.model.target import Target
from opsproof.sources.redis.facts import PROBED


def files(needs: Sequence[Need], target: Target, account: Account) -> tuple[RightsFile, ...]:
    """The line to add to `users.acl`; the password takes the place of the capitals."""
    commands = sorted({"|".join(need.verb.lower().split()) for need in needs})
    if target.settings.database:
        commands.append("select")
    keys = dict.fromkeys(pattern(need.name) for need in sorted(needs) if need.name)
    values = {
        "user": target.settings.username or account.user or account.name,
        "keys": "".join(f"%R~{key} " for key in keys),
        "commands": " ".join(f"+{command}" for command in commands),
    }
    text = (resources(__name__) / "opsproof.acl").read_text("utf-8")
    return (RightsFile(f"{target.role}.acl", Template(text).substitute(values), comment=""),)


def sensitive(need: Need) -> str:
    """CONFIG GET is of all settings, or of none."""
    return "whoever has it can read the server's passwords" if need.verb == "CONFIG GET" else ""


def pattern(key: str) -> str:
    """The ACL's pattern for that key alone, as far as a line of text can say it: what no line holds is any byte."""
    if key == PROBED:
        return "opsproof:*"
    escaped = "".join(f"\\{one}" if one in "*?[]\\^" else one for one in key)
    return "".join(one if one.isprintable() and one != " " else "?" * len(one.encode()) for one in escaped)


RIGHTS = Rights(files, (Need("INFO"),), sensitive)
