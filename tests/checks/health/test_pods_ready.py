"""health/pods-ready on plain facts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.health.check_pods_ready import PodLimits, check_pods_ready
from opsproof import CRITICAL, Examination, Listing
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.workloads import Deployment
from tests.checks.cluster import (
    NOW,
    REFUSED,
    ago,
    condition,
    container,
    deployment,
    ended,
    examination,
    listing,
    meta,
    pod,
    status,
)


def examined(
    *pods: Pod,
    deployments: tuple[Deployment, ...] = (),
    expected: tuple[str, ...] = (),
    gaps: Any = (),
    **limits: Any,
) -> Examination:
    examine = examination(CRITICAL)
    found: Listing[Pod] = listing(*pods, gaps=gaps)
    check_pods_ready(found, listing(*deployments), expected, PodLimits(**limits), examine)
    return examine


def test_ready_pods_pass_and_are_counted() -> None:
    examine = examined(pod("api-1"), pod("api-2"))
    assert (examine.findings, examine.passed) == ([], 3)  # two pods and their number


def test_running_but_not_ready_fails_with_the_container_that_is_not() -> None:
    (finding,) = examined(pod(ready=False, since=12)).findings
    assert (finding.outcome, finding.level) == (Outcome.FAIL, CRITICAL)
    assert finding.message == "Running but not Ready; container app is not ready"
    assert (finding.measured.text, finding.limit.text) == ("0/1 containers ready", "ready")
    assert str(finding.subject) == "pod shop/api-7d9f8b6c5-x2x4z"
    assert finding.subject.key == "deployment/api"
    assert (finding.since_from, (NOW - finding.since).total_seconds()) == ("condition Ready", 720)  # type: ignore[operator]


def test_a_pod_that_starts_is_in_transition() -> None:
    (finding,) = examined(pod(ready=False, since=2)).findings
    assert finding.outcome is Outcome.PASS
    assert finding.in_transition


def test_a_young_pod_does_not_hide_its_workloads_outage() -> None:
    """Pods recreated every four minutes: the workload's condition tells since when nothing works."""
    down = deployment(conditions=[condition("Available", False, age=30)])
    young = pod(ready=False, since=2, metadata={"creationTimestamp": ago(2)})
    (finding,) = examined(young, deployments=(down,)).findings
    assert finding.outcome is Outcome.FAIL
    assert finding.since_from == "the workload's condition Available"


def test_an_available_workload_lets_its_new_pod_start() -> None:
    (finding,) = examined(pod(ready=False, since=2), deployments=(deployment(),)).findings
    assert finding.in_transition


@pytest.mark.parametrize("reason", ["CrashLoopBackOff", "ImagePullBackOff", "CreateContainerConfigError"])
def test_waiting_for_what_does_not_come_fails_at_once(reason: str) -> None:
    broken = pod(ready=False, since=1, containerStatuses=[status(ready=False, waiting=reason)])
    (finding,) = examined(broken).findings
    assert finding.outcome is Outcome.FAIL
    assert reason in finding.message


def test_an_unscheduled_pod_says_why() -> None:
    pending = pod(
        phase="Pending",
        conditions=[condition("PodScheduled", False, reason="Unschedulable")],
        containerStatuses=[],
        spec={"containers": [], "nodeName": ""},
    )
    (finding,) = examined(pending).findings
    assert finding.message == "Pending but not Ready; PodScheduled is False (Unschedulable)"


def sidecar(ready: bool) -> Pod:
    """A native sidecar: an init container that restarts always, beside one that has completed."""
    return pod(
        spec={
            "containers": [container()],
            "initContainers": [container("migrate"), container("proxy", restartPolicy="Always")],
        },
        initContainerStatuses=[
            {"name": "migrate", "ready": False, "state": ended("Completed", 0, 500)},
            status("proxy", ready=ready),
        ],
    )


def test_a_native_sidecar_must_be_ready() -> None:
    assert not examined(sidecar(ready=True)).findings
    (finding,) = examined(sidecar(ready=False)).findings
    assert finding.outcome is Outcome.FAIL
    assert finding.message == "Ready; sidecar proxy is not ready"
    assert finding.measured.text == "1/2 containers ready"


def test_an_init_container_that_does_not_complete_is_named() -> None:
    stuck = pod(
        phase="Pending",
        ready=False,
        spec={"initContainers": [container("migrate")]},
        initContainerStatuses=[status("migrate", ready=False)],
    )
    (finding,) = examined(stuck).findings
    assert "init container migrate has not completed" in finding.message


@pytest.mark.parametrize(
    ("ordinary", "why"),
    [
        (pod("done", phase="Succeeded", ready=False), "finished"),
        (
            pod("retry", ready=False, metadata=meta("retry", owner="Job/migrate")),
            "belongs to a Job: health/workloads-available judges its last finished run",
        ),
        (
            pod("evicted", phase="Failed", ready=False, reason="Evicted"),
            "left over: Evicted, replaced by its workload",
        ),
        (
            pod("refused", phase="Failed", ready=False, reason="OutOfcpu"),
            "left over: OutOfcpu, replaced by its workload",
        ),
        (
            pod(
                "queued",
                phase="Pending",
                conditions=[condition("PodScheduled", False, reason="SchedulingGated")],
            ),
            "held back by a scheduling gate",
        ),
    ],
)
def test_ordinary_pods_are_set_aside_by_name(ordinary: Pod, why: str) -> None:
    examine = examined(pod(), ordinary)
    assert not examine.findings
    assert [(one.why, one.count) for one in examine.excluded] == [(why, 1)]


def test_an_evicted_pod_that_nothing_replaces_fails() -> None:
    bare = pod("bare", of="", phase="Failed", ready=False, reason="Evicted")
    (finding,) = examined(pod(), bare).findings
    assert (finding.outcome, finding.message) == (Outcome.FAIL, "phase Failed (Evicted)")


def test_a_terminating_pod_has_its_grace_period_and_ours() -> None:
    """The deletion timestamp is the moment when its own grace period ends."""
    going = pod("going", ready=False, metadata={"deletionTimestamp": ago(1)})
    (finding,) = examined(pod(), going).findings
    assert finding.in_transition
    stuck = pod("stuck", ready=False, metadata={"deletionTimestamp": ago(8)})
    (finding,) = examined(pod(), stuck).findings
    assert finding.outcome is Outcome.FAIL
    assert finding.message == "deleted, and still there; it had until 08:52:00 UTC to end"


def test_a_terminating_pod_does_not_inherit_its_workloads_outage() -> None:
    down = deployment(conditions=[condition("Available", False, age=30)])
    going = pod("going", ready=False, metadata={"deletionTimestamp": ago(1)})
    assert examined(pod(), going, deployments=(down,)).findings[0].in_transition


def test_too_few_pods_fail() -> None:
    (finding,) = examined(pod(), at_least=3).findings
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "pods all")
    assert (finding.measured.text, finding.limit.text) == ("1", "at least 3")


def test_pods_that_go_are_no_pods_to_count_on() -> None:
    going = pod("going", metadata={"deletionTimestamp": ago(0)})
    assert examined(pod(), going, at_least=2).findings[-1].measured.text == "1"


def test_too_few_pods_are_undecided_while_a_namespace_is_silent() -> None:
    (finding,) = examined(pod(), gaps=[REFUSED], at_least=3).findings
    assert finding.outcome is Outcome.UNKNOWN


def test_no_pods_at_all_are_left_to_the_row() -> None:
    assert examined().nothing_examined


def test_the_selector_chooses() -> None:
    worker = pod("worker-1", of="worker", ready=False)
    assert not examined(pod(), worker, selector="app in (api)").findings
    assert len(examined(pod(), worker).findings) == 1


def of_job(waiting: str) -> Pod:
    return pod(
        "migrate-x",
        phase="Pending",
        ready=False,
        since=1,
        metadata=meta("migrate-x", owner="Job/migrate"),
        containerStatuses=[status(ready=False, waiting=waiting)],
    )


def test_a_pod_of_a_job_that_can_never_start_fails() -> None:
    """Its Job never finishes, so that no run would tell."""
    (finding,) = examined(pod(), of_job("ImagePullBackOff")).findings
    assert (finding.outcome, finding.subject.key) == (Outcome.FAIL, "job/migrate")
    for retried in ("CrashLoopBackOff", "ContainerCreating"):
        assert not examined(pod(), of_job(retried)).findings


def test_what_the_environment_declares_must_have_a_pod() -> None:
    """Every Deployment of the system was deleted, and its database remains."""
    database = pod("db-0", metadata=meta("db-0", owner="StatefulSet/db"))
    declared = ("deployment/api", "statefulset/db", "cronjob/backup")
    examine = examined(database, expected=declared)
    (finding,) = examine.findings
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "deployment api")
    assert (finding.message, finding.measured.text) == ("there is no pod of deployment/api", "0")
    assert not examined(database, expected=declared, selector="app").findings
    assert examined(gaps=[REFUSED], expected=declared).findings[0].outcome is Outcome.UNKNOWN
    assert examined(expected=declared).findings[0].outcome is Outcome.FAIL


def test_pods_on_one_node_are_not_spread() -> None:
    crowded = [pod("api-1"), pod("api-2")]
    (finding,) = examined(*crowded, nodes=2).findings
    assert (finding.measured.text, finding.limit.text) == ("1", "at least 2")
    assert str(finding.subject) == "deployment shop/api"
    spread = [pod("api-1"), pod("api-2", spec={"nodeName": "node-2"})]
    assert not examined(*spread, nodes=2).findings
    assert not examined(pod("api-1"), nodes=2).findings


def test_an_unreadable_selector_is_refused_with_the_row() -> None:
    with pytest.raises(ValueError, match="not a label selector"):
        PodLimits(selector="app=(")


def test_a_pod_that_is_on_no_node_yet_is_no_second_node() -> None:
    unplaced = [pod("api-1"), pod("api-2", spec={"nodeName": ""})]
    (finding,) = (one for one in examined(*unplaced, nodes=2).findings if one.subject.kind == "deployment")
    assert finding.outcome is Outcome.FAIL
