"""Since when something is missing.

Taken from the workload where the API says it, because the pods of a workload that is replaced every few
minutes are always young.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.workloads import Deployment, ReplicaSet, Workload

WorkloadKey = tuple[str, str, str]


class Since(NamedTuple):
    """A moment by the cluster's clock, None when the API does not tell; and where it was read."""

    moment: datetime | None = None
    read_from: str = ""


def earliest(*moments: Since) -> Since:
    """The first of those that are known."""
    known = [(since.moment, since.read_from) for since in moments if since.moment is not None]
    return Since(*min(known)) if known else Since()


def workload_key(workload: Workload) -> WorkloadKey:
    return (workload.namespace, type(workload).kind, workload.name)


def by_workload(pods: Iterable[Pod]) -> dict[WorkloadKey, list[Pod]]:
    """The pods by namespace, kind and name of what made them; bare pods are left out."""
    groups: dict[WorkloadKey, list[Pod]] = {}
    for pod in pods:
        if (made_by := pod.workload) is not None:
            groups.setdefault((pod.namespace, *made_by), []).append(pod)
    return groups


def by_deployment(replica_sets: Iterable[ReplicaSet]) -> dict[WorkloadKey, list[ReplicaSet]]:
    """The ReplicaSets of each Deployment."""
    groups: dict[WorkloadKey, list[ReplicaSet]] = {}
    for one in replica_sets:
        if one.owner is not None:
            groups.setdefault((one.namespace, one.owner.kind, one.owner.name), []).append(one)
    return groups


def unready_since(pod: Pod, workload: Workload | None = None) -> Since:
    """When a pod stopped being ready, or its workload being available, whichever came first."""
    own = _own(pod)
    return own if workload is None else earliest(own, unavailable_since(workload))


def unavailable_since(workload: Workload | None) -> Since:
    """When a Deployment fell below its least number of available pods; nothing while it is available."""
    available = workload.condition("Available") if workload is not None else None
    if available is None or available.is_true:
        return Since()
    return Since(available.last_transition_time, "the workload's condition Available")


def short_since(workload: Workload, pods: Iterable[Pod], replica_sets: Iterable[ReplicaSet] = ()) -> Since:
    """When a workload that is not complete began to be so.

    A Deployment: its condition Available, and the beginning of its rollout. Else the pod that is unready
    for longest; else, in a rollout, the newest pod; at last the workload's own creation.
    """
    living = [pod for pod in pods if not pod.finished]
    began = earliest(unavailable_since(workload), rollout_since(workload, replica_sets))
    if began.moment is None:
        began = earliest(*(_own(pod) for pod in living if pod.terminating or not pod.ready))
    if began.moment is None and workload.updated < workload.replicas:
        began = max((Since(pod.created, "its newest pod") for pod in living if pod.created), default=began)
    return began if began.moment is not None else Since(workload.created, "its creation")


def rollout_since(workload: Workload, replica_sets: Iterable[ReplicaSet]) -> Since:
    """When the rollout that a Deployment is in began; nothing outside of one.

    Args:
        workload: any workload; only a Deployment tells.
        replica_sets: its own ones.

    The newest ReplicaSet's creation; after a rollback, which takes up an old one, the last progress.
    """
    if not isinstance(workload, Deployment) or not workload.rolling:
        return Since()
    dated = [one for one in replica_sets if one.created is not None]
    newest = max(dated, key=_number, default=None)
    if newest is not None and newest.created == max(one.created for one in dated if one.created):
        return Since(newest.created, "its newest ReplicaSet")
    progressing = workload.condition("Progressing")
    return Since(progressing.last_update_time, "condition Progressing") if progressing else Since()


def paused_since(workload: Workload) -> Since:
    """When a Deployment was paused, by the condition that its controller then writes.

    Without a progress deadline it writes none; a rollout that had passed its deadline keeps that reason.
    """
    progressing = workload.condition("Progressing")
    if progressing is None or progressing.reason != "DeploymentPaused":
        return Since()
    return Since(progressing.last_transition_time or progressing.last_update_time, "condition Progressing")


def _number(replica_set: ReplicaSet) -> int:
    return int(replica_set.revision) if replica_set.revision.isdecimal() else 0


def _own(pod: Pod) -> Since:
    if pod.terminating:
        return Since(pod.metadata.deletion_timestamp, "deletionTimestamp")
    condition = pod.condition("Ready")
    if condition is not None and not condition.is_true and condition.last_transition_time is not None:
        return Since(condition.last_transition_time, "condition Ready")
    return Since(pod.created, "its creation")
