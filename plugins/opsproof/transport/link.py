"""A collector's way to its target: load budget, deadline, and the record of every request."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from functools import partial
from typing import Any, Protocol

import msgspec

from opsproof.model.ask import Ask
from opsproof.model.failure import TimedOut, TooBig
from opsproof.model.target import Target, TargetReport
from opsproof.transport.memory import JSON, Form, Memory


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


_STEP = 256 * 1024  # bytes between two looks at the memory


def _unheard(secret: str) -> None:
    """Nobody listens."""


class Link:
    """One target's link during one ask. Collectors wrap every request in `request(...)`.

    - `read(n)` counts what was received against the target's `max_bytes`, over all requests of the ask, and
      against the memory of the run.
    - `unfold(body)` sets memory apart for what a document becomes when it is decoded, until the next request.
    - `secret(text)` tells each credential the moment it is used, so that no record ever shows it.
    - `pause(seconds)` is how a collector sleeps; `left` are the seconds until the deadline.
    - `proven` names the identities that the ask's own connections have proven.
    """

    def __init__(
        self, target: Target, ask: str, *, slots: Slots, record: Callable[[Request], None], deadline: float,
        tell: Callable[[str], None] = _unheard, memory: Memory | None = None,
    ) -> None:  # fmt: skip
        self.target = target
        self.budget = target.budget
        self.deadline = min(deadline, time.monotonic() + target.budget.deadline)
        self.clock: datetime | None = None
        self.asked = False  # a request went out
        self.answered = False  # a request ended with an answer
        self.proven: set[str] = set()
        self.received = 0
        self.spent = 0.0  # seconds within requests: the server's, not those of waiting for a slot
        self._ends_with_run = self.deadline == deadline
        self._ask = ask
        self._slots = slots
        self._record = record
        self._tell = tell
        self._memory = memory or Memory()
        self._held = 0  # bytes of the answer that is being received
        self._claimed = 0

    @property
    def left(self) -> float:
        """Seconds until the deadline; zero or less when it is over."""
        return self.deadline - time.monotonic()

    @property
    def left_text(self) -> str:
        """How much is left of which deadline, for people."""
        left = max(0.0, self.left)
        if self._ends_with_run:
            return f"{left:.1f} s are left until the run's deadline"
        return f"{left:.1f} s are left of the target's {self.budget.deadline:g} s"

    def remaining(self) -> float:
        """Seconds left for this ask.

        Raises:
            TimedOut: none; the message names the deadline that is over, the run's or the target's.
        """
        left = self.left
        if left <= 0:
            text = (
                "the run's deadline is over"
                if self._ends_with_run
                else f"no answer within {self.budget.deadline:g} s"
            )
            raise TimedOut(text, target=self.target.id, own=self._ends_with_run)
        return left

    def pause(self, seconds: float) -> None:
        """Sleep, at most until the deadline. Raises TimedOut when it is over."""
        self.let_go()
        time.sleep(max(0.0, min(seconds, self.remaining())))
        self.remaining()

    def read(self, count: int) -> None:
        """Count received bytes, before they are kept.

        Raises:
            TooBig: more than `max_bytes` over the whole ask, or than the run's memory has room for.
        """
        self.passed(count)
        self._held += count
        self.hold(self._held, count)

    def passed(self, count: int) -> None:
        """Count received bytes of which nothing is kept. Raises TooBig: more than `max_bytes` over the whole ask."""
        self.received += count
        if self.received > self.budget.max_bytes:
            raise TooBig(f"more than {self.budget.max_bytes} bytes", target=self.target.id)

    def hold(self, held: int, more: int) -> None:
        """One answer grows to so many bytes by some more. Raises TooBig: the run's memory has no room for it."""
        if held // _STEP != (held - more) // _STEP:
            self._memory.require(held, self.target.id)

    def unfold(self, body: bytes, form: Form = JSON) -> None:
        """Set memory apart for all that is made of a document, until the next request or pause.

        Raises:
            TooBig: the run's memory has no room for it.
        """
        self.let_go()
        needed = self._memory.unfolded(body, form)
        if needed:
            self._memory.claim(needed, self.target.id, self.deadline)
            self._claimed = needed

    def keep(self) -> Callable[[], None]:
        """Take over what is set apart, past the next request; gives what releases it."""
        claimed, self._claimed = self._claimed, 0
        return partial(self._memory.release, claimed)

    def let_go(self) -> None:
        """What was received is decoded or thrown away, and what was set apart is used or free."""
        self._held = 0
        if self._claimed:
            self._memory.release(self._claimed)
            self._claimed = 0

    @property
    def may_read(self) -> int:
        """How many bytes more the ask may receive."""
        return max(0, self.budget.max_bytes - self.received)

    def secret(self, *texts: str) -> None:
        """Tell credentials that are used now: they are blanked in facts, records and messages from here on."""
        for text in texts:
            self._tell(text)

    @contextmanager
    def request(self, method: str, path: str, *, attempt: int = 1) -> Iterator[Request]:
        """Wait for a slot in the load budget, then time and record what happens in the block.

        The block fills in `status`, `bytes` and `digest`; an exception is recorded as its type's name. When
        the wait for our own budget takes all the time, TimedOut is our own side.
        """
        self.let_go()
        with ExitStack() as held:
            try:
                self.remaining()
                held.enter_context(self._slots.slot(self.target, self.deadline))
            except TimedOut as late:
                late.own = True
                raise
            self.asked = True
            yield from self._recorded(method, path, attempt)
        self.answered = True

    def _recorded(self, method: str, path: str, attempt: int) -> Iterator[Request]:
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
            took = time.monotonic() - began
            self.spent += took
            entry.seconds = round(took, 4)
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
