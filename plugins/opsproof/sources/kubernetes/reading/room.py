"""Room on nodes: what is free, and how many more pods of a template find a place there.

As the scheduler decides it for CPU, memory and the number of pods, node selectors and required node affinity,
taints, required anti-affinity and spreads that forbid. Placeholders give way to whom the scheduler lets preempt
them. It knows nothing of volumes that bind a pod to a zone, host ports, other resources such as GPUs, and what
preemption of pods that are no placeholders would make room for: they are somebody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from opsproof.model.failure import Undecided
from opsproof.sources.kubernetes.facts.nodes import Node, Taint
from opsproof.sources.kubernetes.facts.placement import (
    NodeRequirement,
    PodTerm,
    Spread,
    TemplateSpec,
    Toleration,
)
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.selectors import Expression, LabelSelector, selects
from opsproof.sources.kubernetes.reading.departure import departure

_FORBIDDING = frozenset({"NoSchedule", "NoExecute"})
# Rounding of sums of quantities.
_SLACK = 1e-6


@dataclass(frozen=True)
class Demand:
    """One more pod: where it belongs, what it is labelled with, where it may go, what it asks for, whom it displaces."""

    namespace: str
    labels: Mapping[str, str]
    spec: TemplateSpec
    cores: float
    bytes: float
    priority: int = 0
    preempts: bool = True

    def displaces(self, pod: Pod) -> bool:
        return self.preempts and pod.spec.priority < self.priority


@dataclass
class Place:
    """A node that takes pods, and what is free on it but for the `placeholders`."""

    node: Node
    cores: float
    bytes: float
    pods: float
    labels: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    placeholders: list[Pod] = field(default_factory=list)

    def holds(self, demand: Demand) -> bool:
        staying = [pod.spec for pod in self.placeholders if not demand.displaces(pod)]
        cores = self.cores - sum(spec.requested_cores for spec in staying)
        free = self.bytes - sum(spec.requested_bytes for spec in staying)
        return (
            self.pods - len(staying) >= 1 and cores + _SLACK >= demand.cores and free + _SLACK >= demand.bytes
        )

    def take(self, demand: Demand) -> None:
        self.cores -= demand.cores
        self.bytes -= demand.bytes
        self.pods -= 1
        self.labels.append((demand.namespace, demand.labels))


class Room:
    """What is free on the nodes that take pods, less what is placed meanwhile.

    Args:
        nodes: all of them.
        pods: of all namespaces.
        now: by the cluster's clock.
    """

    def __init__(self, nodes: Iterable[Node], pods: Iterable[Pod], now: datetime) -> None:
        self._places = {
            node.name: Place(
                node,
                node.allocatable.cores or 0.0,
                node.allocatable.bytes or 0.0,
                node.allocatable.number or 0.0,
            )
            for node in nodes
            if node.ready and not node.cordoned and departure(node, now) is None
        }
        for pod in pods:
            place = self._places.get(pod.node)
            if place is None or pod.finished:
                continue
            if placeholder(pod):
                place.placeholders.append(pod)
                continue
            place.cores -= pod.spec.requested_cores
            place.bytes -= pod.spec.requested_bytes
            place.pods -= 1
            if not pod.terminating:
                place.labels.append((pod.namespace, pod.labels))

    @property
    def places(self) -> tuple[Place, ...]:
        return tuple(self._places.values())

    def place(self, demand: Demand, count: int) -> int:
        """Place so many pods, and keep their place; how many found one.

        Raises:
            Undecided: it asks for what is not looked at here.
        """
        affinity = demand.spec.affinity
        if affinity is not None and affinity.pod_affinity is not None and affinity.pod_affinity.required:
            raise Undecided("its pods must be placed beside others (podAffinity), which is not looked at")
        fitting = [
            one for one in self.places if _selected(one.node, demand.spec) and _let_in(one.node, demand.spec)
        ]
        for placed in range(count):
            barred, open_ = self._barred(demand), self._open(demand)
            found = [
                one
                for one in fitting
                if one.holds(demand)
                and not any(one.node.labels.get(key) in domains for key, domains in barred)
                and all(one.node.labels.get(key) in domains for key, domains in open_)
            ]
            if not found:
                return placed
            max(found, key=lambda one: (one.cores, one.bytes)).take(demand)
        return count

    def _barred(self, demand: Demand) -> list[tuple[str, set[str]]]:
        """By topology key the domains in which something is that it must not be beside."""
        affinity = demand.spec.affinity
        terms = affinity.pod_anti_affinity.required if affinity and affinity.pod_anti_affinity else ()
        return [
            (
                term.topology_key,
                {
                    domain
                    for place in self.places
                    if (domain := place.node.labels.get(term.topology_key)) is not None
                    and any(_meant(term, namespace, labels, demand) for namespace, labels in place.labels)
                },
            )
            for term in terms
        ]

    def _open(self, demand: Demand) -> list[tuple[str, set[str]]]:
        """By topology key the domains in which one more pod is not too many."""
        found: list[tuple[str, set[str]]] = []
        for one in demand.spec.topology_spread_constraints:
            if not one.forbids:
                continue
            counts: dict[str, int] = {}
            for place in self.places:
                domain = place.node.labels.get(one.topology_key)
                if domain is not None and _counts(one, place.node, demand.spec):
                    counts[domain] = counts.get(domain, 0) + _alike(place, one.label_selector, demand)
            least = min(counts.values(), default=0) if len(counts) >= (one.min_domains or 1) else 0
            below = least + one.max_skew
            found.append((one.topology_key, {domain for domain, count in counts.items() if count < below}))
        return found


def _alike(place: Place, selector: LabelSelector | None, demand: Demand) -> int:
    return sum(
        namespace == demand.namespace and selects(selector, labels) for namespace, labels in place.labels
    )


def _meant(term: PodTerm, namespace: str, labels: Mapping[str, str], demand: Demand) -> bool:
    """Whether a term speaks of a pod there; one that selects namespaces by their labels, of every namespace."""
    here = (
        namespace in term.namespaces
        if term.namespaces
        else namespace == demand.namespace or term.namespace_selector is not None
    )
    return here and selects(term.label_selector, labels)


def _counts(spread: Spread, node: Node, spec: TemplateSpec) -> bool:
    """Whether a node is one of those that a spread is over: by itself, also one whose taint keeps the pod out."""
    chosen = spread.node_affinity_policy == "Ignore" or _selected(node, spec)
    return chosen and (spread.node_taints_policy != "Honor" or _let_in(node, spec))


def _let_in(node: Node, spec: TemplateSpec) -> bool:
    """Whether its taints let the pod onto the node."""
    return all(_tolerated(taint, spec.tolerations) for taint in node.spec.taints)


def _selected(node: Node, spec: TemplateSpec) -> bool:
    """Whether selectors and affinity lead the pod to the node."""
    if any(node.labels.get(name) != value for name, value in spec.node_selector.items()):
        return False
    affinity = spec.affinity.node_affinity.required if spec.affinity and spec.affinity.node_affinity else None
    if affinity is None:
        return True
    return any(
        (term.match_expressions or term.match_fields)
        and all(_meets(one, node.labels) for one in term.match_expressions)
        and all(_meets(one, {"metadata.name": node.name}) for one in term.match_fields)
        for term in affinity.node_selector_terms
    )


def _tolerated(taint: Taint, tolerations: Sequence[Toleration]) -> bool:
    return taint.effect not in _FORBIDDING or any(_matches(one, taint) for one in tolerations)


def _matches(toleration: Toleration, taint: Taint) -> bool:
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.operator == "Exists":
        return not toleration.key or toleration.key == taint.key
    return toleration.key == taint.key and toleration.value == taint.value


def _meets(wanted: NodeRequirement, labels: Mapping[str, str]) -> bool:
    """As a label selector, and beside it Gt and Lt of whole numbers."""
    if wanted.operator not in {"Gt", "Lt"}:
        return Expression(key=wanted.key, operator=wanted.operator, values=wanted.values).matches(labels)
    found, bound = labels.get(wanted.key, ""), next(iter(wanted.values), "")
    if not (found.lstrip("-").isdigit() and bound.lstrip("-").isdigit()):
        return False
    return int(found) > int(bound) if wanted.operator == "Gt" else int(found) < int(bound)


def reserves(pod: Pod) -> bool:
    """Whether it holds room on a node that is not meant for others."""
    return bool(pod.node) and not pod.finished and not placeholder(pod)


def placeholder(pod: Pod) -> bool:
    """Those of negative priority make room for others."""
    return pod.spec.priority < 0
