"""Samples, and what the sources of Prometheus ask for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import pytest

from opsproof import Clock, Duration, Limits, Scoped
from opsproof.examine.beside import Beside, known
from opsproof.examine.declared import Declared
from opsproof.model.argument import Answer, fill
from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, CollectionError, Failure, NotConfigured, Undecided, Unreachable
from opsproof.model.target import Target
from opsproof.sources.prometheus.facts import (
    Point,
    PromQL,
    Query,
    Recorded,
    Samples,
    Series,
    step_for,
    usable,
)
from opsproof.sources.prometheus.reading.course import course, recorded
from opsproof.sources.prometheus.status import Asking, AskRuntime, AskTargets, Runtime
from tests.checks.measured import EMPTY, UNIX, instant, over

AS_OF = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)


class SomeLimits(Limits):
    window: Duration = Duration(300)
    sustained: Duration = Duration(0)
    exporter: Scoped[bool] = True


@dataclass
class SomeContext:
    """An environment with one Prometheus and one metric."""

    limits: Limits = field(default_factory=SomeLimits)
    targets: tuple[str, ...] = ("prometheus",)

    def target(self, role: str) -> Target:
        if role not in self.targets:
            raise NotConfigured(f"targets.{role} is not set")
        return Target(role, role, f"{role}:x", None)

    def fill(self, template: str) -> str:
        return fill(template, {"requests": 'http_requests_total{job="api"}', **self.limits.model_dump()})

    def names(self, name: str) -> tuple[str, ...]:
        if name != "namespaces":
            raise NotConfigured(f"{name} is not set")
        return ("shop",)


def answer(facts: Any, ask: Ask | None = None) -> Answer[Any]:
    failure = facts if isinstance(facts, Failure) else None
    return Answer(ask or Query(target="p", query="x"), None if failure else facts, failure, Clock(AS_OF))


def test_a_query_is_filled_from_limits_and_metrics() -> None:
    (ask,) = PromQL("sum(rate(${requests}[${window}]))").asks(SomeContext())
    assert ask == Query(target="prometheus:x", query='sum(rate(http_requests_total{job="api"}[300s]))')


def test_a_sustained_limit_makes_it_a_range() -> None:
    context = SomeContext(SomeLimits(sustained=Duration(600)))
    (ask,) = PromQL("${requests}").asks(context)
    assert isinstance(ask, Query)
    assert (ask.range, ask.step) == (600, 30)
    assert PromQL("${requests}", over="").asks(context) == PromQL("${requests}").asks(SomeContext())


def test_what_is_not_wanted_is_not_asked() -> None:
    source = PromQL("${requests}", when="exporter")
    context = SomeContext(SomeLimits(exporter=False))
    assert source.asks(context) == ()
    assert source.assemble([], context) is None


def test_recording_is_asked_for_all_the_time_that_is_looked_at() -> None:
    (ask,) = Recorded("${requests}").asks(SomeContext(SomeLimits(sustained=Duration(300))))
    assert isinstance(ask, Query)
    assert (ask.query, ask.range, ask.step) == (
        'sum(count_over_time(http_requests_total{job="api"}[60s]))',
        600,
        60,
    )


DAY = 86400.0
MONTH = SomeContext(SomeLimits(window=Duration(30 * DAY)))


def test_how_long_samples_are_kept_is_asked_for_long_windows_only() -> None:
    assert [Query, AskRuntime] == [type(ask) for ask in Recorded("${requests}").asks(MONTH)]
    day = SomeContext(SomeLimits(window=Duration(DAY)))
    assert [Query] == [type(ask) for ask in Recorded("${requests}").asks(day)]


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (Runtime(started=None, retention=15 * DAY), "Prometheus keeps 15d, the window is 30d"),
        (Runtime(started=None, retention=30 * DAY), ""),
        (Runtime(started=None, retention=None), ""),
        (Failure("Forbidden", "HTTP 403", "p"), ""),
        (None, ""),
    ],
)
def test_a_short_retention_explains_a_gap_and_makes_none(told: Runtime | Failure | None, text: str) -> None:
    """Only a gap is undecided: where there is an older store behind it, everything is there."""
    third = over(30 * DAY, [None, None, 9.0])
    answers = [answer(third), *([] if told is None else [answer(told)])]
    found = Recorded("${requests}").assemble(answers, MONTH)
    assert (found.too_short, found.series, found.range) == (text, third.series, 30 * DAY)
    with pytest.raises(
        Undecided, match=f"^{text or 'a gap in the recording'}: samples in 33% of the last 30d"
    ):
        recorded(found)
    recorded(Recorded("${requests}").assemble([answer(over(30 * DAY, [9.0])), *answers[1:]], MONTH))


def test_an_answer_with_warnings_is_no_answer() -> None:
    with pytest.raises(BadAnswer, match="one store is down"):
        usable(answer(Samples(result_type="vector", at=1.0, warnings=("one store is down",))))
    assert usable(answer(Samples(result_type="vector", at=1.0, infos=("a remark",)))).empty


@pytest.mark.parametrize("seconds", [1, 60, 300, 600, 3600, 86400, 30 * 86400, 400 * 86400])
def test_steps_are_few(seconds: float) -> None:
    assert 0 < seconds / step_for(seconds) <= 20


def test_one_series_or_none() -> None:
    assert EMPTY.single() is None
    assert instant(3).single() == 3
    with pytest.raises(Undecided, match="2 series"):
        instant(1, 2, pod=["a", "b"]).only()
    for value in ("NaN", "+Inf", "-Inf"):
        with pytest.raises(Undecided, match=value[1:]):
            instant(value).single()


def test_a_series_that_ended_is_not_current() -> None:
    samples = over(300, [1, 1, 1], [1, 1, None], pod=["a", "b"])
    assert [samples.current(series) for series in samples] == [True, False]
    assert samples.coverage(samples.series[0]) == 1.0
    assert 0.5 < samples.coverage(samples.series[1]) < 0.75


def test_a_course_must_cover_its_range_to_the_end() -> None:
    samples = over(300, [1])
    points = samples.series[0].points
    assert course(samples, points).range == 300
    for wrong in ((), points[:-4], points[:8] + points[12:], (*points[:-1], Point(UNIX, float("nan")))):
        with pytest.raises(Undecided):
            course(samples, wrong)


def test_a_recording_must_cover_its_range() -> None:
    recorded(over(600, [4]))
    with pytest.raises(Undecided, match="gap"):
        recorded(over(600, [4, None, 4]))
    with pytest.raises(Undecided, match="not recorded"):
        recorded(EMPTY)


def test_beside_turns_failures_into_arguments() -> None:
    refused = Unreachable("connection refused", target="prometheus:x").as_failure()
    source = Beside(PromQL("up", over=""))
    assert source.assemble([answer(refused)], SomeContext()) == refused
    assert source.assemble([answer(EMPTY)], SomeContext()) == EMPTY
    with pytest.raises(CollectionError, match="refused"):
        known(refused)


def test_beside_a_source_that_is_not_configured() -> None:
    context = SomeContext(targets=())
    source = Beside(Asking(AskTargets))
    assert source.asks(context) == ()
    found = source.assemble([], context)
    assert isinstance(found, Failure)
    assert found.kind == "NotConfigured"


def test_beside_asks_only_when_wanted() -> None:
    context = SomeContext(SomeLimits(exporter=False))
    source = Beside(PromQL("up"), when="exporter")
    assert (source.asks(context), source.assemble([], context)) == ((), None)


def test_names_ask_nobody() -> None:
    source = Declared("namespaces")
    assert (source.asks(SomeContext()), source.assemble([], SomeContext())) == ((), ("shop",))
    with pytest.raises(NotConfigured):
        Declared("others").asks(SomeContext())


def test_values_keep_what_json_cannot_say() -> None:
    series = Series(labels={}, values=((1.5, "NaN"), (2.5, "+Inf")))
    assert [str(point.value) for point in series.points] == ["nan", "inf"]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("sum(rate(${requests}[${window}]))", ""),
        ("sum(rate(${requests}[${window}])", "is no PromQL"),
        ("max without (${replicas}) (up)", ""),
    ],
)
def test_what_is_wrong_with_a_query_is_said_without_asking(query: str, problem: str) -> None:
    said = PromQL(query).problems(SomeContext())
    assert bool(problem) is bool(said)
    assert problem in "".join(said)


def test_a_target_that_is_not_set_is_a_problem() -> None:
    assert ("targets.prometheus is not set",) == PromQL("up").problems(SomeContext(targets=()))
