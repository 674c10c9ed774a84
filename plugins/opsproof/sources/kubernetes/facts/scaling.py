"""HorizontalPodAutoscalers (autoscaling/v2) and PodDisruptionBudgets (policy/v1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar

from opsproof.sources.kubernetes.facts.meta import Condition, KubernetesObject, Wire, find_condition
from opsproof.sources.kubernetes.facts.selectors import LabelSelector, selects


class ScaleTarget(Wire, frozen=True):
    kind: str
    name: str


class MetricTarget(Wire, frozen=True):
    type: str = ""
    average_utilization: int | None = None


class ResourceMetric(Wire, frozen=True):
    """`name` is cpu or memory."""

    name: str = ""
    target: MetricTarget = MetricTarget()
    current: MetricTarget = MetricTarget()


class Metric(Wire, frozen=True):
    type: str = ""
    resource: ResourceMetric | None = None
    container_resource: ResourceMetric | None = None


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
    def sees_metrics(self) -> bool:
        """Every metric of its spec has a current value."""
        return len(self.status.current_metrics or ()) >= len(self.spec.metrics or ()) > 0


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
