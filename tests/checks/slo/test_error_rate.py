"""slo/error-rate on plain facts."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.slo.check_error_rate import ErrorRateLimits, check_error_rate
from opsproof import CRITICAL, MEDIUM, Examination
from opsproof.model.outcome import Outcome
from opsproof.sources.prometheus.facts import Samples, value_text
from tests.checks.measured import EMPTY, GAP, RECORDED, ago, examination, instant, only, over


def examined(
    errors: Samples, total: Samples, *, recording: Samples = RECORDED, quiet: str = "", **limits: Any
) -> Examination:
    examine = examination(quiet)
    check_error_rate(errors, total, recording, ErrorRateLimits(**{"highest": "5%", **limits}), examine)
    return examine


def test_few_errors_are_compliant() -> None:
    assert examined(instant(1), instant(1000)).passed == 1


def test_too_many_errors_fail_with_the_ratio_and_not_the_rate() -> None:
    finding = only(examined(instant(70), instant(1000)))
    assert finding.outcome is Outcome.FAIL
    assert (finding.measured.text, finding.limit.text) == ("7 %", "at most 5 %")
    assert finding.message == "7 % of the requests failed; at most 5 % allowed"


def test_a_step_gives_its_level() -> None:
    steps = {"medium": "1%", "critical": "5%"}
    assert only(examined(instant(20), instant(1000), highest=steps)).level is MEDIUM
    assert only(examined(instant(60), instant(1000), highest=steps)).level is CRITICAL


def test_a_strict_limit_excludes_itself() -> None:
    assert only(examined(instant(10), instant(1000), highest="<1%")).outcome is Outcome.FAIL
    assert examined(instant(10), instant(1000), highest="1%").passed == 1


def test_no_error_series_beside_requests_is_no_error() -> None:
    assert examined(EMPTY, instant(1000)).passed == 1


@pytest.mark.parametrize("total", [EMPTY, instant(0), instant(0.4), instant("NaN"), instant("+Inf")])
def test_without_requests_nothing_is_decided(total: Samples) -> None:
    assert only(examined(EMPTY, total)).outcome is Outcome.UNKNOWN
    assert only(examined(instant(0), total)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("total", [EMPTY, instant(0), instant(3)])
def test_little_traffic_in_declared_quiet_hours_does_not_apply(total: Samples) -> None:
    finding = only(examined(EMPTY, total, quiet="Saturday night", min_events=10))
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert "Saturday night" in finding.message


def test_quiet_hours_excuse_no_errors() -> None:
    assert only(examined(instant(70), instant(1000), quiet="Saturday night")).outcome is Outcome.FAIL


@pytest.mark.parametrize("errors", ["NaN", "+Inf", "-Inf", "-5", "2000"])
def test_errors_that_cannot_be_are_undecided(errors: str) -> None:
    assert only(examined(instant(errors), instant(1000))).outcome is Outcome.UNKNOWN


def test_all_requests_failing_fails_although_the_queries_ran_at_two_moments() -> None:
    finding = only(examined(instant(1010), instant(1000)))
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "100 %")


def test_a_query_that_is_no_aggregate_is_undecided() -> None:
    assert "2 series" in only(examined(instant(1), instant(10, 10, pod=["a", "b"]))).message


def test_a_gap_in_the_recording_is_undecided() -> None:
    assert "gap in the recording" in only(examined(instant(70), instant(1000), recording=GAP)).message


def test_broken_throughout_the_range_fails_with_the_value_now_and_the_lowest() -> None:
    finding = only(examined(over(300, [60, 80, 70, 90]), over(300, [1000]), sustained="5m", highest="5%"))
    assert finding.outcome is Outcome.FAIL
    assert finding.measured.text == "9 %"
    assert (
        finding.message == "9 % of the requests failed, in the last 5m never below 6 %; at most 5 % allowed"
    )
    assert finding.since is not None
    assert finding.since <= ago(minutes=4)


def test_one_good_moment_in_the_range_is_compliant() -> None:
    assert examined(over(300, [60, 80, 10, 90]), over(300, [1000]), sustained="5m").passed == 1


def test_errors_that_began_within_the_range_are_compliant() -> None:
    assert examined(over(300, [None, None, 900, 900]), over(300, [1000]), sustained="5m").passed == 1


def test_a_range_without_data_at_its_end_is_undecided() -> None:
    assert (
        only(examined(over(300, [90]), over(300, [1000, 1000, None]), sustained="5m")).outcome
        is Outcome.UNKNOWN
    )


def test_a_range_with_too_few_moments_is_undecided() -> None:
    assert (
        only(examined(over(300, [90]), over(300, [1000, None, 1000, 1000]), sustained="5m")).outcome
        is Outcome.UNKNOWN
    )


def test_moments_with_hardly_any_requests_decide_nothing() -> None:
    """Two of two failed in the middle of the night is no 100 % error rate, and none of two no good moment."""
    sparse = over(300, [2, 2, 1000, 1000])
    for errors in (over(300, [2, 2, 90, 90]), over(300, [0, 0, 90, 90])):
        assert only(examined(errors, sparse, sustained="5m", min_events=10)).outcome is Outcome.UNKNOWN


NUMBERS = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True, width=32))


@given(errors=NUMBERS, total=NUMBERS)
def test_only_a_true_ratio_within_the_limit_passes(errors: float | None, total: float | None) -> None:
    """Whatever numbers Prometheus gives, PASS means: requests there were, and few enough failed."""
    examine = examined(_said(errors), _said(total))
    assert "crashed" not in "".join(finding.message for finding in examine.findings)
    if examine.passed:
        assert total is not None
        assert total >= 1
        assert 0 <= (errors or 0.0) <= 0.05 * total


def _said(value: float | None) -> Samples:
    return EMPTY if value is None else instant(value_text(value) if not math.isfinite(value) else repr(value))
