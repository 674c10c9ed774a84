"""How few replicas a workload may be given, and how few may serve."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import model_validator
from typing_extensions import Self

from opsproof import (
    MEDIUM,
    AtLeast,
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
from opsproof.model.words import several
from opsproof.sources.kubernetes.asks import Autoscalers, Pods, ReplicaSets, Workloads
from opsproof.sources.kubernetes.facts.scaling import Autoscaler
from opsproof.sources.kubernetes.facts.workloads import StatefulSet, Workload
from opsproof.sources.kubernetes.reading.choice import absent, named, referred
from opsproof.sources.kubernetes.reading.transitions import (
    by_deployment,
    by_workload,
    short_since,
    workload_key,
)


class ReplicaLimits(Limits):
    """`workloads`: references like `deployment/api`, each of which must exist.

    `replicas`: what the spec asks for at least, and its autoscaler where it has one. `available`: how many must
    serve, but for a change that is younger than `grace`.
    """

    workloads: Scoped[tuple[str, ...]]
    replicas: AtLeast[Count] | None = None
    available: AtLeast[Count] | None = None
    grace: Duration = Duration.parse("10m")

    @model_validator(mode="after")
    def _states_something(self) -> Self:
        if not self.workloads or (self.replicas is None and self.available is None):
            raise ValueError("name workloads, and write replicas, available or both")
        return self


@check("scaling/min-replicas", title="Workloads never have fewer replicas than their floor", level=MEDIUM)
def check_min_replicas(
    workloads: Workloads,
    autoscalers: Autoscalers,
    pods: Pods,
    replica_sets: ReplicaSets,
    limits: ReplicaLimits,
    examine: Examination,
) -> None:
    """Below its floor a workload does not survive the loss of a node, or the first load of the day."""
    found, missing = named(workloads, limits.workloads)
    members, revisions = by_workload(pods), by_deployment(replica_sets)
    for workload in found:
        if limits.replicas is not None:
            _examine_floor(workload, autoscalers, limits.replicas, examine)
        if limits.available is not None:
            place = workload_key(workload)
            # What asks for too few is on its way to nowhere.
            few = not limits.available.allows(Count(workload.replicas))
            since = short_since(workload, members.get(place, ()), revisions.get(place, ()))
            serving = workload.ready if isinstance(workload, StatefulSet) else workload.available
            subject = Subject(
                workload.subject.kind, workload.name, workload.namespace, f"{workload.name}/available"
            )
            grace = None if few else limits.grace
            with examine(subject, since=workloads.moment(*since), grace=grace) as it:
                if not workload.observed:
                    raise Undecided("its controller has not seen the newest change")
                asked = f"; its spec asks for {workload.replicas}" if few else ""
                told = f"{several(serving, 'replica')} available, {limits.available} needed{asked}"
                it.holds(limits.available, Count(serving), told)
    for text in missing:
        with examine(referred(text), measured=Count(0), limit=limits.replicas or limits.available):
            raise AssertionError(absent(workloads, text))


def _examine_floor(
    workload: Workload, autoscalers: Listing[Autoscaler], limit: AtLeast[Count], examine: Examination
) -> None:
    with examine(workload) as it:
        rulers = [one for one in autoscalers.within(workload.namespace) if one.target == workload.reference]
        floor, what = _floor(workload, rulers)
        it.holds(limit, Count(floor), f"{what} {floor}, {limit} needed")


def _floor(workload: Workload, rulers: Sequence[Autoscaler]) -> tuple[int, str]:
    """The lowest number that holds, and whose it is. An autoscaler that does nothing keeps no floor."""
    own = (workload.replicas, "its spec asks for")
    if not workload.replicas:
        return own
    ruling = [one for one in rulers if _rules(one)]
    if not ruling:
        idle = " (its autoscaler does not act)" if rulers else ""
        return own[0], f"its spec{idle} asks for"
    least = min(one.spec.min_replicas for one in ruling)
    return least, "its autoscaler's minReplicas is"


def _rules(autoscaler: Autoscaler) -> bool:
    """Whether it keeps its bounds: without metrics it still does, but not beside a rival or without its target."""
    able, active = autoscaler.condition("AbleToScale"), autoscaler.condition("ScalingActive")
    if able is None or not able.is_true:
        return False
    return active is None or active.reason not in {"AmbiguousSelector", "ScalingDisabled"}
