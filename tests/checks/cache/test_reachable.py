"""cache/reachable on plain facts."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from checks.cache.check_reachable import CacheLimits, check_cache_reachable
from opsproof import HIGH, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.redis.facts import CacheProbe, CacheProbes

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)


def probe(kind: str = "", message: str = "", **more: Any) -> CacheProbe:
    failure = Failure(kind, message, "redis:cache") if kind else None
    return CacheProbe(**{"at": NOW, "seconds": 0.01, "failure": failure, "role": "master", **more})


def examined(*probes: CacheProbe, **limits: Any) -> Examination:
    examine = Examination(level=HIGH)
    cache = CacheProbes(role="redis", probes=probes, wanted=len(probes))
    check_cache_reachable(cache, None, CacheLimits(**limits), examine)
    return examine


def test_answers_in_time_pass() -> None:
    assert examined(probe(), probe(role="slave")).passed == 1


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (probe("Unreachable", "connection refused", step="connect"), "1 of 2 probes: connection refused"),
        (probe("Unreachable", "EXISTS: refuses reads", step="EXISTS"), "refuses reads"),
        (probe(loading=True), "still loading"),
        (probe(seconds=1.5), "slow: more than 1s"),
    ],
)
def test_a_server_that_does_not_serve_fails(bad: CacheProbe, message: str) -> None:
    (finding,) = examined(probe(), bad).findings
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "cache redis")
    assert message in finding.message


@pytest.mark.parametrize("kind", ["Unauthenticated", "Forbidden", "TlsFailed", "BadAnswer"])
def test_what_is_not_the_servers_fault_is_unknown(kind: str) -> None:
    assert examined(probe(kind, "no")).findings[0].outcome is Outcome.UNKNOWN


def test_a_replica_where_a_master_is_needed_fails() -> None:
    (finding,) = examined(probe(role="slave"), role="master").findings
    assert finding.outcome is Outcome.FAIL
    assert "the role is replica; needed master" in finding.message


def test_no_role_where_a_master_is_needed_is_unknown() -> None:
    assert examined(probe(role=""), role="master").findings[0].outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("said", ["connection refused", "loading"])
def test_a_row_may_call_silence_undecided_but_not_a_refusal(said: str) -> None:
    silent = examined(probe("TimedOut", "no"), unanswered="unknown")
    refused = examined(probe("Unreachable", said), unanswered="unknown")
    assert [silent.findings[0].outcome, refused.findings[0].outcome] == [Outcome.UNKNOWN, Outcome.FAIL]
