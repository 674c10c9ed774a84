"""Any value that Prometheus can compute, against a limit of the row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import field_validator, model_validator
from typing_extensions import Self

from opsproof import (
    HIGH,
    AtLeast,
    AtMost,
    Bytes,
    Count,
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
from opsproof.examine.row_query import Answered, RowQuery
from opsproof.model.limits import Steps
from opsproof.model.measure import Measure
from opsproof.model.units import Unit
from opsproof.sources.prometheus.facts import Samples, Series, number
from opsproof.sources.prometheus.reading.course import Course, course
from opsproof.sources.prometheus.reading.matchers import workload_of

Row = Annotated[Answered, RowQuery()]
_DIMENSIONS: tuple[type[Unit], ...] = (Percent, Duration, Bytes, Count)
# What 1 of the query's numbers is.
_UNITS: dict[str, tuple[type[Unit], float]] = {
    "ratio": (Percent, 1.0),
    "percent": (Percent, 0.01),
    "seconds": (Duration, 1.0),
    "milliseconds": (Duration, 0.001),
    "bytes": (Bytes, 1.0),
    "count": (Count, 1.0),
}
_BY_DIMENSION: dict[type[Unit], str] = {Duration: "seconds", Bytes: "bytes", Count: "count"}


class Amount(Unit):
    """A percent, a duration, a size or a count, as it is written."""

    example = "80%, 5m, 10Gi or 3"

    @classmethod
    def parse(cls, text: object) -> Any:
        for dimension in _DIMENSIONS:
            try:
                return dimension.parse(text)
            except ValueError:
                continue
        raise ValueError(f"{text!r} is not understood; write it like {cls.example}")


class ThresholdLimits(Limits):
    """`highest` and `lowest` are percents, durations, sizes or counts; `unit` is what the query's numbers are.

    A bound in percent needs `unit`: ratio or percent. With `sustained`, every moment of that time must be
    broken. Fewer series than `series` are undecided. `name` is what a report calls the value.
    """

    query: Scoped[str]
    name: Scoped[str] = ""
    unit: Scoped[Literal["ratio", "percent", "seconds", "milliseconds", "bytes", "count"] | None] = None
    highest: AtMost[Amount] | None = None
    lowest: AtLeast[Amount] | None = None
    sustained: Duration = Duration(0)
    series: Count = Count(1)

    @field_validator("query")
    @classmethod
    def _is_there(cls, given: str) -> str:
        if not given.strip():
            raise ValueError("an empty query asks nothing")
        return given

    @model_validator(mode="after")
    def _fits(self) -> Self:
        dimensions = {type(bound) for limit in self.bounds for _, bound, _ in limit.steps}
        if len(dimensions) != 1:
            raise ValueError("write `highest`, `lowest` or both, in one unit")
        (dimension,) = dimensions
        if self.unit is None and dimension is Percent:
            raise ValueError("a limit in percent needs scope.unit: `ratio` (0.8) or `percent` (80)")
        if self.unit is not None and _UNITS[self.unit][0] is not dimension:
            raise ValueError(f"the unit {self.unit} does not fit {self.bounds[0]}")
        return self

    @property
    def bounds(self) -> tuple[Steps[Any], ...]:
        return tuple(one for one in (self.highest, self.lowest) if one is not None)

    @property
    def scale(self) -> tuple[type[Unit], float]:
        """The dimension of the bounds, and what 1 of the query's numbers is in it."""
        return _UNITS[self.unit or _BY_DIMENSION[type(self.bounds[0].steps[0][1])]]


@check("metric/threshold", title="The measured value stays within its limit", level=HIGH)
def check_threshold(row: Row, limits: ThresholdLimits, examine: Examination) -> None:
    """What the runbook watches goes beyond what it allows."""
    named = limits.name or "value"
    found = list(row.samples)
    with deciding(examine, Subject("metric", named)):
        if len(found) < limits.series or not found:
            told = row.unmatched or f"asked was {row.query}"
            raise Undecided(f"{len(found)} series, {max(1, int(limits.series))} needed: {told}")
    rivals = any(row.samples.current(one) for one in found)
    for series in found:
        subject = _subject(named, series)
        if rivals and series.label("pod") and not row.samples.current(series):
            examine.exclude(subject, "ended within the time looked at")
            continue
        with deciding(examine, subject):
            _examine_series(subject, series, row.samples, limits, examine)


def _examine_series(
    subject: Subject, series: Series, samples: Samples, limits: ThresholdLimits, examine: Examination
) -> None:
    young = bool(samples.step) and series.points[0].time > samples.at - samples.range + 2 * samples.step
    went = _young(series, samples) if young else course(samples, series.points)
    dimension, scale = limits.scale
    end = went.end * scale
    broken = [
        (limit, step) for limit in limits.bounds if (step := limit.broken(_mildest(limit, went) * scale))
    ]
    limit, step = broken[0] if broken else (limits.bounds[0], None)
    with examine(
        subject, measured=_measure(end, dimension), limit=limit, level=step[0] if step else None,
        since=samples.moment(series.points[0].moment, "first sample") if young else went.since,
        grace=limits.sustained if young else None,
    ):  # fmt: skip
        lasting = f", throughout the last {limits.sustained}" if went.range else ""
        assert step is None, (
            f"{limits.name or 'the value'} is {_measure(end, dimension)}{lasting}; {limit} allowed"
        )


def _young(series: Series, samples: Samples) -> Course:
    """A series that began within the time looked at: broken throughout only means since then."""
    for point in series.points:
        number(point.value)
    return Course(series.points, samples.range)


def _mildest(limit: Steps[Any], went: Course) -> float:
    return went.lowest if isinstance(limit, AtMost) else went.highest


def _measure(value: float, dimension: type[Unit]) -> Measure:
    text = f"{value:.4g}" if dimension is Count else str(dimension(value))
    return Measure(value, dimension.unit, text)


_PLACES = ("pod", "instance", "node", "persistentvolumeclaim", "device", "mountpoint", "service", "job")


def _subject(named: str, series: Series) -> Subject:
    labels = {name: value for name, value in series.labels.items() if name not in {"__name__", "namespace"}}
    known = [name for name in _PLACES if labels.get(name)]
    rest = sorted(set(labels) - set(known))
    return Subject(
        "metric",
        _joined(named, [labels[name] for name in (*known, *rest)]),
        series.label("namespace"),
        _joined(
            named, [workload_of(labels[name]) if name == "pod" else labels[name] for name in (*known, *rest)]
        ),
    )


def _joined(named: str, parts: Sequence[str]) -> str:
    return "/".join([named, *parts])
