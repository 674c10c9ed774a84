"""ResourceQuotas, and the LimitRanges whose defaults count against them."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from opsproof.sources.kubernetes.facts.meta import Amounts, KubernetesObject, Wire
from opsproof.sources.kubernetes.facts.selectors import Expression


class ScopeExpression(Wire, frozen=True):
    """Of a quota's scope, such as the PriorityClass of pods."""

    scope_name: str
    operator: str
    values: tuple[str, ...] = ()

    @property
    def expression(self) -> Expression:
        return Expression(key=self.scope_name, operator=self.operator, values=self.values)


class ScopeSelector(Wire, frozen=True):
    match_expressions: tuple[ScopeExpression, ...] = ()


class QuotaSpec(Wire, frozen=True):
    scopes: tuple[str, ...] = ()
    scope_selector: ScopeSelector | None = None


class QuotaStatus(Wire, frozen=True):
    """Quantities by what is counted: `requests.cpu`, `pods`, `count/deployments.apps`."""

    hard: dict[str, str] = msgspec.field(default_factory=dict)
    used: dict[str, str] = msgspec.field(default_factory=dict)


class ResourceQuota(KubernetesObject, frozen=True):
    kind: ClassVar[str] = "ResourceQuota"
    spec: QuotaSpec = QuotaSpec()
    status: QuotaStatus = QuotaStatus()


class LimitItem(Wire, frozen=True):
    """`default` are limits, `default_request` requests, of a container that has none."""

    type: str = ""
    default: Amounts = Amounts()
    default_request: Amounts = Amounts()


class LimitRangeSpec(Wire, frozen=True):
    limits: tuple[LimitItem, ...] | None = None


class LimitRange(KubernetesObject, frozen=True):
    kind: ClassVar[str] = "LimitRange"
    spec: LimitRangeSpec = LimitRangeSpec()

    @property
    def of_containers(self) -> tuple[LimitItem, ...]:
        return tuple(one for one in self.spec.limits or () if one.type == "Container")
