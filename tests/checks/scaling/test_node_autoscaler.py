"""scaling/node-autoscaler on plain facts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from checks.scaling.check_node_autoscaler import NodeAutoscalerLimits, check_node_autoscaler
from opsproof import MEDIUM, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.autoscaling import NodeClaim, NodePool, ReportedHealth
from opsproof.sources.kubernetes.facts.nodes import Lease
from opsproof.sources.kubernetes.facts.pods import Pod
from tests.checks.cluster import NOW, ago, condition, examination, listing, meta, pod

NONE = Failure("NotFound", "the API server does not serve /apis/karpenter.sh/v1", "kubernetes:test")
REFUSED = Failure("Forbidden", "get configmaps is not allowed", "kubernetes:test")


def examined(
    *pods: Pod, reports: Any = None, pools: Any = NONE, claims: Any = NONE, lease: Any = None
) -> Examination:
    examine = examination(MEDIUM)
    given = listing(report()) if reports is None else reports
    renewed = listing() if lease is None else lease
    check_node_autoscaler(given, pools, claims, renewed, listing(*pods), NodeAutoscalerLimits(), examine)
    return examine


def report(health: str = "Healthy", *, age: float = 0.2, **more: Any) -> ReportedHealth:
    return ReportedHealth(health, NOW - timedelta(minutes=age), **more)


def pool(*, ready: bool = True, age: float = 600) -> NodePool:
    status = {"conditions": [condition("Ready", ready, age=age, reason="NodeClassNotReady")]}
    return msgspec.convert({"metadata": meta("workers"), "status": status}, NodePool)


def claim(*, ready: bool = False, age: float) -> NodeClaim:
    launched = condition("Launched", ready, reason="InsufficientCapacityError")
    status = {"conditions": [condition("Ready", ready), launched]}
    return msgspec.convert({"metadata": meta("workers-1", age=age), "status": status}, NodeClaim)


def lease(*, age: float) -> Lease:
    return msgspec.convert(
        {"metadata": meta("karpenter-leader-election"), "spec": {"renewTime": ago(age)}}, Lease
    )


def unschedulable(*, age: float, **more: Any) -> Pod:
    waits = condition("PodScheduled", False, age=age, reason="Unschedulable")
    return pod(ready=False, phase="Pending", conditions=[waits], spec={"nodeName": "", **more})


def karpenter(*pods: Pod, claims: Any = None, renewed: float = 0.1, **of_pool: Any) -> Examination:
    return examined(
        *pods,
        reports=listing(),
        pools=listing(pool(**of_pool)),
        claims=listing() if claims is None else claims,
        lease=listing(lease(age=renewed)),
    )


def test_a_healthy_report_of_this_minute_passes() -> None:
    assert examined(pod()).passed == 2


def test_a_report_that_nobody_writes_any_more_fails_however_healthy() -> None:
    (finding,) = examined(reports=listing(report(age=20))).findings
    assert finding.outcome is Outcome.FAIL
    assert finding.message == "its report is 20m old, at most 5m needed: it does not run"


def test_a_report_or_a_lease_of_the_future_is_not_young() -> None:
    """Written by a clock that was wrong, it would stay Healthy long after nobody writes any more."""
    for examine in (examined(reports=listing(report(age=-60 * 24))), karpenter(renewed=-60 * 24)):
        (finding,) = examine.findings
        assert (Outcome.UNKNOWN, True) == (finding.outcome, "in the future" in finding.message)


def test_an_unhealthy_report_fails() -> None:
    (finding,) = examined(reports=listing(report("Unhealthy"))).findings
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "Unhealthy")
    assert finding.message == "it reports Unhealthy"


def test_one_that_has_not_started_fails() -> None:
    (finding,) = examined(reports=listing(report("", running=False))).findings
    assert finding.message == "it has not started yet"


def test_a_report_without_a_moment_is_undecided() -> None:
    (finding,) = examined(reports=listing(ReportedHealth("Healthy"))).findings
    assert finding.outcome is Outcome.UNKNOWN


def test_groups_that_back_off_are_noted() -> None:
    examine = examined(reports=listing(report(backing_off=("workers",))))
    assert examine.notes == ["adding nodes fails for a while (Backoff) in workers"]


def test_neither_report_nor_node_pool_fails() -> None:
    (finding,) = examined(reports=listing()).findings
    assert finding.outcome is Outcome.FAIL
    assert finding.message == (
        "nothing adds nodes: there is no ConfigMap kube-system/cluster-autoscaler-status, and no NodePool"
    )


def test_a_report_that_may_not_be_read_is_undecided() -> None:
    (finding,) = examined(reports=REFUSED).findings
    assert finding.outcome is Outcome.UNKNOWN


def test_karpenter_ready_and_alive_passes() -> None:
    assert karpenter().passed == 3


def test_a_node_pool_that_is_not_ready_fails_once_the_grace_is_over() -> None:
    assert karpenter(ready=False, age=5).findings[0].in_transition
    (finding,) = karpenter(ready=False).findings
    assert finding.message == "Ready is False (NodeClassNotReady): it makes no nodes"


def test_karpenter_that_renews_no_lease_fails_with_every_pool_ready() -> None:
    (finding,) = karpenter(renewed=30).findings
    assert finding.message == "renewed 30m ago, at most 5m needed: Karpenter does not run"


def test_a_node_that_was_asked_for_and_does_not_come_fails() -> None:
    assert karpenter(claims=listing(claim(age=5))).findings[0].in_transition
    (finding,) = karpenter(claims=listing(claim(age=20))).findings
    assert finding.message == "the node that was asked for has not joined (InsufficientCapacityError)"
    assert karpenter(claims=listing(claim(ready=True, age=600))).findings == []


def test_a_pod_waits_for_a_node_for_ten_minutes_at_most() -> None:
    assert examined(unschedulable(age=5)).findings[0].in_transition
    (finding,) = examined(unschedulable(age=25)).findings
    assert (finding.outcome, finding.message) == (
        Outcome.FAIL,
        "Unschedulable for 25m: no node was added for it",
    )


def test_placeholders_and_pods_of_daemon_sets_wait_rightly() -> None:
    daemon = msgspec.structs.replace(
        unschedulable(age=60),
        metadata=msgspec.convert(meta("agent-x", owner="DaemonSet/agent"), type(pod().metadata)),
    )
    examine = examined(unschedulable(age=60, priority=-100), daemon)
    assert examine.findings == []
    assert len(examine.excluded) == 2
