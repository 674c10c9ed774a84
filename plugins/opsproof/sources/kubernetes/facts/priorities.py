"""PriorityClasses: which pods give way to which."""

from __future__ import annotations

from typing import ClassVar

from opsproof.sources.kubernetes.facts.meta import KubernetesObject


class PriorityClass(KubernetesObject, frozen=True):
    """`global_default`: of the pods that name none, which without one have the priority 0."""

    kind: ClassVar[str] = "PriorityClass"
    value: int = 0
    global_default: bool = False
    preemption_policy: str = "PreemptLowerPriority"

    @property
    def preempts(self) -> bool:
        return self.preemption_policy != "Never"
