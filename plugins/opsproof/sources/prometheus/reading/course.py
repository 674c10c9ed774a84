"""How a measured value went: at one moment, or over the range that a limit calls `sustained`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import msgspec

from opsproof.model.failure import NotApplicable, Undecided
from opsproof.model.moment import Moment
from opsproof.model.units import duration_text
from opsproof.sources.prometheus.facts import Point, Recording, Samples, moment, number

COVERED = 0.9


class Course(msgspec.Struct, frozen=True):
    """Values, oldest first, and what range they are about (seconds; 0 for one moment).

    What must hold "for 5 minutes" is broken only when every value of the range breaks it, so that
    `mildest` decides: the lowest value against an upper limit, the highest against a lower one. It is broken
    at least `since` the range begins.
    """

    points: tuple[Point, ...]
    range: float = 0.0
    since: Moment | None = None

    @property
    def end(self) -> float:
        return self.points[-1].value

    @property
    def lowest(self) -> float:
        return min(point.value for point in self.points)

    @property
    def highest(self) -> float:
        return max(point.value for point in self.points)

    def throughout(self, text: Callable[[float], str]) -> str:
        """`, in the last 5m never below 6.2 %`; empty for one moment."""
        if not self.range:
            return ""
        return f", in the last {duration_text(self.range)} never below {text(self.lowest)}"


def course(samples: Samples, points: Iterable[Point]) -> Course:
    """The course of finite values that cover the range up to its end.

    Raises:
        Undecided: no data, data that ends early, a gap, or a value that is no number.
    """
    found = tuple(points)
    if not found:
        raise Undecided("no data")
    if found[-1].time < samples.at - 2 * samples.step - 1:
        raise Undecided(f"no data since {moment(found[-1].time):%H:%M:%S} UTC")
    for point in found:
        number(point.value)
    if len(found) < enough(samples):
        raise Undecided(
            f"data for {len(found)} of {samples.expected_points} moments"
            f" of the last {duration_text(samples.range)}"
        )
    begin = f"at least: start of the {duration_text(samples.range)} looked at"
    since = samples.moment(found[0].moment, begin) if samples.range else None
    return Course(found, samples.range, since)


def enough(samples: Samples) -> int:
    """How many moments of a range must be known to judge it."""
    return math.floor(COVERED * samples.expected_points) or 1


def recorded(samples: Samples) -> None:
    """Require that Prometheus recorded the metric all the time that is looked at.

    Raises:
        Undecided: a gap in the recording, or no recording at all.
    """
    series = samples.only()
    if series is None:
        raise Undecided("the metric is not recorded: no such series")
    covered = samples.coverage(series)
    if covered < COVERED:
        why = samples.too_short if isinstance(samples, Recording) else ""
        raise Undecided(
            f"{why or 'a gap in the recording'}: samples in {covered:.0%} of the last {duration_text(samples.range)}"
        )


def no_events(found: float, needed: float, quiet: str) -> Exception:
    """Why too little traffic decides nothing: outside declared quiet hours it may be cut off upstream."""
    told = f"{found:.3g} requests in the window, {needed:.0f} needed to judge"
    return NotApplicable(f"{told}; {quiet}") if quiet else Undecided(told)
