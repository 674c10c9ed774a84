"""How long the slowest requests take."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated

from pydantic import field_validator

from opsproof import (
    HIGH,
    AtMost,
    Count,
    Duration,
    Examination,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import known
from opsproof.examine.deciding import deciding
from opsproof.examine.services import Latency, LatencyOf, ServiceLimits
from opsproof.model.failure import Failure
from opsproof.model.measure import Measure
from opsproof.model.units import duration_text
from opsproof.sources.prometheus.facts import Samples, moment, number
from opsproof.sources.prometheus.reading.course import enough, no_events, recorded
from opsproof.sources.prometheus.reading.histogram import Quantile, by_time, quantile

Histograms = Annotated[tuple[Latency, ...], LatencyOf()]


class LatencyLimits(ServiceLimits):
    """`percentile: 99` judges the 99th. `unit`: of the histogram, where the metric's name does not tell it.

    `sustained: 0s` judges the last window alone, else every step of that range must be broken.
    """

    percentile: Scoped[float] = 95
    highest: AtMost[Duration]
    window: Duration = Duration(300)
    sustained: Duration = Duration(0)
    min_events: Count = Count(1)

    @field_validator("percentile")
    @classmethod
    def _is_one(cls, given: float) -> float:
        if not 0 < given < 100:
            raise ValueError(f"{given:g} is no percentile; write one like 95, 99 or 99.9")
        return given

    @property
    def named(self) -> str:
        return f"p{self.percentile:g}"


@check("slo/latency-p95", title="The slowest requests stay below the limit of latency", level=HIGH)
def check_latency(histograms: Histograms, limits: LatencyLimits, examine: Examination) -> None:
    """One request in twenty, or in a hundred, is too slow for its user, while the mean looks fine."""
    for service in histograms:
        named = f"{service.name}/{limits.named}" if service.name else f"latency-{limits.named}"
        subject = Subject("service" if service.name else "signal", named)
        with deciding(examine, subject):
            _examine_service(subject, service, limits, examine)


def _examine_service(subject: Subject, service: Latency, limits: LatencyLimits, examine: Examination) -> None:
    buckets: Samples = known(service.found["buckets"])
    if buckets.empty and not isinstance(service.found["known"], Failure):
        service.found["known"].require()
    found = quantiles(buckets, limits.percentile / 100, service.scale, limits.min_events, examine.quiet)
    lowest = _decided(found, limits)
    recorded(known(service.found["recording"]))
    began = moment(buckets.at - buckets.range) if buckets.range else None
    begin = buckets.moment(began, "at least: start of the range looked at")
    shown = Measure(found[-1].estimate, "seconds", told(found[-1]))
    with examine(subject, measured=shown, since=begin) as it:
        mildest = duration_text(min(one.estimate for one in found))
        lows = f", in the last {duration_text(buckets.range)} never below {mildest}" if began else ""
        it.holds(
            limits.highest, lowest, f"{limits.named} is {told(found[-1])}{lows}; {limits.highest} allowed"
        )


def quantiles(buckets: Samples, share: float, scale: float, min_events: float, quiet: str) -> list[Quantile]:
    """The percentile of every moment that had requests enough, oldest first, in seconds.

    Raises:
        Undecided: no data or too few requests at the end, or too few moments of the range.
        NotApplicable: too few requests in declared quiet hours.
    """
    moments = [(number(max(counts.values())), counts) for counts in by_time(buckets).values()]
    needed = max(min_events, 1e-9)
    if not moments or moments[-1][0] < needed:
        raise no_events(moments[-1][0] if moments else 0.0, min_events, quiet)
    found = [quantile(share, counts).scaled(scale) for events, counts in moments if events >= needed]
    if len(found) < enough(buckets):
        raise Undecided(f"requests at {len(found)} of {buckets.expected_points} moments of the range")
    return found


def _decided(found: Iterable[Quantile], limits: LatencyLimits) -> float:
    """The lowest value that the percentile had, as far as the boundaries of the buckets tell.

    Raises:
        Undecided: the limit lies between two boundaries, and the percentile between the same two.
    """
    found, limit = list(found), limits.highest
    surely_above = math.nextafter(min(one.low for one in found), math.inf)
    if any(limit.allows(one.high) for one in found) or not limit.allows(surely_above):
        allowed = [one.high for one in found if limit.allows(one.high)]
        return min(allowed) if allowed else surely_above
    unsure = min(found, key=lambda one: one.low)
    upper = "" if unsure.at_least else f" and at most {duration_text(unsure.high)}"
    place = f"{limits.named} is above {duration_text(unsure.low)}{upper}"
    raise Undecided(f"{place}; without a bucket boundary at the limit ({limit}) that decides nothing")


def told(one: Quantile) -> str:
    return f"at least {duration_text(one.low)}" if one.at_least else duration_text(one.estimate)
