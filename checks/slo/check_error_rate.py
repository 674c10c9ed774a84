"""The share of requests that the service fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from opsproof import (
    CRITICAL,
    AtMost,
    Count,
    Duration,
    Examination,
    Percent,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import known
from opsproof.examine.deciding import deciding
from opsproof.examine.services import ServiceLimits, Traffic, TrafficOf
from opsproof.model.failure import Failure
from opsproof.sources.prometheus.facts import Point, Samples, number
from opsproof.sources.prometheus.reading.course import Course, course, no_events, recorded

Requests = Annotated[tuple[Traffic, ...], TrafficOf()]

# Both queries are asked one after the other: a scrape between them may count some errors more.
_BETWEEN = 1.05


class ErrorRateLimits(ServiceLimits):
    """`sustained: 0s` judges the last window alone, else every step of that range must be broken."""

    highest: AtMost[Percent]
    window: Duration = Duration(300)
    sustained: Duration = Duration(0)
    min_events: Count = Count(1)


@check("slo/error-rate", title="Server errors stay below the limit", level=CRITICAL)
def check_error_rate(traffic: Requests, limits: ErrorRateLimits, examine: Examination) -> None:
    """Users get errors instead of answers while every process looks alive."""
    for service in traffic:
        subject = Subject("service", service.name) if service.name else Subject("signal", "error-rate")
        with deciding(examine, subject):
            _examine_service(subject, service, limits, examine)


def _examine_service(
    subject: Subject, service: Traffic, limits: ErrorRateLimits, examine: Examination
) -> None:
    found = service.found
    errors: Samples = known(found["errors"])
    total: Samples = known(found["total"])
    if total.empty and not isinstance(found["known"], Failure):
        found["known"].require()
    ratio = error_ratio(errors, total, limits.min_events, examine.quiet)
    borne: Samples | None = known(found.get("borne"))
    if errors.empty:
        service.failing.require_seen(borne, known(found.get("known_errors")))
    recorded(known(found["recording"]))
    blind = service.failing.blind(borne)
    if limits.highest.allows(ratio.lowest) and not limits.highest.allows(ratio.lowest + blind):
        labels = ", ".join(service.failing.labels or ())
        raise Undecided(
            f"{percent(blind)} of the requests bear no label {labels}: failed ones are not counted"
        )
    with examine(subject, measured=Percent(ratio.end), since=ratio.since) as it:
        told = f"{percent(ratio.end)} of the requests failed{ratio.throughout(percent)}"
        it.holds(limits.highest, ratio.lowest, f"{told}; {limits.highest} allowed")


def error_ratio(errors: Samples, total: Samples, min_events: float, quiet: str) -> Course:
    """Errors over requests; a step with requests and without any error series is 0.

    Raises:
        Undecided: no requests, no data, not a number, or more errors than requests.
        NotApplicable: too few requests in declared quiet hours.
    """
    requests = total.only()
    if requests is None:
        raise no_events(0.0, min_events, quiet)
    if number(requests.value) < min_events or requests.value <= 0:
        raise no_events(requests.value, min_events, quiet)
    shares = _shares(requests.points, errors, min_events)
    return course(total, shares)


def _shares(requests: tuple[Point, ...], errors: Samples, min_events: float) -> Iterator[Point]:
    bad = errors.only()
    failed = {point.time: point.value for point in bad.points} if bad is not None else {}
    instant = bad.value if bad is not None else 0.0
    for time, count in requests:
        if number(count) < min_events or count <= 0 or (errors.step and not _asked(errors, time)):
            continue
        wrong = number(failed.get(time, 0.0) if errors.step else instant)
        if not 0 <= wrong <= count * _BETWEEN:
            raise Undecided(f"{wrong:.4g} errors among {count:.4g} requests: the metrics do not fit together")
        yield Point(time, min(1.0, wrong / count))


def _asked(errors: Samples, time: float) -> bool:
    """Whether the other query, asked a moment earlier or later, looked at this step too."""
    return errors.at - errors.range + 1 < time <= errors.at


def percent(value: float) -> str:
    return str(Percent(value))
