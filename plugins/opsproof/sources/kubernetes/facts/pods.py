"""Pods and their containers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import cached_property
from typing import ClassVar

from opsproof.sources.kubernetes.facts.meta import (
    Amounts,
    Condition,
    KubernetesObject,
    Wire,
    find_condition,
)


class Present(Wire, frozen=True):
    """Something is there; what it says is not kept."""


class ProbePort(Wire, frozen=True):
    """Where a probe goes: a number or the name of a container's port."""

    port: int | str
    path: str = ""


class Probe(Wire, frozen=True):
    """A probe; of a command only that there is one."""

    http_get: ProbePort | None = None
    tcp_socket: ProbePort | None = None
    grpc: ProbePort | None = None
    exec: Present | None = None
    period_seconds: int = 0
    timeout_seconds: int = 0
    failure_threshold: int = 0
    initial_delay_seconds: int = 0

    @property
    def port(self) -> int | str | None:
        """None for a command."""
        target = self.http_get or self.tcp_socket or self.grpc
        return target.port if target else None


class ContainerPort(Wire, frozen=True):
    container_port: int
    name: str = ""
    protocol: str = "TCP"


class Resources(Wire, frozen=True):
    requests: Amounts = Amounts()
    limits: Amounts = Amounts()


class Container(Wire, frozen=True):
    """A container as the pod's spec declares it. `restart_policy` Always: a native sidecar."""

    name: str
    image: str = ""
    resources: Resources = Resources()
    ports: tuple[ContainerPort, ...] = ()
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None
    restart_policy: str = ""

    def has_port(self, port: int | str) -> bool:
        """Whether it declares this port, by name or number."""
        return any(port in (declared.name, declared.container_port) for declared in self.ports)


class Waiting(Wire, frozen=True):
    reason: str = ""


class Running(Wire, frozen=True):
    started_at: datetime | None = None


class Terminated(Wire, frozen=True):
    exit_code: int = 0
    reason: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ContainerState(Wire, frozen=True):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Wire, frozen=True):
    """A container as the kubelet reports it."""

    name: str
    ready: bool = False
    started: bool | None = None
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()

    @property
    def waiting_reason(self) -> str:
        return self.state.waiting.reason if self.state.waiting else ""

    @property
    def last_terminated(self) -> Terminated | None:
        """The newest end of this container: of the current state, else of the one before."""
        return self.state.terminated or self.last_state.terminated


class EmptyDir(Wire, frozen=True):
    medium: str = ""


class ClaimSource(Wire, frozen=True):
    claim_name: str


class Volume(Wire, frozen=True):
    """A volume; only these kinds are told apart."""

    name: str = ""
    empty_dir: EmptyDir | None = None
    host_path: Present | None = None
    persistent_volume_claim: ClaimSource | None = None


class PodSpec(Wire, frozen=True):
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    node_name: str = ""
    host_network: bool = False
    volumes: tuple[Volume, ...] = ()
    restart_policy: str = "Always"
    termination_grace_period_seconds: int | None = None
    resources: Resources = Resources()
    overhead: Amounts = Amounts()
    priority: int = 0

    @property
    def sidecars(self) -> tuple[Container, ...]:
        """Init containers that keep running beside the others."""
        if not self.init_containers:  # of most pods, which are asked many times
            return ()
        return tuple(one for one in self.init_containers if one.restart_policy == "Always")

    @property
    def long_running(self) -> tuple[Container, ...]:
        """What must run and be ready while the pod serves: containers and native sidecars."""
        return self.containers + self.sidecars

    @property
    def all_containers(self) -> tuple[Container, ...]:
        return self.init_containers + self.containers

    @property
    def requested_cores(self) -> float:
        """What the scheduler reserves of CPU, in cores."""
        return self.reserved("cores")

    @property
    def requested_bytes(self) -> float:
        """What the scheduler reserves of memory, in bytes."""
        return self.reserved("bytes")

    def reserved(self, what: str, of: str = "requests") -> float:
        """The pod's own request (or limit, `of` limits), else the larger of running and starting it, plus overhead."""
        overhead: float = getattr(self.overhead, what) or 0.0
        whole: float | None = getattr(getattr(self.resources, of), what)
        if whole is not None:
            return whole + overhead
        sidecars = highest = 0.0
        for one in self.init_containers:
            amount: float = getattr(getattr(one.resources, of), what) or 0.0
            if one.restart_policy == "Always":
                sidecars += amount
                highest = max(highest, sidecars)
            else:
                highest = max(highest, sidecars + amount)
        running = sidecars + sum(getattr(getattr(one.resources, of), what) or 0.0 for one in self.containers)
        return max(running, highest) + overhead


class PodStatus(Wire, frozen=True):
    phase: str = ""
    reason: str = ""
    conditions: tuple[Condition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()
    start_time: datetime | None = None


class Pod(KubernetesObject, frozen=True, dict=True, gc=True):
    """A pod. `Running` says nothing about readiness: ask `ready`."""

    kind: ClassVar[str] = "Pod"
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def phase(self) -> str:
        """Pending, Running, Succeeded, Failed or Unknown."""
        return self.status.phase

    @property
    def node(self) -> str:
        return self.spec.node_name

    def condition(self, kind: str) -> Condition | None:
        return find_condition(self.status.conditions, kind)

    @property
    def ready(self) -> bool:
        condition = self.condition("Ready")
        return condition is not None and condition.is_true

    @property
    def ready_since(self) -> datetime | None:
        """When the condition Ready last changed, to either side."""
        condition = self.condition("Ready")
        return condition.last_transition_time if condition else None

    @property
    def finished(self) -> bool:
        """Ended for good: its containers will not run again."""
        return self.phase in {"Succeeded", "Failed"}

    @property
    def leftover(self) -> bool:
        """A Failed pod that its node put away (Evicted, Shutdown, ...); its workload has replaced it."""
        return self.phase == "Failed" and self.status.reason in _PUT_AWAY

    @property
    def of_job(self) -> bool:
        owner = self.owner
        return owner is not None and owner.kind == "Job"

    @property
    def statuses(self) -> dict[str, ContainerStatus]:
        """By container name, init containers included."""
        every = self.status.init_container_statuses + self.status.container_statuses
        return {one.name: one for one in every}

    def running_containers(self) -> Iterator[tuple[Container, ContainerStatus | None]]:
        """Containers and native sidecars with their status."""
        statuses = self.statuses
        for container in self.spec.long_running:
            yield container, statuses.get(container.name)

    @cached_property  # asked of every pod a dozen times
    def workload(self) -> tuple[str, str] | None:
        """Kind and name of what made the pod: Deployment rather than ReplicaSet, CronJob rather than Job.

        Read off the pod alone (a ReplicaSet's name ends with the template's hash, a CronJob's Job with the
        scheduled minute); None for a bare pod.
        """
        owner = self.owner
        if owner is None:
            return None
        if owner.kind == "ReplicaSet":
            name, _, end = owner.name.rpartition("-")
            if end and end == self.metadata.labels.get("pod-template-hash"):
                return "Deployment", name
        if owner.kind == "Job" and (match := _SCHEDULED.fullmatch(owner.name)) and self._may_be_of(match[2]):
            return "CronJob", match[1]
        return owner.kind, owner.name

    def _may_be_of(self, digits: str) -> bool:
        """Whether they are a moment at which a CronJob can have made this pod: minutes, once seconds.

        A date does not: 20261121 would be minutes of 2008, and 2026112109 seconds yet to come.
        """
        minutes = len(digits) < 10
        scheduled = int(digits) * (60 if minutes else 1)
        latest = self.created.timestamp() + 60 if self.created else math.inf
        return _FIRST_CRON_JOBS < scheduled < (latest if minutes else min(latest, _LAST_IN_SECONDS))

    @property
    def key(self) -> str:
        """`deployment/api`; "" for a bare pod and for a StatefulSet's, whose names are stable."""
        made_by = self.workload
        if made_by is None or made_by[0] in {"StatefulSet", "Node"}:
            return ""
        return f"{made_by[0].lower()}/{made_by[1]}"


_SCHEDULED = re.compile(r"(.+)-(\d{8,10})")
_FIRST_CRON_JOBS = datetime(2015, 1, 1, tzinfo=timezone.utc).timestamp()
_LAST_IN_SECONDS = datetime(2026, 1, 1, tzinfo=timezone.utc).timestamp()
_PUT_AWAY = frozenset(
    {"Evicted", "NodeLost", "Shutdown", "Terminated", "NodeShutdown", "NodeAffinity", "Preempting"}
)
