"""Nodes, their heartbeats, and the usage that metrics.k8s.io reports of nodes and pods."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, TypeVar

from opsproof.sources.kubernetes.facts.meta import Amounts, Condition, KubernetesObject, Wire, find_condition

# Put on a node that is about to go: by the cluster autoscaler, Karpenter, the spot notices of GKE, EKS, AKS.
LEAVING_TAINTS = frozenset(
    {
        "ToBeDeletedByClusterAutoscaler",
        "karpenter.sh/disrupted",
        "karpenter.sh/disruption",
        "cloud.google.com/impending-node-termination",
        "aws-node-termination-handler/spot-itn",
        "aws-node-termination-handler/scheduled-maintenance",
        "aws-node-termination-handler/asg-lifecycle-termination",
        "aws-node-termination-handler/rebalance-recommendation",
        "kubernetes.azure.com/scheduledevent",
    }
)
# A kubelet writes its first conditions a moment after it has made its node.
_JOINING = timedelta(seconds=10)
_CORDONED = "node.kubernetes.io/unschedulable"
PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")
# Conditions that others add and that are good when True: k3s and RKE2 on members of etcd, old kubelets. EKS'
# node monitoring agent adds several whose names end with Ready.
_GOOD_WHEN_TRUE = frozenset({"EtcdIsVoter", "KubeletConfigOk"})
_EVICTING = "node.kubernetes.io/"
_ZONES = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")


class Taint(Wire, frozen=True):
    key: str
    value: str = ""
    effect: str = ""
    time_added: datetime | None = None


class NodeSpec(Wire, frozen=True):
    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()


class NodeStatus(Wire, frozen=True):
    conditions: tuple[Condition, ...] = ()
    allocatable: Amounts = Amounts()
    capacity: Amounts = Amounts()


class Node(KubernetesObject, frozen=True):
    kind: ClassVar[str] = "Node"
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    def condition(self, kind: str) -> Condition | None:
        return find_condition(self.status.conditions, kind)

    @property
    def ready(self) -> bool:
        """Ready=Unknown (the kubelet is silent) is not ready."""
        condition = self.condition("Ready")
        return condition is not None and condition.is_true

    def since_joining(self, condition: Condition) -> bool:
        """Whether the condition is as it was when the node joined: it has not been otherwise yet."""
        created, changed = self.created, condition.last_transition_time
        return created is not None and changed is not None and abs(changed - created) <= _JOINING

    @property
    def zone(self) -> str:
        """Where it stands, also by the label of older clusters; "" where nobody says."""
        return next((self.labels[name] for name in _ZONES if self.labels.get(name)), "")

    @property
    def cordoned(self) -> bool:
        return self.spec.unschedulable

    @property
    def cordoned_since(self) -> datetime | None:
        """When the node controller saw it cordoned; None before that."""
        return next((taint.time_added for taint in self.spec.taints if taint.key == _CORDONED), None)

    @property
    def pressures(self) -> tuple[Condition, ...]:
        """The bad conditions that hold, or are not known: memory, disk, process ids, network."""
        return tuple(one for one in self.status.conditions if one.type in PRESSURES and one.status != "False")

    @property
    def troubles(self) -> tuple[Condition, ...]:
        """What others than the kubelet report of it and is bad: KernelDeadlock=True, StorageReady=False."""
        own = ("Ready", *PRESSURES)
        return tuple(one for one in self.status.conditions if one.type not in own and _is_bad(one))

    @property
    def evicting(self) -> tuple[Taint, ...]:
        """The node's own taints that evict pods: unreachable, not-ready, out-of-service."""
        return tuple(
            taint
            for taint in self.spec.taints
            if taint.effect == "NoExecute" and taint.key.startswith(_EVICTING)
        )

    @property
    def leaving(self) -> Taint | None:
        """The taint that says the node is about to be taken away on purpose."""
        return next((taint for taint in self.spec.taints if taint.key in LEAVING_TAINTS), None)

    @property
    def allocatable(self) -> Amounts:
        return self.status.allocatable


def _is_bad(condition: Condition) -> bool:
    """Problems are True; readiness is bad when False."""
    if condition.type.endswith("Ready"):
        return condition.status == "False"
    return condition.is_true and condition.type not in _GOOD_WHEN_TRUE


class LeaseSpec(Wire, frozen=True):
    holder_identity: str | None = None
    renew_time: datetime | None = None
    lease_duration_seconds: int | None = None


class Lease(KubernetesObject, frozen=True):
    """A lease of the namespace kube-node-lease has its node's name; the kubelet renews it."""

    kind: ClassVar[str] = "Lease"
    spec: LeaseSpec = LeaseSpec()

    @property
    def renewed(self) -> datetime | None:
        return self.spec.renew_time


class NodeUsage(KubernetesObject, frozen=True):
    """What a node used over `window` up to `timestamp`; memory is the working set."""

    kind: ClassVar[str] = "NodeMetrics"
    timestamp: datetime
    window: str = ""
    usage: Amounts = Amounts()


class ContainerUsage(Wire, frozen=True):
    name: str
    usage: Amounts = Amounts()


class PodUsage(KubernetesObject, frozen=True):
    """What a pod's running containers used over `window` up to `timestamp`."""

    kind: ClassVar[str] = "PodMetrics"
    timestamp: datetime
    window: str = ""
    containers: tuple[ContainerUsage, ...] | None = None


U = TypeVar("U", NodeUsage, PodUsage)


def by_object(usages: Iterable[U]) -> dict[tuple[str, str], tuple[U, ...]]:
    """Namespace and name -> the object's samples, oldest first."""
    grouped: dict[tuple[str, str], list[U]] = {}
    for usage in usages:
        grouped.setdefault((usage.namespace, usage.name), []).append(usage)
    return {who: tuple(sorted(samples, key=lambda one: one.timestamp)) for who, samples in grouped.items()}
