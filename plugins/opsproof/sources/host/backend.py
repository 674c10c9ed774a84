"""testinfra's interface to a host, with a way there that keeps an ask's budget.

Of testinfra's own backends none knows a deadline or a bound of bytes; the one on paramiko lets unknown host keys
pass with a warning, sudo is a whole shell, and other commands run to find an encoding.
"""

from __future__ import annotations

import os
import shlex
from typing import Any, Protocol

from testinfra.backend.base import BaseBackend, CommandResult

from opsproof.sources.host.asks import Words
from opsproof.transport.link import Link
from opsproof.transport.memory import WORDS
from opsproof.transport.program import Ended, run

ENV = {"LC_ALL": "C", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/"}


class Way(Protocol):
    """Runs a command there; `shown` is what the record has in its place."""

    def run(self, command: str, link: Link, shown: str = "") -> Ended: ...

    def close(self) -> None: ...


def told(words: Words, *, sudo: bool) -> str:
    """The command as it goes to the host: quoted, in the C locale, and by sudo where that is declared."""
    return shlex.join(("env", "LC_ALL=C", *(("sudo", "-n") if sudo else ()), *words))


class Bounded(BaseBackend):  # type: ignore[misc]
    """One ask's backend: `host.run("stat %s", path)` of testinfra, bounded by the ask's link."""

    NAME = "opsproof"

    def __init__(self, way: Way, link: Link, *, sudo: bool) -> None:
        super().__init__(link.target.id, sudo=sudo)
        self._way = way
        self._link = link
        self._encoding = "utf-8"

    def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:
        text = told(tuple(shlex.split(self.quote(command, *args))), sudo=self.sudo)
        ended = self._way.run(text, self._link)
        self._link.unfold(ended.out, WORDS)
        # testinfra's own `result` writes the output to a log.
        return CommandResult(self, ended.status, text.encode(), ended.out, b"")


class Here:
    """This machine, without a shell."""

    def run(self, command: str, link: Link, shown: str = "") -> Ended:
        with link.request("RUN", shown or command) as entry:
            ended = run(
                shlex.split(command), env={**ENV, "PATH": os.environ.get("PATH", ENV["PATH"])},
                seconds=link.remaining(), take=link.read,
            )  # fmt: skip
            entry.status, entry.bytes = ended.status, ended.size
            return ended

    def close(self) -> None:
        """Nothing stays open."""
