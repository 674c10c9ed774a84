"""A drill step by step, and its record: written when it begins, and again when it has ended."""

from __future__ import annotations

import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import ClassVar

import msgspec

from opsproof.evidence.files import Unwritable, write_atomically, writing
from opsproof.model.target import Target
from opsproof.sources.drill.facts import Drill, Step

Tell = Callable[[str], None]


class NotKept(Exception):
    """A drill has ended, and its record does not say so. Its text is one line."""


class Stop(Exception):
    """A step failed, and with it the drill."""


def named(began: datetime) -> str:
    """What a drill is called: names sort as their drills began, also within a second."""
    return f"{began:%Y%m%dT%H%M%SZ}-{began.microsecond:05x}{secrets.randbelow(16):x}"


@dataclass
class Performance(ABC):
    """`drill` is what is known so far. `failures`: what may go wrong in a step. `examined`: when all was restored and
    examined; what is taken away after that costs no time."""

    failures: ClassVar[tuple[type[Exception], ...]] = ()

    target: Target
    place: str
    identity: Mapping[str, str]
    tell: Tell
    began: float = field(default_factory=time.monotonic)
    examined: float | None = field(default=None, init=False)
    drill: Drill = field(init=False)

    def __post_init__(self) -> None:
        now = datetime.now(timezone.utc)
        self.drill = Drill(
            id=named(now),
            began=now,
            into=self.place,
            identity=dict(self.identity),
        )

    @property
    def name(self) -> str:
        """The drill's own, of letters, numbers and dashes."""
        return self.drill.id.lower()

    @property
    def deadline(self) -> float:
        """When it has to have restored all, by the monotonic clock."""
        return self.began + float(self.target.settings.within)

    def run(self) -> Drill:
        """Raises Unwritable: nothing was begun. NotKept: it was, and has ended."""
        self.keep()
        try:
            with suppress(Stop):
                self.restored()
                self.know(rto=round((self.examined or time.monotonic()) - self.began, 3))
        finally:
            self.know(ended=datetime.now(timezone.utc))
            try:
                self.keep()
            except Unwritable as why:
                left = f"; it left behind: {self.drill.left}" if self.drill.left else ""
                raise NotKept(f"the drill has ended, and nothing decides by it: {why}{left}") from None
        return self.drill

    @abstractmethod
    def restored(self) -> None:
        """Restore, examine, and take away again. Raises Stop."""

    def said(self, error: Exception) -> tuple[str, str]:
        """What went wrong, in our words, and in PostgreSQL's."""
        return str(error), ""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.tell(name)
        began, failure, sqlstate = time.monotonic(), "", ""
        try:
            yield
        except self.failures as error:
            failure, sqlstate = self.said(error)
            raise Stop from None
        except BaseException:
            failure = "it was interrupted"
            raise
        finally:
            seconds = round(time.monotonic() - began, 3)
            step = Step(name=name, seconds=seconds, failure=failure, sqlstate=sqlstate)
            self.know(steps=(*self.drill.steps, step))

    def know(self, **more: object) -> None:
        self.drill = msgspec.structs.replace(self.drill, **more)

    def keep(self) -> None:
        folder = Path(self.target.settings.records)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        write_atomically(
            folder / f"{self.drill.id}.json", [msgspec.json.format(msgspec.json.encode(self.drill))]
        )
