"""Has a folder looked at where it lies: over the ssh connection of a host, or here."""

from __future__ import annotations

import getpass
import hashlib
import shlex
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import msgspec

from opsproof.model.ask import Ask
from opsproof.model.decoding import decode
from opsproof.model.failure import BadAnswer, CollectionError, Forbidden, NotConfigured, NotFound, TooBig
from opsproof.model.rights import Need
from opsproof.model.stored import Content, Shelf, Stored
from opsproof.model.target import Target, TargetReport
from opsproof.model.text import cut
from opsproof.model.units import Bytes
from opsproof.sources.files.facts import MOST, PROGRAM, FilesAsk, ListedOf, ReadOf, command
from opsproof.sources.host.asks import CLOCK, IDENTITY, Words
from opsproof.sources.host.backend import Here, Way, told
from opsproof.sources.host.failure import refused
from opsproof.sources.host.keys import fingerprint
from opsproof.sources.host.reading import lines, system
from opsproof.sources.host.settings import HOST_KEY, MACHINE
from opsproof.sources.host.ssh import Ssh
from opsproof.transport.link import Link
from opsproof.transport.memory import JSON

_LONGEST = 4096  # bytes of a path
_NOT_THERE, _NOT_READABLE = 2, 3


class _Listed(msgspec.Struct):
    now: float
    stored: list[tuple[str, int, float, int, int]] = []
    others: int = 0
    instead: list[str] = []
    more: bool = False


class _Read(msgspec.Struct):
    now: float
    name: str
    modified: float = 0.0


class FilesCollector:
    """One folder. What is printed there is one document of JSON, or the folder is not read."""

    def __init__(self, target: Target) -> None:
        self.target = target
        local = target.settings.local
        self._way: Way = Here() if local else Ssh(target)
        self._python = sys.executable if local else "python3"

    def collect(self, ask: Ask, link: Link) -> Shelf | Content:
        if isinstance(ask, ListedOf):
            return self._listed(ask, link)
        if isinstance(ask, ReadOf):
            return self._read(ask, link)
        raise BadAnswer(f"files cannot answer {type(ask).__name__}", target=self.target.id)

    def identify(self, link: Link) -> TargetReport:
        machine, named, clock = (self._ran(words, link) for words in IDENTITY)
        try:
            link.clock = lines.clock(clock)
            identity = {MACHINE: hashlib.sha256(system.machine_id(machine)).hexdigest()}
            version = cut(" ".join(system.os_release(named)), 128)
        except lines.Unreadable as error:
            raise BadAnswer(f"the host does not tell who it is: {error}", target=self.target.id) from None
        if isinstance(self._way, Ssh):
            identity[HOST_KEY] = fingerprint(self._way.fingerprint_of_key)
        return TargetReport(
            target=self.target.id,
            kind=self.target.kind,
            role=self.target.role,
            identity=identity,
            declared=dict(self.target.identity),
            authenticated_as=self.target.settings.user or getpass.getuser(),
            version=version,
        )

    def lacks(self, needs: Sequence[Need], link: Link) -> list[Need]:
        """What may not be run, found by running it; of what would read a whole backup only whether Python may be."""
        return [need for need in needs if not self._may(tuple(shlex.split(need.on)), link)]

    def _may(self, words: Words, link: Link) -> bool:
        shown = shlex.join(words)
        if PROGRAM in words:
            listing = ListedOf.verb in words
            words = command(words, self.target.settings.folder, self._python) if listing else CLOCK
        try:
            self._ran(words, link, shown if words is not CLOCK else "")
        except Forbidden:
            return False
        return True

    def close(self) -> None:
        self._way.close()

    def _ran(self, words: Words, link: Link, shown: str = "") -> bytes:
        """What a command printed. Raises CollectionError."""
        ended = self._way.run(told(words, sudo=False), link, shown)
        failure = refused(ended.status, words[0], self.target.id)
        if failure is not None:
            raise failure
        if ended.status:
            raise self._failed(ended.status)
        link.unfold(ended.out, JSON)
        return ended.out

    def _failed(self, status: int) -> CollectionError:
        folder, target = self.target.settings.folder, self.target.id
        if status == _NOT_THERE:
            return NotFound(f"{folder} is not there", target=target)
        if status == _NOT_READABLE:
            return Forbidden(f"{folder}, or a file or folder in it, may not be read", target=target)
        return BadAnswer(f"{folder} could not be read: exit status {status}", target=target)

    def _asked(self, ask: FilesAsk, link: Link) -> bytes:
        words = command(ask.shown, self.target.settings.folder, self._python)
        return self._ran(words, link, shlex.join(ask.shown))

    def _listed(self, ask: ListedOf, link: Link) -> Shelf:
        found: _Listed = self._decoded(self._asked(ask, link), _Listed)
        if found.more:
            raise TooBig(f"more than {MOST} files fit {ask.pattern}", target=self.target.id, own=True)
        link.clock = self._time(found.now)
        return Shelf(
            stored=tuple(self._stored(*one) for one in found.stored),
            others=found.others,
            instead=tuple(cut(name, 200) for name in found.instead[:8]),
        )

    def _stored(self, name: str, size: int, modified: float, count: int, empty: int) -> Stored:
        if min(size, count - 1, empty) < 0 or len(name) > _LONGEST:
            raise BadAnswer("a file that is none", target=self.target.id)
        return Stored(name=name, size=size, modified=self._time(modified), count=count, empty=empty)

    def _read(self, ask: ReadOf, link: Link) -> Content:
        out = self._asked(ask, link)
        about: _Read = self._decoded(out, _Read)
        link.clock = self._time(about.now)
        if not about.name:
            return Content()
        document = self._decoded(out, dict[str, Any])
        document["modified"] = self._time(about.modified)
        try:
            content = msgspec.convert(document, Content)
        except msgspec.ValidationError:
            raise self._garbage() from None
        if content.unread and content.stored > ask.most:
            raise NotConfigured(
                f"{cut(content.name, 200)}: {Bytes(content.stored)} are to be read, and the target's "
                f"budget.max_bytes is {Bytes(ask.most)}: raise it, and budget.deadline with it",
                target=self.target.id,
            )
        return content

    def _decoded(self, out: bytes, form: Any) -> Any:
        try:
            return decode(out, form)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise self._garbage() from None

    def _garbage(self) -> BadAnswer:
        return BadAnswer("what was printed there is no list of files", target=self.target.id)

    def _time(self, stamp: float) -> datetime:
        try:
            return datetime.fromtimestamp(stamp, timezone.utc)
        except (ValueError, OverflowError, OSError):
            raise self._garbage() from None
