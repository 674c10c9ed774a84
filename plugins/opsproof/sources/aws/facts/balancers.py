"""Elastic Load Balancing: a load balancer, what it listens to and how, and whether its targets are healthy."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import msgspec

from opsproof.model.moment import Clocked
from opsproof.model.rights import Need
from opsproof.model.subject import Subject
from opsproof.sources.aws.facts.asked import Named


class Listener(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One listener. `protocols`: versions of TLS that its policy allows; None: that is not told.

    `action`: what it does by default: forward, redirect, fixed-response ...; `to`: the protocol it redirects to.
    """

    port: int
    protocol: str
    policy: str = ""
    protocols: tuple[str, ...] | None = None
    action: str = ""
    to: str = ""

    @property
    def secure(self) -> bool:
        """Whether it ends TLS."""
        return self.protocol in {"HTTPS", "TLS"}


class TargetHealth(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One target. `state`: healthy, unhealthy, initial, draining, unused, unavailable ..."""

    name: str
    state: str
    reason: str = ""


class TargetGroup(msgspec.Struct, frozen=True, kw_only=True):
    """What requests are forwarded to."""

    name: str
    targets: tuple[TargetHealth, ...] = ()


class LoadBalancer(Clocked, frozen=True, kw_only=True, omit_defaults=True):
    """One load balancer. `found` False: there is none of that name. None: refused, as `unseen` says.

    `state`: active, provisioning, active_impaired or failed.
    """

    name: str
    found: bool = True
    state: str = ""
    kind: str = ""
    created: datetime | None = None
    listeners: tuple[Listener, ...] | None = None
    groups: tuple[TargetGroup, ...] | None = None
    unseen: tuple[str, ...] = ()

    @property
    def subject(self) -> Subject:
        return Subject("load balancer", self.name)


class LoadBalancerOf(Named, frozen=True, kw_only=True, tag="aws/load-balancer"):
    """A load balancer with its listeners, their policies, and the health of its targets."""

    answer: ClassVar[Any] = LoadBalancer
    needs: ClassVar[tuple[Need, ...]] = tuple(
        Need(f"elasticloadbalancing:Describe{what}")
        for what in ("LoadBalancers", "Listeners", "SSLPolicies", "TargetGroups", "TargetHealth")
    )
