"""slo/error-rate on plain facts."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.slo.check_error_rate import ErrorRateLimits, check_error_rate
from opsproof import CRITICAL, MEDIUM, Examination
from opsproof.examine.services import Traffic
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.prometheus.facts import Samples, value_text
from opsproof.sources.prometheus.known import Known
from opsproof.sources.prometheus.reading.parse import selector
from opsproof.sources.prometheus.reading.promql import Selector
from tests.checks.measured import EMPTY, GAP, RECORDED, ago, examination, instant, only, over

REQUESTS = selector('http_requests_total{job="api"}')
ERRORS = selector('http_requests_total{job="api",status=~"5.."}')
BORNE = instant(930, 70, status=["200", "404"])
KNOWN = Known(selector=str(REQUESTS), labels=("job", "status"))


def traffic(errors: Samples | Failure, total: Samples | Failure, name: str = "", **more: Any) -> Traffic:
    own, selectors = (
        {"errors": errors, "total": total, "recording": RECORDED, "known": KNOWN},
        (REQUESTS, ERRORS),
    )
    if "selectors" in more:
        selectors = more.pop("selectors")
    return Traffic(name, *selectors, {**own, "borne": BORNE, **more})


def examined(errors: Samples, total: Samples, *, quiet: str = "", **given: Any) -> Examination:
    parts = {name: given.pop(name) for name in PARTS if name in given}
    examine = examination(quiet)
    limits = ErrorRateLimits(**{"highest": "5%", **given})
    check_error_rate((traffic(errors, total, **parts),), limits, examine)
    return examine


PARTS = ("recording", "borne", "known", "known_errors", "selectors")


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


def test_no_error_series_beside_requests_that_bear_its_label_is_no_error() -> None:
    assert examined(EMPTY, instant(1000)).passed == 1


def test_no_error_series_where_no_request_bears_the_label_is_undecided() -> None:
    """`code` for `status`: three of a hundred may fail, and no error is ever seen."""
    errors = selector('http_requests_total{job="api",code=~"5.."}')
    finding = only(examined(EMPTY, instant(1000), borne=instant(1000), selectors=(REQUESTS, errors)))
    assert finding.outcome is Outcome.UNKNOWN
    assert str(errors) in finding.message
    assert "the requests bear no label code" in finding.message


@pytest.mark.parametrize(
    ("matcher", "values"),
    [
        ('status=~"5xx"', ["200", "404"]),
        ('status="5.."', ["200"]),
        ('status=~"6.."', ["200"]),
        ('status=~"5.."', ["OK", "NotFound"]),
        ('status="500"', ["2xx", "4xx"]),
    ],
)
def test_errors_that_no_value_of_that_form_could_be_are_undecided(matcher: str, values: list[str]) -> None:
    errors = selector(f'http_requests_total{{job="api",{matcher}}}')
    borne = instant(*[9] * len(values), status=values)
    finding = only(examined(EMPTY, instant(1000), borne=borne, selectors=(REQUESTS, errors)))
    assert finding.outcome is Outcome.UNKNOWN
    assert f"the requests' status is {', '.join(sorted(values))}" in finding.message


@pytest.mark.parametrize(
    ("matcher", "value"),
    [
        ('status=~"5.."', "200"),
        ('status="503"', "200"),
        ('status=~"5.."', "2xx"),
        ('status="failure"', "success"),
        ('status=~"5..|failed"', "0"),
        ('status!~"2.."', "200"),
    ],
)
def test_errors_that_could_be_there_are_none(matcher: str, value: str) -> None:
    errors = selector(f'http_requests_total{{job="api",{matcher}}}')
    borne = instant(9, status=[value])
    assert examined(EMPTY, instant(1000), borne=borne, selectors=(REQUESTS, errors)).passed == 1


OTHER = selector('http_failed_total{job="api"}')


@pytest.mark.parametrize(
    "errors",
    [
        OTHER,
        selector('http_requests_total{job="apl",status=~"5.."}'),
        selector('http_request_total{job="api",status=~"5.."}'),
    ],
    ids=str,
)
def test_another_selector_of_errors_must_have_matched_at_some_time(errors: Selector) -> None:
    never = Known(selector=str(errors), hint="there is no metric x; the nearest is y")
    given: dict[str, Any] = {"borne": None, "selectors": (REQUESTS, errors)}
    finding = only(examined(EMPTY, instant(1000), known_errors=never, **given))
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.message.startswith(f"no series match {errors}: there is no metric x; the nearest is y")
    ever = Known(selector=str(errors), labels=("job",))
    assert examined(EMPTY, instant(1000), known_errors=ever, **given).passed == 1


def test_requests_that_bear_no_label_could_all_fail_unseen() -> None:
    borne = instant(900, 100, status=["200", ""])
    finding = only(examined(EMPTY, instant(1000), borne=borne))
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.message == "10 % of the requests bear no label status: failed ones are not counted"
    few = instant(999, 1, status=["200", ""])
    assert examined(EMPTY, instant(1000), borne=few).passed == 1
    assert only(examined(instant(70), instant(1000), borne=borne)).outcome is Outcome.FAIL


def test_requests_that_never_were_are_told_with_what_is_near() -> None:
    known = Known(
        selector="http_request_total", hint="there is no metric http_request_total; the nearest is x"
    )
    finding = only(examined(EMPTY, EMPTY, known=known, quiet="Saturday night"))
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.message == (
        "no series match http_request_total: there is no metric http_request_total; the nearest is x"
    )


def test_each_service_is_a_subject_and_one_that_has_no_answer_hides_no_other() -> None:
    examine = examination()
    late = Failure("TimedOut", "late", "prometheus:x")
    services = (
        traffic(instant(70), instant(1000), "cart"),
        traffic(late, instant(1000), "checkout"),
        traffic(instant(1), instant(1000), "mail"),
    )
    check_error_rate(services, ErrorRateLimits(highest="5%"), examine)
    assert [("service", "cart", Outcome.FAIL), ("service", "checkout", Outcome.UNKNOWN)] == [
        (one.subject.kind, one.subject.name, one.outcome) for one in examine.findings
    ]
    assert 1 == examine.passed


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
