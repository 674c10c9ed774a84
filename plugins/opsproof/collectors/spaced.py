"""Spaced probes of one ask, fairly sharing the time that the ask has."""

from __future__ import annotations

import time
from collections.abc import Iterator

from opsproof.collectors.link import Link

_SHORTEST = 0.1


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
