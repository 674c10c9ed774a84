"""What Prometheus answers to a query: series of (time, value), and the sources that ask for them.

Values stay the text that Prometheus sends, because JSON numbers know no NaN and no infinity.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any, ClassVar, NamedTuple

import msgspec

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, NotConfigured, Undecided
from opsproof.model.moment import Clock, Clocked, Moment
from opsproof.model.rights import Need
from opsproof.model.units import duration_text
from opsproof.sources.prometheus.growth import REPLICAS
from opsproof.sources.prometheus.reading.parse import unread
from opsproof.sources.prometheus.status import AskRuntime, Runtime

_STEPS = (5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 604800)
_MOST_POINTS = 20
_LONG = 86400.0  # seconds; no Prometheus is set up to keep less


class Point(NamedTuple):
    """One sample: Unix time in seconds, and the value, which may be NaN or infinite."""

    time: float
    value: float

    @property
    def moment(self) -> datetime:
        return moment(self.time)


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Labels (with `__name__` where the query keeps it) and samples, oldest first."""

    labels: dict[str, str]
    values: tuple[tuple[float, str], ...]

    @property
    def points(self) -> tuple[Point, ...]:
        return tuple(Point(time, float(text)) for time, text in self.values)

    @property
    def last(self) -> Point:
        return Point(self.values[-1][0], float(self.values[-1][1]))

    @property
    def value(self) -> float:
        """The newest value."""
        return self.last.value

    def label(self, name: str) -> str:
        """The label's value; empty when the series has no such label, as in PromQL."""
        return self.labels.get(name, "")


class Samples(Clocked, frozen=True, kw_only=True):
    """The answer to one query. `range` and `step` in seconds; both 0 for an instant query.

    `at` is the evaluation time by the server's clock (Unix seconds). An answer without series is no
    data: never a pass by itself.
    """

    result_type: str
    at: float
    series: tuple[Series, ...] = ()
    range: float = 0.0
    step: float = 0.0
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Series]:
        return iter(self.series)

    def __len__(self) -> int:
        return len(self.series)

    def moment(self, at: datetime | None, read_from: str = "") -> Moment | None:
        """By the clock of the answer; without one, `at` is the server's."""
        return (self.clock or Clock(moment(self.at))).moment(at, read_from)

    @property
    def empty(self) -> bool:
        return not self.series

    @property
    def expected_points(self) -> int:
        """How many samples a series without gaps has."""
        return max(1, math.floor(self.range / self.step)) if self.step else 1

    def coverage(self, series: Series) -> float:
        """Which part of the expected samples is there: 0 to 1."""
        return min(1.0, len(series.values) / self.expected_points)

    def current(self, series: Series) -> bool:
        """False for a series that ended within the range: its pod or target is gone."""
        return series.last.time >= self.at - 2 * self.step - 1

    def only(self) -> Series | None:
        """The one series of an aggregated query; None for no data.

        Raises:
            Undecided: several series, so that the query is not the aggregate it should be.
        """
        if len(self.series) > 1:
            raise Undecided(f"the query gives {len(self.series)} series instead of one")
        return self.series[0] if self.series else None

    def single(self) -> float | None:
        """The newest value of the one series; None for no data.

        Raises:
            Undecided: several series, or not a number.
        """
        series = self.only()
        return None if series is None else number(series.value)


class Recording(Samples, frozen=True, kw_only=True):
    """What a `Recorded` source gives: samples, and how long Prometheus keeps any (seconds; None: not known)."""

    kept: float | None = None

    @property
    def too_short(self) -> str:
        """`Prometheus keeps 15d, the window is 30d`; empty when it keeps enough, or does not tell."""
        if self.kept is None or self.kept >= self.range:
            return ""
        return f"Prometheus keeps {duration_text(self.kept)}, the window is {duration_text(self.range)}"


def number(value: float) -> float:
    """The value itself.

    Raises:
        Undecided: NaN or infinite: Prometheus answered, but there is nothing to compare.
    """
    if not math.isfinite(value):
        raise Undecided(f"Prometheus answers {value_text(value)}, which is no number to compare")
    return value


def value_text(value: float) -> str:
    """As Prometheus writes it: `NaN`, `+Inf`, `-Inf`, or the number."""
    if math.isnan(value):
        return "NaN"
    return f"{value:.6g}" if math.isfinite(value) else ("+Inf" if value > 0 else "-Inf")


def moment(unix: float) -> datetime:
    return datetime.fromtimestamp(unix, timezone.utc)


class Query(Ask, frozen=True, kw_only=True, tag="prometheus/query"):
    """One PromQL query: at the server's now, or over the last `range` seconds in steps of `step`."""

    query: str
    range: float = 0.0
    step: float = 0.0
    needs: ClassVar[tuple[Need, ...]] = (Need("GET", "/api/v1/query"),)
    answer: ClassVar[Any] = Samples


def step_for(seconds: float) -> float:
    """The step at which a range is looked at: a round number, at most 20 samples."""
    return float(
        next((step for step in _STEPS if seconds / step <= _MOST_POINTS), math.ceil(seconds / _MOST_POINTS))
    )


class PromQL(msgspec.Struct, frozen=True):
    """`Annotated[Samples, PromQL("sum(rate(${http_requests}[${window}]))")]`.

    Placeholders are filled from the row's limits and scope and from the environment's names and
    metrics; `${replicas}` are the labels that tell the servers of a pair apart.
    When the limits have a `sustained` above zero, the query is asked over that range.

    Args:
        query: the PromQL text with `${name}` placeholders.
        over: the limit that is the range; empty for always an instant query.
        when: a field of the limits; while it is false, zero or empty, nothing is asked and the
            argument is None.
        kind: of the target, for servers that speak the same API.
    """

    query: str
    over: str = "sustained"
    when: str = ""
    kind: str = "prometheus"

    def asks(self, context: Context) -> tuple[Ask, ...]:
        if self.when and not getattr(context.limits, self.when):
            return ()
        target = context.target(self.kind)
        span = float(getattr(context.limits, self.over, 0.0)) if self.over else 0.0
        replicas = ", ".join(getattr(target.settings, "replica_labels", REPLICAS))
        query = context.fill(self.query.replace("${replicas}", replicas))
        return (Query(target=target.id, query=query, range=span, step=step_for(span) if span else 0.0),)

    def problems(self, context: Context) -> tuple[str, ...]:
        """What is wrong with the query, without asking anybody."""
        try:
            asked = [ask.query for ask in self.asks(context) if isinstance(ask, Query)]
        except NotConfigured as error:
            return (error.message,)
        return tuple(filter(None, map(unread, asked)))

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Samples | None:
        return usable(answers[0]) if answers else None


class Recorded(msgspec.Struct, frozen=True):
    """How many samples of a metric each part of the looked-at time holds: no part, no recording.

    The time is the sum of the limits named by `over`. `metric` must be one selector. Of a time
    beyond a day Prometheus is also asked how long it keeps samples: that explains a gap, and makes none,
    since an older store may lie behind it.
    """

    metric: str
    kind: str = "prometheus"
    over: tuple[str, ...] = ("window", "sustained")

    def asks(self, context: Context) -> tuple[Ask, ...]:
        span = sum(float(getattr(context.limits, name, 0.0)) for name in self.over)
        step = max(60.0, step_for(span))
        query = f"sum(count_over_time({context.fill(self.metric)}[{step:.0f}s]))"
        target = context.target(self.kind).id
        asked = Query(target=target, query=query, range=max(span, step), step=step)
        return (asked, AskRuntime(target=target)) if span > _LONG else (asked,)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Recording:
        found = usable(answers[0])
        told = (answer.facts for answer in answers[1:])
        kept = next((one.retention for one in told if isinstance(one, Runtime)), None)
        return Recording(**{name: getattr(found, name) for name in found.__struct_fields__}, kept=kept)


def usable(answer: Answer[Any]) -> Samples:
    """The samples of an answer.

    Raises:
        CollectionError: no answer, or one that Prometheus itself calls incomplete.
    """
    samples = answer.value()
    assert isinstance(samples, Samples)
    if samples.warnings:
        raise BadAnswer(f"Prometheus warns: {samples.warnings[0]}", target=answer.ask.target)
    return samples
