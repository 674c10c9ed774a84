"""What adds nodes: alive, healthy, and no pod waits for it in vain."""

from __future__ import annotations

from typing import Annotated, TypeVar

from opsproof import (
    MEDIUM,
    AtMost,
    Count,
    Duration,
    Examination,
    Limits,
    Listing,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside, known
from opsproof.model.failure import Failure, raised_from
from opsproof.model.words import first_few
from opsproof.sources.kubernetes.asks import Kubernetes, Named, Pods, ReportedByAutoscaler
from opsproof.sources.kubernetes.facts.autoscaling import NodeClaim, NodePool, ReportedHealth
from opsproof.sources.kubernetes.facts.meta import Condition
from opsproof.sources.kubernetes.facts.nodes import Lease
from opsproof.sources.kubernetes.facts.pods import Pod

# Below this priority the Cluster Autoscaler adds no node for a pod.
_EXPENDABLE = -10
_WHO = Subject("autoscaler", "cluster-autoscaler")
F = TypeVar("F")
ReportBeside = Annotated[Listing[ReportedHealth] | Failure | None, Beside(ReportedByAutoscaler("status"))]
LeaseBeside = Annotated[Listing[Lease] | Failure | None, Beside(Named("leases", "karpenter_lease"))]
PoolsBeside = Annotated[
    Listing[NodePool] | Failure | None, Beside(Kubernetes("nodepools", wanted_by=("karpenter_lease",)))
]
ClaimsBeside = Annotated[
    Listing[NodeClaim] | Failure | None, Beside(Kubernetes("nodeclaims", wanted_by=("karpenter_lease",)))
]


class NodeAutoscalerLimits(Limits):
    """`status`: the ConfigMap in which the Cluster Autoscaler reports; `karpenter_lease`: what Karpenter renews.

    `age`: how old either may be. `waiting`: how long a pod may be Unschedulable. `joining`: how long a node may take
    to join, and a NodePool not to be ready.
    """

    status: Scoped[str] = "kube-system/cluster-autoscaler-status"
    karpenter_lease: Scoped[str] = "kube-system/karpenter-leader-election"
    age: AtMost[Duration] = AtMost.parse("5m", Duration)
    waiting: Duration = Duration.parse("10m")
    joining: Duration = Duration.parse("15m")


@check("scaling/node-autoscaler", title="Nodes are added when pods need them", level=MEDIUM)
def check_node_autoscaler(
    reports: ReportBeside,
    pools: PoolsBeside,
    claims: ClaimsBeside,
    lease: LeaseBeside,
    pods: Pods,
    limits: NodeAutoscalerLimits,
    examine: Examination,
) -> None:
    """Under load, or after the loss of a node, pods wait for room that nobody makes."""
    reported, made = _served(reports), _served(pools)
    if reported:
        _examine_report(reported, limits, examine)
    if made:
        _examine_karpenter(made, limits, examine)
        _examine_lease(lease, limits, examine)
        _examine_claims(claims, limits, examine)
    if not reported and not made:
        _examine_none(reports, pools, limits, examine)
    _examine_waiting(pods, limits, examine)


def _served(found: Listing[F] | Failure | None) -> Listing[F] | None:
    """What there is of it: nothing where it is not installed, or was refused."""
    return found if isinstance(found, Listing) and len(found) else None


def _examine_none(
    reports: Listing[ReportedHealth] | Failure | None,
    pools: Listing[NodePool] | Failure | None,
    limits: NodeAutoscalerLimits,
    examine: Examination,
) -> None:
    with examine(_WHO, measured="absent", limit="Healthy"):
        for found in (reports, pools):
            if isinstance(found, Failure) and found.kind != "NotFound":
                raise raised_from(found)
        raise AssertionError(f"nothing adds nodes: there is no ConfigMap {limits.status}, and no NodePool")


def _examine_report(
    reports: Listing[ReportedHealth], limits: NodeAutoscalerLimits, examine: Examination
) -> None:
    """A report that nobody writes any more stays Healthy for ever."""
    for report in reports:
        with examine(_WHO, measured=report.health or "without health", limit="Healthy") as it:
            if report.written is None:
                raise Undecided("its report does not tell when it was written")
            age = reports.age(report.written).require_past("its report")
            it.holds(limits.age, age, f"its report is {age} old, {limits.age} needed: it does not run")
            assert report.running, "it has not started yet"
            assert report.health == "Healthy", f"it reports {report.health}"
        if report.backing_off:
            names = first_few(list(report.backing_off))
            examine.note(f"adding nodes fails for a while (Backoff) in {names}")


def _examine_karpenter(pools: Listing[NodePool], limits: NodeAutoscalerLimits, examine: Examination) -> None:
    for pool in pools:
        ready = pool.condition("Ready")
        since = pools.moment(ready.last_transition_time, "condition Ready") if ready else None
        with examine(pool, measured=_state(ready), limit="Ready=True", since=since, grace=limits.joining):
            if ready is None:
                raise Undecided("Karpenter has not said whether it is Ready")
            assert ready.is_true, f"Ready is {ready.status} ({ready.reason}): it makes no nodes"


def _examine_lease(
    found: Listing[Lease] | Failure | None, limits: NodeAutoscalerLimits, examine: Examination
) -> None:
    """Karpenter writes no report: that it lives is told by the lease that it renews."""
    with examine(Subject("lease", limits.karpenter_lease), limit=limits.age) as it:
        leases = known(found)
        renewed = max((one.renewed for one in leases if one.renewed), default=None)
        assert renewed is not None, "there is no such lease: Karpenter does not run"
        age = leases.age(renewed).require_past("the lease")
        it.holds(limits.age, age, f"renewed {age} ago, {limits.age} needed: Karpenter does not run")


def _examine_claims(
    found: Listing[NodeClaim] | Failure | None, limits: NodeAutoscalerLimits, examine: Examination
) -> None:
    """A node that was asked for and does not come."""
    if isinstance(found, Failure):
        examine.unknown(Subject("nodeclaims", "all"), found)
        return
    for claim in found or ():
        ready = claim.condition("Ready")
        if claim.terminating or (ready is not None and ready.is_true):
            continue
        assert found is not None
        with examine(
            claim,
            measured=_state(ready),
            limit="Ready=True",
            since=found.moment(claim.created, "its creation"),
            grace=limits.joining,
        ):
            launched = claim.condition("Launched")
            why = f" ({launched.reason})" if launched is not None and not launched.is_true else ""
            raise AssertionError(f"the node that was asked for has not joined{why}")


def _state(ready: Condition | None) -> str:
    return f"Ready={ready.status}" if ready is not None else "no condition Ready"


def _examine_waiting(pods: Listing[Pod], limits: NodeAutoscalerLimits, examine: Examination) -> None:
    """Every one of them, so that the room that is lacking is seen whole."""
    waiting = 0
    for pod in pods:
        scheduled = pod.condition("PodScheduled")
        if scheduled is None or scheduled.is_true or scheduled.reason != "Unschedulable" or pod.terminating:
            continue
        if why := _no_node_for(pod):
            examine.exclude(pod, why)
            continue
        waiting += 1
        since = scheduled.last_transition_time or pod.created
        with examine(
            pod,
            measured="Unschedulable",
            limit=f"scheduled within {limits.waiting}",
            since=pods.moment(since, "condition PodScheduled"),
            grace=limits.waiting,
        ):
            age = f"for {pods.age(since)}" if since is not None else "since nobody knows when"
            raise AssertionError(f"Unschedulable {age}: no node was added for it")
    if not waiting:
        with examine(Subject("pods", "Unschedulable"), measured=Count(0), limit=Count(0)):
            if not len(pods) and pods.gaps:
                raise raised_from(pods.gaps[0])


def _no_node_for(pod: Pod) -> str:
    """Why no autoscaler adds a node for it."""
    owner = pod.owner
    if owner is not None and owner.kind == "DaemonSet":
        return "of a DaemonSet, whose pods belong to nodes that are there"
    return "a placeholder: its priority is too low for a node" if pod.spec.priority < _EXPENDABLE else ""
