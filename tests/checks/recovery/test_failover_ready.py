"""recovery/failover-ready on plain facts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.recovery.check_failover_ready import FailoverLimits, check_failover_ready
from opsproof import HIGH, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.redis.cluster import ClusterMaster, ClusterState
from opsproof.sources.redis.sentinel import Candidate, SentinelState
from opsproof.sources.redis.server import Replica, ServerState
from tests.checks.cache.states import OTHER, RUN, sample, server
from tests.checks.measured import only

MISSING = Failure("NotConfigured", "targets.sentinel is not set; add it to production.yaml")
AWAY = Failure("Unreachable", "connection refused", "sentinel:x")
SINGLE = ClusterState(role="redis")


def replica(**more: Any) -> Replica:
    return Replica(**{"name": "10.0.0.2:6379", "state": "online", "lag": 1, "behind": 0, **more})


def sentinel(**more: Any) -> SentinelState:
    candidate = Candidate(name="10.0.0.2:6379", priority=100)
    given = {"watches": 1, "known": True, "run_id": RUN, "others": 2, "quorum": 2, "agreed": True}
    return SentinelState(
        **{"role": "sentinel", "master": "shop", "candidates": (candidate,), **given, **more}
    )


def cluster(*masters: ClusterMaster, **more: Any) -> ClusterState:
    return ClusterState(
        **{"role": "redis", "enabled": True, "state": "ok", "covered": 16384, "masters": masters, **more}
    )


def three(**more: Any) -> tuple[ClusterMaster, ...]:
    each = [ClusterMaster(name=f"10.0.0.{number}:6379", slots=5461, replicas=1) for number in (1, 2)]
    return (*each, ClusterMaster(**{"name": "10.0.0.3:6379", "slots": 5462, "replicas": 1, **more}))


def examined(
    found: ServerState | None = None,
    watched: SentinelState | Failure | None = None,
    nodes: ClusterState | Failure = SINGLE,
    **limits: Any,
) -> Examination:
    examine = Examination(level=HIGH)
    state = found or server(sample(replicas=(replica(),)))
    check_failover_ready(state, nodes, watched or sentinel(), FailoverLimits(**limits), examine)
    return examine


def test_a_replica_and_sentinels_pass() -> None:
    assert examined().passed == 2


def test_no_replica_fails() -> None:
    finding = only(examined(server(sample())))
    assert (finding.outcome, finding.measured.text, finding.limit.text) == (Outcome.FAIL, "0", "at least 1")
    assert (str(finding.subject), finding.message) == (
        "replication redis",
        "0 of 0 replicas would take over; at least 1 needed",
    )


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"lag": 40}, "10.0.0.2:6379 was heard of 40s ago and lacks 0B"),
        ({"behind": 2**25}, "10.0.0.2:6379 was heard of 1s ago and lacks 32Mi"),
        ({"lag": None}, "10.0.0.2:6379 was heard of unknown ago and lacks 0B"),
    ],
)
def test_a_replica_that_lags_would_lose_too_much(wrong: Any, told: str) -> None:
    finding = only(examined(server(sample(replicas=(replica(**wrong),)))))
    assert (finding.outcome, finding.message) == (
        Outcome.FAIL,
        f"0 of 1 replica would take over; at least 1 needed; {told}",
    )


def test_a_replica_that_catches_up_between_the_samples_passes() -> None:
    late, there = sample(replicas=(replica(lag=30),)), sample(replicas=(replica(),))
    assert examined(server(late, there)).passed == 2


def test_a_replica_that_is_being_synchronised_is_unknown() -> None:
    finding = only(examined(server(sample(replicas=(replica(state="send_bulk"),)))))
    assert (finding.outcome, finding.message) == (
        Outcome.UNKNOWN,
        "1 replica still being synchronised (send_bulk)",
    )


@pytest.mark.parametrize(
    ("link", "outcome", "told"),
    [("down", Outcome.FAIL, "has no master that it could reach"), ("up", Outcome.UNKNOWN, "name the master")],
)
def test_a_replica_in_place_of_the_master(link: str, outcome: Outcome, told: str) -> None:
    """One that is its own master, or whose master is gone, has no link."""
    finding = examined(server(sample(part="slave", master_link=link))).findings[0]
    assert (finding.outcome, told in finding.message) == (outcome, True)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"watches": 0, "known": False}, "the Sentinel watches nothing"),
        ({"watches": 2, "known": False}, "the Sentinel watches 2 masters, none called shop"),
        ({"run_id": OTHER}, "the Sentinel watches another server than redis"),
        ({"run_id": "", "down": True}, "the Sentinel cannot reach the master"),
        ({"down": True}, "the Sentinel cannot reach the master"),
        ({"agreed": False}, "too few Sentinels can be reached for a failover (SENTINEL CKQUORUM)"),
        ({"others": 1}, "2 Sentinels watch it; at least 3 needed"),
        ({"usable": 2}, "2 Sentinels of 3 that are known watch it; at least 3 needed"),
    ],
)
def test_a_sentinel_that_would_not_act_fails(wrong: Any, told: str) -> None:
    finding = only(examined(None, sentinel(**wrong)))
    assert (finding.outcome, told in finding.message) == (Outcome.FAIL, True)


@pytest.mark.parametrize(
    "candidate",
    [
        {"priority": 0},
        {"down": True},
        {"linked": False},
    ],
)
def test_replicas_of_which_none_may_be_promoted_fail(candidate: Any) -> None:
    """The server counts them all the same."""
    barred = (Candidate(name="10.0.0.2:6379", **{"priority": 100, **candidate}),)
    finding = only(examined(None, sentinel(candidates=barred)))
    assert (
        finding.outcome,
        "of 1 replica that the Sentinel knows, none may be promoted" in finding.message,
    ) == (
        Outcome.FAIL,
        True,
    )


def test_a_sentinel_in_tilt_is_unknown() -> None:
    assert only(examined(None, sentinel(tilt=True))).outcome is Outcome.UNKNOWN


def test_a_sentinel_that_does_not_tell_whom_it_watches_is_unknown() -> None:
    finding = only(examined(None, sentinel(run_id="")))
    assert (finding.outcome, "run_id" in finding.message) == (Outcome.UNKNOWN, True)


def test_no_sentinel_named_is_unknown_with_what_to_do() -> None:
    finding = only(examined(None, MISSING))
    assert (finding.outcome, "add targets.sentinel" in finding.message) == (Outcome.UNKNOWN, True)


def test_a_sentinel_that_is_away_hides_no_missing_replica() -> None:
    first, second = examined(server(sample()), AWAY).findings
    assert (first.outcome, second.outcome, second.cause) == (Outcome.FAIL, Outcome.UNKNOWN, AWAY.cause)


def clustered() -> ServerState:
    return server(sample(clustered=True))


def test_a_cluster_with_a_replica_of_each_master_passes_without_sentinels() -> None:
    assert examined(clustered(), MISSING, cluster(*three())).passed == 4


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"state": "fail"}, "cluster_state is fail"),
        ({"covered": 16383}, "16383 of 16384 slots are served"),
        ({"masters": three()[:2]}, "2 masters with slots; at least 3 needed"),
    ],
)
def test_a_cluster_that_is_not_whole_fails(wrong: Any, told: str) -> None:
    """cluster_state stays ok without slots where full coverage is not required."""
    finding = only(examined(clustered(), MISSING, cluster(**{"masters": three(), **wrong})))
    assert (finding.outcome, str(finding.subject), told in finding.message) == (
        Outcome.FAIL,
        "cluster redis",
        True,
    )


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"replicas": 0}, "0 replicas of it would take over"),
        ({"failed": True}, "the node is down, and none took over"),
    ],
)
def test_a_master_without_anybody_behind_it_fails(wrong: Any, told: str) -> None:
    finding = only(examined(clustered(), MISSING, cluster(*three(**wrong))))
    assert (finding.outcome, str(finding.subject), finding.message) == (
        Outcome.FAIL,
        "cluster master redis/10.0.0.3:6379",
        told,
    )


def test_a_replica_that_the_nodes_hear_and_that_copies_nothing_fails() -> None:
    """Without masterauth it is connected to the cluster, and never to its master."""
    finding = only(examined(clustered(), MISSING, cluster(*three(asked=True))))
    assert (finding.outcome, str(finding.subject), finding.message) == (
        Outcome.FAIL,
        "replication redis",
        "0 of 0 replicas would take over; at least 1 needed",
    )


@pytest.mark.parametrize(
    ("link", "outcomes"), [("up", []), ("down", [Outcome.FAIL]), ("", [Outcome.UNKNOWN])]
)
def test_a_node_that_is_a_replica_tells_of_its_own_link(link: str, outcomes: list[Outcome]) -> None:
    node = server(sample(clustered=True, part="slave", master_link=link))
    found = examined(node, MISSING, cluster(*three())).findings
    assert [one.outcome for one in found] == outcomes


def test_a_cluster_that_tells_nothing_is_unknown() -> None:
    assert only(examined(clustered(), MISSING, AWAY)).cause == AWAY.cause


def test_a_server_without_samples_is_unknown() -> None:
    assert only(examined(server())).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(("uptime", "outcome"), [(20, Outcome.PASS), (90, Outcome.FAIL)])
def test_a_master_that_has_just_started_is_still_being_found(uptime: int, outcome: Outcome) -> None:
    """The Sentinel tells the run id of before, until it asks again."""
    young = server(sample(uptime=uptime, replicas=(replica(),)))
    finding = only(examined(young, sentinel(run_id=OTHER)))
    assert (finding.outcome, finding.in_transition) == (outcome, outcome is Outcome.PASS)


@pytest.mark.parametrize(
    ("wrong", "outcome"),
    [
        ({"agreed": False}, Outcome.FAIL),
        ({"usable": 2}, Outcome.FAIL),
        ({"agreed": False, "others": 0}, Outcome.PASS),
        ({"usable": 2, "others": 1}, Outcome.PASS),
        ({"watches": 0, "known": False}, Outcome.FAIL),
        ({"candidates": (Candidate(name="10.0.0.2:6379", priority=0),)}, Outcome.FAIL),
        ({"candidates": (Candidate(name="10.0.0.2:6379", priority=100, linked=False),)}, Outcome.PASS),
        ({"candidates": ()}, Outcome.PASS),
    ],
)
def test_the_start_of_a_master_excuses_only_what_it_explains(wrong: Any, outcome: Outcome) -> None:
    """Sentinels that know each other and are lost, or a setting, are not still being found."""
    young = server(sample(uptime=20, replicas=(replica(),)))
    assert only(examined(young, sentinel(**wrong))).outcome is outcome


def test_a_young_master_may_be_without_its_replica_for_a_moment() -> None:
    finding = only(examined(server(sample(uptime=20))))
    assert (finding.outcome, finding.in_transition) == (Outcome.PASS, True)
