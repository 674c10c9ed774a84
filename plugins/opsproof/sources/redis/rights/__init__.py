"""One line for the server's ACL file: the commands that are asked, and the one key that is read."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files as resources
from string import Template

from opsproof.model.rights import Account, Need, Rights, RightsFile
from opsproof.model.target import Target

_KEYS = "%R~opsproof:*"


def files(needs: Sequence[Need], target: Target, account: Account) -> tuple[RightsFile, ...]:
    """The line to add to `users.acl`; the password takes the place of the capitals."""
    commands = sorted({need.verb.lower() for need in needs})
    if target.settings.database:
        commands.append("select")
    values = {
        "user": target.settings.username or account.user or account.name,
        "keys": f"{_KEYS} " if any(need.name for need in needs) else "",
        "commands": " ".join(f"+{command}" for command in commands),
    }
    text = (resources(__name__) / "opsproof.acl").read_text("utf-8")
    return (RightsFile(f"{target.role}.acl", Template(text).substitute(values)),)


RIGHTS = Rights(files, (Need("INFO"),))
