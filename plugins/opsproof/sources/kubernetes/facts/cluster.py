"""The cluster itself: readiness, version, namespaces, aggregated APIs, and its rules for Prometheus."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec

from opsproof.sources.kubernetes.facts.meta import Condition, KubernetesObject, Wire, find_condition


class ReadyPart(msgspec.Struct, frozen=True):
    """One line of `/readyz?verbose`."""

    name: str
    ok: bool


class ServerReadiness(msgspec.Struct, frozen=True):
    """What `/readyz?verbose` says. `status` is the HTTP status."""

    ok: bool
    status: int
    parts: tuple[ReadyPart, ...] = ()

    @property
    def failing(self) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts if not part.ok)


class ServerVersion(Wire, frozen=True):
    """What `/version` says."""

    major: str
    minor: str
    git_version: str
    platform: str = ""


class Born(Wire, frozen=True):
    name: str = ""
    namespace: str = ""
    creation_timestamp: datetime | None = None


class NameAndAge(KubernetesObject, frozen=True):
    """That a Secret or a ConfigMap exists, and since when. Its metadata is asked for, never its data."""

    kind: ClassVar[str] = "PartialObjectMetadata"
    metadata: Born  # type: ignore[assignment]


class NamespaceStatus(Wire, frozen=True):
    phase: str = ""


class Namespace(KubernetesObject, frozen=True):
    kind: ClassVar[str] = "Namespace"
    status: NamespaceStatus = NamespaceStatus()


class ServiceReference(Wire, frozen=True):
    namespace: str = ""
    name: str = ""


class ApiServiceSpec(Wire, frozen=True):
    """Without `service` the API server itself serves it."""

    service: ServiceReference | None = None


class ApiServiceStatus(Wire, frozen=True):
    conditions: tuple[Condition, ...] = ()


class ApiService(KubernetesObject, frozen=True):
    """A group and version of the API, named like `v1beta1.metrics.k8s.io`."""

    kind: ClassVar[str] = "APIService"
    spec: ApiServiceSpec = ApiServiceSpec()
    status: ApiServiceStatus = ApiServiceStatus()

    @property
    def available(self) -> Condition | None:
        return find_condition(self.status.conditions, "Available")


class Rule(Wire, frozen=True):
    """An alert's name, or a recording rule's."""

    alert: str | None = None
    record: str | None = None


class RuleGroup(Wire, frozen=True):
    name: str
    rules: tuple[Rule, ...] | None = None


class RuleSpec(Wire, frozen=True):
    groups: tuple[RuleGroup, ...] | None = None


class PrometheusRule(KubernetesObject, frozen=True):
    kind: ClassVar[str] = "PrometheusRule"
    spec: RuleSpec = RuleSpec()

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(group.name for group in self.spec.groups or ())

    @property
    def by_group(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Each group with the names of its alerts and recording rules."""
        return tuple(
            (group.name, tuple(rule.alert or rule.record or "" for rule in group.rules or ()))
            for group in self.spec.groups or ()
        )
