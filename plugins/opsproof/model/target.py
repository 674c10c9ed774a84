"""One server of an environment, with the identity that it must prove."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec


@dataclass(frozen=True)
class Target:
    """A server as the environment declares it.

    `role` is its key in the environment (`prometheus`, `redis-broker`); `id` names the same server in
    every environment that declares it alike, without a secret: it enters asks, facts and reports.
    `settings` is the kind's own model (`opsproof.environment.targets`); secrets in it are references
    that are resolved by the collector alone. `identity` is what it must prove, by name; empty is shown
    as unverified.
    """

    role: str
    kind: str
    id: str
    settings: Any
    identity: dict[str, str] = field(default_factory=dict)
    budget: Budget = field(default_factory=lambda: Budget())

    def __hash__(self) -> int:
        return hash(self.id)


class Budget(msgspec.Struct, frozen=True):
    """What opsproof may load one target with. Times in seconds, sizes in bytes, rate per second."""

    in_flight: int = 4
    rate: float = 20.0
    deadline: float = 30.0
    max_bytes: int = 256 * 2**20


class TargetReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a run recorded about one target: who it is, who we are there, and its clock."""

    target: str
    kind: str
    role: str
    identity: dict[str, str] = {}
    declared: dict[str, str] = {}
    verified: str = "unverified"
    authenticated_as: str = ""
    version: str = ""
    skew: float | None = None
    failure: str = ""
