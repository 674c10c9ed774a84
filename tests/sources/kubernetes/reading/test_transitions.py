"""Since when something is missing."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from opsproof.sources.kubernetes.reading.transitions import (
    Since,
    by_deployment,
    by_workload,
    earliest,
    rollout_since,
    short_since,
    unready_since,
)
from tests.checks.cluster import NOW, ago, condition, deployment, meta, pod, replica_set, stateful_set

ROLLING = [
    condition("Available", True),
    condition("Progressing", True, reason="ReplicaSetUpdated", lastUpdateTime=ago(1)),
]


def minutes(since: Since) -> float | None:
    return (NOW - since.moment).total_seconds() / 60 if since.moment else None


@given(st.lists(st.one_of(st.none(), st.integers(0, 10_000))))
def test_the_earliest_known_moment_counts(given_minutes: list[int | None]) -> None:
    moments = [None if one is None else NOW - timedelta(minutes=one) for one in given_minutes]
    known = [moment for moment in moments if moment is not None]
    found: datetime | None = earliest(*(Since(moment, "x") for moment in moments)).moment
    assert found == min(known, default=None)


@given(pod_age=st.integers(0, 60), outage=st.integers(0, 60))
def test_a_pod_is_never_younger_than_its_workloads_outage(pod_age: int, outage: int) -> None:
    down = deployment(conditions=[condition("Available", False, age=outage)])
    since = unready_since(pod(ready=False, since=pod_age), down)
    assert minutes(since) == max(pod_age, outage)


def test_a_pod_without_conditions_counts_from_its_creation() -> None:
    unscheduled = pod(conditions=[], metadata={"creationTimestamp": ago(7)})
    assert unready_since(unscheduled) == Since(unscheduled.created, "its creation")


def test_scaling_is_no_rollout() -> None:
    growing = deployment(replicas=10, available=3, updated=3, there=3)
    assert rollout_since(growing, [replica_set(1, age=9000)]) == Since()


def test_a_workload_that_lacks_nothing_known_counts_from_its_creation() -> None:
    assert minutes(short_since(stateful_set(replicas=2, readyReplicas=1), [])) == 600


def test_the_first_rollout_counts_from_its_replica_set() -> None:
    since = rollout_since(deployment(updated=1, conditions=ROLLING), [replica_set(1, age=3)])
    assert (minutes(since), since.read_from) == (3, "its newest ReplicaSet")


def test_groups_go_by_what_made_the_pods() -> None:
    db = pod("db-0", metadata=meta("db-0", owner="StatefulSet/db"))
    groups = by_workload([pod("api-1"), pod("api-2"), db, pod("bare", of="")])
    assert {place: len(members) for place, members in groups.items()} == {
        ("shop", "Deployment", "api"): 2,
        ("shop", "StatefulSet", "db"): 1,
    }
    assert list(by_deployment([replica_set(1, age=1), replica_set(2, age=1)])) == [
        ("shop", "Deployment", "api")
    ]
