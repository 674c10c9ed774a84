"""Whether the service's targets answered their scrapes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Annotated

from opsproof import CRITICAL, AtLeast, Duration, Examination, Limits, Percent, Scoped, Subject, check
from opsproof.facts.course import enough
from opsproof.facts.matchers import workload_of
from opsproof.facts.prometheus import PromQL, Samples, Series, number
from opsproof.model.units import duration_text

# Every job's `up`: the row's jobs are picked here, so that one query serves all rows.
Up = Annotated[Samples, PromQL("up", over="window")]


class AvailabilityLimits(Limits):
    """`lowest` is the share of scrapes that each target answered in `window`."""

    jobs: Scoped[tuple[str, ...]]
    lowest: AtLeast[Percent] = AtLeast.parse("100%", Percent)
    window: Duration = Duration(300)


@check("slo/availability", title="Every target of the service stays up", level=CRITICAL)
def check_availability(up: Up, limits: AvailabilityLimits, examine: Examination) -> None:
    """A service that is away now and then fails its users, and `up` knows only targets that exist."""
    by_job = _by_job(up)
    for job in limits.jobs:
        series = by_job.get(job, [])
        with examine(Subject("job", job), measured=_reachable(up, series), limit=limits.lowest):
            assert any(up.current(one) for one in series), f"no target of job {job}: its `up` is absent"
            share = _reachable(up, series)
            assert limits.lowest.allows(share), f"{share} of the last {limits.window} some target was up"
        for one in series:
            _examine_target(up, one, limits, examine)


def _examine_target(up: Samples, series: Series, limits: AvailabilityLimits, examine: Examination) -> None:
    subject = _subject(series)
    if not up.current(series):
        return examine.exclude(subject, "gone: no longer a target")
    answered = Percent(_mean(number(point.value) for point in series.points))
    # A target that is younger than the window may have been scraped before it listened.
    begin = series.points[0].moment if len(series.values) < enough(up) else None
    with examine(
        subject, measured=answered, limit=limits.lowest, since=begin, since_from="first scrape" if begin else "",
        grace=limits.window,
    ):  # fmt: skip
        assert limits.lowest.allows(answered), (
            f"answered {answered} of the scrapes of the last {duration_text(limits.window)}, {limits.lowest} needed"
        )


def _by_job(up: Samples) -> Mapping[str, list[Series]]:
    found = defaultdict(list)
    for series in up:
        found[series.label("job")].append(series)
    return found


def _reachable(up: Samples, series: Iterable[Series]) -> Percent:
    """The share of the window's moments at which at least one target of the job was up."""
    best: dict[float, float] = {}
    for one in series:
        for time, value in one.points:
            best[time] = max(best.get(time, 0.0), number(value))
    return Percent(min(1.0, sum(1 for value in best.values() if value > 0) / max(enough(up), len(best))))


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def _subject(series: Series) -> Subject:
    pod, instance = series.label("pod"), series.label("instance")
    key = f"{series.label('job')}/{workload_of(pod) or instance}"
    return Subject("target", f"{series.label('job')}/{instance}", series.label("namespace"), key)
