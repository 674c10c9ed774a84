"""Spaced probes of one ask, and the question whether a failed one says anything about the server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from opsproof.model.failure import CollectionError, Failure, TimedOut
from opsproof.transport.link import Link, Request
from opsproof.transport.web_failure import OwnSide

_SHORTEST = 0.1


class NotTried(TimedOut):
    """Our own budget was spent before the server was spoken to. It says nothing about the server."""

    def as_failure(self) -> Failure:
        return Failure("TimedOut", self.message, self.target, self.scope)


def own_side(error: CollectionError) -> bool:
    """Whether the failure is ours: nothing reached the server."""
    return isinstance(error, (OwnSide, NotTried))


@contextmanager
def requested(link: Link, method: str, path: str, *, attempt: int = 1) -> Iterator[Request]:
    """`link.request`, telling apart the wait for our own budget from the wait for the server."""
    entered = False
    try:
        with link.request(method, path, attempt=attempt) as entry:
            entered = True
            yield entry
    except TimedOut as error:
        if entered:
            raise
        raise NotTried(error.message, target=error.target) from None


def spaced(link: Link, count: int, spacing: float, *, longest: float) -> Iterator[tuple[int, float]]:
    """The number of each probe, from 1, and the seconds it may take; sleeps between them.

    Ends early when the time is up, so that a server that hangs still leaves facts about it.
    """
    for number in range(1, count + 1):
        if number > 1:
            time.sleep(spacing)
        left = link.deadline - time.monotonic()
        if number > 1 and left < _SHORTEST:
            return
        after = count - number
        share = (left - spacing * after) / (after + 1)
        yield number, max(_SHORTEST, min(longest, share * 0.9))
