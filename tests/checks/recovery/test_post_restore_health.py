"""recovery/post-restore-health on plain facts."""

from __future__ import annotations

from typing import Any

from checks.recovery.check_post_restore_health import RestoredLimits, check_post_restore_health
from opsproof import CRITICAL, Examination
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.workloads import Workload
from tests.checks.cluster import (
    REFUSED,
    condition,
    daemon_set,
    deployment,
    examination,
    listing,
    pod,
    stateful_set,
)


def examined(*workloads: Workload, pods: tuple[Pod, ...] = (), gaps: Any = (), **limits: Any) -> Examination:
    examine = examination(CRITICAL)
    check_post_restore_health(
        listing(*workloads, gaps=gaps), listing(*pods), RestoredLimits(**limits), examine
    )
    return examine


def test_three_of_three_pass() -> None:
    assert examined(deployment(replicas=3), pods=(pod(),), replicas=3).passed == 1


def test_two_of_three_fail_without_any_grace() -> None:
    (finding,) = examined(deployment(replicas=3, available=2), replicas=3).findings
    assert (finding.outcome, finding.message) == (Outcome.FAIL, "2 of 3 pods available")


def test_two_of_two_are_not_three() -> None:
    (finding,) = examined(deployment(replicas=2), replicas=3).findings
    assert finding.message == "2 replicas wanted by its spec, at least 3 needed"


def test_a_deployment_scaled_to_nothing_is_available_and_not_back() -> None:
    (finding,) = examined(deployment(replicas=0)).findings
    assert finding.message == "0 replicas wanted by its spec, at least 1 needed"


def test_pods_of_an_older_template_fail() -> None:
    (finding,) = examined(deployment(replicas=3, updated=1, there=3)).findings
    assert finding.message == "1 of 3 pods of the newest template"


def test_a_stuck_rollout_fails() -> None:
    stuck = [condition("Available", True), condition("Progressing", False, reason="ProgressDeadlineExceeded")]
    assert examined(deployment(conditions=stuck)).findings[0].outcome is Outcome.FAIL


def test_a_pod_that_is_not_ready_fails() -> None:
    troubled = pod(ready=False)
    (finding,) = examined(deployment(), pods=(troubled,)).findings
    assert finding.message.startswith(f"pod {troubled.name}: Running but not Ready")


def test_a_pod_that_is_going_does_not_count() -> None:
    going = pod(ready=False, metadata={"deletionTimestamp": "2026-03-02T08:59:00Z"})
    assert examined(deployment(), pods=(going,)).passed == 1


def test_a_stateful_set_of_two_revisions_fails() -> None:
    assert examined(stateful_set()).passed == 1
    assert examined(stateful_set(currentRevision="r0")).findings[0].outcome is Outcome.FAIL


def test_a_daemon_set_runs_where_there_are_nodes() -> None:
    assert examined(daemon_set(), replicas=3).passed == 1


def test_a_status_of_an_older_spec_decides_nothing() -> None:
    stale = deployment(metadata={"generation": 3})
    assert examined(stale).findings[0].outcome is Outcome.UNKNOWN


def test_what_did_not_come_back_fails_unless_a_namespace_did_not_answer() -> None:
    (finding,) = examined(workloads=("deployment/api",)).findings
    assert (finding.outcome, finding.message) == (Outcome.FAIL, "there is no deployment/api")
    asked = examined(workloads=("deployment/api",), gaps=[REFUSED])
    assert asked.findings[0].outcome is Outcome.UNKNOWN
