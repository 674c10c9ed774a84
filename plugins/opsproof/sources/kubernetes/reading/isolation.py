"""Which pods may talk to which, by the NetworkPolicies alone."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from opsproof.model.failure import Undecided
from opsproof.sources.kubernetes.facts.network import NetworkPolicy, Peer, PolicyPort
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.selectors import LabelSelector, selects
from opsproof.sources.kubernetes.reading.openness import NAME_LABEL, Allowed, open_to_all

Direction = Literal["Ingress", "Egress"]
DIRECTIONS: tuple[Direction, Direction] = ("Ingress", "Egress")


def isolating(
    policies: Iterable[NetworkPolicy], labels: dict[str, str], namespace: str, direction: Direction
) -> list[NetworkPolicy]:
    """The policies that isolate a pod in that direction; without one everything is allowed to it."""
    return [one for one in policies if direction in one.directions and one.applies(labels, namespace)]


def open_directions(policies: Iterable[NetworkPolicy], allowed: Container[Direction] = ()) -> list[Direction]:
    """Where policies, whose rules add up, let everybody through: their pods are covered, but open.

    In a direction that is `allowed` all pods may be let through, only not what is outside of the cluster.
    """
    every = tuple(policies)
    return [
        direction
        for direction in DIRECTIONS
        if open_to_all(
            (rule for one in every if direction in one.directions for rule in one.rules(direction)),
            all_pods=direction not in allowed,
        )
    ]


def denies_by_default(policy: NetworkPolicy, direction: Direction) -> bool:
    """It isolates every pod of its namespace, also those to come, and is not open itself."""
    everything = policy.spec.pod_selector is not None and policy.spec.pod_selector.selects_all
    return everything and direction in policy.directions and direction not in open_directions([policy])


class Relation(NamedTuple):
    """`api->redis:6379` or `prometheus->*`: names of workloads; without a port every port is meant."""

    source: str
    destination: str
    port: int | None = None

    def __str__(self) -> str:
        return f"{self.source}->{self.destination}" + (f":{self.port}" if self.port else "")

    def covers(self, source: str, destination: str, port: int | None) -> bool:
        """Whether it declares this traffic."""
        return (
            self.source in {source, "*"}
            and self.destination in {destination, "*"}
            and self.port in {port, None}
        )


def declared_open(relations: Iterable[Relation], workload: str) -> frozenset[Direction]:
    """The directions in which relations let a workload talk to all others, on every port (`prometheus->*`)."""
    found: set[Direction] = set()
    for one in relations:
        if one.port is None:
            found |= {"Egress"} if one.source == workload and one.destination == "*" else set()
            found |= {"Ingress"} if one.destination == workload and one.source == "*" else set()
    return frozenset(found)


def parse_relation(text: str) -> Relation:
    """Raises ValueError: not of the form `source->destination:port`."""
    source, arrow, rest = (part.strip() for part in text.partition("->"))
    destination, colon, port = rest.partition(":")
    if not (source and arrow and destination) or (colon and not port.isdigit()):
        raise ValueError(f"{text!r} is not a relation; write it like api->redis:6379 or prometheus->*")
    return Relation(source, destination, int(port) if port else None)


def may_connect(source: Pod, destination: Pod, port: int | None, policies: Sequence[NetworkPolicy]) -> bool:
    """Whether TCP from one pod to the other's port is allowed on both sides; None: to any port.

    Raises:
        Undecided: a rule selects namespaces by labels that are not asked for.
    """
    return _passes(policies, source, destination, destination, port, "Egress") and _passes(
        policies, destination, source, destination, port, "Ingress"
    )


def _passes(
    policies: Sequence[NetworkPolicy],
    here: Pod,
    there: Pod,
    destination: Pod,
    port: int | None,
    direction: Direction,
) -> bool:
    if here.spec.host_network:
        return True
    holding = isolating(policies, here.labels, here.namespace, direction)
    return not holding or any(
        _admits(rule, policy.namespace, there, destination, port)
        for policy in holding
        for rule in policy.rules(direction)
    )


def _admits(rule: Allowed, namespace: str, there: Pod, destination: Pod, port: int | None) -> bool:
    return _on_port(rule.ports, destination, port) and (
        not rule.peers or any(_is_peer(peer, namespace, there) for peer in rule.peers)
    )


def _is_peer(peer: Peer, namespace: str, pod: Pod) -> bool:
    """Blocks of addresses are meant for what is outside of the cluster."""
    if peer.ip_block is not None or pod.spec.host_network:
        return False
    if peer.namespace_selector is None:
        inside = pod.namespace == namespace
    else:
        inside = _selects_namespace(peer.namespace_selector, pod.namespace)
    return inside and (peer.pod_selector is None or selects(peer.pod_selector, pod.labels))


def _selects_namespace(selector: LabelSelector, namespace: str) -> bool:
    """Of a namespace only its name is known, which every namespace carries as a label."""
    asked = {*selector.match_labels, *(one.key for one in selector.match_expressions)}
    if asked - {NAME_LABEL}:
        raise Undecided(
            f"a rule selects namespaces by {', '.join(sorted(asked))}; only their names are known"
        )
    return selector.matches({NAME_LABEL: namespace})


def _on_port(ports: Iterable[PolicyPort], destination: Pod, port: int | None) -> bool:
    given = [one for one in ports if (one.protocol or "TCP") == "TCP"]
    if not tuple(ports):
        return True
    return bool(given) if port is None else any(_is_port(one, destination, port) for one in given)


def _is_port(allowed: PolicyPort, destination: Pod, port: int) -> bool:
    if allowed.port is None:
        return True
    if isinstance(allowed.port, str):
        named = (one for container in destination.spec.all_containers for one in container.ports)
        return any(one.name == allowed.port and one.container_port == port for one in named)
    return allowed.port <= port <= (allowed.end_port or allowed.port)


def workload_name(pod: Pod) -> str:
    """The name that a relation uses for a pod: its workload's, else its own."""
    made_by = pod.workload
    return made_by[1] if made_by else pod.name


def representatives(pods: Iterable[Pod]) -> dict[str, list[Pod]]:
    """By workload name, one pod for each set of labels: policies tell no others apart."""
    groups: dict[str, dict[object, Pod]] = {}
    for pod in pods:
        alike = (pod.namespace, pod.spec.host_network, frozenset(pod.labels.items()))
        groups.setdefault(workload_name(pod), {}).setdefault(alike, pod)
    return {name: list(group.values()) for name, group in groups.items()}


def ports_of(pods: Iterable[Pod]) -> list[int]:
    """The TCP ports that pods declare."""
    return sorted(
        {
            port.container_port
            for pod in pods
            for container in pod.spec.all_containers
            for port in container.ports
            if port.protocol == "TCP"
        }
    )


def allowed_relations(
    groups: Mapping[str, list[Pod]], policies: Sequence[NetworkPolicy]
) -> Iterator[Relation]:
    """Every connection between two workloads that the policies let through, per declared port.

    Raises:
        Undecided: see `may_connect`.
    """
    for source, senders in groups.items():
        for destination, receivers in groups.items():
            for port in ports_of(receivers) if source != destination else ():
                if any(may_connect(one, other, port, policies) for one in senders for other in receivers):
                    yield Relation(source, destination, port)
