"""health/http-endpoint on plain facts."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from checks.health.check_http_endpoint import EndpointLimits, check_endpoints
from opsproof import CRITICAL, HIGH, MEDIUM, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.http.facts import Endpoint, Probe, Unanswered
from opsproof.sources.http.health import Health, State

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)
URL = "https://scanner.example.org/health"
REFUSED = Failure("Unreachable", "connection refused", "http:direct")


def probe(**more: Any) -> Probe:
    return Probe(**{"at": NOW, "seconds": 0.05, "status": 200, "is_json": True, **more})


def examined(*probes: Probe, wanted: int = 0, **limits: Any) -> Examination:
    examine = Examination(level=CRITICAL)
    endpoint = Endpoint(url=URL, probes=probes, wanted=wanted or len(probes))
    check_endpoints((endpoint,), EndpointLimits(urls=(URL,), **limits), examine)
    return examine


def test_three_good_answers_pass() -> None:
    examine = examined(probe(), probe(), probe())
    assert (examine.findings, examine.passed) == ([], 1)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (probe(status=500), "1 of 3 probes: HTTP 500; needed 200"),
        (probe(status=301, redirect_host="login.example.org"), "HTTP 301 to login.example.org; needed 200"),
        (probe(status=0, failure=REFUSED), "connection refused"),
        (probe(status=0, failure=Failure("TimedOut", "no complete answer within 8 s")), "within 8 s"),
        (probe(status=0, failure=Failure("TlsFailed", "TLS: certificate has expired")), "has expired"),
        (probe(is_json=False, is_html=True, error_page=True), "the page reports an error"),
        (probe(health=Health(State.DOWN)), "the document reports an error"),
    ],
)
def test_one_bad_probe_of_three_fails(bad: Probe, message: str) -> None:
    (finding,) = examined(probe(), bad, probe()).findings
    assert finding.outcome is Outcome.FAIL
    assert message in finding.message
    assert (finding.measured.text, finding.limit.text, str(finding.subject)) == (
        "1",
        "at most 0",
        f"endpoint {URL}",
    )


def test_as_many_may_fail_as_the_row_allows() -> None:
    assert examined(probe(), probe(status=503), probe(), failures=1).passed == 1


def test_a_page_where_json_is_wanted_fails() -> None:
    (finding,) = examined(probe(is_json=False, is_html=True), body="json").findings
    assert "an HTML page; needed JSON" in finding.message


def test_a_page_is_fine_where_anything_is() -> None:
    assert examined(probe(is_json=False, is_html=True)).passed == 1


def test_a_slow_answer_fails_where_the_row_gives_a_time() -> None:
    assert examined(probe(seconds=3.0)).passed == 1
    (finding,) = examined(probe(seconds=3.0), latency="1s").findings
    assert "slow: more than 1s" in finding.message


def test_steps_of_failures_give_the_level() -> None:
    steps = {"medium": 0, "high": 1}
    assert examined(probe(status=500), probe(), failures=steps).findings[0].level is MEDIUM
    assert examined(probe(status=500), probe(status=500), failures=steps).findings[0].level is HIGH


OURS = probe(status=0, failure=Failure("Unreachable", "the host name is not known here", "t", own=True))


def test_what_never_reached_the_server_is_unknown() -> None:
    (finding,) = examined(OURS, OURS, OURS).findings
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.cause == "Unreachable: t"


def test_a_proven_failure_stands_beside_an_undecided_probe() -> None:
    assert examined(OURS, probe(status=500)).findings[0].outcome is Outcome.FAIL


def test_an_oversized_answer_is_unknown() -> None:
    (finding,) = examined(probe(status=0, failure=Failure("TooBig", "more than 4194304 bytes"))).findings
    assert finding.outcome is Outcome.UNKNOWN


def test_probes_that_were_not_made_leave_it_undecided() -> None:
    (finding,) = examined(probe(), wanted=3).findings
    assert finding.outcome is Outcome.UNKNOWN
    assert "2 of 3 probes were not made" in finding.message


def test_a_url_that_could_not_be_asked_is_unknown_and_hides_no_other() -> None:
    examine = Examination(level=CRITICAL)
    asked = Endpoint(url=URL, probes=(probe(status=500),), wanted=1)
    lost = Unanswered("https://other.example.org/", Failure("TimedOut", "no answer", "t"))
    check_endpoints((lost, asked), EndpointLimits(urls=(URL,)), examine)
    assert [finding.outcome for finding in examine.findings] == [Outcome.UNKNOWN, Outcome.FAIL]


@pytest.mark.parametrize("url", ["https://u:p@example.org/", "https://example.org/?token=x", "ftp://x/", "x"])
def test_a_url_with_credentials_or_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"credentials|not an http"):
        EndpointLimits(urls=(url,))
