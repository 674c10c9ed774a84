"""One server of an environment, with the identity that it must prove."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import astuple, replace

CERTIFICATE = "certificate-sha256"  # the identity that any server with TLS can prove


class Target(msgspec.Struct, frozen=True):
    """A server as the environment declares it.

    `role` is its key in the environment (`prometheus`, `redis-broker`); `id` names the same server in
    every environment that declares it alike, without a secret: it enters asks, facts and reports.
    `settings` is the kind's own model (`opsproof.environment.settings`); secrets in it are references
    that are resolved by the collector alone. `identity` is what it must prove, by name; empty is shown
    as unverified.
    """

    role: str
    kind: str
    id: str
    settings: Any
    identity: dict[str, str] = {}
    budget: Budget = msgspec.field(default_factory=lambda: Budget())

    def __hash__(self) -> int:
        return hash(self.id)


class Budget(msgspec.Struct, frozen=True):
    """What opsproof may load one target with. Times in seconds, sizes in bytes, rate per second."""

    in_flight: int = 4
    rate: float = 20.0
    deadline: float = 30.0
    max_bytes: int = 256 * 2**20


def joined(targets: Iterable[Target]) -> tuple[dict[str, Target], list[str]]:
    """One target per id, and what contradicts. Environments may share a server and declare it differently:
    it must prove all that any of them declares, and is loaded no more than the most careful allows.
    """
    found: dict[str, Target] = {}
    contradictions = []
    for target in targets:
        known = found.setdefault(target.id, target)
        for name in sorted(known.identity.keys() & target.identity.keys()):
            if known.identity[name] != target.identity[name]:
                contradictions.append(
                    f"{target.id}: environments of this run declare {name} "
                    f"{known.identity[name]!r} and {target.identity[name]!r} for the same server"
                )
        budget = Budget(*map(min, astuple(known.budget), astuple(target.budget)))
        found[target.id] = replace(known, identity={**target.identity, **known.identity}, budget=budget)
    return found, list(dict.fromkeys(contradictions))


class TargetReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a run recorded about one target: who it is, who we are there, and its clock.

    `sensitive`: settings that allow rights which give more than is read.
    """

    target: str
    kind: str
    role: str
    identity: dict[str, str] = {}
    declared: dict[str, str] = {}
    verified: str = "unverified"
    authenticated_as: str = ""
    version: str = ""
    skew: float | None = None
    sensitive: tuple[str, ...] = ()
    failure: str = ""
