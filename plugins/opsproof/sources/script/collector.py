"""Runs what the environment allows, without a shell, and keeps of it what the row needs."""

from __future__ import annotations

import getpass
import hashlib
import os
from pathlib import Path

from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, Forbidden, NotConfigured, NotFound
from opsproof.model.target import Target, TargetReport
from opsproof.model.text import cut
from opsproof.sources.script.facts import ProgramRun, ProgramRunOf
from opsproof.transport.link import Link
from opsproof.transport.program import Ended, run

_ALWAYS = ("PATH", "HOME", "LANG")
_TAIL = 2048


class ScriptCollector:
    """Each ask is one process group, which does not outlive the ask."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def collect(self, ask: Ask, link: Link) -> ProgramRun:
        if not isinstance(ask, ProgramRunOf):
            raise BadAnswer(f"a program cannot answer {type(ask).__name__}", target=self.target.id)
        path = self._path(ask.program)
        digest = _digest(path, ask.program)
        ended = self._run(ask, path, link)
        return ProgramRun(
            program=ask.program,
            arguments=ask.arguments,
            status=ended.status,
            sha256=digest,
            seconds=ended.seconds,
            size=ended.size,
            tail=cut(ended.out.decode("utf-8", "replace"), _TAIL) if ask.tail else "",
        )

    def identify(self, link: Link) -> TargetReport:
        """It is this machine; there is nobody to ask."""
        return TargetReport(
            target=self.target.id,
            kind=self.target.kind,
            role=self.target.role,
            declared=dict(self.target.identity),
            authenticated_as=getpass.getuser(),
        )

    def close(self) -> None:
        """Nothing stays."""

    def _path(self, name: str) -> Path:
        found = self.target.settings.allow.get(name)
        if found is None:
            known = ", ".join(sorted(self.target.settings.allow))
            why = f"targets.{self.target.role}.allow does not name the program {cut(name, 64)!r}; it has {known}"
            raise NotConfigured(why, target=self.target.id)
        return Path(found)

    def _run(self, ask: ProgramRunOf, path: Path, link: Link) -> Ended:
        """In the program's own folder."""
        words = [str(path), *ask.arguments]
        with link.request("RUN", " ".join([ask.program, *ask.arguments])) as entry:
            ended = run(
                words, env=self._environment(link), seconds=min(ask.within, link.remaining()),
                take=link.read, keep=_TAIL if ask.tail else 0, errors=True, cwd=path.parent,
            )  # fmt: skip
            entry.status, entry.bytes = ended.status, ended.size
            return ended

    def _environment(self, link: Link) -> dict[str, str]:
        """What is passed on may be a credential: from here on it is blanked wherever it stands."""
        passed = {name: os.environ[name] for name in self.target.settings.pass_on if name in os.environ}
        link.secret(*passed.values())
        return {**{name: os.environ[name] for name in _ALWAYS if name in os.environ}, **passed}


def _digest(path: Path, name: str) -> str:
    """SHA-256 of the file that is run."""
    try:
        if not path.is_file():
            raise NotFound(f"the program {name} is not there")
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except PermissionError:
        raise Forbidden(
            f"the program {name} may not be read, so that nobody could tell what was run"
        ) from None
