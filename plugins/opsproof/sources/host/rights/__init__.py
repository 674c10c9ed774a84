"""What lets opsproof run its commands on a host, and nothing else: a forced command, and sudo where it is declared."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from importlib.resources import files as resources
from string import Template

from opsproof.model.rights import Account, Need, Rights, RightsFile
from opsproof.model.target import Target
from opsproof.sources.host.asks import IDENTITY, need

_SUDOERS = re.compile(r"([\\,:=*?\[\]!])")  # what means something to sudoers


def files(needs: Sequence[Need], target: Target, account: Account) -> tuple[RightsFile, ...]:
    """A script that lets these commands through, how it is bound to the key, and lines for sudoers."""
    commands = sorted({one.on for one in needs})
    settings = target.settings
    values = {
        "user": settings.user or account.user or account.name,
        "commands": "".join(f"{shlex.quote(_told(one, settings.sudo))}) ;;\n" for one in commands),
        "listed": "".join(f"#   {one}\n" for one in commands),
        "role": target.role,
    }
    if settings.local:
        return (RightsFile(f"{target.role}.txt", _text("local.txt", values)),)
    found = [RightsFile(f"{target.role}.sh", _text("allowed.sh", values))]
    if settings.sudo:
        lines = "".join(f"{values['user']} ALL=(root) NOPASSWD: {line}\n" for line in _sudoers(commands))
        found.append(RightsFile(f"{target.role}.sudoers", lines))
    return tuple(found)


def _told(command: str, sudo: bool) -> str:
    return shlex.join(("env", "LC_ALL=C", *(("sudo", "-n") if sudo else ()), *shlex.split(command)))


def _sudoers(commands: Sequence[str]) -> Iterator[str]:
    """sudoers wants whole paths, and a backslash before what means something to it."""
    for command in commands:
        name, *arguments = shlex.split(command)
        yield " ".join([f"/usr/bin/{name}", *(_SUDOERS.sub(r"\\\1", one) for one in arguments)])


def _text(name: str, values: dict[str, str]) -> str:
    return Template((resources(__name__) / name).read_text("utf-8")).substitute(values)


RIGHTS = Rights(files, tuple(map(need, IDENTITY)))
