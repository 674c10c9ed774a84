"""How long the slowest requests take."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated

from opsproof import (
    HIGH,
    AtMost,
    Count,
    Duration,
    Examination,
    Limits,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.deciding import deciding
from opsproof.model.units import duration_text
from opsproof.sources.prometheus.facts import PromQL, Recorded, Samples, moment, number
from opsproof.sources.prometheus.reading.course import enough, no_events, recorded
from opsproof.sources.prometheus.reading.histogram import Quantile, by_time, quantile

Buckets = Annotated[Samples, PromQL("sum by (le) (increase(${http_duration_buckets}[${window}]))")]
Recording = Annotated[Samples, Recorded("${http_duration_buckets}")]

SUBJECT = Subject("signal", "latency-p95")
_SHARE = 0.95


class LatencyLimits(Limits):
    """`sustained: 0s` judges the last window alone, else every step of that range must be broken."""

    highest: AtMost[Duration]
    window: Duration = Duration(300)
    sustained: Duration = Duration(0)
    min_events: Count = Count(1)


@check("slo/latency-p95", title="The 95th percentile of latency stays below the limit", level=HIGH)
def check_latency(
    buckets: Buckets, recording: Recording, limits: LatencyLimits, examine: Examination
) -> None:
    """One request in twenty is too slow for its user, while the mean looks fine."""
    with deciding(examine, SUBJECT):
        found = quantiles(buckets, limits.min_events, examine.quiet)
        lowest = _decided(found, limits.highest)
        recorded(recording)
        broken = limits.highest.broken(lowest)
        began = moment(buckets.at - buckets.range) if buckets.range else None
        begin = buckets.moment(began, "at least: start of the range looked at")
        with examine(
            SUBJECT, measured=told(found[-1]), limit=limits.highest, level=broken[0] if broken else None,
            since=begin,
        ):  # fmt: skip
            mildest = duration_text(min(one.estimate for one in found))
            lows = f", in the last {duration_text(buckets.range)} never below {mildest}" if began else ""
            assert broken is None, f"p95 is {told(found[-1])}{lows}; {limits.highest} allowed"


def quantiles(buckets: Samples, min_events: float, quiet: str) -> list[Quantile]:
    """The 95th percentile of every moment that had requests enough, oldest first.

    Raises:
        Undecided: no data or too few requests at the end, or too few moments of the range.
        NotApplicable: too few requests in declared quiet hours.
    """
    moments = [(number(max(counts.values())), counts) for counts in by_time(buckets).values()]
    needed = max(min_events, 1e-9)
    if not moments or moments[-1][0] < needed:
        raise no_events(moments[-1][0] if moments else 0.0, min_events, quiet)
    found = [quantile(_SHARE, counts) for events, counts in moments if events >= needed]
    if len(found) < enough(buckets):
        raise Undecided(f"requests at {len(found)} of {buckets.expected_points} moments of the range")
    return found


def _decided(found: Iterable[Quantile], limit: AtMost[Duration]) -> float:
    """The lowest value that the percentile had, as far as the boundaries of the buckets tell.

    Raises:
        Undecided: the limit lies between two boundaries, and the percentile between the same two.
    """
    found = list(found)
    surely_above = math.nextafter(min(one.low for one in found), math.inf)
    if any(limit.allows(one.high) for one in found) or not limit.allows(surely_above):
        allowed = [one.high for one in found if limit.allows(one.high)]
        return min(allowed) if allowed else surely_above
    unsure = min(found, key=lambda one: one.low)
    upper = "" if unsure.at_least else f" and at most {duration_text(unsure.high)}"
    place = f"p95 is above {duration_text(unsure.low)}{upper}"
    raise Undecided(f"{place}; without a bucket boundary at the limit ({limit}) that decides nothing")


def told(one: Quantile) -> str:
    return f"at least {duration_text(one.low)}" if one.at_least else duration_text(one.estimate)
