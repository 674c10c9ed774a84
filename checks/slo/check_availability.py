"""Whether the service's targets answered their scrapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from opsproof import (
    CRITICAL,
    AtLeast,
    Duration,
    Examination,
    Limits,
    Percent,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.deciding import deciding
from opsproof.sources.prometheus.facts import PromQL, Recorded, Samples, Series, number
from opsproof.sources.prometheus.growth import folded
from opsproof.sources.prometheus.reading.course import enough, recorded
from opsproof.sources.prometheus.reading.matchers import workload_of

# Every job's targets: the row's jobs are picked here, so that one query serves all rows.
Up = Annotated[Samples, PromQL(folded("up"), over="window")]
Answered = Annotated[Samples, PromQL(folded("avg_over_time(up[${window}])"), over="")]
# `up` itself looks across a gap of some minutes as if nothing had been there.
Recording = Annotated[Samples, Recorded("up")]


class AvailabilityLimits(Limits):
    """`lowest` is the share of its scrapes in `window` that each target answered."""

    jobs: Scoped[tuple[str, ...]]
    lowest: AtLeast[Percent] = AtLeast.parse("100%", Percent)
    window: Duration = Duration(300)


@check("slo/availability", title="Every target of the service stays up", level=CRITICAL)
def check_availability(
    up: Up, answered: Answered, recording: Recording, limits: AvailabilityLimits, examine: Examination
) -> None:
    """A service that is away now and then fails its users; a deleted target has no `up` that could be 0."""
    for job in limits.jobs:
        series = [one for one in up if one.label("job") == job]
        subject = Subject("job", job)
        with deciding(examine, subject):
            share = _reachable(up, series)
            with examine(subject, measured=share, limit=limits.lowest) as it:
                assert any(up.current(one) for one in series), (
                    f"job {job} has no target now: its `up` is absent"
                )
                told = f"a target was up {share} of the last {limits.window}, {limits.lowest} needed"
                it.holds(limits.lowest, share, told)
                recorded(recording)
        for one in series:
            _examine_target(up, one, answered, limits, examine)


def _examine_target(
    up: Samples, series: Series, answered: Samples, limits: AvailabilityLimits, examine: Examination
) -> None:
    subject = _subject(series)
    if not up.current(series):
        examine.exclude(subject, "no longer a target")
        return
    with deciding(examine, subject):
        share = _share(series, answered)
        # A target younger than the window may have been scraped before it listened.
        young = len(series.values) < enough(up)
        begin = up.moment(series.points[0].moment, "first scrape") if young else None
        with examine(
            subject, measured=share, limit=limits.lowest, grace=limits.window,
            since=begin,
        ) as it:  # fmt: skip
            told = f"answered {share} of its scrapes in the last {limits.window}, {limits.lowest} needed"
            it.holds(limits.lowest, share, told)


def _share(series: Series, answered: Samples) -> Percent:
    wanted = {name: value for name, value in series.labels.items() if name != "__name__"}
    for one in answered:
        if one.labels == wanted:
            return Percent(number(one.value))
    raise Undecided("its scrapes were not counted")


def _reachable(up: Samples, series: Sequence[Series]) -> Percent:
    """The share of the window's moments at which at least one target of the job was up.

    Raises:
        Undecided: Prometheus recorded nothing of anything at some of them.
    """
    moments = {time for one in up for time, _ in one.values}
    if len(moments) < enough(up):
        raise Undecided(f"a gap in the recording: {len(moments)} of {up.expected_points} moments are known")
    good = {point.time for one in series for point in one.points if number(point.value) > 0}
    return Percent(len(good) / len(moments))


def _subject(series: Series) -> Subject:
    pod, instance = series.label("pod"), series.label("instance")
    key = f"{series.label('job')}/{workload_of(pod) or instance}"
    return Subject("target", f"{series.label('job')}/{instance}", series.label("namespace"), key)
