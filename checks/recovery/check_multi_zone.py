"""Workloads: spread over zones, so that the loss of one leaves them running."""

from __future__ import annotations

from collections.abc import Sequence

from opsproof import (
    HIGH,
    AtLeast,
    Count,
    Duration,
    Examination,
    Limits,
    Listing,
    Moment,
    Scoped,
    Undecided,
    check,
)
from opsproof.model.words import several
from opsproof.sources.kubernetes.asks import Nodes, Pods, Workloads
from opsproof.sources.kubernetes.facts.nodes import Node
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.workloads import DaemonSet, Workload
from opsproof.sources.kubernetes.reading.choice import absent, named, referred
from opsproof.sources.kubernetes.reading.transitions import by_workload, earliest, unready_since, workload_key


class ZoneLimits(Limits):
    """`workloads`: references like `deployment/api`; empty means all. `zones`: of the Ready pods of each.

    Workloads with fewer replicas than `replicated_from` cannot be spread. `grace`: how long a pod that would be in
    another zone may be on its way there.
    """

    workloads: Scoped[tuple[str, ...]] = ()
    zones: AtLeast[Count] = AtLeast.parse(2, Count)
    replicated_from: Count = Count.parse(2)
    grace: Duration = Duration.parse("10m")


@check("recovery/multi-zone", title="Replicated workloads run in several zones", level=HIGH)
def check_zones(
    workloads: Workloads, pods: Pods, nodes: Nodes, limits: ZoneLimits, examine: Examination
) -> None:
    """When a zone fails, a workload that runs in no other fails with it, however many replicas it has."""
    found, missing = named(workloads, limits.workloads)
    members = by_workload(pods)
    by_name = {node.name: node for node in nodes}
    for workload in found:
        if isinstance(workload, DaemonSet):
            examine.exclude(workload, "a DaemonSet, which runs wherever there are nodes")
        elif workload.replicas < limits.replicated_from:
            examine.exclude(workload, f"has fewer than {several(limits.replicated_from, 'replica')}")
        else:
            _examine(workload, members.get(workload_key(workload), []), by_name, pods, nodes, limits, examine)
    for text in missing:
        with examine(referred(text), measured=Count(0), limit=limits.zones):
            raise AssertionError(absent(workloads, text))


def _examine(
    workload: Workload,
    members: Sequence[Pod],
    by_name: dict[str, Node],
    pods: Listing[Pod],
    nodes: Listing[Node],
    limits: ZoneLimits,
    examine: Examination,
) -> None:
    living = [pod for pod in members if not (pod.finished or pod.terminating)]
    ready = [pod for pod in living if pod.ready]
    zones = _zones(ready, by_name)
    coming = [pod for pod in living if not pod.ready]
    excused = coming and _may_be_elsewhere(living, by_name, limits)
    with examine(workload, since=_since(coming, pods) if excused else None, grace=limits.grace) as it:
        pods.within(workload.namespace)  # raises when its pods are not known
        nodes.within("")
        lost = sorted({pod.node for pod in ready if pod.node and pod.node not in by_name})
        if lost and not limits.zones.allows(len(zones)):
            raise Undecided(f"node {lost[0]} of its pods is not listed: its zone is not known")
        where = f"{several(len(zones), 'zone')}" + (f" ({', '.join(sorted(zones))})" if zones else "")
        unlabelled = [pod for pod in ready if pod.node in by_name and not by_name[pod.node].zone]
        why = "; their nodes bear no label topology.kubernetes.io/zone" if unlabelled and not zones else ""
        it.holds(
            limits.zones,
            Count(len(zones)),
            f"its {several(len(ready), 'ready pod')} in {where}, {limits.zones} needed{why}",
        )


def _zones(pods: Sequence[Pod], by_name: dict[str, Node]) -> set[str]:
    found = {by_name[pod.node].zone for pod in pods if pod.node in by_name}
    return found - {""}


def _may_be_elsewhere(living: Sequence[Pod], by_name: dict[str, Node], limits: ZoneLimits) -> bool:
    """Whether it is spread once all of its pods are ready, as far as they have a node yet."""
    return limits.zones.allows(len(_zones(living, by_name))) or any(not pod.node for pod in living)


def _since(coming: Sequence[Pod], pods: Listing[Pod]) -> Moment | None:
    return pods.moment(*earliest(*map(unready_since, coming)))
