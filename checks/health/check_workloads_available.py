"""Workloads: rolled out and available."""

from __future__ import annotations

from opsproof import CRITICAL, AtLeast, Count, Duration, Examination, Limits, Scoped, Undecided, check
from opsproof.model.words import several
from opsproof.sources.kubernetes.asks import Pods, ReplicaSets, Workloads
from opsproof.sources.kubernetes.facts.workloads import DaemonSet, Deployment, StatefulSet, Workload
from opsproof.sources.kubernetes.reading.choice import SelectorText, absent, matching, named, referred
from opsproof.sources.kubernetes.reading.transitions import (
    by_deployment,
    by_workload,
    paused_since,
    short_since,
    workload_key,
)


class WorkloadLimits(Limits):
    """`workloads`: references like `deployment/api`, each of which must exist; empty means all.

    `paused`: for how long a rollout may be held by hand while its new template waits.
    """

    workloads: Scoped[tuple[str, ...]] = ()
    selector: Scoped[SelectorText] = ""
    replicas: AtLeast[Count] = AtLeast.parse(1, Count)
    grace: Duration = Duration.parse("10m")
    paused: Duration = Duration.parse("1d")


@check(
    "health/workloads-available",
    title="Every workload runs all its pods, of its newest template",
    level=CRITICAL,
)
def check_workloads_available(
    workloads: Workloads, pods: Pods, replica_sets: ReplicaSets, limits: WorkloadLimits, examine: Examination
) -> None:
    """A workload with fewer pods than it should have is overloaded, half rolled out, or down."""
    members, revisions = by_workload(pods), by_deployment(replica_sets)
    chosen, missing = named(matching(workloads, limits.selector), limits.workloads)
    for workload in chosen:
        if isinstance(workload, DaemonSet) and not workload.replicas:
            examine.exclude(workload, "a DaemonSet that fits no node")
            continue
        if workload.spec.paused:
            examine.note(f"{workload.subject} is paused: changes to its template are not rolled out")
        if _held(workload, limits):
            _examine_held(workload, workloads, limits, examine)
            continue
        place = workload_key(workload)
        shortage = short_since(workload, members.get(place, ()), revisions.get(place, ()))
        with examine(
            workload,
            measured=Count(_running(workload)),
            limit=limits.replicas if workload.replicas <= _running(workload) else Count(workload.replicas),
            since=workloads.moment(*shortage),
            grace=None if _hopeless(workload, limits) else limits.grace,
        ):
            _decide(workload, limits)
    for reference in missing:
        with examine(referred(reference), measured=Count(0), limit=limits.replicas):
            raise AssertionError(absent(workloads, reference))


def _decide(workload: Workload, limits: WorkloadLimits) -> None:
    if not workload.observed:
        raise Undecided("its controller has not seen the newest change: the status tells about an older one")
    running, wanted = _running(workload), workload.replicas
    assert limits.replicas.allows(wanted), f"{wanted} replicas wanted by its spec, {limits.replicas} needed"
    assert not _stuck(workload), f"the rollout passed its progress deadline; {_updated(workload)}"
    assert running >= wanted, f"{running} of {wanted} pods are available"
    assert not _behind(workload), f"the rollout is not complete: {_updated(workload)}"


def _held(workload: Workload, limits: WorkloadLimits) -> bool:
    """Nothing is wrong but that a new template waits for somebody to resume the rollout."""
    whole = workload.observed and _running(workload) >= workload.replicas
    return workload.spec.paused and whole and _behind(workload) and not _hopeless(workload, limits)


def _examine_held(
    workload: Workload, workloads: Workloads, limits: WorkloadLimits, examine: Examination
) -> None:
    """What was repaired in the template protects nobody while it waits."""
    pause = paused_since(workload)
    with examine(
        workload,
        measured=Count(workload.updated),
        limit=Count(workload.replicas),
        since=workloads.moment(*pause),
        grace=limits.paused,
    ):
        if pause.moment is None:
            raise Undecided(
                "its rollout is paused with changes waiting, and the API does not tell since when"
            )
        raise AssertionError(f"its rollout is paused with changes waiting: {_updated(workload)}")


def _hopeless(workload: Workload, limits: WorkloadLimits) -> bool:
    """No change under way explains it."""
    return _stuck(workload) or not limits.replicas.allows(workload.replicas)


def _running(workload: Workload) -> int:
    return workload.ready if isinstance(workload, StatefulSet) else workload.available


def _stuck(workload: Workload) -> bool:
    return isinstance(workload, Deployment) and workload.stuck


def _behind(workload: Workload) -> bool:
    """Pods of an older template run that the workload itself should replace."""
    if isinstance(workload, Deployment):
        return workload.updated < workload.replicas or workload.status.replicas > workload.updated
    if workload.spec.update_strategy.type == "OnDelete":
        return False
    if isinstance(workload, StatefulSet):
        rolling = workload.spec.update_strategy.rolling_update
        held_back = rolling is not None and bool(rolling.partition)
        status = workload.status
        return (
            not held_back
            and bool(status.update_revision)
            and status.current_revision != status.update_revision
        )
    return workload.updated < workload.replicas


def _updated(workload: Workload) -> str:
    older = workload.status.replicas - workload.updated if isinstance(workload, Deployment) else 0
    if workload.updated >= workload.replicas and older > 0:
        return f"{several(older, 'pod')} of an older template still there"
    return f"{workload.updated} of {workload.replicas} pods run the newest template"
