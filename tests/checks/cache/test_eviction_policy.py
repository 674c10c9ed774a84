"""cache/eviction-policy on plain facts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.cache.check_eviction_policy import EvictionLimits, check_eviction_policy
from opsproof import HIGH, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.redis.server import Sample, ServerState
from tests.checks.cache.states import OTHER, sample, server
from tests.checks.measured import only

AWAY = Failure("Unreachable", "connection refused", "redis:y")


def examined(found: Sample | ServerState, *others: ServerState | Failure, **limits: Any) -> Examination:
    examine = Examination(level=HIGH)
    state = found if isinstance(found, ServerState) else server(found)
    check_eviction_policy(state, others, EvictionLimits(**{"policy": "noeviction", **limits}), examine)
    return examine


def broker(**more: Any) -> ServerState:
    return server(sample(**more), role="redis-broker")


def test_the_policy_passes() -> None:
    assert examined(sample(), evicted=0).passed == 1


def test_another_policy_fails() -> None:
    finding = only(examined(sample(policy="allkeys-lru"), evicted=0))
    assert (finding.outcome, finding.measured.text, finding.limit.text) == (
        Outcome.FAIL, "allkeys-lru", "noeviction",
    )  # fmt: skip
    assert finding.message == "the policy is allkeys-lru; needed noeviction"


def test_keys_that_were_evicted_fail_under_the_right_policy() -> None:
    """Somebody changed it since: what was thrown away is lost."""
    finding = only(examined(sample(evicted=17), evicted=0))
    assert (finding.outcome, finding.message) == (
        Outcome.FAIL,
        "17 keys were evicted since the server's start 2d ago",
    )


def test_a_cache_may_evict() -> None:
    assert examined(sample(policy="allkeys-lru", evicted=999), policy="allkeys-lru").passed == 1


def test_a_cache_without_a_limit_evicts_nothing() -> None:
    finding = only(examined(sample(policy="allkeys-lru", memory_limit=0), policy="allkeys-lru", limited=True))
    assert (finding.outcome, finding.message) == (
        Outcome.FAIL,
        "maxmemory is 0: nothing is ever evicted; needed a limit",
    )


def test_a_cache_that_is_the_broker_fails_with_any_policy() -> None:
    """Two targets, other databases or names of one server: the policy is the server's."""
    finding = only(examined(sample(policy="allkeys-lru"), broker(), policy="allkeys-lru"))
    assert (finding.outcome, finding.message) == (
        Outcome.FAIL,
        "it is the same server as redis-broker: no policy suits both, split them",
    )


def test_a_broker_of_its_own_is_no_contradiction() -> None:
    assert examined(sample(policy="allkeys-lru"), broker(run_id=OTHER), policy="allkeys-lru").passed == 1


def test_a_broker_that_does_not_answer_may_be_the_same_server() -> None:
    finding = only(examined(sample(policy="allkeys-lru"), AWAY, policy="allkeys-lru"))
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, AWAY.cause)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (server(full=True, role="redis-broker"), "takes no further client"),
        (server(sample(run_id=""), role="redis-broker"), "may be the same server as redis-broker"),
    ],
)
def test_a_broker_that_does_not_say_who_it_is_may_be_the_same_server(other: ServerState, told: str) -> None:
    finding = only(examined(sample(policy="allkeys-lru"), other, policy="allkeys-lru"))
    assert (finding.outcome, told in finding.message) == (Outcome.UNKNOWN, True)


def test_a_broker_that_does_not_answer_hides_no_wrong_policy() -> None:
    assert only(examined(sample(), AWAY, policy="allkeys-lru")).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (
            {"part": "slave"},
            "a replica answers, whose own settings and counters decide nothing: name the master",
        ),
        ({"part": ""}, "INFO replication tells no role"),
        ({"clustered": True}, "one node of a cluster answers: the other masters have settings of their own"),
        ({"policy": ""}, "INFO memory does not tell maxmemory_policy"),
        ({"evicted": None}, "INFO stats does not tell evicted_keys"),
    ],
)
def test_what_another_server_or_none_says_is_unknown(told: Any, message: str) -> None:
    finding = only(examined(sample(**told), evicted=0))
    assert (finding.outcome, finding.message) == (Outcome.UNKNOWN, message)


def test_a_full_server_is_unknown() -> None:
    finding = only(examined(server(full=True)))
    assert (finding.outcome, finding.message) == (Outcome.UNKNOWN, "the server takes no further client")


def test_a_policy_that_redis_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="policy"):
        EvictionLimits(policy="no-eviction")  # type: ignore[arg-type]
