"""slo/latency-p95 on plain facts."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from checks.slo.check_latency_p95 import LatencyLimits, check_latency
from opsproof import CRITICAL, MEDIUM, Examination
from opsproof.examine.services import Latency
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.prometheus.facts import Samples
from opsproof.sources.prometheus.known import Known
from opsproof.sources.prometheus.reading.parse import selector
from tests.checks.measured import EMPTY, GAP, RECORDED, examination, histogram, only

QUICK = {"0.1": [900], "0.5": [990], "1": [1000], "+Inf": [1000]}
SLOW = {"0.1": [100], "0.5": [500], "1": [1000], "+Inf": [1000]}
VERY_SLOW = {"0.1": [100], "0.5": [500], "1": [600], "+Inf": [1000]}


BUCKETS = selector("http_request_duration_seconds_bucket")
KNOWN = Known(selector=str(BUCKETS), labels=("le",))


def latency(buckets: Samples | Failure, name: str = "", scale: float = 1.0, **more: Any) -> Latency:
    found = {"buckets": buckets, "recording": RECORDED, "known": KNOWN, **more}
    return Latency(name, BUCKETS, scale, found)


def examined(buckets: Samples, *, quiet: str = "", scale: float = 1.0, **given: Any) -> Examination:
    parts = {name: given.pop(name) for name in ("recording", "known") if name in given}
    examine = examination(quiet)
    limits = LatencyLimits(**{"highest": "500ms", **given})
    check_latency((latency(buckets, scale=scale, **parts),), limits, examine)
    return examine


def test_quick_answers_are_compliant() -> None:
    assert examined(histogram(QUICK)).passed == 1


def test_slow_answers_fail_with_the_interpolated_percentile() -> None:
    finding = only(examined(histogram(SLOW)))
    assert finding.outcome is Outcome.FAIL
    assert (finding.measured.text, finding.limit.text) == ("950ms", "at most 500ms")
    assert finding.message == "p95 is 950ms; at most 500ms allowed"


def test_in_the_top_bucket_it_is_at_least_the_largest_boundary() -> None:
    finding = only(examined(histogram(VERY_SLOW)))
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "at least 1s")


def test_in_the_top_bucket_a_higher_limit_is_undecided() -> None:
    finding = only(examined(histogram(VERY_SLOW), highest="5s"))
    assert finding.outcome is Outcome.UNKNOWN
    assert "p95 is above 1s; without a bucket boundary at the limit" in finding.message


def test_a_limit_between_two_boundaries_decides_nothing_when_the_percentile_lies_there() -> None:
    finding = only(examined(histogram(SLOW), highest="800ms"))
    assert finding.outcome is Outcome.UNKNOWN
    assert "above 500ms and at most 1s" in finding.message
    assert examined(histogram(QUICK), highest="800ms").passed == 1


def test_a_histogram_in_milliseconds_is_told_in_seconds() -> None:
    """458 ms are no 7 minutes and 38 seconds."""
    boundaries = {"100": [100], "500": [950], "1000": [1000], "+Inf": [1000]}
    assert examined(histogram(boundaries), scale=1e-3).passed == 1
    finding = only(examined(histogram(boundaries), scale=1e-3, highest="100ms"))
    assert (finding.outcome, finding.measured.text, finding.measured.value) == (Outcome.FAIL, "500ms", 0.5)
    assert (
        "above 100ms and at most 500ms"
        in only(examined(histogram(boundaries), scale=1e-3, highest="300ms")).message
    )


def test_another_percentile_is_judged_and_named() -> None:
    assert examined(histogram(QUICK), percentile=99).passed == 1
    finding = only(examined(histogram(QUICK), percentile=99.9, highest="100ms"))
    assert finding.subject.name == "latency-p99.9"
    assert finding.message.startswith("p99.9 is ")
    assert finding.measured.value is not None
    assert finding.measured.value > 0.9


@pytest.mark.parametrize("percentile", [0, 100, -1, float("nan")])
def test_what_is_no_percentile_is_refused(percentile: float) -> None:
    with pytest.raises(ValidationError, match="is no percentile"):
        LatencyLimits(highest="1s", percentile=percentile)


def test_each_service_is_a_subject() -> None:
    examine = examination()
    services = (
        latency(histogram(SLOW), "cart"),
        latency(Failure("TimedOut", "late", "x"), "mail"),
        latency(histogram(QUICK), "pay"),
    )
    check_latency(services, LatencyLimits(highest="500ms", percentile=99), examine)
    assert [("cart/p99", Outcome.FAIL), ("mail/p99", Outcome.UNKNOWN)] == [
        (one.subject.name, one.outcome) for one in examine.findings
    ]
    assert 1 == examine.passed


def test_a_histogram_that_never_was_is_told_with_what_is_near() -> None:
    known = Known(selector="x_bucket", hint="there is no metric x_bucket; the nearest is y_bucket")
    finding = only(examined(EMPTY, known=known, quiet="at night"))
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.message == "no series match x_bucket: there is no metric x_bucket; the nearest is y_bucket"


def test_a_step_gives_its_level() -> None:
    steps = {"medium": "100ms", "critical": "500ms"}
    assert only(examined(histogram(SLOW), highest=steps)).level is CRITICAL
    assert only(examined(histogram(QUICK), highest=steps)).level is MEDIUM


def test_a_strict_limit_is_broken_above_its_boundary_only() -> None:
    assert examined(histogram(QUICK), highest="<1s").passed == 1
    assert only(examined(histogram(SLOW), highest="<500ms")).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "buckets",
    [
        EMPTY,
        histogram({"0.5": [0], "+Inf": [0]}),
        histogram({"0.5": ["NaN"], "+Inf": ["NaN"]}),
        histogram({"0.5": [10], "1": [10]}),
        histogram({"+Inf": [10]}),
        histogram({"": [10], "+Inf": [10]}),
        histogram({"0.1": [500], "0.5": [100], "+Inf": [1000]}),
    ],
)
def test_what_is_no_histogram_with_events_is_undecided(buckets: Samples) -> None:
    assert only(examined(buckets)).outcome is Outcome.UNKNOWN


def test_no_requests_in_quiet_hours_does_not_apply() -> None:
    assert only(examined(EMPTY, quiet="at night")).outcome is Outcome.NOT_APPLICABLE


def test_a_gap_in_the_recording_is_undecided() -> None:
    assert only(examined(histogram(SLOW), recording=GAP)).outcome is Outcome.UNKNOWN


def test_slow_throughout_the_range_fails() -> None:
    slow = {name: [value[0], value[0]] for name, value in SLOW.items()}
    finding = only(examined(histogram(slow, 300), sustained="5m"))
    assert finding.message == "p95 is 950ms, in the last 5m never below 950ms; at most 500ms allowed"


def test_one_quick_moment_in_the_range_is_compliant() -> None:
    mixed = {name: [SLOW[name][0], QUICK[name][0], SLOW[name][0]] for name in SLOW}
    assert examined(histogram(mixed, 300), sustained="5m").passed == 1


def test_a_range_with_requests_now_and_then_is_undecided() -> None:
    sparse = {name: [SLOW[name][0], None, SLOW[name][0]] for name in SLOW}
    assert only(examined(histogram(sparse, 300), sustained="5m")).outcome is Outcome.UNKNOWN
