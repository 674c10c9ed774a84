"""Listeners and targets, of Elastic Load Balancing's answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from opsproof.model.failure import BadAnswer
from opsproof.model.text import cut
from opsproof.sources.aws.facts.balancers import Listener, TargetGroup, TargetHealth
from opsproof.sources.aws.reading.values import inner, needed, number, part, parts, text

Protocols = Mapping[str, tuple[str, ...]]


def listener(told: Any, protocols: Protocols) -> Listener:
    """`protocols`: by the name of a policy. Raises BadAnswer."""
    one = part(told)
    port, policy = number(one, "Port"), text(one, "SslPolicy")
    if port is None:
        raise BadAnswer("a listener without a port")
    first = next(parts(one, "DefaultActions"), {})
    return Listener(
        port=port,
        protocol=needed(one, "Protocol"),
        policy=policy,
        protocols=protocols.get(policy),
        action=text(first, "Type"),
        to=text(inner(first, "RedirectConfig"), "Protocol"),
    )


def policies(told: Iterable[Any]) -> dict[str, tuple[str, ...]]:
    """The versions of TLS that each policy allows. Raises BadAnswer."""
    return {needed(part(one), "Name"): tuple(_versions(part(one))) for one in told}


def _versions(one: Mapping[str, Any]) -> list[str]:
    found = one.get("SslProtocols")
    if not isinstance(found, list) or not found:
        raise BadAnswer("a policy without protocols")
    return sorted(cut(str(version), 32) for version in found)


def targets(name: str, told: Iterable[Any]) -> TargetGroup:
    """Raises BadAnswer."""
    return TargetGroup(name=name, targets=tuple(_target(part(one)) for one in told))


def _target(one: Mapping[str, Any]) -> TargetHealth:
    target, health = inner(one, "Target"), inner(one, "TargetHealth")
    port = number(target, "Port")
    return TargetHealth(
        name=needed(target, "Id") + (f":{port}" if port is not None else ""),
        state=needed(health, "State"),
        reason=text(health, "Reason"),
    )
