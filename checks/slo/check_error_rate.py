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
    Limits,
    Percent,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.deciding import deciding
from opsproof.sources.prometheus.facts import Point, PromQL, Recorded, Samples, number
from opsproof.sources.prometheus.reading.course import Course, course, no_events, recorded

Errors = Annotated[Samples, PromQL("sum(increase(${http_errors}[${window}]))")]
Total = Annotated[Samples, PromQL("sum(increase(${http_requests}[${window}]))")]
Recording = Annotated[Samples, Recorded("${http_requests}")]

SUBJECT = Subject("signal", "error-rate")
# Both queries are asked one after the other: a scrape between them may count some errors more.
_BETWEEN = 1.05


class ErrorRateLimits(Limits):
    """`sustained: 0s` judges the last window alone, else every step of that range must be broken."""

    highest: AtMost[Percent]
    window: Duration = Duration(300)
    sustained: Duration = Duration(0)
    min_events: Count = Count(1)


@check("slo/error-rate", title="Server errors stay below the limit", level=CRITICAL)
def check_error_rate(
    errors: Errors, total: Total, recording: Recording, limits: ErrorRateLimits, examine: Examination
) -> None:
    """Users get errors instead of answers while every process looks alive."""
    with deciding(examine, SUBJECT):
        ratio = error_ratio(errors, total, limits.min_events, examine.quiet)
        recorded(recording)
        broken = limits.highest.broken(ratio.lowest)
        with examine(
            SUBJECT, measured=Percent(ratio.end), limit=limits.highest, level=broken[0] if broken else None,
            since=ratio.since,
        ):  # fmt: skip
            throughout = ratio.throughout(percent)
            assert broken is None, (
                f"{percent(ratio.end)} of the requests failed{throughout}; {limits.highest} allowed"
            )


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
