"""HorizontalPodAutoscalers (autoscaling/v2) and PodDisruptionBudgets (policy/v1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime
from typing import ClassVar

from opsproof.sources.kubernetes.facts.meta import Condition, KubernetesObject, Wire, find_condition
from opsproof.sources.kubernetes.facts.selectors import LabelSelector, selects


class ScaleTarget(Wire, frozen=True):
    kind: str
    name: str


class MetricTarget(Wire, frozen=True):
    """What is aimed at, or what is measured now."""

    type: str = ""
    average_utilization: int | None = None
    average_value: str = ""
    value: str = ""

    @property
    def known(self) -> bool:
        return self.average_utilization is not None or bool(self.average_value or self.value)


class ResourceMetric(Wire, frozen=True):
    """`name` is cpu or memory; `container` only for a metric of one container."""

    name: str = ""
    container: str = ""
    target: MetricTarget = MetricTarget()
    current: MetricTarget = MetricTarget()

    @property
    def identity(self) -> tuple[Hashable, ...]:
        return (self.container, self.name)


class MetricName(Wire, frozen=True):
    name: str = ""
    selector: LabelSelector | None = None


class CustomMetric(Wire, frozen=True):
    """A metric that something else than the kubelet serves; `described_object` only for one of an object."""

    metric: MetricName = MetricName()
    described_object: ScaleTarget | None = None
    target: MetricTarget = MetricTarget()
    current: MetricTarget = MetricTarget()

    @property
    def name(self) -> str:
        return self.metric.name

    @property
    def identity(self) -> tuple[Hashable, ...]:
        of = self.described_object
        # Selectors hold mappings: their text tells them apart.
        return (of and (of.kind, of.name), self.name, repr(self.metric.selector))


class Metric(Wire, frozen=True):
    """One metric of a spec or of a status; a status holds an entry of type "" for one that it cannot read."""

    type: str = ""
    resource: ResourceMetric | None = None
    container_resource: ResourceMetric | None = None
    pods: CustomMetric | None = None
    object: CustomMetric | None = None
    external: CustomMetric | None = None

    @property
    def source(self) -> ResourceMetric | CustomMetric | None:
        return self.resource or self.container_resource or self.pods or self.object or self.external

    @property
    def name(self) -> str:
        return self.source.name if self.source else self.type

    @property
    def identity(self) -> tuple[Hashable, ...]:
        """What a metric of the spec and its current value have in common."""
        return (self.type, *(self.source.identity if self.source else ()))


class AutoscalerSpec(Wire, frozen=True):
    scale_target_ref: ScaleTarget
    min_replicas: int = 1
    max_replicas: int = 0
    metrics: tuple[Metric, ...] | None = None


class AutoscalerStatus(Wire, frozen=True):
    current_replicas: int = 0
    desired_replicas: int = 0
    current_metrics: tuple[Metric, ...] | None = None
    conditions: tuple[Condition, ...] | None = None
    last_scale_time: datetime | None = None
    observed_generation: int | None = None


class Autoscaler(KubernetesObject, frozen=True):
    kind: ClassVar[str] = "HorizontalPodAutoscaler"
    spec: AutoscalerSpec
    status: AutoscalerStatus = AutoscalerStatus()

    @property
    def target(self) -> str:
        """What it scales, as runbook rows write it: `deployment/api`."""
        return f"{self.spec.scale_target_ref.kind.lower()}/{self.spec.scale_target_ref.name}"

    def condition(self, kind: str) -> Condition | None:
        """AbleToScale, ScalingActive or ScalingLimited."""
        return find_condition(self.status.conditions, kind)

    @property
    def unseen(self) -> tuple[Metric, ...]:
        """The metrics of its spec without a current value of their own."""
        current = self.status.current_metrics or ()
        seen = Counter(one.identity for one in current if one.source is not None and one.source.current.known)
        lacking = []
        for metric in self.spec.metrics or ():
            seen[metric.identity] -= 1
            if seen[metric.identity] < 0:
                lacking.append(metric)
        return tuple(lacking)

    @property
    def fixed(self) -> bool:
        """It may have one number of replicas only: it scales nothing, by its own spec."""
        return self.spec.min_replicas == self.spec.max_replicas


class BudgetSpec(Wire, frozen=True):
    selector: LabelSelector | None = None
    min_available: int | str | None = None
    max_unavailable: int | str | None = None
    unhealthy_pod_eviction_policy: str | None = None


class BudgetStatus(Wire, frozen=True):
    disruptions_allowed: int = 0
    current_healthy: int = 0
    desired_healthy: int = 0
    expected_pods: int = 0
    observed_generation: int = 0
    conditions: tuple[Condition, ...] | None = None


class DisruptionBudget(KubernetesObject, frozen=True):
    kind: ClassVar[str] = "PodDisruptionBudget"
    spec: BudgetSpec = BudgetSpec()
    status: BudgetStatus = BudgetStatus()

    def covers(self, labels: Mapping[str, str], namespace: str) -> bool:
        """Whether it protects a pod with these labels in that namespace."""
        return namespace == self.namespace and selects(self.spec.selector, labels)

    @property
    def observed(self) -> bool:
        return self.status.observed_generation >= self.metadata.generation

    def condition(self, kind: str) -> Condition | None:
        return find_condition(self.status.conditions, kind)


class BudgetFinder:
    """Finds the budgets of pods without trying every budget on every workload."""

    def __init__(self, budgets: Iterable[DisruptionBudget]) -> None:
        self._by_label: dict[tuple[str, str, str], list[DisruptionBudget]] = {}
        self._others: dict[str, list[DisruptionBudget]] = {}
        for budget in budgets:
            labels = budget.spec.selector.match_labels if budget.spec.selector else {}
            if labels:
                first = next(iter(labels.items()))
                self._by_label.setdefault((budget.namespace, *first), []).append(budget)
            else:
                self._others.setdefault(budget.namespace, []).append(budget)

    def covering(self, labels: Mapping[str, str], namespace: str) -> list[DisruptionBudget]:
        """Every budget that protects a pod with these labels in that namespace."""
        likely = list(self._others.get(namespace, ()))
        for label in labels.items():
            likely += self._by_label.get((namespace, *label), ())
        return [budget for budget in likely if budget.covers(labels, namespace)]
