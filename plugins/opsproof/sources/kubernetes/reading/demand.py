"""What one more pod of a workload asks for: its template, with the defaults that the API server fills in."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from opsproof.sources.kubernetes.facts.meta import Amounts
from opsproof.sources.kubernetes.facts.placement import TemplateSpec
from opsproof.sources.kubernetes.facts.pods import Container, Resources
from opsproof.sources.kubernetes.facts.quotas import LimitItem, LimitRange
from opsproof.sources.kubernetes.facts.workloads import Deployment, Workload
from opsproof.sources.kubernetes.reading.room import Demand


def demand(workload: Workload, ranges: Sequence[LimitRange]) -> Demand:
    """One more pod of it.

    Args:
        workload: any.
        ranges: the LimitRanges of its namespace.
    """
    spec = filled(workload.template.spec, ranges)
    return Demand(
        workload.namespace, workload.template.labels, spec, spec.requested_cores, spec.requested_bytes
    )


def filled(spec: TemplateSpec, ranges: Sequence[LimitRange]) -> TemplateSpec:
    """The template as its pods come out: what is not asked for is the limit, or a LimitRange's default."""
    items = [item for one in ranges for item in one.of_containers]
    return msgspec.structs.replace(
        spec,
        containers=tuple(_filled(one, items) for one in spec.containers),
        init_containers=tuple(_filled(one, items) for one in spec.init_containers),
    )


def _filled(container: Container, items: Sequence[LimitItem]) -> Container:
    limits, requests = container.resources.limits, container.resources.requests
    # The API server's own default comes before those of LimitRanges.
    requests = _over(requests, limits)
    for item in items:
        limits = _over(limits, item.default)
        requests = _over(requests, _over(item.default_request, item.default))
    return msgspec.structs.replace(container, resources=Resources(requests=requests, limits=limits))


def _over(own: Amounts, default: Amounts) -> Amounts:
    return Amounts(cpu=own.cpu or default.cpu, memory=own.memory or default.memory)


def lacks(spec: TemplateSpec, what: str, of: str) -> bool:
    """Whether a container, and the pod itself, says nothing of a resource that a quota counts."""
    if getattr(getattr(spec.resources, of), what) is not None:
        return False
    return any(getattr(getattr(one.resources, of), what) is None for one in spec.all_containers)


def surge(workload: Workload) -> int:
    """How many pods more than now a rollout of it may make: of a StatefulSet, and by Recreate, none."""
    strategy = workload.spec.strategy
    if not isinstance(workload, Deployment) or strategy.type == "Recreate":
        return 0
    given = strategy.rolling_update.max_surge if strategy.rolling_update is not None else None
    most = workload.replicas + _share("25%" if given is None else given, workload.replicas)
    return max(0, most - workload.status.replicas)


def _share(given: int | str, of: int) -> int:
    """A number, or a percentage, which the controller rounds up."""
    text = str(given)
    digits = text.removesuffix("%")
    if not digits.isdigit():
        return 0
    return math.ceil(of * int(digits) / 100) if text.endswith("%") else int(digits)
