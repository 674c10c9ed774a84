"""What scales nodes (Cluster Autoscaler, Karpenter), and KEDA's ScaledObjects."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec

from opsproof.sources.kubernetes.facts.meta import Condition, KubernetesObject, Wire, find_condition


class StatusData(Wire, frozen=True):
    """Of the ConfigMap's data, the one key that is kept."""

    status: str = ""


class AutoscalerStatus(KubernetesObject, frozen=True):
    """The ConfigMap in which the Cluster Autoscaler writes how it is, every few seconds."""

    kind: ClassVar[str] = "ConfigMap"
    data: StatusData = StatusData()


class PoolStatus(Wire, frozen=True):
    conditions: tuple[Condition, ...] | None = None


class NodePool(KubernetesObject, frozen=True):
    """Karpenter's: which nodes it may make."""

    kind: ClassVar[str] = "NodePool"
    status: PoolStatus = PoolStatus()

    def condition(self, kind: str) -> Condition | None:
        return find_condition(self.status.conditions, kind)


class NodeClaim(KubernetesObject, frozen=True):
    """A node that Karpenter has asked a cloud for; Ready when it has joined."""

    kind: ClassVar[str] = "NodeClaim"
    status: PoolStatus = PoolStatus()

    def condition(self, kind: str) -> Condition | None:
        return find_condition(self.status.conditions, kind)


class Trigger(Wire, frozen=True):
    """What it scales by; of its settings nothing is kept, which hold addresses and queries."""

    type: str = ""


class ScaledTarget(Wire, frozen=True):
    """Without kind it is a Deployment."""

    name: str = ""
    kind: str = ""


class ScaledSpec(Wire, frozen=True):
    scale_target_ref: ScaledTarget = ScaledTarget()
    triggers: tuple[Trigger, ...] | None = None


class ScaledStatus(Wire, frozen=True):
    hpa_name: str = ""
    conditions: tuple[Condition, ...] | None = None


class ScaledObject(KubernetesObject, frozen=True):
    """KEDA's: it makes an autoscaler of its own, and feeds it."""

    kind: ClassVar[str] = "ScaledObject"
    spec: ScaledSpec = ScaledSpec()
    status: ScaledStatus = ScaledStatus()

    @property
    def target(self) -> str:
        """What it scales, as runbook rows write it: `deployment/worker`."""
        of = self.spec.scale_target_ref
        return f"{(of.kind or 'Deployment').lower()}/{of.name}"

    def condition(self, kind: str) -> Condition | None:
        """Ready, Active, Fallback or Paused."""
        return find_condition(self.status.conditions, kind)


class ReportedHealth(msgspec.Struct, frozen=True):
    """What the Cluster Autoscaler says of the whole cluster."""

    health: str
    written: datetime | None = None
    running: bool = True
    backing_off: tuple[str, ...] = ()
