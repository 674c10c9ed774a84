"""metric/threshold on plain facts."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from checks.metric.check_threshold import ThresholdLimits, check_threshold
from opsproof import CRITICAL, MEDIUM, Examination
from opsproof.examine.row_query import Answered, RowQuery
from opsproof.model.failure import Failure, NotConfigured
from opsproof.model.outcome import Outcome
from opsproof.sources.prometheus.facts import Query, Samples
from opsproof.sources.prometheus.known import AskKnown, Known
from tests.checks.contexts import Row
from tests.checks.measured import EMPTY, examination, instant, only, over

QUERY = "max by (instance) (disk_used / disk_size)"
DISK: dict[str, Any] = {"query": QUERY, "name": "disk use", "unit": "ratio", "highest": "80%"}
AGE: dict[str, Any] = {"query": "time() - backup_time", "highest": "26h"}


def examined(
    samples: Samples, given: dict[str, Any] = DISK, *known: Known | Failure, **more: Any
) -> Examination:
    examine = examination()
    limits = ThresholdLimits(**{**given, **more})
    check_threshold(Answered(limits.query, samples, known), limits, examine)
    return examine


def test_each_series_is_a_subject() -> None:
    examine = examined(instant(0.5, 0.9, instance=["a", "b"]))
    assert 1 == examine.passed
    finding = only(examine)
    assert (Outcome.FAIL, "metric disk use/b") == (finding.outcome, str(finding.subject))
    assert ("90 %", "at most 80 %") == (finding.measured.text, finding.limit.text)
    assert (0.9, "ratio") == (finding.measured.value, finding.measured.unit)
    assert "disk use is 90 %; at most 80 % allowed" == finding.message


@pytest.mark.parametrize(
    ("given", "value", "text"),
    [
        ({"highest": "80%", "unit": "percent"}, 85, "85 %"),
        ({"highest": "26h"}, 100_000, "1d3h"),
        ({"highest": "500ms", "unit": "milliseconds"}, 750, "750ms"),
        ({"lowest": "10Gi"}, 2**30, "1Gi"),
        ({"highest": 3}, 3.5, "3.5"),
        ({"lowest": 3}, 2, "2"),
        ({"lowest": "99%", "unit": "ratio"}, 0.98, "98 %"),
    ],
)
def test_a_value_is_judged_in_the_unit_of_its_limit(given: dict[str, Any], value: float, text: str) -> None:
    finding = only(examined(instant(value), {"query": "x", **given}))
    assert (Outcome.FAIL, text) == (finding.outcome, finding.measured.text)


@pytest.mark.parametrize(("given", "value"), [({"highest": "26h"}, 93_600), ({"lowest": "10Gi"}, 10 * 2**30)])
def test_the_bound_itself_is_compliant(given: dict[str, Any], value: float) -> None:
    assert 1 == examined(instant(value), {"query": "x", **given}).passed


def test_two_bounds_are_both_kept() -> None:
    both = {"query": "x", "highest": 10, "lowest": 2}
    assert "at most 10" in only(examined(instant(11), both)).limit.text
    assert "at least 2" in only(examined(instant(1), both)).limit.text
    assert 1 == examined(instant(5), both).passed


def test_a_step_gives_its_level() -> None:
    steps = {"medium": "70%", "critical": "90%"}
    assert MEDIUM is only(examined(instant(0.8), highest=steps)).level
    assert CRITICAL is only(examined(instant(0.95), highest=steps)).level


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf"])
def test_what_is_no_number_is_undecided(value: str) -> None:
    assert Outcome.UNKNOWN is only(examined(instant(value))).outcome


def test_an_absent_series_is_undecided_with_what_is_near() -> None:
    never = Known(selector="disk_usde", hint="there is no metric disk_usde; the nearest is disk_used")
    finding = only(examined(EMPTY, DISK, Known(selector="disk_size", labels=("a",)), never))
    assert (Outcome.UNKNOWN, "metric disk use") == (finding.outcome, str(finding.subject))
    assert (
        "0 series, 1 needed: no series match disk_usde: there is no metric disk_usde; the nearest is disk_used"
        == (finding.message)
    )
    assert QUERY in only(examined(EMPTY, DISK, Failure("TimedOut", "late", "x"))).message


def test_fewer_series_than_there_must_be_are_undecided_and_hide_none() -> None:
    examine = examined(instant(0.5, 0.9, instance=["a", "b"]), series=3)
    assert [Outcome.UNKNOWN, Outcome.FAIL] == [finding.outcome for finding in examine.findings]
    assert "2 series, 3 needed" in examine.findings[0].message


def test_sustained_is_broken_only_throughout() -> None:
    finding = only(examined(over(600, [0.9, 0.85, 0.95], instance=["a"]), sustained="10m"))
    assert "disk use is 95 %, throughout the last 10m; at most 80 % allowed" == finding.message
    assert 1 == examined(over(600, [0.9, 0.7, 0.95], instance=["a"]), sustained="10m").passed
    low = {"query": "x", "lowest": 2, "sustained": "10m"}
    assert 1 == examined(over(600, [1, 3, 1]), low).passed
    assert Outcome.FAIL is only(examined(over(600, [1, 1, 1]), low)).outcome


def test_a_host_that_went_silent_is_undecided_and_a_pod_that_ended_is_set_aside() -> None:
    courses = ([0.5, 0.5, None], [0.5])
    finding = only(examined(over(600, *courses, instance=["a", "b"]), sustained="10m"))
    assert (Outcome.UNKNOWN, "metric disk use/a") == (finding.outcome, str(finding.subject))
    gone = examined(over(600, *courses, pod=["a-0", "b-0"]), sustained="10m")
    assert (1, []) == (gone.passed, gone.findings)
    assert "ended within the time looked at" == gone.excluded[0].why


def test_a_series_that_began_within_the_time_is_in_transition_at_most() -> None:
    young = over(600, [None, None, 0.9], instance=["a"])
    assert only(examined(young, sustained="10m")).in_transition


def test_the_pod_of_a_series_does_not_enter_its_identity() -> None:
    subjects = {
        only(examined(instant(0.9, pod=[f"api-7d9f8c6b5-{end}"], namespace=["shop"]))).subject.stable
        for end in ("x2x4z", "bcdfg")
    }
    assert {"metric/shop/disk use/api"} == subjects


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"query": "x"}, "write `highest`, `lowest` or both"),
        ({"query": "x", "highest": "80%"}, "needs scope.unit"),
        ({"query": "x", "highest": "80%", "unit": "bytes"}, "does not fit"),
        ({"query": "x", "highest": "5m", "lowest": "1Gi"}, "in one unit"),
        ({"query": "x", "highest": {"low": "5m", "high": 3}}, "in one unit"),
        ({"query": " ", "highest": 3}, "asks nothing"),
        ({"query": "x", "highest": "lots"}, "write it like 80%, 5m, 10Gi or 3"),
        ({"query": "x", "highest": 3, "unit": "furlongs"}, "unit"),
    ],
)
def test_a_limit_that_fits_nothing_is_refused(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        ThresholdLimits(**given)


def test_the_query_and_its_selectors_are_asked() -> None:
    context = Row(ThresholdLimits(**DISK, sustained="10m"), {"query": QUERY})
    asks = RowQuery().asks(context)
    (query,) = [ask for ask in asks if isinstance(ask, Query)]
    assert (QUERY, 600.0) == (query.query, query.range)
    assert ["disk_used", "disk_size"] == [ask.selector for ask in asks if isinstance(ask, AskKnown)]
    assert () == RowQuery().problems(context)


@pytest.mark.parametrize(
    ("query", "problem"),
    [("sum(", "is no PromQL"), ("x > 5", "write the value alone"), ("x == 0 or y", "compares")],
)
def test_a_query_that_cannot_be_judged_is_refused_before_anything_is_asked(query: str, problem: str) -> None:
    context = Row(ThresholdLimits(**AGE), {"query": query})
    with pytest.raises(NotConfigured, match=problem):
        RowQuery().asks(context)
    assert 1 == len(RowQuery().problems(context))
