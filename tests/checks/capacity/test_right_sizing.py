"""capacity/right-sizing on plain facts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from checks.capacity import check_right_sizing as module
from checks.capacity.check_right_sizing import RightSizingLimits, Sizes, SizesOf, check_right_sizing
from opsproof import Examination
from opsproof.model.outcome import Outcome
from opsproof.sources.prometheus.facts import Query, Samples
from opsproof.sources.prometheus.known import Known
from opsproof.sources.prometheus.reading.matchers import workload_of
from tests.checks.contexts import Row
from tests.checks.measured import EMPTY, examination, failed, instant, only, over, recording

WEEK = 7 * 86400.0
ALL = recording(over(WEEK, [9]))
EVER, NEVER = Known(selector="use", labels=("pod",)), Known(selector="uze", hint="the nearest is use")
REQUEST: dict[str, Any] = {"of_request_highest": "100%", "of_request_lowest": "50%"}
Mi = 2.0**20


def of(*values: float | str, workloads: Sequence[str] = ("api", "worker")) -> Samples:
    names = list(workloads[: len(values)])
    return instant(*values, namespace=["shop"] * len(names), workload=names, container=["app"] * len(names))


def sizes(
    *high: float | str, requests: Samples | None = None, most: Samples | None = None, **more: Any
) -> Sizes:
    """They ran all the week, and run now; each requests one core."""
    given: dict[str, Any] = {
        "high": of(*high), "seen": of(*[168] * len(high)), "now": of(*[0.1] * len(high)), "recording": ALL,
        "matched": EVER, "requests": of(*[1] * len(high)) if requests is None else requests, "requests_matched": EVER,
        "most": most, "most_matched": EVER,
    }  # fmt: skip
    return Sizes(**{**given, **more})


def examined(cpu: Sizes | None = None, memory: Sizes | None = None, **limits: Any) -> Examination:
    examine = examination()
    check_right_sizing(cpu, memory, RightSizingLimits(window="7d", **{**REQUEST, **limits}), examine)
    return examine


def test_a_request_between_use_and_twice_the_use_is_compliant() -> None:
    assert examined(sizes(1.0, 0.5)).passed == 2


def test_too_small_a_request_fails() -> None:
    finding = only(examined(sizes(1.2, 0.7)))
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "container shop/api/app")
    assert finding.message == (
        "the 95th percentile of its CPU in 7d is 1200m, 120 % of its request of 1000m; at most 100 % needed"
    )
    assert (finding.measured.text, finding.limit.text) == ("120 %", "at most 100 %")


def test_too_large_a_request_fails_with_what_it_wastes() -> None:
    finding = only(examined(sizes(0.2, 0.7)))
    assert finding.message == (
        "the 95th percentile of its CPU in 7d is 200m, 20 % of its request of 1000m: 800m more than that;"
        " at least 50 % needed"
    )
    assert finding.limit.text == "at least 50 %"


def test_memory_is_judged_alike_and_is_another_finding() -> None:
    memory = sizes(100 * Mi, requests=of(400 * Mi))
    found = failed(examined(sizes(0.1), memory))
    assert "300Mi more than that" in found[1].message
    assert found[0].subject.stable != found[1].subject.stable


@pytest.mark.parametrize(("high", "request_"), [(0.001, 0.05), (0.05, 0.01)])
def test_tiny_requests_are_noise(high: float, request_: float) -> None:
    assert examined(sizes(high, requests=of(request_))).passed == 1
    assert failed(examined(sizes(high, requests=of(request_)), cpu_floor="0"))


def test_a_missing_request_is_the_finding_of_another_check() -> None:
    examine = examined(sizes(1.2, 0.7, requests=of(1, workloads=["worker"])))
    assert (examine.passed, examine.findings) == (1, [])
    assert examine.excluded[0].why == "no CPU request"


def test_use_of_the_limit_is_held_against_the_limit() -> None:
    limits: dict[str, Any] = {"of_request_highest": None, "of_request_lowest": None, "of_limit_cpu": "70%"}
    given = without_requests(sizes(0.9, 0.7, most=of(1, 1)))
    finding = only(examined(given, **limits))
    assert finding.message == (
        "the 95th percentile of its CPU in 7d is 900m, 90 % of its limit; at most 70 % needed"
    )
    bare = without_requests(sizes(0.9, 0.7, most=of(1, workloads=["worker"])))
    assert examined(bare, **limits).excluded[0].why == "no CPU limit"


def without_requests(given: Sizes) -> Sizes:
    return msgspec.structs.replace(given, requests=None)


def test_what_did_not_run_all_the_window_is_no_finding_and_is_named() -> None:
    examine = examined(sizes(5.0, 0.7, seen=of(24, 168)))
    assert (examine.passed, examine.findings) == (1, [])
    assert examine.excluded[0].examples == ("container shop/api/app",)
    assert examine.notes == ["CPU of what did not run all the 7d: api/app"]


def test_where_nothing_ran_that_long_nothing_is_examined() -> None:
    assert examined(sizes(5.0, seen=of(24))).nothing_examined


def test_what_has_ended_is_set_aside() -> None:
    examine = examined(sizes(5.0, 0.7, now=of(0.1, workloads=["worker"])))
    assert examine.excluded[0].why == "ended within the window"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"now": EMPTY}, "Prometheus has no container's CPU use now"),
        ({"now": EMPTY, "matched": NEVER}, "no series match uze: the nearest is use"),
        ({"requests": EMPTY}, "Prometheus has no CPU request now"),
        ({"requests": EMPTY, "requests_matched": NEVER}, "no series match uze: the nearest is use"),
        ({"recording": recording(over(WEEK, [None, 9]))}, "a gap in the recording: samples in 50% of the last 7d"),
        ({"high": of("NaN")}, "Prometheus answers NaN, which is no number to compare"),
        ({"high": instant(1, namespace=["shop"], container=["app"])}, "the metric has no `pod` label*"),
    ],
)  # fmt: skip
def test_what_is_not_told_is_undecided(more: dict[str, Any], why: str) -> None:
    finding = only(examined(sizes(0.7, **more)))
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.message.startswith(why.strip("*"))


def test_a_row_has_to_ask_something() -> None:
    with pytest.raises(ValidationError, match="write of_request_highest"):
        RightSizingLimits(window="7d")


def test_nothing_is_asked_of_what_the_row_does_not_look_at() -> None:
    limits = RightSizingLimits(window="7d", resources=("memory",), **REQUEST)
    names = {f"container_{one}": one for one in ("memory_working_set", "memory_requests", "cpu_usage")}
    row = Row(limits, {**names, "window": "7d", "resolution": "1h", "rate": "5m"})
    assert SizesOf("cpu").asks(row) == ()
    asked = [ask.query for ask in SizesOf("memory").asks(row) if isinstance(ask, Query)]
    assert any("quantile_over_time(0.95, (max by" in query and "[7d:1h]" in query for query in asked)
    assert not any("memory_limits" in query for query in asked)


@pytest.mark.parametrize(
    "pod",
    ["api-7d9f8c6b5-x2x4z", "api-0", "api-12", "api-2-7d9f8c6b5-x2x4z", "node-agent-x2x4z", "api", "api-v2"],
)
def test_pods_belong_to_the_workload_that_readings_call_it(pod: str) -> None:
    """In one query and in the code: an ordinal before a hash alone is kept here."""
    match = re.fullmatch(module._POD, pod)
    assert match is not None
    assert workload_of(match[1]) == workload_of(pod)
