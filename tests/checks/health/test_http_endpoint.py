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
from opsproof.sources.http.health import Health, health_of
from opsproof.sources.http.words import State

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
        (probe(health=Health(State.DOWN)), "the document reports down"),
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


def judged(said: object, url: str = URL, **limits: Any) -> tuple[Outcome, str]:
    """The outcome of one probe that answers 200 with this document."""
    examine = Examination(level=CRITICAL)
    endpoint = Endpoint(url=url, probes=(probe(health=health_of(said)),))
    check_endpoints((endpoint,), EndpointLimits(urls=(url,), **limits), examine)
    return (
        (examine.findings[0].outcome, examine.findings[0].message) if examine.findings else (Outcome.PASS, "")
    )


@pytest.mark.parametrize(
    ("document", "outcome", "said"),
    [
        ({"status": "degraded"}, Outcome.FAIL, "the document reports degraded"),
        ({"status": "NOK"}, Outcome.FAIL, "the document reports down"),
        ({"status": "ok", "database": "down"}, Outcome.FAIL, "database is not well"),
        ({"status": "UP", "components": {"db": {"status": "DOWN"}}}, Outcome.FAIL, "db is not well"),
        (
            {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "FAILED"}]},
            Outcome.FAIL,
            "tasks/0",
        ),
        ({"status": "purple"}, Outcome.UNKNOWN, "a state that is not known"),
        ("Degraded", Outcome.FAIL, "the document reports degraded"),
        ({"status": "ok", "components": {"mail": {"status": "degraded"}}}, Outcome.PASS, ""),
        ({"status": "ok", "version": "1.2", "queued": 3}, Outcome.PASS, ""),
    ],
)
def test_a_health_document_counts_by_its_own_words_though_the_status_is_200(
    document: object, outcome: Outcome, said: str
) -> None:
    found, message = judged(document)
    assert outcome is found
    assert said in message


def test_where_the_row_says_so_a_health_document_does_not_count() -> None:
    assert (Outcome.PASS, "") == judged({"status": "degraded"}, document=False)


@pytest.mark.parametrize("document", [{"status": "shipped"}, {"jobs": [{"id": 1, "status": "failed"}]}])
def test_what_an_api_says_of_its_business_is_no_health_document(document: object) -> None:
    assert (Outcome.PASS, "") == judged(document, "https://shop.example.org/api/orders")


def test_a_part_that_is_down_counts_wherever_components_are_listed() -> None:
    document = {"status": "ok", "checks": {"db": {"status": "fail"}}}
    assert Outcome.FAIL is judged(document, "https://shop.example.org/internal")[0]


@pytest.mark.parametrize(
    ("limits", "outcome"),
    [
        ({}, Outcome.PASS),
        ({"expects": ("Sign in",)}, Outcome.PASS),
        ({"expects": ("Welcome",)}, Outcome.FAIL),
        ({"refuses": ("Sign in",)}, Outcome.FAIL),
        ({"refuses": ("Welcome",)}, Outcome.PASS),
    ],
)
def test_the_row_says_what_must_and_must_not_be_on_a_page(limits: dict[str, Any], outcome: Outcome) -> None:
    page = probe(is_json=False, is_html=True, shows={"Sign in": True, "Welcome": False})
    found = [finding.outcome for finding in examined(page, **limits).findings]
    assert found == ([] if outcome is Outcome.PASS else [outcome])


def test_a_text_that_was_not_looked_for_proves_nothing() -> None:
    """Facts of another ask say neither that a text is there nor that it is not."""
    assert examined(probe(), refuses=("Sign in",)).findings
    assert examined(probe(), expects=("Sign in",)).findings


@pytest.mark.parametrize("texts", [("",), ("x" * 201,)])
def test_what_to_look_for_is_bounded(texts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError):
        EndpointLimits(urls=(URL,), expects=texts)
