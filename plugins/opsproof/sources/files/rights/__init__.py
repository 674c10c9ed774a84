"""What lets opsproof have a folder looked at: a forced command that runs one program, and nothing else."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from opsproof.model.rights import Account, Need, Rights, RightsFile
from opsproof.model.target import Target
from opsproof.sources.files.facts import PROGRAM, command
from opsproof.sources.host.asks import IDENTITY, need
from opsproof.sources.host.rights import files as files_of_host


def files(needs: Sequence[Need], target: Target, account: Account) -> tuple[RightsFile, ...]:
    """As for a host, with the commands for this folder. Of this machine: what must be readable."""
    if target.settings.local:
        text = f"# {account.user or account.name} has to be able to read {target.settings.folder}, and nothing more.\n"
        return (RightsFile(f"{target.role}.txt", text),)
    return tuple(files_of_host([need(_whole(one.on, target)) for one in needs], target, account))


def _whole(text: str, target: Target) -> tuple[str, ...]:
    words = tuple(shlex.split(text))
    return command(words, target.settings.folder) if PROGRAM in words else words


RIGHTS = Rights(files, tuple(map(need, IDENTITY)))
