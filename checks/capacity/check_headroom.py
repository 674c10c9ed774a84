"""Room to grow: on nodes, in quotas, of volumes, below an autoscaler's maximum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Literal

from pydantic import model_validator
from typing_extensions import Self

from opsproof import (
    MEDIUM,
    AtMost,
    Bytes,
    Cores,
    Count,
    Duration,
    Examination,
    Limits,
    Listing,
    Percent,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside, known
from opsproof.model.failure import Failure, raised_from
from opsproof.model.words import several
from opsproof.sources.kubernetes.asks import Kubernetes
from opsproof.sources.kubernetes.facts.nodes import Node
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.priorities import PriorityClass
from opsproof.sources.kubernetes.facts.quotas import LimitRange, ResourceQuota
from opsproof.sources.kubernetes.facts.scaling import Autoscaler
from opsproof.sources.kubernetes.facts.storage import StorageClass, VolumeClaim, class_of
from opsproof.sources.kubernetes.facts.workloads import DaemonSet, Workload
from opsproof.sources.kubernetes.reading.choice import absent, named, referred
from opsproof.sources.kubernetes.reading.demand import demand, lacks, surge
from opsproof.sources.kubernetes.reading.priority import prioritised
from opsproof.sources.kubernetes.reading.quota_room import Line, by_priority, lines
from opsproof.sources.kubernetes.reading.room import Demand, Room, placeholder, reserves
from opsproof.sources.kubernetes.reading.transitions import WorkloadKey, by_workload, workload_key
from opsproof.sources.prometheus.facts import PromQL, Recorded, Recording, Samples, number
from opsproof.sources.prometheus.reading.course import recorded

_SLACK = 1e-9  # rounding of sums
_GROWING = ("replicas", "more", "surge", "largest")
_ROOM = (*_GROWING, "spare_nodes")
_AT_MAXIMUM = "avg_over_time((${hpa_current_replicas} >= bool ${hpa_maximum_replicas})[${window}:5m])"

WorkloadsAsked = Annotated[
    Listing[Workload] | None, Kubernetes("deployments", "statefulsets", "daemonsets", wanted_by=_GROWING)
]
NodesAsked = Annotated[Listing[Node] | Failure | None, Beside(Kubernetes("nodes", wanted_by=_ROOM))]
# Only the pods of all namespaces add up to what is taken of a node.
EveryPod = Annotated[
    Listing[Pod] | Failure | None, Beside(Kubernetes("pods", namespace="*", wanted_by=_ROOM))
]
QuotasAsked = Annotated[
    Listing[ResourceQuota] | Failure | None, Beside(Kubernetes("resourcequotas", wanted_by=_GROWING))
]
RangesAsked = Annotated[
    Listing[LimitRange] | Failure | None, Beside(Kubernetes("limitranges", wanted_by=_GROWING))
]
PrioritiesAsked = Annotated[
    Listing[PriorityClass] | Failure | None, Beside(Kubernetes("priorityclasses", wanted_by=_GROWING))
]
ClaimsAsked = Annotated[
    Listing[VolumeClaim] | None, Kubernetes("persistentvolumeclaims", wanted_by=("expandable",))
]
ClassesAsked = Annotated[
    Listing[StorageClass] | Failure | None, Beside(Kubernetes("storageclasses", wanted_by=("expandable",)))
]
ScalersAsked = Annotated[
    Listing[Autoscaler] | None,
    Kubernetes("horizontalpodautoscalers", wanted_by=("at_maximum", "replicas")),
]
AtMaximum = Annotated[Samples | Failure | None, Beside(PromQL(_AT_MAXIMUM, over=""), when="at_maximum")]
Kept = Annotated[
    Recording | Failure | None,
    Beside(Recorded("${hpa_current_replicas}", over=("window",)), when="at_maximum"),
]


class HeadroomLimits(Limits):
    """What there has to be room for. What is not set is not looked at.

    `replicas`: so many of each of `workloads`, `more`: so many than now, `surge`: the pods that a rollout of all of
    them adds, `largest`: one more of the largest pod. Each asks for what its template says, at least `cpu` and
    `memory`. `within`: whether nodes or quotas are to hold them, or both. `spare_nodes`: the requests of all pods fit
    without so many of the largest nodes. `expandable`: every claim's StorageClass lets volumes grow. `at_maximum`: for
    which part of `window` an autoscaler may have had its maximum.
    """

    workloads: Scoped[tuple[str, ...]] = ()
    within: Scoped[Literal["nodes", "quotas", "both"]] = "both"
    surge: Scoped[bool] = False
    largest: Scoped[bool] = False
    expandable: Scoped[bool] = False
    replicas: Count | None = None
    more: Count | None = None
    cpu: Cores | None = None
    memory: Bytes | None = None
    spare_nodes: Count | None = None
    at_maximum: AtMost[Percent] | None = None
    window: Duration = Duration.parse("7d")

    @model_validator(mode="after")
    def _looks_at_something(self) -> Self:
        if sum((self.replicas is not None, self.more is not None, self.surge)) > 1:
            raise ValueError("write one of replicas, more and surge")
        other = (self.largest, self.expandable, self.spare_nodes is not None, self.at_maximum is not None)
        if not (self.grows or any(other)):
            raise ValueError("write replicas, more, surge, largest, spare_nodes, expandable or at_maximum")
        return self

    @property
    def grows(self) -> bool:
        return self.replicas is not None or self.more is not None or self.surge

    def further(self, workload: Workload, placed: int) -> int:
        """How many more pods of it there has to be room for."""
        if self.surge:
            return surge(workload)
        if self.more is not None:
            return int(self.more)
        return max(0, int(self.replicas) - placed) if self.replicas is not None else 0


@check("capacity/headroom", title="There is room for what has to grow", level=MEDIUM)
def check_headroom(
    workloads: WorkloadsAsked,
    nodes: NodesAsked,
    pods: EveryPod,
    quotas: QuotasAsked,
    ranges: RangesAsked,
    priorities: PrioritiesAsked,
    claims: ClaimsAsked,
    classes: ClassesAsked,
    autoscalers: ScalersAsked,
    at_maximum: AtMaximum,
    kept: Kept,
    limits: HeadroomLimits,
    examine: Examination,
) -> None:
    """A rollout stops half way, an autoscaler asks in vain, and a full disk cannot be made larger."""
    given = Given(nodes, pods, quotas, ranges, priorities, limits)
    if workloads is not None:
        chosen, missing = named(workloads, limits.workloads)
        able = [one for one in chosen if not isinstance(one, DaemonSet)]
        if limits.grows and limits.within != "quotas":
            _examine_nodes(able, given, autoscalers, limits, examine)
        if limits.grows and limits.within != "nodes":
            _examine_quotas(able, given, limits, examine)
        if limits.largest:
            _examine_largest(able, given, examine)
        for text in missing:
            with examine(referred(text), measured="absent", limit="present"):
                raise AssertionError(absent(workloads, text))
    if limits.spare_nodes is not None:
        _examine_spare(given, int(limits.spare_nodes), examine)
    if claims is not None:
        _examine_claims(claims, classes, examine)
    if autoscalers is not None and limits.at_maximum is not None:
        _examine_at_maximum(autoscalers, at_maximum, kept, limits, examine)


@dataclass(frozen=True)
class Given:
    """What is known of room; what was refused raises where it is needed."""

    nodes: Listing[Node] | Failure | None
    pods: Listing[Pod] | Failure | None
    quotas: Listing[ResourceQuota] | Failure | None
    ranges: Listing[LimitRange] | Failure | None
    priorities: Listing[PriorityClass] | Failure | None
    limits: HeadroomLimits

    def room(self) -> Room:
        nodes, pods = known(self.nodes), known(self.pods)
        for one in (nodes, pods):
            if one.gaps:
                raise raised_from(one.gaps[0])
        if not len(nodes):
            raise Undecided("no node is listed")
        return Room(nodes, pods, nodes.clock.latest)

    def placed(self, workload: Workload) -> int:
        """How many of its pods have a node."""
        members = self._members.get(workload_key(workload), ())
        return sum(bool(pod.node) and not (pod.finished or pod.terminating) for pod in members)

    @cached_property
    def _members(self) -> dict[WorkloadKey, list[Pod]]:
        return by_workload(known(self.pods))

    def demand(self, workload: Workload) -> Demand:
        """One more pod of it, at least as large as the row says."""
        spec = workload.template.spec
        counted = ("requests", "limits") if self._limits_count else ("requests",)
        silent = any(lacks(spec, what, of) for what in ("cores", "bytes") for of in counted)
        ranges = known(self.ranges).within(workload.namespace) if silent else ()
        found = demand(workload, ranges)
        if self._priority_counts:
            found = prioritised(found, known(self.priorities) or ())
        cores = max(found.cores, self.limits.cpu or 0.0)
        return replace(found, cores=cores, bytes=max(found.bytes, self.limits.memory or 0.0))

    @cached_property
    def _limits_count(self) -> bool:
        """Whether a quota counts limits: else nobody needs to know what they are where a template has none."""
        quotas = () if isinstance(self.quotas, Failure) else self.quotas or ()
        return any(key.startswith("limits.") for quota in quotas for key in quota.status.hard)

    @cached_property
    def _priority_counts(self) -> bool:
        """Whether there are placeholders, or quotas that count by it: else nobody needs to know the classes."""
        pods = () if isinstance(self.pods, Failure) else self.pods or ()
        quotas = () if isinstance(self.quotas, Failure) else self.quotas or ()
        return any(pod.node and placeholder(pod) for pod in pods) or any(map(by_priority, quotas))


def _examine_nodes(
    workloads: Sequence[Workload],
    given: Given,
    autoscalers: Listing[Autoscaler] | None,
    limits: HeadroomLimits,
    examine: Examination,
) -> None:
    """All of them find their place together: what one takes is gone for the next."""
    room: Room | None = None
    for workload in sorted(workloads, key=_size, reverse=True):
        if limits.surge and not surge(workload):
            examine.exclude(workload, "its rollout adds no pod")
            continue
        subject = _aspect(workload, "nodes")
        with examine(subject, limit=_needed(workload, limits)) as it:
            room = room or given.room()
            extra = limits.further(workload, given.placed(workload) if limits.replicas is not None else 0)
            found = room.place(given.demand(workload), extra)
            it.measured = f"room for {several(found, 'pod')} more"
            _require_maximum(workload, autoscalers, limits)
            one = given.demand(workload)
            asked = f"{Cores(one.cores)} and {Bytes(one.bytes)}"
            assert found >= extra, f"room for {found} of {several(extra, 'pod')} more, of {asked} each"


def _require_maximum(
    workload: Workload, autoscalers: Listing[Autoscaler] | None, limits: HeadroomLimits
) -> None:
    if autoscalers is None or limits.replicas is None:
        return
    for one in autoscalers.within(workload.namespace):
        if one.target == workload.reference:
            most = one.spec.max_replicas
            assert most >= limits.replicas, f"its autoscaler ends at {most}, {limits.replicas} needed"


def _examine_quotas(
    workloads: Sequence[Workload], given: Given, limits: HeadroomLimits, examine: Examination
) -> None:
    if isinstance(given.quotas, Failure):
        examine.unknown(Subject("resourcequotas", "all"), given.quotas)
        return
    for quota in given.quotas or ():
        own = [one for one in workloads if one.namespace == quota.namespace]
        if own:
            _examine_quota(quota, own, given, limits, examine)


def _examine_quota(
    quota: ResourceQuota,
    workloads: Sequence[Workload],
    given: Given,
    limits: HeadroomLimits,
    examine: Examination,
) -> None:
    with examine(quota, limit="used and added at most hard") as it:
        more = [(given.demand(one), limits.further(one, one.status.replicas)) for one in workloads]
        found = list(lines(quota, more))
        it.measured = _tightest(found)
        refused = [one.key for one in found if one.missing]
        assert not refused, f"pods without {' and '.join(refused)} are refused"
        short = [
            f"{one.key}: {one.used} used and {one.added} more, {one.hard} allowed"
            for one in found
            if not one.fits
        ]
        assert not short, "; ".join(short)


def _tightest(found: Sequence[Line]) -> str:
    if not found:
        return "counts none of these pods"
    one = max(found, key=lambda line: (line.used + line.added) / line.hard if line.hard else math.inf)
    return f"{one.key} {type(one.used)(one.used + one.added)} of {one.hard}"


def _examine_largest(workloads: Sequence[Workload], given: Given, examine: Examination) -> None:
    """The largest pod by each resource: it is the first that finds no node when one is lost."""
    largest = [max(workloads, key=size) for size in (_cores, _bytes)] if workloads else []
    found = {workload_key(one): one for one in largest}
    for workload in found.values():
        subject = _aspect(workload, "largest pod")
        with examine(subject, limit="room for 1 pod more") as it:
            one = given.demand(workload)
            room = given.room().place(one, 1)
            it.measured = f"room for {several(room, 'pod')} more"
            assert room, f"no node has {Cores(one.cores)} and {Bytes(one.bytes)} free for one more of it"


def _examine_spare(given: Given, spare: int, examine: Examination) -> None:
    for what, attribute, unit in (("cpu", "cores", Cores), ("memory", "bytes", Bytes)):
        with examine(Subject("cluster", what)) as it:
            given.room()  # raises when something is not known
            nodes, pods = known(given.nodes), known(given.pods)
            there = [one for one in nodes if one.ready]  # also one that goes: another comes for it
            can = [getattr(one.allocatable, attribute) for one in there]
            if None in can:
                raise Undecided(f"a node does not tell its allocatable {what}")
            left = sum(sorted(can)[: len(can) - spare] if spare else can)
            asked = sum(getattr(pod.spec, f"requested_{attribute}") for pod in pods if reserves(pod))
            lost = several(spare, "node")
            it.measured, it.limit = unit(asked), AtMost.parse(unit(left), unit)
            assert asked <= left * (1 + _SLACK), (
                f"its pods ask for {unit(asked)}; without the largest {lost} {unit(left)} are left"
            )


def _examine_claims(
    claims: Listing[VolumeClaim], classes: Listing[StorageClass] | Failure | None, examine: Examination
) -> None:
    for claim in claims:
        if claim.terminating:
            examine.exclude(claim, "being deleted")
            continue
        with examine(claim, measured=_class_name(claim), limit="allowVolumeExpansion: true"):
            assert claim.spec.storage_class_name != "", "it has no StorageClass: its volume cannot grow"
            storage = class_of(claim, known(classes))
            assert storage is not None, f"there is no StorageClass {_class_name(claim)}"
            assert storage.allow_volume_expansion, f"StorageClass {storage.name} does not allow expansion"


def _class_name(claim: VolumeClaim) -> str:
    name = claim.spec.storage_class_name
    return "the default class" if name is None else name or "none"


def _examine_at_maximum(
    autoscalers: Listing[Autoscaler],
    found: Samples | Failure | None,
    kept: Recording | Failure | None,
    limits: HeadroomLimits,
    examine: Examination,
) -> None:
    for autoscaler in autoscalers:
        if limits.workloads and autoscaler.target not in limits.workloads:
            examine.exclude(autoscaler, "scales a workload that is not asked about")
        elif autoscaler.fixed:
            examine.exclude(autoscaler, "scales nothing: minimum and maximum are the same")
        else:
            with examine(autoscaler, limit=limits.at_maximum) as it:
                share = _share(autoscaler, known(found))
                recorded(known(kept))
                told = f"at its maximum of {autoscaler.spec.max_replicas} for {share} of {limits.window}"
                assert limits.at_maximum is not None
                it.holds(limits.at_maximum, share, f"{told}; {limits.at_maximum} allowed")


def _share(autoscaler: Autoscaler, found: Samples) -> Percent:
    """By the highest of what several exporters tell."""
    told = [
        number(one.value)
        for one in found
        if one.label("horizontalpodautoscaler") == autoscaler.name
        and one.label("namespace") in {"", autoscaler.namespace}
    ]
    if not told:
        raise Undecided("Prometheus has no replicas of this autoscaler")
    return Percent(max(told))


def _aspect(workload: Workload, what: str) -> Subject:
    kind = workload.subject.kind
    return Subject(kind, f"{workload.name} ({what})", workload.namespace, f"{workload.name}/{what}")


def _needed(workload: Workload, limits: HeadroomLimits) -> str:
    if limits.replicas is not None:
        return f"room for {several(limits.replicas, 'pod')} in all"
    return f"room for {several(limits.further(workload, 0), 'pod')} more"


def _size(workload: Workload) -> tuple[float, float]:
    return _cores(workload), _bytes(workload)


def _cores(workload: Workload) -> float:
    return workload.template.spec.requested_cores


def _bytes(workload: Workload) -> float:
    return workload.template.spec.requested_bytes
