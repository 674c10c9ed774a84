"""health/dependency-status on plain facts."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from checks.health.check_dependency_status import DependencyLimits, check_dependencies
from opsproof import HIGH, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.http.facts import Endpoint, Probe
from opsproof.sources.http.health import health_of

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)
URL = "https://api.example.org/health/detailed"
WELL = {"status": "ok", "components": {"db": {"status": "UP"}, "redis": {"status": "UP"}}}
DOWN = {"status": "error", "components": {"db": {"status": "UP"}, "redis": {"status": "DOWN"}}}


def probe(document: object, **more: Any) -> Probe:
    return Probe(
        **{
            "at": NOW,
            "seconds": 0.05,
            "status": 200,
            "is_json": document is not None,
            "health": health_of(document),
            **more,
        }
    )


def examined(*probes: Probe, **limits: Any) -> Examination:
    examine = Examination(level=HIGH)
    endpoint = Endpoint(url=URL, probes=probes, wanted=len(probes))
    check_dependencies((endpoint,), DependencyLimits(url=URL, **limits), examine)
    return examine


def outcomes(examine: Examination) -> dict[str, Outcome]:
    return {str(finding.subject): finding.outcome for finding in examine.findings}


def test_every_dependency_is_a_subject_beside_the_document() -> None:
    examine = examined(probe(WELL), probe(WELL))
    assert (examine.findings, examine.passed) == ([], 3)


def test_a_dependency_that_is_down_fails_under_its_own_name() -> None:
    examine = examined(probe(WELL), probe(DOWN))
    assert outcomes(examine) == {"dependency api.example.org/redis": Outcome.FAIL}
    assert examine.findings[0].message == "1 of 2 probes: reports down; needed ok"


def test_a_degraded_dependency_is_not_well() -> None:
    assert outcomes(examined(probe({"dependencies": [{"name": "s3", "status": "degraded"}]}))) == {
        "dependency api.example.org/s3": Outcome.FAIL
    }


def test_a_document_that_reports_an_error_without_naming_it_fails() -> None:
    examine = examined(probe({"status": "unhealthy", "components": {"db": "ok"}}))
    assert outcomes(examine) == {f"endpoint {URL}": Outcome.FAIL}


def test_status_503_with_its_reason_gives_both() -> None:
    assert outcomes(examined(probe(DOWN, status=503))) == {
        f"endpoint {URL}": Outcome.FAIL,
        "dependency api.example.org/redis": Outcome.FAIL,
    }


def test_a_required_dependency_that_is_not_listed_fails() -> None:
    examine = examined(probe(WELL), dependencies=("db", "queue"))
    assert outcomes(examine) == {"dependency api.example.org/queue": Outcome.FAIL}
    assert "lists db, redis" in examine.findings[0].message


def test_a_required_name_finds_nested_components() -> None:
    nested = {"components": {"db": {"status": "UP", "components": {"primary": {"status": "DOWN"}}}}}
    assert outcomes(examined(probe(nested), dependencies=("db",))) == {
        "dependency api.example.org/db": Outcome.FAIL
    }


def test_a_state_that_is_not_known_is_unknown() -> None:
    assert outcomes(examined(probe({"components": {"db": "purple"}}))) == {
        "dependency api.example.org/db": Outcome.UNKNOWN
    }


@pytest.mark.parametrize("document", [{"status": "ok"}, {"hello": "world"}, {"debug": False}, ["ok"]])
def test_a_document_without_dependencies_is_unknown(document: object) -> None:
    assert outcomes(examined(probe(document))) == {f"endpoint {URL}": Outcome.UNKNOWN}


def test_an_error_page_with_status_200_fails() -> None:
    examine = examined(probe(None, is_html=True))
    assert outcomes(examine) == {f"endpoint {URL}": Outcome.FAIL}


def test_refused_fails_and_own_network_is_unknown() -> None:
    refused = probe(None, status=0, failure=Failure("Unreachable", "connection refused"))
    ours = probe(None, status=0, failure=Failure("Unreachable", "no network", own=True))
    assert outcomes(examined(refused)) == {f"endpoint {URL}": Outcome.FAIL}
    assert outcomes(examined(ours)) == {f"endpoint {URL}": Outcome.UNKNOWN}


def test_only_the_status_counts_where_there_is_no_document() -> None:
    assert examined(probe(None), document=False).passed == 1
    assert outcomes(examined(probe(None, status=500), document=False)) == {f"endpoint {URL}": Outcome.FAIL}


def test_a_boolean_counts_only_for_a_dependency_that_the_row_names() -> None:
    document = {"status": "ok", "redis": False, "debug": False}
    assert outcomes(examined(probe(document), dependencies=("redis",))) == {
        "dependency api.example.org/redis": Outcome.FAIL
    }


def test_a_document_whose_own_word_is_not_known_is_unknown() -> None:
    assert outcomes(examined(probe({"status": "purple", "components": {"db": "ok"}}))) == {
        f"endpoint {URL}": Outcome.UNKNOWN
    }


def test_a_failed_task_fails_beside_a_connector_that_runs() -> None:
    document = {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "FAILED"}]}
    assert outcomes(examined(probe(document))) == {"dependency api.example.org/tasks/0": Outcome.FAIL}


def test_a_part_beside_a_list_of_components_is_one() -> None:
    document = {"status": "ok", "database": "connection refused", "components": {"redis": {"status": "ok"}}}
    assert outcomes(examined(probe(document))) == {"dependency api.example.org/database": Outcome.FAIL}


def test_details_are_no_components() -> None:
    well = {"status": "UP", "details": {"timed_out": False, "status": "yellow", "number_of_nodes": 3}}
    examine = examined(probe({"status": "UP", "components": {"elasticsearch": well}}))
    assert (examine.findings, examine.passed) == ([], 2)


def test_what_the_row_refuses_on_a_page_fails() -> None:
    shown, clean = ({"Sign in": there} for there in (True, False))
    refuses = {"document": False, "refuses": ("Sign in",)}
    assert outcomes(examined(probe(None, shows=shown), **refuses)) == {f"endpoint {URL}": Outcome.FAIL}
    assert examined(probe(None, shows=clean), **refuses).passed == 1


def test_a_required_name_among_too_many_to_be_looked_through_is_unknown() -> None:
    document = {"components": {f"c{number}": "ok" for number in range(500)}}
    assert (
        outcomes(examined(probe(document), dependencies=("c499",)))["dependency api.example.org/c499"]
        is Outcome.UNKNOWN
    )
