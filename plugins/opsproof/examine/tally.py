"""Counts spaced probes: how many failed and why, and how many say nothing about the server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from opsproof.examine.bound import hold
from opsproof.model.failure import Failure, Undecided, raised_from
from opsproof.model.limits import AtMost
from opsproof.model.units import Count, Duration

P = TypeVar("P")

Fault = str | Failure | None
"""What a probe shows: None is well, text is the server's fault, a Failure decides nothing."""


# What these say is about us, our rights or what was declared, and decides nothing about a server that answers.
_OURS = {"Unauthenticated", "Forbidden", "NotFound", "TlsFailed", "BadAnswer", "NotConfigured", "TooBig"}


def unanswered(failure: Failure, *, silence: str = "fail") -> Fault:
    """A probe without answer. Refused is an answer: something said no; `silence` says what none at all is."""
    silent = silence == "unknown" and failure.kind == "TimedOut"
    return failure if failure.own or silent or failure.kind in _OURS else failure.message


def too_slow(seconds: float, allowed: AtMost[Duration]) -> Fault:
    """A probe that took longer than is allowed."""
    broken = allowed.broken(seconds)
    return f"slow: more than {broken[1]}" if broken else None


class Tally(msgspec.Struct, frozen=True):
    """`failed` of `wanted` probes are the server's fault."""

    wanted: int
    failed: Count
    words: str
    undecided: int
    why: Failure | None

    def decide(self, allowed: AtMost[Count], rest: str = "") -> None:
        """Assert that no more than `allowed` failed, whatever the undecided ones would have shown.

        Raises:
            AssertionError: too many failed.
            CollectionError, Undecided: the undecided ones could make it too many.
        """
        hold(allowed, self.failed, f"{int(self.failed)} of {self.wanted} probes: {self.words}{rest}")
        if not allowed.allows(self.failed + self.undecided):
            if self.why is not None:
                raise raised_from(self.why)
            raise Undecided(f"time ran out: {self.undecided} of {self.wanted} probes were not made")


def tally(probes: Iterable[P], wanted: int, fault: Callable[[P], Fault]) -> Tally:
    """Judge each probe by `fault`; probes that were wanted and not made are undecided."""
    faults = [fault(probe) for probe in probes]
    words = [text for text in faults if isinstance(text, str)]
    failures = [failure for failure in faults if isinstance(failure, Failure)]
    return Tally(
        wanted=max(wanted, len(faults)),
        failed=Count(len(words)),
        words=_counted(words),
        undecided=len(failures) + max(0, wanted - len(faults)),
        why=failures[0] if failures else None,
    )


def _counted(words: list[str]) -> str:
    counts = Counter(words)
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{text} ({count}x)" for text, count in counts.most_common())
