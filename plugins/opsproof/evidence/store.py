"""Facts by the digest of their ask: compressed, published once, read by every process and by a replay."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from opsproof.evidence import plain
from opsproof.evidence.files import write_atomically, writing
from opsproof.evidence.kept import BEFORE, Kept, Packer, read_in_parts
from opsproof.model.argument import Answer
from opsproof.model.ask import Ask
from opsproof.model.decoding import decode
from opsproof.model.failure import BadAnswer, Failure, NotRecorded
from opsproof.model.moment import Clock, clocked

_NONE = b"null"


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One ask's answer as it lies on disk.

    The facts come first: they are written while they are made. `clock` is the target's own clock when it
    answered, where it tells it; `skew` is that minus ours. `cut` is how many texts were longer than is kept, and
    bear a mark.
    """

    facts: msgspec.Raw = msgspec.Raw(_NONE)
    ask: msgspec.Raw
    digest: str
    target: str
    asked: datetime
    answered: datetime
    clock: datetime | None = None
    skew: float | None = None
    cut: int = 0
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

    def publish(self, recorded: Recorded, kept: Kept | None = None) -> None:
        """Write down an answer; without facts where it is a failure."""
        rest = msgspec.json.encode(recorded).removeprefix(BEFORE + _NONE)
        write_atomically(self.path(recorded.digest), kept.packed(rest) if kept else _packed(rest))

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
            return self._in_parts(ask, attempt) or _answer(ask, self.load(ask.digest, attempt))
        except FileNotFoundError:
            lost = NotRecorded("this run holds no answer to it", target=ask.target)
            return Answer(ask, None, lost.as_failure(), Clock(now, ask.target))
        except ValueError as damage:
            return Answer(
                ask, None, BadAnswer(str(damage), target=ask.target).as_failure(), Clock(now, ask.target)
            )

    def _in_parts(self, ask: Ask, attempt: int) -> Answer[Any] | None:
        """The answer, read part by part; None where something is wrong: reading it as a whole says what."""
        try:
            facts, document = read_in_parts(plain.unpacking(self.path(ask.digest, attempt)), ask.answer)
            recorded = decode(document, Recorded)
            if recorded.failure is not None or not facts:
                return _answer(ask, recorded)
            facts += decode(recorded.facts, ask.answer)
        except (msgspec.MsgspecError, ValueError):
            return None
        return _of(ask, recorded, facts)

    def published(self, ask: Ask, recorded: Recorded, kept: Kept | None) -> Answer[Any]:
        """What `answer` gives of what was just published."""
        if kept is None:
            return _answer(ask, recorded)
        if kept.misfit:
            return self.answer(ask, recorded.answered)
        return _of(ask, recorded, kept.facts)


def _answer(ask: Ask, recorded: Recorded) -> Answer[Any]:
    clock = recorded.read_by
    if recorded.failure is not None:
        return Answer(ask, None, recorded.failure, clock)
    try:
        return _of(ask, recorded, decode(recorded.facts, ask.answer))
    except msgspec.MsgspecError as misfit:
        wrong = BadAnswer(f"facts of another form: {misfit}", target=ask.target)
        return Answer(ask, None, wrong.as_failure(), clock)


def _of(ask: Ask, recorded: Recorded, facts: Any) -> Answer[Any]:
    clock = recorded.read_by
    return Answer(ask, clocked(facts, clock), None, clock, recorded.gaps)


def _packed(rest: bytes) -> list[bytes]:
    packer = Packer()
    packer.add(BEFORE + _NONE + rest)
    return packer.whole()
