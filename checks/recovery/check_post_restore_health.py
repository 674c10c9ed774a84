"""After a restore: everything runs whole, at this very moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from opsproof import CRITICAL, AtLeast, Count, Examination, Limits, Listing, Scoped, Undecided, check
from opsproof.model.words import several
from opsproof.sources.kubernetes.asks import Kubernetes
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.workloads import DaemonSet, Deployment, StatefulSet, Workload
from opsproof.sources.kubernetes.reading.choice import absent, named, referred
from opsproof.sources.kubernetes.reading.readiness import trouble
from opsproof.sources.kubernetes.reading.transitions import by_workload, workload_key

Restored = Annotated[
    Listing[Any], Kubernetes("deployments", "statefulsets", "daemonsets", namespace_from="restored_to")
]
RestoredPods = Annotated[Listing[Pod], Kubernetes("pods", namespace_from="restored_to")]


class RestoredLimits(Limits):
    """`workloads`: references like `deployment/api`, each of which must be back; empty means all that are there.

    `replicas`: how many of each must be available. `restored_to`: the namespace that it was restored to, where that
    is not the environment's own. There is no grace: what is still starting has not returned yet.
    """

    workloads: Scoped[tuple[str, ...]] = ()
    restored_to: Scoped[str] = ""
    replicas: AtLeast[Count] = AtLeast.parse(1, Count)


@check("recovery/post-restore-health", title="After a restore every workload is whole", level=CRITICAL)
def check_post_restore_health(
    workloads: Restored, pods: RestoredPods, limits: RestoredLimits, examine: Examination
) -> None:
    """A restore that ended well and left the service half running is found by its users."""
    found, missing = named(workloads, limits.workloads)
    members = by_workload(pods)
    for workload in found:
        _examine(workload, members.get(workload_key(workload), []), pods, limits, examine)
    for text in missing:
        with examine(referred(text), measured=Count(0), limit=limits.replicas):
            raise AssertionError(absent(workloads, text))


def _examine(
    workload: Workload,
    members: Sequence[Pod],
    pods: Listing[Pod],
    limits: RestoredLimits,
    examine: Examination,
) -> None:
    running = workload.ready if isinstance(workload, StatefulSet) else workload.available
    with examine(workload, measured=Count(running)) as it:
        if not workload.observed:
            raise Undecided(
                "its controller has not seen the newest change: the status tells about an older one"
            )
        least = limits.replicas if not isinstance(workload, DaemonSet) else AtLeast.parse(1, Count)
        wanted = workload.replicas
        it.holds(least, Count(wanted), f"{several(wanted, 'replica')} wanted by its spec, {least} needed")
        assert running >= wanted, f"{running} of {several(wanted, 'pod')} available"
        assert _rolled_out(workload), f"{workload.updated} of {several(wanted, 'pod')} of the newest template"
        pods.within(workload.namespace)  # raises when its pods are not known
        troubled = [f"pod {pod.name}: {why}" for pod in members if (why := _trouble(pod))]
        assert not troubled, troubled[0] if troubled else ""


def _rolled_out(workload: Workload) -> bool:
    if isinstance(workload, Deployment):
        available = workload.condition("Available")
        return workload.complete and not workload.stuck and (available is None or available.is_true)
    return workload.complete if isinstance(workload, (StatefulSet, DaemonSet)) else True


def _trouble(pod: Pod) -> str:
    """Why a pod that counts is not well; those that are going, or that were put away, do not count."""
    return "" if pod.terminating or pod.finished else trouble(pod)
