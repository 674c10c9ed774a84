"""Whether rules of NetworkPolicies, which add up, let everybody through to every TCP port."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import TypeVar

from opsproof.model.failure import Undecided
from opsproof.sources.kubernetes.facts.network import (
    EgressAllowed,
    IngressAllowed,
    IpBlock,
    Peer,
    PolicyPort,
)
from opsproof.sources.kubernetes.facts.selectors import LabelSelector

Allowed = IngressAllowed | EgressAllowed
N = TypeVar("N", IPv4Network, IPv6Network)
NAME_LABEL = "kubernetes.io/metadata.name"
_PORTS = (1, 65535)
# A hole for one service's address leaves a block open; one for the private ranges (10.0.0.0/8) does not.
_NEARLY_ALL = 0.999


def open_to_all(rules: Iterable[Allowed], *, all_pods: bool = True) -> bool:
    """Whether any peer may use any TCP port, by one rule or by several together.

    Args:
        rules: what is allowed in one direction.
        all_pods: whether every pod of the cluster counts for everybody.

    Raises:
        Undecided: a block of addresses cannot be read.
    """
    ranged = [(list(_ranges(rule.ports)), rule.peers) for rule in rules]
    ports = {_PORTS[0]} | {
        end for ranges, _ in ranged for low, high in ranges for end in (low, high + 1) if end <= _PORTS[1]
    }
    return bool(ranged) and all(
        _everybody(
            [peers for ranges, peers in ranged if any(low <= port <= high for low, high in ranges)], all_pods
        )
        for port in ports
    )


def _ranges(ports: tuple[PolicyPort, ...]) -> Iterator[tuple[int, int]]:
    """The TCP ports of a rule; a named port is one of them, wherever, and opens no other."""
    if not ports:
        yield _PORTS
    for one in ports:
        if (one.protocol or "TCP") == "TCP" and not isinstance(one.port, str):
            yield _PORTS if one.port is None else (one.port, one.end_port or one.port)


def _everybody(rules: list[tuple[Peer, ...]], all_pods: bool) -> bool:
    """Whether the peers of these rules are everybody: no peers, all pods, or nearly all addresses."""
    peers = [peer for rule in rules for peer in rule]
    if any(not rule for rule in rules) or (all_pods and any(_all_pods(peer) for peer in peers)):
        return True
    blocks = [block for peer in peers if peer.ip_block is not None for block in _left(peer.ip_block)]
    return _nearly_all([one for one in blocks if isinstance(one, IPv4Network)]) or _nearly_all(
        [one for one in blocks if isinstance(one, IPv6Network)]
    )


def _all_pods(peer: Peer) -> bool:
    """Every pod of every namespace. Without a namespace selector only the policy's own is meant."""
    spaces = peer.namespace_selector
    return (
        spaces is not None
        and _every_namespace(spaces)
        and (peer.pod_selector is None or peer.pod_selector.selects_all)
    )


def _every_namespace(selector: LabelSelector) -> bool:
    """`{}`, or only that the label with its name exists, which every namespace bears."""
    return not selector.match_labels and all(
        one.operator == "Exists" and one.key == NAME_LABEL for one in selector.match_expressions
    )


def _left(block: IpBlock) -> list[IPv4Network] | list[IPv6Network]:
    """The block without its exceptions."""
    whole = _network(block.cidr)
    holes = [_network(text) for text in block.excluded]
    if isinstance(whole, IPv4Network):
        return _without(whole, [one for one in holes if isinstance(one, IPv4Network)])
    return _without(whole, [one for one in holes if isinstance(one, IPv6Network)])


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise Undecided(f"{text!r} is no block of addresses") from None


def _without(whole: N, holes: list[N]) -> list[N]:
    left = [whole]
    for hole in holes:
        left = [
            part
            for one in left
            if not one.subnet_of(hole)
            for part in (one.address_exclude(hole) if hole.subnet_of(one) else (one,))
        ]
    return left


def _nearly_all(blocks: list[N]) -> bool:
    covered = sum(one.num_addresses for one in collapse_addresses(blocks))
    return bool(blocks) and covered >= _NEARLY_ALL * 2 ** blocks[0].max_prefixlen
