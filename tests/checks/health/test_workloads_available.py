"""health/workloads-available on plain facts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.health.check_workloads_available import WorkloadLimits, check_workloads_available
from opsproof import CRITICAL, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.model.target import Target
from opsproof.sources.kubernetes.facts.nodes import Node
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.workloads import CronJob, Job, ReplicaSet, Workload
from opsproof.sources.kubernetes.reading.runs import Runs
from tests.checks.cluster import (
    NOW,
    REFUSED,
    TOO_MANY,
    ago,
    condition,
    cron_job,
    daemon_set,
    deployment,
    ended_job,
    examination,
    job,
    listing,
    meta,
    node,
    pod,
    replica_set,
    stateful_set,
)


def examined(
    *workloads: Workload,
    pods: tuple[Pod, ...] = (),
    revisions: tuple[ReplicaSet, ...] = (),
    runs: tuple[Job | CronJob, ...] | None = (),
    nodes: Any = None,
    expected: tuple[str, ...] = (),
    gaps: Any = (),
    **limits: Any,
) -> Examination:
    examine = examination(CRITICAL)
    check_workloads_available(
        listing(*workloads, gaps=gaps),
        listing(*pods),
        listing(*revisions),
        None if runs is None else listing(*runs),
        listing(*NODES) if nodes is None else nodes,
        expected,
        WorkloadLimits(**limits),
        examine,
    )
    return examine


NODES = tuple(node(f"node-{number}") for number in range(4))


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
    assert (finding.measured.text, finding.limit.text) == ("1", "3")
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


PAUSED = {"replicas": 3, "paused": True}
NOTED = ["deployment shop/api is paused: changes to its template are not rolled out"]


def held(minutes: float | None, **more: Any) -> Workload:
    """A paused Deployment with a new template that waits; None: the API does not tell since when."""
    told = (
        []
        if minutes is None
        else [condition("Progressing", "Unknown", age=minutes, reason="DeploymentPaused")]
    )
    return deployment(
        conditions=[condition("Available", True), *told], spec=PAUSED, **({"updated": 0} | more)
    )


def test_a_paused_rollout_with_changes_waiting_is_in_transition() -> None:
    examine = examined(held(23 * 60))
    (finding,) = examine.findings
    assert finding.in_transition
    assert finding.message == (
        "its rollout is paused with changes waiting: 0 of 3 pods run the newest template"
    )
    assert (finding.measured.text, finding.limit.text, finding.since_from) == (
        "0",
        "3",
        "condition Progressing",
    )
    assert (finding.transition_until - NOW).total_seconds() == 3600  # type: ignore[operator]
    assert examine.notes == NOTED


def test_a_rollout_paused_for_longer_than_the_limit_fails() -> None:
    (finding,) = examined(held(25 * 60)).findings
    assert (finding.outcome, finding.level) == (Outcome.FAIL, CRITICAL)
    assert examined(held(25 * 60), paused="2d").findings[0].in_transition
    assert examined(held(1), paused="0s").findings[0].outcome is Outcome.FAIL


def test_a_rollout_paused_half_way_counts_too() -> None:
    (finding,) = examined(held(25 * 60, updated=1)).findings
    assert finding.outcome is Outcome.FAIL
    assert finding.message.endswith("1 of 3 pods run the newest template")


def test_a_pause_that_the_api_does_not_date_is_undecided() -> None:
    (finding,) = examined(held(None)).findings
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.message.endswith("the API does not tell since when")


def test_a_paused_workload_with_nothing_waiting_is_noted() -> None:
    examine = examined(held(99 * 60, updated=3))
    assert (examine.findings, examine.passed, examine.notes) == ([], 1, NOTED)


def test_the_pods_of_a_paused_workload_still_count() -> None:
    """Whatever the pause is allowed, missing pods and a passed deadline are not."""
    short = deployment(available=1, updated=0, spec=PAUSED, conditions=unavailable(30))
    (finding,) = examined(short).findings
    assert (finding.outcome, finding.message) == (Outcome.FAIL, "1 of 3 pods are available")
    late = condition("Progressing", False, age=1, reason="ProgressDeadlineExceeded", lastUpdateTime=ago(1))
    (finding,) = examined(deployment(updated=1, spec=PAUSED, conditions=[late])).findings
    assert finding.outcome is Outcome.FAIL and "passed its progress deadline" in finding.message
    assert examined(held(1), replicas=5).findings[0].outcome is Outcome.FAIL


def test_scaled_to_zero_fails_without_grace() -> None:
    (finding,) = examined(deployment(replicas=0, metadata=meta("api", age=1, generation=2))).findings
    assert finding.outcome is Outcome.FAIL
    assert finding.message == "0 replicas wanted by its spec, at least 1 needed"
    assert (finding.measured.text, finding.limit.text) == ("0", "at least 1")


def test_fewer_replicas_than_the_row_wants_fail() -> None:
    (finding,) = examined(deployment(replicas=2), replicas=3).findings
    assert (finding.outcome, finding.measured.text, finding.limit.text) == (Outcome.FAIL, "2", "at least 3")


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


def test_a_daemon_set_that_fits_no_node_fails() -> None:
    """Its node selector is one that nothing bears."""
    (finding,) = examined(daemon_set(nodes=0)).findings
    assert (finding.outcome, finding.message) == (Outcome.FAIL, "it fits none of 4 nodes, at least 1 needed")
    refused = Failure("Forbidden", "the permission to list nodes is missing", "kubernetes:test")
    (finding,) = examined(daemon_set(nodes=0), nodes=refused).findings
    assert finding.message == "it fits no node, at least 1 needed"
    assert examined(daemon_set(nodes=0), replicas=0).passed == 1


def test_a_daemon_set_in_a_cluster_without_nodes_is_set_aside() -> None:
    examine = examined(daemon_set(nodes=0), nodes=listing())
    assert examine.excluded[0].why == "a DaemonSet in a cluster without nodes"


def daemon(on: str) -> Pod:
    name = f"agent-{on}"
    return pod(
        name, metadata=meta(name, owner="DaemonSet/agent", labels={"app": "agent"}), spec={"nodeName": on}
    )


def test_daemons_where_none_should_run_fail() -> None:
    misplaced = daemon_set(nodes=3, numberMisscheduled=1)
    pods = tuple(daemon(one.name) for one in NODES)
    examine = examined(misplaced, pods=pods)
    (finding,) = examine.findings
    assert (finding.outcome, finding.subject.stable) == (Outcome.FAIL, "daemonset/shop/agent/misscheduled")
    assert finding.message == "1 pod on nodes where none of it should run"
    assert (finding.measured.text, finding.limit.text, examine.passed) == ("1", "0", 1)


@pytest.mark.parametrize(
    "away",
    [
        node("node-0", ready=False),
        node("node-0", cordoned=True),
        node("node-0", taint="ToBeDeletedByClusterAutoscaler"),
    ],
)
def test_daemons_on_a_node_that_is_out_of_service_are_no_mistake(away: Node) -> None:
    pods = tuple(daemon(one.name) for one in NODES)
    one, two = (daemon_set(nodes=4 - number, numberMisscheduled=number) for number in (1, 2))
    assert not examined(one, pods=pods, nodes=listing(away, *NODES[1:])).findings
    assert examined(two, pods=pods, nodes=listing(away, *NODES[1:])).findings


def test_misplaced_daemons_are_undecided_where_nodes_are_not_known() -> None:
    refused = Failure("Forbidden", "the permission to list nodes is missing", "kubernetes:test")
    (finding,) = examined(daemon_set(numberMisscheduled=1), nodes=refused).findings
    assert finding.outcome is Outcome.UNKNOWN
    assert not examined(daemon_set(), nodes=refused).findings


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


def partitioned(partition: int, updated: int, **spec: Any) -> Workload:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}
    spec = {"replicas": 3, "updateStrategy": strategy, **spec}
    return stateful_set(replicas=3, updateRevision="r2", updatedReplicas=updated, spec=spec)


def test_pods_above_the_partition_run_the_newest_template() -> None:
    (finding,) = examined(partitioned(1, 0)).findings
    assert finding.outcome is Outcome.FAIL
    assert finding.message == "the rollout is not complete: 0 of 2 pods run the newest template"
    fresh = pod("db-2", metadata=meta("db-2", age=2, owner="StatefulSet/db"))
    assert examined(partitioned(1, 1), pods=(fresh,)).findings[0].in_transition


def test_pods_below_the_partition_are_held_back_and_noted() -> None:
    examine = examined(partitioned(1, 2))
    assert (examine.findings, examine.notes) == (
        [],
        ["statefulset shop/db: its partition keeps 1 pod at an older template"],
    )
    assert not examined(partitioned(7, 0)).findings
    assert examined(partitioned(5, 0, ordinals={"start": 4})).findings


def test_pods_that_wait_to_be_deleted_by_hand_are_noted() -> None:
    strategy = {"replicas": 3, "updateStrategy": {"type": "OnDelete"}}
    waiting = stateful_set(replicas=3, updateRevision="r2", updatedReplicas=1, spec=strategy)
    assert examined(waiting).notes == [
        "statefulset shop/db replaces pods only when they are deleted: 1 of 3 pods run the newest template"
    ]


def test_a_job_that_failed_fails_and_one_that_runs_is_set_aside() -> None:
    examine = examined(deployment(), runs=(ended_job(well=False), ended_job("seed"), job("import")))
    (finding,) = examine.findings
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "job shop/migrate")
    assert finding.message == f"the last finished run, job migrate, failed ({TOO_MANY})"
    assert finding.since is not None and finding.since.isoformat() == ago(60)
    assert [(one.why, one.count) for one in examine.excluded] == [("a Job that has not finished", 1)]
    assert examine.passed == 2


def test_a_failed_pod_of_a_job_that_tries_again_is_no_failure() -> None:
    assert not examined(runs=(job(failed=2, active=1),)).findings


def runs_of(*jobs: Job, suspend: bool = False, **state: Any) -> tuple[Job | CronJob, ...]:
    return (cron_job(suspend=suspend, state=state), *jobs)


def run(minutes: int, *, well: bool) -> Job:
    return ended_job(f"cleanup-{minutes}", well=well, age=minutes, owner="CronJob/cleanup")


@pytest.mark.parametrize(
    ("outcome", "runs"),
    [
        ("pass", runs_of(run(120, well=False), run(60, well=True))),
        ("fail", runs_of(run(120, well=True), run(60, well=False))),
        ("fail", runs_of(run(60, well=False), job("cleanup-now", owner="CronJob/cleanup", active=1))),
        # The Jobs that succeeded are not kept.
        ("pass", runs_of(run(120, well=False), lastSuccessfulTime=ago(59), lastScheduleTime=ago(60))),
        ("fail", runs_of(run(60, well=False), lastSuccessfulTime=ago(1500), lastScheduleTime=ago(61))),
        ("pass", runs_of(lastSuccessfulTime=ago(59), lastScheduleTime=ago(60))),
        # The Jobs that failed are not kept.
        ("unknown", runs_of(lastSuccessfulTime=ago(1500), lastScheduleTime=ago(60))),
        ("unknown", runs_of(run(1500, well=True), lastScheduleTime=ago(60))),
        ("unknown", runs_of(lastScheduleTime=ago(60))),
        # One that runs now says nothing yet.
        (
            "pass",
            runs_of(lastSuccessfulTime=ago(1500), lastScheduleTime=ago(60), active=[{"name": "cleanup-2"}]),
        ),
        ("aside", runs_of()),
        ("aside", runs_of(job("cleanup-1", owner="CronJob/cleanup", active=1), lastScheduleTime=ago(1))),
        ("aside", runs_of(run(60, well=False), suspend=True)),
    ],
)
def test_the_last_finished_run_of_a_cron_job_decides(outcome: str, runs: tuple[Job | CronJob, ...]) -> None:
    examine = examined(runs=runs)
    found = [finding.outcome.value for finding in examine.findings]
    assert found == ([outcome] if outcome in {"fail", "unknown"} else [])
    assert (examine.passed, len(examine.excluded)) == (int(outcome == "pass"), int(outcome == "aside"))


def test_a_suspended_cron_job_is_noted() -> None:
    examine = examined(runs=runs_of(suspend=True))
    assert examine.notes == ["cronjob shop/cleanup is suspended: it does not run"]


def test_a_row_names_jobs_as_it_names_workloads() -> None:
    runs = runs_of(run(60, well=False))
    (failed,) = examined(deployment(), runs=runs, workloads=("cronjob/cleanup",)).findings
    assert str(failed.subject) == "cronjob shop/cleanup"
    assert not examined(deployment(), runs=runs, workloads=("deployment/api",)).findings
    (missing,) = examined(runs=(), workloads=("cronjob/backup",)).findings
    assert missing.message == "there is no cronjob/backup"


def test_jobs_are_asked_for_where_a_row_may_mean_them() -> None:
    class Planned:
        def __init__(self, *workloads: str) -> None:
            self.limits = WorkloadLimits(workloads=workloads)

        def target(self, role: str) -> Target:
            return Target(role, "kubernetes", "kubernetes:prod", None)

        def names(self, name: str) -> tuple[str, ...]:
            return ("shop",)

    assert Runs().asks(Planned())  # type: ignore[arg-type]
    assert Runs().asks(Planned("deployment/api", "job/migrate"))  # type: ignore[arg-type]
    assert not Runs().asks(Planned("deployment/api"))  # type: ignore[arg-type]
    assert Runs().assemble((), Planned()) is None  # type: ignore[arg-type]
    assert not examined(deployment(), runs=None, workloads=("deployment/api",)).findings


def test_what_the_environment_declares_must_exist() -> None:
    """Every Deployment of the system was deleted, and its database remains."""
    examine = examined(stateful_set(), expected=("deployment/api", "statefulset/db"))
    (finding,) = examine.findings
    assert (finding.outcome, finding.message) == (Outcome.FAIL, "there is no deployment/api")
    assert examine.passed == 1
    assert not examined(stateful_set(), expected=("deployment/api",), workloads=("statefulset/db",)).findings
    assert not examined(stateful_set(), expected=("deployment/api",), selector="app=db").findings
    (finding,) = examined(gaps=[REFUSED], expected=("deployment/api",)).findings
    assert finding.outcome is Outcome.UNKNOWN


def test_one_is_singular() -> None:
    """A workload of one pod is one pod in every message."""
    (finding,) = examined(deployment(replicas=1, available=0, conditions=unavailable(30))).findings
    assert finding.message == "0 of 1 pod is available"
    (finding,) = examined(deployment(replicas=1), replicas=2).findings
    assert finding.message == "1 replica wanted by its spec, at least 2 needed"
    (finding,) = examined(deployment(replicas=1, updated=0, conditions=rolling(30))).findings
    assert finding.message == "the rollout is not complete: 0 of 1 pod runs the newest template"
