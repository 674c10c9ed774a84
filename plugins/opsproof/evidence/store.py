"""Facts by the digest of their ask: compressed, published once, read by every process and by a replay."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from opsproof.evidence.files import write_atomically
from opsproof.model.ask import Ask
from opsproof.model.decoding import decode
from opsproof.model.failure import BadAnswer, Failure, NotRecorded
from opsproof.source import Answer


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One ask's answer as it lies on disk.

    `clock` is the target's own clock when it answered, where it tells it; `skew` is that minus ours.
    """

    ask: msgspec.Raw
    digest: str
    target: str
    asked: datetime
    answered: datetime
    clock: datetime | None = None
    skew: float | None = None
    facts: msgspec.Raw = msgspec.Raw(b"null")
    failure: Failure | None = None


class Store:
    """The `facts` folder of a run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        return self.folder / f"{digest}.json.gz"

    def has(self, digest: str) -> bool:
        return self.path(digest).exists()

    def publish(self, recorded: Recorded) -> None:
        content = msgspec.json.encode(recorded)
        write_atomically(self.path(recorded.digest), gzip.compress(content, compresslevel=3, mtime=0))

    def load(self, digest: str) -> Recorded:
        """Raises FileNotFoundError when the run did not record it, ValueError when it is damaged."""
        try:
            recorded: Recorded = decode(gzip.decompress(self.path(digest).read_bytes()), Recorded)
        except (msgspec.MsgspecError, EOFError, gzip.BadGzipFile) as damage:
            raise ValueError(f"facts {digest} are damaged: {damage}") from None
        return recorded

    def skew(self, digest: str) -> float | None:
        """The target's clock minus ours, where it is known."""
        try:
            return self.load(digest).skew
        except (FileNotFoundError, ValueError):
            return None

    def answer(self, ask: Ask, now: datetime) -> Answer[Any]:
        """The recorded answer to an ask; what was not recorded or is damaged answers with a failure."""
        try:
            recorded = self.load(ask.digest)
        except FileNotFoundError:
            lost = NotRecorded("this run holds no answer to it", target=ask.target)
            return Answer(ask, None, lost.as_failure(), now)
        except ValueError as damage:
            return Answer(ask, None, BadAnswer(str(damage), target=ask.target).as_failure(), now)
        return self.as_recorded(ask, recorded)

    @staticmethod
    def as_recorded(ask: Ask, recorded: Recorded) -> Answer[Any]:
        """The answer that a record holds, its facts decoded from the very bytes that are kept."""
        as_of = recorded.clock or recorded.answered
        if recorded.failure is not None:
            return Answer(ask, None, recorded.failure, as_of)
        try:
            return Answer(ask, decode(recorded.facts, ask.answer), None, as_of)
        except msgspec.MsgspecError as misfit:
            wrong = BadAnswer(f"facts of another form: {misfit}", target=ask.target)
            return Answer(ask, None, wrong.as_failure(), as_of)
