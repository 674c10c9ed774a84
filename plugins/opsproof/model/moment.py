"""Moments, and the clocks that they are read from: each server has its own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from opsproof.model.failure import Undecided
from opsproof.model.units import Duration, duration_text

SKEW_REPORTED = Duration(5)  # a report names a clock that is further off ours
SKEW_TRUSTED = Duration(60)  # beyond this nothing is excused by a clock


class Clock(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a server's clock showed when it answered.

    `skew` is that minus ours, in seconds; None where the server tells no time, so that ours stands for it.
    Where it is beyond SKEW_TRUSTED nobody knows which of both is wrong: `latest` and `earliest` are what
    either of them shows, and a check takes the one that excuses nothing.
    """

    as_of: datetime
    target: str = ""
    skew: float | None = None

    @property
    def trusted(self) -> bool:
        return self.skew is None or abs(self.skew) <= SKEW_TRUSTED

    @property
    def latest(self) -> datetime:
        """Now by the later one of the server's clock and ours."""
        return self.as_of if self.trusted else max(self.as_of, self._ours)

    @property
    def earliest(self) -> datetime:
        """Now by the earlier one of the server's clock and ours."""
        return self.as_of if self.trusted else min(self.as_of, self._ours)

    @property
    def _ours(self) -> datetime:
        return self.as_of - timedelta(seconds=self.skew or 0.0)

    def age(self, at: datetime) -> Age:
        """The time since `at`, by the later clock."""
        return Age(self, at)

    def moment(self, at: datetime | None, read_from: str = "") -> Moment | None:
        """A moment that this server told; None where it told none."""
        return Moment(at, read_from, self) if at is not None else None

    def __str__(self) -> str:
        """`the clock of kubernetes:shop is 2h behind ours`."""
        side = "behind" if (self.skew or 0.0) < 0 else "ahead of"
        return f"the clock of {self.target or 'the server'} is {duration_text(abs(self.skew or 0.0))} {side} ours"


class Age(Duration):
    """The time since a moment: by the later clock, and `least` by the earlier one where they are far apart."""

    least: float
    clock: Clock

    def __new__(cls, clock: Clock, at: datetime) -> Age:
        age = super().__new__(cls, (clock.latest - at).total_seconds())
        age.least, age.clock = (clock.earliest - at).total_seconds(), clock
        return age

    def require_past(self, what: str) -> Age:
        """Raises Undecided: the moment lies in the future of both clocks, and would be young for as long."""
        if self < -SKEW_TRUSTED:
            ahead = duration_text(-self)
            raise Undecided(
                f"{what} is dated {ahead} in the future: a clock was wrong, and its age is not known"
            )
        return self


class Moment(msgspec.Struct, frozen=True):
    """When something began, where that was read (`condition Ready`), and by whose clock."""

    at: datetime
    read_from: str
    clock: Clock

    def lasts(self, grace: timedelta) -> bool | None:
        """Whether it is younger than `grace`; None where the clocks do not tell.

        A moment that its own clock has not reached yet began now at the earliest: nothing is excused for longer
        by a time in the future.
        """
        clock = self.clock
        if self.at > clock.as_of + timedelta(seconds=SKEW_TRUSTED):
            return None
        if clock.trusted:
            return clock.as_of < self.until(grace)
        return None if clock.latest < self.at + grace else False

    @property
    def doubt(self) -> str:
        """Why nothing is excused by it."""
        return (
            str(self.clock)
            if not self.clock.trusted
            else f"it began at {self.at:%Y-%m-%d %H:%M:%S} UTC, in the future of its server's clock"
        )

    def until(self, grace: timedelta) -> datetime:
        """When the grace ends, by the server's own clock."""
        return min(self.at, self.clock.as_of) + grace


class Clocked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Facts of one answer that know its clock; it comes beside the facts, and is no part of them on disk."""

    clock: Clock | None = None

    def moment(self, at: datetime | None, read_from: str = "") -> Moment | None:
        """A moment of these facts by the clock of the server that told them."""
        return self.clock.moment(at, read_from) if self.clock is not None else None


C = TypeVar("C")


def clocked(facts: C, clock: Clock) -> C:
    """The facts, with the clock where they can know it."""
    return msgspec.structs.replace(facts, clock=clock) if isinstance(facts, Clocked) else facts


def joined(clocks: Iterable[Clock]) -> Clock:
    """One clock for several answers: the earliest time, and the one that is furthest off ours."""
    every = list(clocks)
    worst = max(every, key=lambda clock: abs(clock.skew or 0.0))
    return msgspec.structs.replace(worst, as_of=min(clock.as_of for clock in every))
