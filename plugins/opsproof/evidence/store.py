"""Facts by the digest of their ask: compressed, published once, read by every process and by a replay."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from opsproof.evidence import plain
from opsproof.evidence.files import write_atomically, writing
from opsproof.model.argument import Answer
from opsproof.model.ask import Ask
from opsproof.model.decoding import decode
from opsproof.model.failure import BadAnswer, Failure, NotRecorded
from opsproof.model.moment import Clock, clocked

PART = 500  # items of a list that are encoded, written and read at a time: no copy of all fills the memory
_NONE = b'"facts":null'
_GZIP = 31  # zlib's name for gzip's header around the largest window


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One ask's answer as it lies on disk.

    `clock` is the target's own clock when it answered, where it tells it; `skew` is that minus ours.
    `cut` is how many texts were longer than is kept, and bear a mark.
    """

    ask: msgspec.Raw
    digest: str
    target: str
    asked: datetime
    answered: datetime
    clock: datetime | None = None
    skew: float | None = None
    cut: int = 0
    facts: msgspec.Raw = msgspec.Raw(b"null")
    failure: Failure | None = None
    gaps: tuple[Failure, ...] = ()

    @property
    def read_by(self) -> Clock:
        """The clock that its moments are read by: ours, where the target tells none."""
        return Clock(self.clock or self.answered, self.target, self.skew)


class Store:
    """The `facts` folder of a run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str, attempt: int = 0) -> Path:
        """The file of an answer: the last one, or that of an earlier attempt, counted from 1."""
        return self.folder / (f"{digest}.{attempt}.json.gz" if attempt else f"{digest}.json.gz")

    def has(self, digest: str) -> bool:
        return self.path(digest).exists()

    def superseded(self, digest: str) -> int:
        """How many answers of earlier attempts there are."""
        number = 0
        while self.path(digest, number + 1).exists():
            number += 1
        return number

    def set_aside(self, digest: str) -> None:
        """Make the last answer that of an earlier attempt: the next one takes its place. Raises Unwritable."""
        path = self.path(digest)
        if path.exists():
            with writing(path):
                path.replace(self.path(digest, self.superseded(digest) + 1))

    def publish(self, recorded: Recorded, parts: Sequence[bytes] = ()) -> None:
        """Keep an answer; its facts are the parts, joined."""
        write_atomically(self.path(recorded.digest), _compressed(_whole(recorded, parts)))

    def load(self, digest: str, attempt: int = 0) -> Recorded:
        """Raises FileNotFoundError when the run did not record it, ValueError when it is damaged."""
        try:
            recorded: Recorded = decode(plain.unpacked(self.path(digest, attempt)), Recorded)
        except (msgspec.MsgspecError, plain.NotPlain) as damage:
            raise ValueError(f"facts {digest} are damaged: {damage}") from None
        return recorded

    def skew(self, digest: str) -> float | None:
        """The target's clock minus ours, where it is known."""
        try:
            return self.load(digest).skew
        except (FileNotFoundError, ValueError):
            return None

    def answer(self, ask: Ask, now: datetime, attempt: int = 0) -> Answer[Any]:
        """The recorded answer to an ask; what was not recorded or is damaged answers with a failure."""
        try:
            recorded = self.load(ask.digest, attempt)
        except FileNotFoundError:
            lost = NotRecorded("this run holds no answer to it", target=ask.target)
            return Answer(ask, None, lost.as_failure(), Clock(now, ask.target))
        except ValueError as damage:
            return Answer(
                ask, None, BadAnswer(str(damage), target=ask.target).as_failure(), Clock(now, ask.target)
            )
        return _answer(ask, recorded, recorded.facts)

    def published(self, ask: Ask, recorded: Recorded, parts: list[bytes]) -> Answer[Any]:
        """What `answer` gives of what was just published, from the same bytes; takes the parts away."""
        if len(parts) < 2:
            return _answer(ask, recorded, *parts)
        facts: list[Any] = []
        try:
            while parts:
                facts[:0] = decode(parts.pop(), ask.answer)  # from the end, where memory is given back
        except msgspec.MsgspecError:
            return self.answer(ask, recorded.answered)
        return Answer(ask, facts, None, recorded.read_by, recorded.gaps)


def _answer(ask: Ask, recorded: Recorded, facts: bytes | msgspec.Raw = b"null") -> Answer[Any]:
    clock = recorded.read_by
    if recorded.failure is not None:
        return Answer(ask, None, recorded.failure, clock)
    try:
        return Answer(ask, clocked(decode(facts, ask.answer), clock), None, clock, recorded.gaps)
    except msgspec.MsgspecError as misfit:
        wrong = BadAnswer(f"facts of another form: {misfit}", target=ask.target)
        return Answer(ask, None, wrong.as_failure(), clock)


def in_parts(facts: Any) -> Iterator[bytes]:
    """Facts as JSON; a long list as several lists. Takes its items away, so that they are not there twice."""
    while isinstance(facts, list) and len(facts) > PART:
        part = msgspec.json.encode(facts[:PART])
        del facts[:PART]
        yield part
    yield msgspec.json.encode(facts)


def _joined(parts: Sequence[bytes]) -> Iterator[bytes]:
    """One document of what `in_parts` made."""
    if len(parts) == 1:
        yield parts[0]
        return
    for number, part in enumerate(parts):
        yield b"," if number else b"["
        yield part[1:-1]
    yield b"]"


def _whole(recorded: Recorded, parts: Sequence[bytes]) -> Iterator[bytes]:
    before, none, after = msgspec.json.encode(recorded).rpartition(_NONE)
    yield before
    if parts:
        yield none.removesuffix(b"null")
        yield from _joined(parts)
    else:
        yield none
    yield after


def _compressed(content: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(3, zlib.DEFLATED, _GZIP)
    for part in content:
        yield packer.compress(part)
    yield packer.flush()
