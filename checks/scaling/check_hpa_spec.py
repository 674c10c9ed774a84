"""Autoscalers: the bounds and the utilization that the runbook states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from pydantic import model_validator
from typing_extensions import Self

from opsproof import HIGH, Count, Duration, Examination, Limits, Listing, Percent, Scoped, Subject, check
from opsproof.sources.kubernetes.asks import Autoscalers
from opsproof.sources.kubernetes.facts.scaling import Autoscaler, Metric


class AutoscalerSpecLimits(Limits):
    """`workload`: what is scaled, as `deployment/api`. What is set must be exactly so in its autoscaler.

    `cpu` and `memory` are the average utilization, in percent of the requests. `grace`: how long a current value
    of them may be missing.
    """

    workload: Scoped[str]
    min_replicas: Count | None = None
    max_replicas: Count | None = None
    cpu: Percent | None = None
    memory: Percent | None = None
    grace: Duration = Duration.parse("15m")

    @model_validator(mode="after")
    def _states_something(self) -> Self:
        if not self.bounds and not self.utilization:
            raise ValueError("write min_replicas, max_replicas, cpu or memory")
        return self

    @property
    def bounds(self) -> dict[str, Count]:
        """By the words of the API's spec."""
        given = {"minReplicas": self.min_replicas, "maxReplicas": self.max_replicas}
        return {name: bound for name, bound in given.items() if bound is not None}

    @property
    def utilization(self) -> dict[str, Percent]:
        """By resource."""
        given = {"cpu": self.cpu, "memory": self.memory}
        return {name: share for name, share in given.items() if share is not None}


@check("scaling/hpa-spec", title="The autoscaler has the bounds and targets that are stated", level=HIGH)
def check_autoscaler_spec(
    autoscalers: Autoscalers, limits: AutoscalerSpecLimits, examine: Examination
) -> None:
    """With other bounds a workload runs short under load, or grows beyond what its database and budget bear."""
    found = [one for one in autoscalers if one.target == limits.workload]
    rivals = Counter(one.namespace for one in found)
    for autoscaler in found:
        alike = rivals[autoscaler.namespace]
        if limits.bounds:
            _examine_bounds(autoscaler, alike, limits, examine)
        for resource, share in limits.utilization.items():
            _examine_utilization(autoscaler, resource, share, autoscalers, limits, examine)


def _examine_bounds(
    autoscaler: Autoscaler, rivals: int, limits: AutoscalerSpecLimits, examine: Examination
) -> None:
    spec = {"minReplicas": autoscaler.spec.min_replicas, "maxReplicas": autoscaler.spec.max_replicas}
    found = {name: Count(spec[name]) for name in limits.bounds}
    with examine(autoscaler, measured=_listed(found), limit=_listed(limits.bounds)):
        assert rivals == 1, f"{rivals} autoscalers scale {autoscaler.target}: one with all metrics is needed"
        wrong = [name for name, bound in limits.bounds.items() if found[name] != bound]
        assert not wrong, ", ".join(
            f"{name} is {found[name]}, {limits.bounds[name]} stated" for name in wrong
        )


def _examine_utilization(
    autoscaler: Autoscaler,
    resource: str,
    share: Percent,
    autoscalers: Listing[Autoscaler],
    limits: AutoscalerSpecLimits,
    examine: Examination,
) -> None:
    """The target has no grace; its current value is missing for a moment when metrics.k8s.io restarts."""
    subject = Subject(
        autoscaler.subject.kind,
        f"{autoscaler.name} ({resource})",
        autoscaler.namespace,
        f"{autoscaler.name}/{resource}",
    )
    given = list(_of(autoscaler.spec.metrics or (), resource))
    targets = [one.resource.target.average_utilization for one in given if one.resource is not None]
    aimed = next((Percent(target / 100) for target in targets if target is not None), None)
    right = aimed is not None and abs(aimed - share) < 0.005
    unseen = right and any(one in autoscaler.unseen for one in given)
    with examine(
        subject,
        measured=aimed,
        limit=share,
        since=autoscalers.moment(*_blind_since(autoscaler)) if unseen else None,
        grace=limits.grace,
    ):
        assert given, f"it has no metric of type Resource for {resource}"
        assert aimed is not None, f"its target for {resource} is no averageUtilization"
        assert right, f"averageUtilization of {resource} is {aimed}, {share} stated"
        assert not unseen, f"no current value of {resource}: it does not scale by it"


def _of(metrics: tuple[Metric, ...], resource: str) -> Iterator[Metric]:
    return (one for one in metrics if one.type == "Resource" and one.name == resource)


def _blind_since(autoscaler: Autoscaler) -> tuple[datetime | None, str]:
    active = autoscaler.condition("ScalingActive")
    if active is not None and not active.is_true:
        return active.last_transition_time, "condition ScalingActive"
    return autoscaler.created, "its creation"


def _listed(values: Mapping[str, Count]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
