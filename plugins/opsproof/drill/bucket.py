"""Dumps in a bucket: listed as rows about backups list it, and read part by part, of which nothing is kept."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from msgspec.structs import replace

from opsproof.drill.dumps import MOST_BESIDE, Unreadable
from opsproof.examine.backups.kept import Kept
from opsproof.model.dated import dated
from opsproof.model.failure import CollectionError
from opsproof.model.moment import Clock
from opsproof.model.stored import Shelf
from opsproof.model.target import Target
from opsproof.model.text import cut
from opsproof.sources.s3.facts import ObjectsOf
from opsproof.sources.s3.parts import Object, looked_up, part
from opsproof.transport.link import Link
from opsproof.transport.turns import InTurn

_PART = 8 * 2**20  # bytes that are held at once
_IDLE = 2.0  # seconds after which a server may have closed a connection
_LONGEST = 1200  # of a bucket and a key
_IDENTIFY = 60.0  # seconds


@dataclass
class Bucket:
    """One bucket, asked as the target of kind s3 that it is, one request after the other.

    The target's budget bounds each request by itself: a dump may be as large as it is.
    """

    target: Target
    pattern: str
    collector: Any
    manifest_of: Callable[[str], str]
    _turns: InTurn = field(default_factory=InTurn)
    _asked: float = 0.0

    @property
    def place(self) -> str:
        return f"s3://{self.target.settings.bucket}"

    def identity(self) -> Mapping[str, str]:
        """What the bucket proves to be. Raises CollectionError."""
        identity: Mapping[str, str] = self.collector.identify(
            self._link(time.monotonic() + _IDENTIFY)
        ).identity
        return identity

    def newest(self, deadline: float) -> FoundObject:
        """As rows about backups find it; what is beside a dump is none."""
        with self._readable("the bucket cannot be listed: {}", deadline):
            link = self._link(deadline)
            shelf = self.collector.collect(ObjectsOf(target=self.target.id, pattern=self.pattern), link)
            clock = Clock(link.clock or datetime.now(timezone.utc), self.target.id)
        kept = Kept(dated(self.pattern), self.place, timezone.utc, clock, self._dumps(shelf))
        if not kept.backups:
            raise Unreadable(f"no object is named like {self.pattern}: {kept.nothing()}")
        newest = kept.backups[-1]
        return FoundObject(self, self.object(newest.stored.name, deadline), newest.named.begins, deadline)

    def _dumps(self, shelf: Shelf) -> Shelf:
        beside = {_beside(one.name, self.manifest_of) for one in shelf.stored}
        return replace(shelf, stored=tuple(one for one in shelf.stored if one.name not in beside))

    def object(self, key: str, deadline: float) -> Object:
        """Raises Unreadable."""
        with self._readable("{} cannot be read: {}", deadline, cut(key)):
            return looked_up(self.collector.call, key, self._link(deadline))

    def part(self, one: Object, begin: int, deadline: float) -> bytes:
        """What is stored from `begin` on, as much as is held at once. Raises Unreadable."""
        with self._readable(f"{{}}, after {begin} of {one.size} bytes", deadline):
            return part(self.collector.call, one, begin, _PART, self._link(deadline))

    @contextmanager
    def _readable(self, told: str, deadline: float, *words: str) -> Iterator[None]:
        """Within, failures to ask it are Unreadable, and no old connection is used. `told`: with {} for the reason."""
        if time.monotonic() - self._asked > _IDLE:
            self.close()
        try:
            yield
        except CollectionError as error:
            late = time.monotonic() >= deadline
            why = "it takes longer than a drill may" if late else error.message
            raise Unreadable(told.format(*words, why)) from None
        finally:
            self._asked = time.monotonic()

    def _link(self, deadline: float) -> Link:
        budget = self.target.budget
        target = replace(self.target, budget=replace(budget, max_bytes=max(2 * _PART, budget.max_bytes)))
        return Link(target, "drill", slots=self._turns, record=lambda request: None, deadline=deadline)

    def close(self) -> None:
        self.collector.close()


@dataclass(frozen=True)
class FoundObject:
    """A dump's object, as it was when it was chosen."""

    bucket: Bucket
    object: Object
    made: datetime
    deadline: float

    @property
    def name(self) -> str:
        return cut(f"{self.bucket.place}/{self.object.key}", _LONGEST)

    def open(self) -> io.BufferedReader:
        return io.BufferedReader(_Parts(self))

    def beside(self, name: Callable[[str], str]) -> bytes:
        one = self.bucket.object(_beside(self.object.key, name), self.deadline)
        if one.size > MOST_BESIDE:
            raise Unreadable(f"{cut(one.key)} cannot be read: it is larger than any counts")
        content = bytearray()
        while len(content) < one.size:
            content += self.bucket.part(one, len(content), self.deadline)
        return bytes(content)


class _Parts(io.RawIOBase):
    """An object as a file: a part of it is asked for when the one before it is used up."""

    def __init__(self, found: FoundObject) -> None:
        self._found = found
        self._at = 0
        self._part = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._part and self._at < self._found.object.size:
            found = self._found
            self._part = memoryview(found.bucket.part(found.object, self._at, found.deadline))
            self._at += len(self._part)
        count = min(len(buffer), len(self._part))
        buffer[:count] = self._part[:count]
        self._part = self._part[count:]
        return count


def _beside(key: str, name: Callable[[str], str]) -> str:
    """The key beside a key, of a name made of its own."""
    folder, slash, own = key.rpartition("/")
    return folder + slash + name(own)
