"""Plain Prometheus and Alertmanager facts for the tests of checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone

from opsproof import HIGH, Examination
from opsproof.model.finding import Finding
from opsproof.model.outcome import Outcome
from opsproof.sources.prometheus.facts import Recording, Samples, Series, step_for

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)
UNIX = NOW.timestamp()
EMPTY = Samples(result_type="vector", at=UNIX)


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def examination(quiet: str = "") -> Examination:
    examine = Examination(level=HIGH)
    examine.quiet = quiet
    return examine


def instant(*values: float | str, **labels: Sequence[str]) -> Samples:
    """One series for each value; a label has one value for each series."""
    series = [
        Series(labels={name: given[index] for name, given in labels.items()}, values=((UNIX, str(value)),))
        for index, value in enumerate(values)
    ]
    return Samples(result_type="vector", at=UNIX, series=tuple(series))


def over(seconds: float, *courses: Sequence[float | str | None], **labels: Sequence[str]) -> Samples:
    """Series over a range that ends now; a course has its values oldest first, None for a gap.

    A course shorter than the range is stretched: each value stands for the same part of it.
    """
    step = step_for(seconds)
    count = round(seconds / step)
    times = [UNIX - step * (count - 1 - index) for index in range(count)]
    series = []
    for number, course in enumerate(courses):
        stretched = [course[index * len(course) // count] for index in range(count)]
        values = tuple(
            (time, str(value)) for time, value in zip(times, stretched, strict=True) if value is not None
        )
        own = {name: given[number] for name, given in labels.items()}
        if values:
            series.append(Series(labels=own, values=values))
    return Samples(result_type="matrix", at=UNIX, series=tuple(series), range=seconds, step=step)


def histogram(counts: Mapping[str, Sequence[float | str | None]], seconds: float = 0.0) -> Samples:
    """Cumulative counts by `le`; with `seconds` as courses over a range."""
    if seconds:
        return over(seconds, *counts.values(), le=list(counts))
    values = [course[0] for course in counts.values()]
    return instant(*[value for value in values if value is not None], le=list(counts))


def recording(found: Samples, kept: float | None = None) -> Recording:
    """What a `Recorded` source gives; `kept` is Prometheus's retention."""
    return Recording(
        result_type="matrix", at=found.at, series=found.series, range=found.range, step=found.step, kept=kept
    )


RECORDED = recording(over(600, [9]))
GAP = recording(over(600, [9, 9, None, None, 9]))


def only(examine: Examination) -> Finding:
    (finding,) = examine.findings
    return finding


def failed(examine: Examination) -> list[Finding]:
    return [finding for finding in examine.findings if finding.outcome is Outcome.FAIL]


def unknown(examine: Examination) -> list[Finding]:
    return [finding for finding in examine.findings if finding.outcome is Outcome.UNKNOWN]
