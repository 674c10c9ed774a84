"""Autoscalers that follow the work itself: requests, latency, queues."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import field_validator

from opsproof import MEDIUM, Duration, Examination, Limits, Listing, Scoped, Undecided, check
from opsproof.examine.beside import Beside
from opsproof.model.failure import Failure, raised_from
from opsproof.model.words import are, several
from opsproof.sources.kubernetes.asks import Autoscalers, Kubernetes
from opsproof.sources.kubernetes.facts.autoscaling import ScaledObject
from opsproof.sources.kubernetes.facts.meta import Condition
from opsproof.sources.kubernetes.facts.scaling import Autoscaler, CustomMetric, Metric

KedaBeside = Annotated[Listing[ScaledObject] | Failure, Beside(Kubernetes("scaledobjects"))]
# Of KEDA's triggers: these say nothing of the work that waits.
_NO_SIGNAL = frozenset({"cpu", "memory", "cron"})


class SignalLimits(Limits):
    """`workload`: what is scaled, as `deployment/api`. `metrics`: names of Pods, Object or External metrics.

    A ScaledObject of KEDA names its metrics itself: it has to have as many triggers of its own kind. `grace`: how
    long a current value may be missing.
    """

    workload: Scoped[str]
    metrics: Scoped[tuple[str, ...]]
    grace: Duration = Duration.parse("15m")

    @field_validator("metrics")
    @classmethod
    def _names_some(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if not given or not all(given):
            raise ValueError("name at least one metric")
        return given


@check("scaling/hpa-signal", title="The autoscaler follows the work, not only the processor", level=MEDIUM)
def check_autoscaler_signal(
    autoscalers: Autoscalers, scaled: KedaBeside, limits: SignalLimits, examine: Examination
) -> None:
    """A service that waits for others is slow with an idle processor: scaled by that alone it stays small."""
    found = [one for one in autoscalers if one.target == limits.workload]
    ours = [] if isinstance(scaled, Failure) else [one for one in scaled if one.target == limits.workload]
    for one in ours:
        _examine_scaled(one, autoscalers, limits, examine)
    fed = {(one.namespace, one.status.hpa_name) for one in ours}
    for autoscaler in found:
        if (autoscaler.namespace, autoscaler.name) not in fed:
            _examine(autoscaler, autoscalers, scaled, limits, examine)


def _examine(
    autoscaler: Autoscaler,
    autoscalers: Listing[Autoscaler],
    scaled: Listing[ScaledObject] | Failure,
    limits: SignalLimits,
    examine: Examination,
) -> None:
    custom = {one.name: one for one in autoscaler.spec.metrics or () if isinstance(one.source, CustomMetric)}
    missing = [name for name in limits.metrics if name not in custom]
    unseen = [name for name in limits.metrics if name in custom and custom[name] in autoscaler.unseen]
    with examine(
        autoscaler,
        measured=_names(autoscaler.spec.metrics or ()),
        limit=", ".join(limits.metrics),
        since=autoscalers.moment(*_blind_since(autoscaler)) if unseen and not missing else None,
        grace=limits.grace,
    ):
        _require_known(scaled, missing)
        assert not missing, f"it does not scale by {' and '.join(missing)}"
        assert not unseen, f"no current value of {' and '.join(unseen)}: it does not scale by it"


def _require_known(scaled: Listing[ScaledObject] | Failure, missing: list[str]) -> None:
    """An autoscaler that KEDA feeds has other names: without its ScaledObjects nobody knows whether this is one."""
    if missing and isinstance(scaled, Failure) and scaled.kind != "NotFound":
        raise raised_from(scaled)


def _examine_scaled(
    scaled: ScaledObject, autoscalers: Listing[Autoscaler], limits: SignalLimits, examine: Examination
) -> None:
    """Its own Ready stays as it was when KEDA is gone: whether the autoscaler that it feeds sees values tells more."""
    signals = [one.type for one in scaled.spec.triggers or () if one.type not in _NO_SIGNAL]
    needed = len(limits.metrics)
    fed = [one for one in autoscalers.within(scaled.namespace) if one.name == scaled.status.hpa_name]
    with examine(
        scaled,
        measured=", ".join(signals) or "no trigger of its own",
        limit=f"Ready, with {several(needed, 'trigger')}",
        since=autoscalers.moment(*_faulty_since(scaled, fed)) if len(signals) >= needed else None,
        grace=limits.grace,
    ):
        assert len(signals) >= needed, f"{are(len(signals), 'trigger')} on the work itself, {needed} needed"
        ready = scaled.condition("Ready")
        if ready is None:
            raise Undecided("KEDA has not said whether it is Ready")
        assert ready.is_true, f"Ready is {ready.status} ({ready.reason})"
        assert not _stopped(scaled), "it is paused: KEDA does not scale"
        fallback = _fallback(scaled)
        assert fallback is None, (
            f"it falls back to a fixed number ({fallback.reason}): KEDA sees no value of a trigger"
        )
        assert fed, "the autoscaler that KEDA makes of it is not there"
        unseen = [metric.name for one in fed for metric in one.unseen]
        assert not unseen, f"no current value of {' and '.join(unseen)}: it does not scale by it"


def _stopped(scaled: ScaledObject) -> bool:
    paused = scaled.condition("Paused")
    return paused is not None and paused.is_true


def _fallback(scaled: ScaledObject) -> Condition | None:
    """While it is in use, KEDA feeds the autoscaler a number of its own, which looks like a value."""
    fallback = scaled.condition("Fallback")
    return fallback if fallback is not None and fallback.is_true else None


def _faulty_since(scaled: ScaledObject, fed: list[Autoscaler]) -> tuple[datetime | None, str]:
    """KEDA does not say since when a condition holds: without it, only one that is new is excused."""
    ready, paused = scaled.condition("Ready"), scaled.condition("Paused")
    bad = [
        ready if ready is not None and not ready.is_true else None,
        paused if paused is not None and paused.is_true else None,
        _fallback(scaled),
    ]
    first = next((one for one in bad if one is not None), None)
    if first is not None and first.last_transition_time is not None:
        return first.last_transition_time, f"condition {first.type}"
    return _blind_since(fed[0]) if fed and first is None else (scaled.created, "its creation")


def _blind_since(autoscaler: Autoscaler) -> tuple[datetime | None, str]:
    active = autoscaler.condition("ScalingActive")
    if active is not None and not active.is_true:
        return active.last_transition_time, "condition ScalingActive"
    return autoscaler.created, "its creation"


def _names(metrics: tuple[Metric, ...]) -> str:
    return ", ".join(one.name for one in metrics) or "nothing"
