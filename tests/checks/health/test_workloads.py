"""health/workloads-available on plain facts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.health.check_workloads import WorkloadLimits, check_workloads_available
from opsproof import CRITICAL, Examination
from opsproof.facts.kubernetes_pods import Pod
from opsproof.facts.kubernetes_workloads import ReplicaSet, Workload
from opsproof.model.outcome import Outcome
from tests.checks.cluster import (
    REFUSED,
    ago,
    condition,
    daemon_set,
    deployment,
    examination,
    listing,
    meta,
    pod,
    replica_set,
    stateful_set,
)


def examined(
    *workloads: Workload,
    pods: tuple[Pod, ...] = (),
    revisions: tuple[ReplicaSet, ...] = (),
    gaps: Any = (),
    **limits: Any,
) -> Examination:
    examine = examination(CRITICAL)
    check_workloads_available(
        listing(*workloads, gaps=gaps), listing(*pods), listing(*revisions), WorkloadLimits(**limits), examine
    )
    return examine


def unavailable(age: float) -> list[dict[str, Any]]:
    return [
        condition("Available", False, age=age),
        condition("Progressing", True, reason="NewReplicaSetAvailable", lastUpdateTime=ago(600)),
    ]


def rolling(age: float) -> list[dict[str, Any]]:
    return [
        condition("Available", True),
        condition("Progressing", True, reason="ReplicaSetUpdated", lastUpdateTime=ago(age)),
    ]


def test_complete_workloads_pass() -> None:
    examine = examined(deployment(), stateful_set(), daemon_set())
    assert (examine.findings, examine.passed) == ([], 3)


def test_missing_pods_fail_with_the_numbers() -> None:
    (finding,) = examined(deployment(available=1, conditions=unavailable(30))).findings
    assert (finding.outcome, finding.level) == (Outcome.FAIL, CRITICAL)
    assert (finding.measured, finding.limit) == ("1", "3")
    assert finding.message == "1 of 3 pods are available"
    assert (str(finding.subject), finding.since_from) == (
        "deployment shop/api",
        "the workload's condition Available",
    )


def test_a_drain_is_in_transition() -> None:
    """One of four pods is away; the Deployment itself stays Available."""
    away = pod(ready=False, since=2)
    (finding,) = examined(deployment(replicas=4, available=3), pods=(away,)).findings
    assert finding.in_transition
    (finding,) = examined(deployment(replicas=4, available=3), pods=(pod(ready=False, since=11),)).findings
    assert finding.outcome is Outcome.FAIL


def test_pods_recreated_every_four_minutes_do_not_hide() -> None:
    young = pod(ready=False, since=1, metadata={"creationTimestamp": ago(1)})
    (finding,) = examined(deployment(available=0, conditions=unavailable(25)), pods=(young,)).findings
    assert finding.outcome is Outcome.FAIL


def test_a_rollout_is_in_transition_from_its_newest_replica_set_on() -> None:
    half = deployment(updated=1, conditions=rolling(1))
    (finding,) = examined(half, revisions=(replica_set(1, age=900), replica_set(2, age=4))).findings
    assert finding.in_transition
    assert finding.message == "the rollout is not complete: 1 of 3 pods run the newest template"
    (finding,) = examined(half, revisions=(replica_set(1, age=900), replica_set(2, age=12))).findings
    assert (finding.outcome, finding.since_from) == (Outcome.FAIL, "its newest ReplicaSet")


def test_a_rollback_takes_up_an_old_replica_set_and_counts_from_its_last_progress() -> None:
    half = deployment(updated=1, conditions=rolling(1))
    (finding,) = examined(half, revisions=(replica_set(3, age=900), replica_set(2, age=40))).findings
    assert finding.in_transition
    assert finding.since_from == "condition Progressing"


def test_no_grace_where_the_row_wants_no_rollout() -> None:
    half = deployment(updated=1, conditions=rolling(1))
    assert examined(half, revisions=(replica_set(2, age=1),), grace="0s").findings[0].outcome is Outcome.FAIL


def test_old_pods_beside_the_new_ones_are_a_rollout() -> None:
    """With surge all three new pods are available while an old one has still to go."""
    surging = deployment(conditions=rolling(1), there=4)
    (finding,) = examined(surging, revisions=(replica_set(2, age=3),)).findings
    assert finding.in_transition
    assert finding.message == "the rollout is not complete: 1 pod of an older template still there"


def test_a_stuck_rollout_fails_without_grace() -> None:
    stuck = deployment(
        updated=1,
        conditions=[
            condition("Available", True),
            condition("Progressing", False, age=1, reason="ProgressDeadlineExceeded", lastUpdateTime=ago(1)),
        ],
    )
    (finding,) = examined(stuck, revisions=(replica_set(2, age=1),)).findings
    assert finding.outcome is Outcome.FAIL
    assert finding.message == "the rollout passed its progress deadline; 1 of 3 pods run the newest template"


def test_a_paused_rollout_is_noted_and_its_pods_still_count() -> None:
    paused = deployment(updated=1, spec={"replicas": 3, "paused": True})
    examine = examined(paused)
    assert not examine.findings
    assert examine.notes == ["deployment shop/api is paused: changes to its template are not rolled out"]
    short = deployment(available=1, spec={"replicas": 3, "paused": True}, conditions=unavailable(30))
    assert examined(short).findings[0].outcome is Outcome.FAIL


def test_scaled_to_zero_fails_without_grace() -> None:
    (finding,) = examined(deployment(replicas=0, metadata=meta("api", age=1, generation=2))).findings
    assert finding.outcome is Outcome.FAIL
    assert finding.message == "0 replicas wanted by its spec, at least 1 needed"
    assert (finding.measured, finding.limit) == ("0", "at least 1")


def test_fewer_replicas_than_the_row_wants_fail() -> None:
    (finding,) = examined(deployment(replicas=2), replicas=3).findings
    assert (finding.outcome, finding.measured, finding.limit) == (Outcome.FAIL, "2", "at least 3")


def test_a_status_older_than_the_spec_decides_nothing() -> None:
    (finding,) = examined(deployment(metadata=meta("api", generation=3))).findings
    assert finding.outcome is Outcome.UNKNOWN


def test_a_named_workload_must_exist() -> None:
    examine = examined(deployment(), workloads=("deployment/api", "deployment/worker"))
    (finding,) = examine.findings
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "deployment worker")
    assert finding.message == "there is no deployment/worker"
    assert examine.passed == 1


def test_a_named_workload_may_be_in_a_silent_namespace() -> None:
    (finding,) = examined(gaps=[REFUSED], workloads=("deployment/api",)).findings
    assert finding.outcome is Outcome.UNKNOWN


def test_the_selector_chooses_by_the_workloads_labels() -> None:
    other = deployment("worker", available=0, conditions=unavailable(30))
    assert not examined(deployment(), other, selector="app=api").findings


def test_a_daemon_set_lacking_a_node_that_drains_is_in_transition() -> None:
    away = pod(
        "agent-x",
        ready=False,
        since=3,
        metadata=meta("agent-x", owner="DaemonSet/agent", labels={"app": "agent"}),
    )
    (finding,) = examined(daemon_set(numberAvailable=3), pods=(away,)).findings
    assert finding.in_transition
    assert finding.message == "3 of 4 pods are available"


def test_a_daemon_set_without_nodes_is_set_aside() -> None:
    examine = examined(daemon_set(nodes=0))
    assert examine.excluded[0].why == "a DaemonSet that fits no node"


def test_a_stateful_set_rolls_out_to_one_revision() -> None:
    behind = stateful_set(replicas=3, updateRevision="r2", updatedReplicas=1)
    (finding,) = examined(behind).findings
    assert finding.outcome is Outcome.FAIL
    assert finding.message == "the rollout is not complete: 1 of 3 pods run the newest template"
    fresh = pod("db-2", metadata=meta("db-2", age=2, owner="StatefulSet/db"))
    assert examined(behind, pods=(fresh,)).findings[0].in_transition


@pytest.mark.parametrize(
    "strategy", [{"type": "OnDelete"}, {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}]
)
def test_a_stateful_set_that_is_updated_by_hand_is_not_behind(strategy: Any) -> None:
    held = stateful_set(
        replicas=3, updateRevision="r2", updatedReplicas=1, spec={"replicas": 3, "updateStrategy": strategy}
    )
    assert not examined(held).findings
