"""A collector's way to its target: load budget, deadline, and the record of every request."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any, Protocol

import msgspec

from opsproof.model.ask import Ask
from opsproof.model.failure import TimedOut
from opsproof.model.target import Target, TargetReport


class Request(msgspec.Struct, kw_only=True):
    """One attempt, as `requests.jsonl` keeps it. `path` holds no secret."""

    at: datetime
    target: str
    ask: str
    method: str
    path: str
    attempt: int = 1
    status: int | str = ""
    bytes: int = 0
    seconds: float = 0.0
    digest: str = ""


class Slots(Protocol):
    """Hands out the right to have one more request in flight, over all processes of a run."""

    @contextmanager
    def slot(self, target: Target, deadline: float) -> Iterator[None]: ...


class Link:
    """One target's link during one ask. Collectors wrap every request in `request(...)`."""

    def __init__(
        self, target: Target, ask: str, *, slots: Slots, record: Callable[[Request], None], deadline: float
    ) -> None:
        self.target = target
        self.budget = target.budget
        self.deadline = min(deadline, time.monotonic() + target.budget.deadline)
        self.clock: datetime | None = None
        self._ask = ask
        self._slots = slots
        self._record = record

    def remaining(self) -> float:
        """Seconds left for this ask.

        Raises:
            TimedOut: none.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimedOut(f"no answer within {self.budget.deadline:g} s", target=self.target.id)
        return left

    @contextmanager
    def request(self, method: str, path: str, *, attempt: int = 1) -> Iterator[Request]:
        """Wait for a slot in the load budget, then time and record what happens in the block.

        The block fills in `status`, `bytes` and `digest`; an exception is recorded as its type's name.
        """
        self.remaining()
        with self._slots.slot(self.target, self.deadline):
            entry = Request(
                at=datetime.now(timezone.utc), target=self.target.id, ask=self._ask, method=method, path=path,
                attempt=attempt,
            )  # fmt: skip
            began = time.monotonic()
            try:
                yield entry
            except BaseException as error:
                entry.status = entry.status or type(error).__name__
                raise
            finally:
                entry.seconds = round(time.monotonic() - began, 4)
                self._record(entry)


class Collector(Protocol):
    """Talks to one target. Made once per target and process, used from several threads."""

    def __init__(self, target: Target) -> None: ...

    def collect(self, ask: Ask, link: Link) -> Any:
        """The facts that answer the ask (an instance of `ask.answer`).

        Sets `link.clock` to the server's own clock where it tells it (UTC). Raises CollectionError.
        """

    def identify(self, link: Link) -> TargetReport:
        """Who the target proves to be, as whom we are authenticated, its version. Raises CollectionError."""

    def close(self) -> None: ...
