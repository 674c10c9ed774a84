"""Health of the nodes."""

from __future__ import annotations

from typing import Annotated

from opsproof import (
    CRITICAL,
    AtMost,
    Count,
    Duration,
    Examination,
    Limits,
    Listing,
    Moment,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside
from opsproof.model.failure import Failure
from opsproof.sources.kubernetes.asks import Kubernetes, Nodes
from opsproof.sources.kubernetes.facts.meta import Condition
from opsproof.sources.kubernetes.facts.nodes import Lease, Node
from opsproof.sources.kubernetes.reading.departure import departure

LEASES = "kube-node-lease"
Leases = Annotated[Listing[Lease] | Failure, Beside(Kubernetes("leases", namespace=LEASES))]


class NodeLimits(Limits):
    """`grace` is for nodes that join and for cordoned ones, which are being worked on: for no others.

    `leaving`: how long a node may be about to be taken away; after that it is judged as the others are.
    `harmless`: conditions that others than the kubelet report, and that may be True.
    """

    harmless: Scoped[tuple[str, ...]] = ()
    leaving: Duration = Duration.parse("1h")
    heartbeat: AtMost[Duration] = AtMost.parse("5m", Duration)
    grace: Duration = Duration.parse("5m")
    cordoned: AtMost[Count] | None = None


@check("health/nodes-ready", title="Every node is ready and reports", level=CRITICAL)
def check_nodes(nodes: Nodes, leases: Leases, limits: NodeLimits, examine: Examination) -> None:
    """A node that is not ready, or silent, takes its pods with it and leaves less room for the others."""
    staying = [node for node in nodes if _stays(node, nodes, limits, examine)]
    for node in staying:
        if _ready(node, nodes, limits, examine):
            _evicting(node, nodes, limits, examine)
            _heartbeat(node, nodes, leases, limits, examine)
    _cordoned([node for node in staying if node.cordoned], nodes, limits, examine)


def _stays(node: Node, nodes: Listing[Node], limits: NodeLimits, examine: Examination) -> bool:
    """Autoscalers and spot markets take nodes away on purpose, and soon."""
    now = nodes.clock.latest
    going = departure(node, now)
    if going is None:
        return True
    if not going.overdue(now, limits.leaving):
        examine.exclude(node, going.why)
        return False
    examine.note(f"{node.subject} is {going.why} for longer than {limits.leaving}: judged as one that stays")
    return True


def _ready(node: Node, nodes: Listing[Node], limits: NodeLimits, examine: Examination) -> bool:
    ready = node.condition("Ready")
    troubles = tuple(one for one in node.troubles if one.type not in limits.harmless)
    bad = [*([ready] if ready and not ready.is_true else []), *node.pressures, *troubles]
    since, grace = _since(node, nodes, bad, limits)
    with examine(
        node,
        measured=_shown([ready] if ready and not bad else bad) or "no condition Ready",
        limit="Ready=True, no pressure, no problem",
        since=since,
        grace=grace,
    ):
        assert ready is not None, "the condition Ready is not reported; needed: True"
        assert ready.is_true, f"Ready={ready.status} ({ready.reason}); needed: True"
        assert not node.pressures, f"{_shown(node.pressures)}; needed: all False"
        assert not troubles, f"a problem is reported: {_reasons(troubles)}; needed: none"
    return ready is not None and ready.is_true


def _since(
    node: Node, nodes: Listing[Node], bad: list[Condition], limits: NodeLimits
) -> tuple[Moment | None, Duration | None]:
    """When it went bad and where that is read; grace only for a new node and for a cordoned one."""
    began = min((one.last_transition_time for one in bad if one.last_transition_time), default=None)
    if node.created is not None and all(node.since_joining(one) for one in bad):
        return nodes.moment(node.created, "the node's creation"), limits.grace
    named = f"condition {bad[0].type}" if bad else ""
    return nodes.moment(began, named), limits.grace if node.cordoned else None


def _shown(conditions: list[Condition] | tuple[Condition, ...]) -> str:
    return ", ".join(f"{one.type}={one.status}" for one in conditions)


def _reasons(conditions: tuple[Condition, ...]) -> str:
    return ", ".join(
        f"{one.type}={one.status}" + (f" ({one.reason})" if one.reason else "") for one in conditions
    )


def _evicting(node: Node, nodes: Listing[Node], limits: NodeLimits, examine: Examination) -> None:
    """The node controller takes these taints off a ready node in a moment; one that stays empties it."""
    ready = node.condition("Ready")
    recovered = ready.last_transition_time if ready else None
    for taint in node.evicting:
        began = max(filter(None, (taint.time_added, recovered)), default=None)
        with examine(
            Subject("node", node.name, key=f"{node.name}/{taint.key}"),
            measured=f"taint {taint.key}:{taint.effect}",
            limit="no taint that evicts",
            since=nodes.moment(began if taint.time_added else None, f"taint {taint.key}"),
            grace=limits.grace,
        ):
            raise AssertionError(f"ready, and its taint {taint.key} evicts every pod; needed: none that does")


def _heartbeat(
    node: Node,
    nodes: Listing[Node],
    leases: Listing[Lease] | Failure,
    limits: NodeLimits,
    examine: Examination,
) -> None:
    """How old the kubelet's word is, by the server's clock: Ready=True of a silent one is worth nothing."""
    subject = Subject("node", node.name, key=f"{node.name}/heartbeat")
    if isinstance(leases, Failure):
        examine.unknown(subject, leases)
        return
    beat = _beat(node, nodes, leases)
    age = beat.clock.age(beat.at) if beat is not None else None
    with examine(subject, measured=age, limit=limits.heartbeat, since=beat) as it:
        if age is None:
            raise Undecided("neither a lease nor a heartbeat is reported")
        it.holds(limits.heartbeat, age, f"last heartbeat {age} ago; needed: {limits.heartbeat}")


def _beat(node: Node, nodes: Listing[Node], leases: Listing[Lease]) -> Moment | None:
    """The last heartbeat: of the lease, else of the node's own status."""
    lease = next((one for one in leases if one.name == node.name), None)
    if lease is not None and lease.renewed is not None:
        return leases.moment(lease.renewed, "its lease")
    ready = node.condition("Ready")
    return nodes.moment(ready.last_heartbeat_time, "condition Ready") if ready is not None else None


def _cordoned(cordoned: list[Node], nodes: Listing[Node], limits: NodeLimits, examine: Examination) -> None:
    """A node is cordoned for a while on purpose; forgotten ones are what a limit looks for."""
    if cordoned:
        examine.note(f"cordoned: {', '.join(node.name for node in cordoned)}")
    if limits.cordoned is None:
        return
    count = Count(len(cordoned))
    if not cordoned:
        with examine(Subject("cluster", "cordoned nodes")) as it:
            it.holds(limits.cordoned, count)
    for node in cordoned:
        with examine(
            Subject("node", node.name, key=f"{node.name}/cordoned"),
            measured=count,
            limit=limits.cordoned,
            since=nodes.moment(node.cordoned_since, "taint node.kubernetes.io/unschedulable"),
            grace=limits.grace,
        ) as it:
            it.holds(limits.cordoned, count, f"cordoned, one of {count}; needed: {limits.cordoned}")
