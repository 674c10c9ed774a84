"""A measured value against its limit: which step it breaks says how bad that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from opsproof.model.failure import ClockOff, Undecided
from opsproof.model.level import Level
from opsproof.model.limits import Steps
from opsproof.model.moment import Age


class Broken(AssertionError):
    """The value breaks its limit. `level` is that of the worst broken step, None: the requirement's own.

    `beside`: something else is wrong, too, at the requirement's own level.
    """

    def __init__(self, message: str, level: Level | None, *, beside: bool = False) -> None:
        super().__init__(message)
        self.level = level
        self.beside = beside

    def level_for(self, own: Level) -> Level:
        """How bad it is where a violation is as bad as `own`."""
        level = self.level or own
        return min(level, own, key=lambda one: one.rank) if self.beside else level


def hold(limit: Steps[Any], value: float | None, message: str = "", beside: Sequence[str] = ()) -> None:
    """Require that the value keeps the limit, and that nothing is wrong beside it.

    Raises:
        AssertionError: it does, and something else is wrong.
        Broken: it does not.
        Undecided: there is no value, or it is no number.
        ClockOff: an age that is kept by one of two clocks, and not by the other.
    """
    if value is None or math.isnan(value):
        raise Undecided("there is no number to compare with the limit")
    broken = limit.broken(value)
    if isinstance(value, Age) and (broken is None) != limit.allows(value.least):
        raise ClockOff(
            f"{message or value}; which time counts cannot be told: {value.clock}", target=value.clock.target
        )
    if broken is not None:
        told = message or f"{value}; {limit} needed"
        raise Broken("; ".join([*beside, told]), broken[0], beside=bool(beside))
    assert not beside, "; ".join(beside)
