"""Quantiles of a classic histogram, and between which bucket boundaries they surely lie."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import msgspec

from opsproof.model.failure import Undecided
from opsproof.sources.prometheus.facts import Samples, number

# Counts of neighbouring buckets may differ by rounding; more than this part of all is no histogram.
_ROUNDING = 0.005


class Quantile(msgspec.Struct, frozen=True):
    """`estimate` interpolates as `histogram_quantile` does; the truth is above `low`, at most `high`.

    In the top bucket `high` is infinite and `estimate` is the largest finite boundary: at least that.
    """

    low: float
    high: float
    estimate: float
    events: float

    def scaled(self, factor: float) -> Quantile:
        """The same in another unit."""
        return Quantile(self.low * factor, self.high * factor, self.estimate * factor, self.events)

    @property
    def at_least(self) -> bool:
        return math.isinf(self.high)


def quantile(share: float, buckets: Mapping[float, float]) -> Quantile:
    """The `share` quantile of cumulative counts by upper boundary (`+Inf` included).

    Raises:
        Undecided: no +Inf bucket, fewer than two buckets, no events, or counts that do not accumulate.
    """
    bounds = sorted(buckets)
    counts = _cumulative([number(buckets[bound]) for bound in bounds])
    if len(bounds) < 2 or not math.isinf(bounds[-1]):
        raise Undecided("the histogram has no +Inf bucket or no finite one")
    events = counts[-1]
    if events <= 0:
        raise Undecided("the histogram holds no events")
    place = next(index for index, count in enumerate(counts) if count >= share * events)
    low = bounds[place - 1] if place else min(0.0, bounds[0])
    high = bounds[place]
    if math.isinf(high):
        return Quantile(low, high, low, events)
    before = counts[place - 1] if place else 0.0
    inside = counts[place] - before
    part = (share * events - before) / inside if inside > 0 else 1.0
    return Quantile(low, high, low + (high - low) * part, events)


def _cumulative(counts: Iterable[float]) -> list[float]:
    found = list(counts)
    for index, count in enumerate(found[1:], start=1):
        if found[index - 1] - count > _ROUNDING * max(found):
            raise Undecided("bucket counts do not accumulate: instances have different boundaries")
        found[index] = max(count, found[index - 1])
    return found


def by_time(samples: Samples) -> dict[float, dict[float, float]]:
    """Counts by boundary for every moment, from series that keep only `le`.

    An instant query has one moment.

    Raises:
        Undecided: a series whose `le` is missing or is no number.
    """
    found: dict[float, dict[float, float]] = {}
    for series in samples:
        bound = _boundary(series.label("le"))
        for time, value in series.points:
            counts = found.setdefault(time, {})
            counts[bound] = counts.get(bound, 0.0) + value
    return dict(sorted(found.items()))


def _boundary(text: str) -> float:
    try:
        bound = float(text)
    except ValueError:
        raise Undecided("a bucket without a boundary: the query must keep `le`") from None
    if math.isnan(bound):
        raise Undecided("a bucket without a boundary: the query must keep `le`")
    return bound
