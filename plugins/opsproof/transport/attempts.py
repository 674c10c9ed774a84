"""Spaced probes of one ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone

from opsproof.model.failure import CollectionError, Failure, TimedOut
from opsproof.transport.link import Link

_LEAST = 1.0  # seconds: with less, a healthy server across an ocean would look dead


def spaced(link: Link, count: int, spacing: float, *, longest: float) -> Iterator[tuple[int, float]]:
    """The number of each probe, from 1, and the seconds it may take; sleeps between them.

    A probe that could get no fair time is not made: the facts then hold fewer than were wanted, and a
    server that hangs still leaves facts about it.

    Raises:
        TimedOut: not even the first had a fair time; our own side.
    """
    least = min(_LEAST, link.budget.deadline / 4)
    if link.left < least:
        raise TimedOut(f"no probe was made: {link.left_text}", target=link.target.id, own=True)
    for number in range(1, count + 1):
        if number > 1:
            if link.left < spacing + least:
                return
            link.pause(spacing)
        yield number, _share(link.left, count - number, spacing, least, longest)


def _share(left: float, after: int, spacing: float, least: float, longest: float) -> float:
    """An equal part of the time left; the last of those after it are given up where that would be too little."""
    while after and (left - spacing * after) / (after + 1) < least:
        after -= 1
    return min(longest, (left - spacing * after) / (after + 1) * 0.9)


@dataclass
class Attempt:
    """One probe: when it began, how long its requests took, and why it failed, if it did.

    What it waits for its turn in our own budget, or for a busy machine of ours, is not the server's time.
    """

    link: Link
    at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    seconds: float = 0.0
    failure: Failure | None = None
    _before: float = field(init=False)

    def __post_init__(self) -> None:
        self._before = self.link.spent

    def took(self) -> None:
        """What counts for the time is done; what follows does not."""
        self.seconds = self.seconds or round(self.link.spent - self._before, 4)


@contextmanager
def attempted(link: Link) -> Iterator[Attempt]:
    """Around one probe: a failure is its fact, and not the ask's end."""
    attempt = Attempt(link)
    try:
        yield attempt
    except CollectionError as error:
        attempt.failure = error.as_failure()
    finally:
        attempt.took()
