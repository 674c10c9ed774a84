"""What nodes use, and what is reserved on them, of what they can give."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, TypeVar

from opsproof import (
    MEDIUM,
    AtLeast,
    AtMost,
    Count,
    Duration,
    Examination,
    Limits,
    Listing,
    Percent,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside
from opsproof.model.failure import Failure
from opsproof.sources.kubernetes.asks import Kubernetes, Nodes, Usage
from opsproof.sources.kubernetes.facts.nodes import Node, NodeUsage, by_object
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.reading.departure import departure

F = TypeVar("F")

Usages = Annotated[
    Listing[NodeUsage] | Failure | None, Beside(Usage("nodes.metrics.k8s.io", wanted_by=("cpu", "memory")))
]
# Only the pods of all namespaces add up to what is reserved on a node.
EveryPod = Annotated[
    Listing[Pod] | Failure | None,
    Beside(Kubernetes("pods", namespace="*", wanted_by=("requested", "requested_lowest"))),
]


class NodeUsageLimits(Limits):
    """Shares of what a node can give to pods (allocatable). `age`: how old a measurement may be.

    `leaving`: how long a node may be about to be taken away; after that it is judged as the others are.
    """

    leaving: Duration = Duration.parse("1h")
    cpu: AtMost[Percent] | None = None
    memory: AtMost[Percent] | None = None
    requested: AtMost[Percent] | None = None
    requested_lowest: AtLeast[Percent] | None = None
    age: AtMost[Duration] = AtMost.parse("2m", Duration)
    grace: Duration = Duration.parse("2m")
    samples: Count = Count(3)
    spacing: Duration = Duration.parse("5s")


@check("capacity/node-usage", title="Nodes use and reserve no more than they should", level=MEDIUM)
def check_node_usage(
    nodes: Nodes, usages: Usages, pods: EveryPod, limits: NodeUsageLimits, examine: Examination
) -> None:
    """A full node slows and evicts the pods on it, and has no room for those of a node that is lost."""
    if usages is None and pods is None:
        raise Undecided("no limit is set; set cpu, memory, requested or requested_lowest")
    used, placed = _given(usages, "usage", examine), _given(pods, "requests", examine)
    measured, reserving = by_object(used or ()), _by_node(placed or ())
    for node in nodes:
        going = departure(node, nodes.clock.latest)
        if going is not None and not going.overdue(nodes.clock.latest, limits.leaving):
            examine.exclude(node, going.why)
            continue
        new = node.created is not None and nodes.age(node.created) < limits.grace
        samples = measured.get(("", node.name), ())
        if used is not None and new and not samples:
            examine.exclude(node, f"younger than {limits.grace}, not measured yet")
        elif used is not None:
            _used(node, samples, used, limits, examine)
        if placed is not None:
            _requested(node, reserving.get(node.name, []), new, limits, examine)


def _given(listing: Listing[F] | Failure | None, what: str, examine: Examination) -> Listing[F] | None:
    """What a source gave; a refusal leaves only its own part undecided."""
    if isinstance(listing, Failure):
        examine.unknown(Subject("nodes", what), listing)
        return None
    return listing


def _used(
    node: Node,
    samples: tuple[NodeUsage, ...],
    usages: Listing[NodeUsage],
    limits: NodeUsageLimits,
    examine: Examination,
) -> None:
    """The lowest of the spaced samples: what the node used all the time."""
    for what, attribute, limit in (("cpu", "cores", limits.cpu), ("memory", "bytes", limits.memory)):
        if limit is None:
            continue
        subject = Subject("node", node.name, key=f"{node.name}/{what}")
        shares = [
            _share(getattr(one.usage, attribute), getattr(node.allocatable, attribute)) for one in samples
        ]
        lowest = min((share for share in shares if share is not None), default=None)
        with examine(subject, measured=lowest, limit=limit) as it:
            if not samples:
                raise Undecided("metrics.k8s.io has no measurement of this node")
            age = usages.age(samples[-1].timestamp)
            if not limits.age.allows(age):
                raise Undecided(f"the last measurement is {age} old; needed: {limits.age}")
            if lowest is None or None in shares:
                raise Undecided(f"no {what} usage or allocatable {what} is reported")
            it.holds(limit, lowest, f"uses {lowest} of its allocatable {what}; needed: {limit}")


def _requested(node: Node, pods: list[Pod], new: bool, limits: NodeUsageLimits, examine: Examination) -> None:
    """Highest by each resource; lowest by the larger of both, since one alone may fill a node."""
    shares = {
        "cpu": _share(sum(pod.spec.requested_cores for pod in pods), node.allocatable.cores),
        "memory": _share(sum(pod.spec.requested_bytes for pod in pods), node.allocatable.bytes),
    }
    for what, share in shares.items():
        if limits.requested is not None:
            subject = Subject("node", node.name, key=f"{node.name}/requested-{what}")
            with examine(subject, measured=share, limit=limits.requested) as it:
                if share is None:
                    raise Undecided(f"no allocatable {what} is reported")
                told = f"{share} of its {what} requested; needed: {limits.requested}"
                it.holds(limits.requested, share, told)
    if limits.requested_lowest is None:
        return
    if new or node.cordoned:
        examine.exclude(node, "new or cordoned: rightly little is placed there")
        return
    highest = max((share for share in shares.values() if share is not None), default=None)
    subject = Subject("node", node.name, key=f"{node.name}/requested-lowest")
    with examine(subject, measured=highest, limit=limits.requested_lowest) as it:
        if highest is None:
            raise Undecided("nothing allocatable is reported")
        lowest = limits.requested_lowest
        it.holds(lowest, highest, f"only {highest} of it is requested; needed: {lowest}")


def _share(amount: float | None, of: float | None) -> Percent | None:
    return Percent(amount / of) if amount is not None and of else None


def _by_node(pods: Iterable[Pod]) -> dict[str, list[Pod]]:
    """The pods that hold a place on a node."""
    placed: dict[str, list[Pod]] = {}
    for pod in pods:
        if pod.node and not pod.finished:
            placed.setdefault(pod.node, []).append(pod)
    return placed
