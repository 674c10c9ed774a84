"""database/reachable on plain facts."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from checks.database.check_reachable import DatabaseLimits, check_database_reachable
from opsproof import CRITICAL, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.postgres.facts import DatabaseProbes, QueryProbe
from opsproof.sources.prometheus.facts import Samples, Series

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)


def probe(kind: str = "", message: str = "", **more: Any) -> QueryProbe:
    failure = Failure(kind, message, "postgres:db", own=more.pop("own", False)) if kind else None
    return QueryProbe(**{"at": NOW, "seconds": 0.02, "failure": failure, **more})


def examined(*probes: QueryProbe, **limits: Any) -> Examination:
    examine = Examination(level=CRITICAL)
    database = DatabaseProbes(role="postgres", probes=probes, wanted=len(probes))
    check_database_reachable(database, None, DatabaseLimits(**limits), examine)
    return examine


def exported(*values: str) -> Examination:
    series = tuple(
        Series(labels={"instance": f"db-{number}"}, values=((1.0, value),))
        for number, value in enumerate(values)
    )
    examine = Examination(level=CRITICAL)
    samples = Samples(result_type="vector", at=1.0, series=series)
    check_database_reachable(None, samples, DatabaseLimits(exporter=True), examine)
    return examine


def test_answers_in_time_pass() -> None:
    assert examined(probe(), probe(), probe()).passed == 1


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (probe("Unreachable", "connection refused"), "1 of 2 probes: connection refused"),
        (probe("TimedOut", "no answer within 9 s"), "no answer within 9 s"),
        (probe("Unreachable", "too many connections: no slot is left"), "no slot is left"),
        (probe(seconds=2.5), "slow: more than 2s"),
    ],
)
def test_a_server_that_does_not_serve_fails(bad: QueryProbe, message: str) -> None:
    (finding,) = examined(probe(), bad).findings
    assert finding.outcome is Outcome.FAIL
    assert message in finding.message


@pytest.mark.parametrize(
    "bad",
    [
        probe("Unauthenticated", "wrong password for opsproof"),
        probe("Forbidden", "pg_hba.conf lets opsproof not in from here"),
        probe("TlsFailed", "TLS: not accepted"),
        probe("BadAnswer", "what answers there is no PostgreSQL"),
        probe("Unreachable", "the host name is not known here", own=True),
    ],
)
def test_what_is_not_the_servers_fault_is_unknown(bad: QueryProbe) -> None:
    (finding,) = examined(bad, bad).findings
    assert finding.outcome is Outcome.UNKNOWN


def test_a_standby_fails_only_where_writes_are_needed() -> None:
    assert examined(probe(in_recovery=True)).passed == 1
    (finding,) = examined(probe(in_recovery=True), writable=True).findings
    assert finding.outcome is Outcome.FAIL
    assert "in recovery" in finding.message


@pytest.mark.parametrize("said", ["connection refused", "too many connections"])
def test_a_row_may_call_silence_undecided_but_not_a_refusal(said: str) -> None:
    silent = examined(probe("TimedOut", "no answer"), unanswered="unknown")
    refused = examined(probe("Unreachable", said), unanswered="unknown")
    assert [silent.findings[0].outcome, refused.findings[0].outcome] == [Outcome.UNKNOWN, Outcome.FAIL]


def test_the_exporter_says_up() -> None:
    assert exported("1", "1").passed == 2


def test_an_exporter_that_says_down_fails_for_its_database() -> None:
    (finding,) = exported("1", "0").findings
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "database db-1")


def test_an_absent_exporter_fails() -> None:
    (finding,) = exported().findings
    assert finding.outcome is Outcome.FAIL
    assert "absent for 2m" in finding.message


def test_nan_is_unknown() -> None:
    assert exported("NaN").findings[0].outcome is Outcome.UNKNOWN
