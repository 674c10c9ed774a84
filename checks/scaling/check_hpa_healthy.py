"""Autoscalers: able to scale, with metrics, and alone on their target."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated

from opsproof import (
    HIGH,
    MEDIUM,
    Count,
    Duration,
    Examination,
    Level,
    Limits,
    Listing,
    Scoped,
    Subject,
    check,
)
from opsproof.model.words import several
from opsproof.sources.kubernetes.asks import Autoscalers, Kubernetes, Workloads
from opsproof.sources.kubernetes.facts.meta import Condition
from opsproof.sources.kubernetes.facts.network import Service
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.scaling import Autoscaler
from opsproof.sources.kubernetes.facts.workloads import Workload
from opsproof.sources.kubernetes.reading.choice import absent, named, referred

ServicesAsked = Annotated[Listing[Service] | None, Kubernetes("services", wanted_by=("service",))]
PodsAsked = Annotated[Listing[Pod] | None, Kubernetes("pods", wanted_by=("service",))]
_ALONE = Count(1)


class AutoscalerLimits(Limits):
    """`workloads`: each has exactly one autoscaler. `service`: whose pods' owner must be a target.

    `grace` bounds how long conditions may be bad, and how long an autoscaler may stay at its maximum;
    `at_maximum` is how bad that is.
    """

    workloads: Scoped[tuple[str, ...]] = ()
    service: Scoped[str] = ""
    grace: Duration = Duration.parse("15m")
    at_maximum: Level = MEDIUM


@check("scaling/hpa-healthy", title="Every autoscaler can scale and is alone on its target", level=HIGH)
def check_autoscalers(
    autoscalers: Autoscalers,
    workloads: Workloads,
    services: ServicesAsked,
    pods: PodsAsked,
    limits: AutoscalerLimits,
    examine: Examination,
) -> None:
    """An autoscaler that cannot read its metrics leaves a workload at its size while the load grows."""
    rivals = Counter((one.namespace, one.target) for one in autoscalers)
    wanted = set(limits.workloads)
    for autoscaler in autoscalers:
        if wanted and autoscaler.target not in wanted:
            examine.exclude(autoscaler, "scales a workload that is not asked about")
        elif _suspended(autoscaler):
            examine.exclude(autoscaler, "suspended: its target is scaled to zero")
        else:
            alike = rivals[autoscaler.namespace, autoscaler.target]
            _examine(autoscaler, autoscalers, alike, workloads, limits, examine)
    _examine_named(autoscalers, workloads, limits, examine)
    if services is not None and pods is not None:
        _examine_service(autoscalers, services, pods, limits.service, examine)


def _suspended(autoscaler: Autoscaler) -> bool:
    active = autoscaler.condition("ScalingActive")
    return active is not None and active.reason == "ScalingDisabled"


def _examine(
    autoscaler: Autoscaler,
    autoscalers: Listing[Autoscaler],
    rivals: int,
    workloads: Listing[Workload],
    limits: AutoscalerLimits,
    examine: Examination,
) -> None:
    bad = _bad(autoscaler)
    pinned = _pinned(autoscaler)
    since = autoscalers.moment(*_since(autoscaler, bad or pinned))
    clash = rivals > 1 or (bad is not None and bad.reason == "AmbiguousSelector")
    if pinned is not None:
        examine.note(f"{autoscaler.subject} wants more than its maximum of {autoscaler.spec.max_replicas}")
    if autoscaler.fixed:
        size = several(autoscaler.spec.max_replicas, "replica")
        examine.note(f"{autoscaler.subject} scales nothing: minimum and maximum are {size}")
    with examine(
        autoscaler,
        measured=_state(autoscaler, bad, rivals),
        limit="able to scale, with metrics, alone on its target",
        since=since,
        grace=None if clash else limits.grace,
        level=limits.at_maximum if pinned is not None and bad is None and not clash else None,
    ):
        assert rivals == 1, f"{rivals} autoscalers scale {autoscaler.target}: both stop"
        assert _target_exists(autoscaler, workloads), f"its target {autoscaler.target} does not exist"
        assert bad is None, f"{bad.type} is {bad.status} ({bad.reason})" if bad else ""
        assert autoscaler.condition("ScalingActive"), "its controller has not acted on it"
        assert autoscaler.spec.metrics, "it has no metrics to scale by"
        unseen = ", ".join(one.name for one in autoscaler.unseen)
        assert not unseen, (
            f"no current value of {unseen}: it scales by the rest of its metrics alone, or not at all"
        )
        assert pinned is None, (
            f"it stays at its maximum of {several(autoscaler.spec.max_replicas, 'replica')} and wants more"
        )


def _bad(autoscaler: Autoscaler) -> Condition | None:
    """AbleToScale and ScalingActive must be True."""
    found = (autoscaler.condition("AbleToScale"), autoscaler.condition("ScalingActive"))
    return next((one for one in found if one is not None and not one.is_true), None)


def _pinned(autoscaler: Autoscaler) -> Condition | None:
    """At the maximum because the load asks for more; being at the minimum is no trouble.

    One that may have one number of replicas only is always there: that was meant, and is noted.
    """
    limited = autoscaler.condition("ScalingLimited") if not autoscaler.fixed else None
    held = limited is not None and limited.is_true and limited.reason == "TooManyReplicas"
    return limited if held else None


def _since(autoscaler: Autoscaler, condition: Condition | None) -> tuple[datetime | None, str]:
    if condition is not None:
        return condition.last_transition_time, f"condition {condition.type}"
    return autoscaler.created, "its creation"


def _state(autoscaler: Autoscaler, bad: Condition | None, rivals: int) -> str:
    if rivals > 1:
        return f"{rivals} autoscalers on {autoscaler.target}"
    if bad is not None:
        return f"{bad.type}={bad.status}"
    return f"{autoscaler.status.current_replicas} of {several(autoscaler.spec.max_replicas, 'replica')}"


def _target_exists(autoscaler: Autoscaler, workloads: Listing[Workload]) -> bool:
    """Kinds that are not listed are left to the condition AbleToScale."""
    if autoscaler.spec.scale_target_ref.kind not in {"Deployment", "StatefulSet"}:
        return True
    return any(one.reference == autoscaler.target for one in workloads.within(autoscaler.namespace))


def _examine_named(
    autoscalers: Autoscalers, workloads: Workloads, limits: AutoscalerLimits, examine: Examination
) -> None:
    """Each named workload must be scaled; that two scale it is told of each of the two."""
    found, missing = named(workloads, limits.workloads) if limits.workloads else ([], [])
    for workload in found:
        with examine(workload, measured=Count(0), limit=_ALONE):
            own = [one for one in autoscalers.within(workload.namespace) if one.target == workload.reference]
            assert own, "it has no autoscaler"
    for text in missing:
        with examine(referred(text), measured="absent", limit=_ALONE):
            raise AssertionError(absent(workloads, text))


def _examine_service(
    autoscalers: Listing[Autoscaler],
    services: Listing[Service],
    pods: Listing[Pod],
    name: str,
    examine: Examination,
) -> None:
    """The workload that gets the traffic is the one that is scaled, whatever its colour."""
    found, missing = named(services, [name], by=lambda service: service.name)
    for service in found:
        with examine(service, limit="an autoscaler on what is behind it"):
            owners = _owners(service, pods)
            scaled = {one.target for one in autoscalers.within(service.namespace)}
            assert owners, "no pod is behind it"
            assert owners <= scaled, (
                f"behind it is {', '.join(sorted(owners - scaled))}, which no autoscaler scales"
            )
    for text in missing:
        with examine(Subject("service", text), limit="an autoscaler on what is behind it"):
            raise AssertionError(absent(services, f"Service {text}"))


def _owners(service: Service, pods: Listing[Pod]) -> set[str]:
    wanted = service.spec.selector.items()
    behind = [pod for pod in pods.within(service.namespace) if wanted and wanted <= pod.labels.items()]
    made_by = [pod.workload for pod in behind if not (pod.finished or pod.terminating)]
    return {f"{kind.lower()}/{name}" for kind, name in (one or ("pod", "without owner") for one in made_by)}
