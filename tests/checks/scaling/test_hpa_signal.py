"""scaling/hpa-signal on plain facts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.scaling.check_hpa_signal import SignalLimits, check_autoscaler_signal
from opsproof import MEDIUM, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.autoscaling import ScaledObject
from opsproof.sources.kubernetes.facts.scaling import Autoscaler
from tests.checks.cluster import autoscaler, condition, examination, listing, meta, resource_metric

NO_KEDA = Failure("NotFound", "the API server does not serve /apis/keda.sh/v1alpha1", "kubernetes:test")
REFUSED = Failure("Forbidden", "list scaledobjects is not allowed", "kubernetes:test")


def examined(
    *autoscalers: Autoscaler, scaled: Any = NO_KEDA, metrics: tuple[str, ...] = ("queue_depth",)
) -> Examination:
    examine = examination(MEDIUM)
    limits = SignalLimits(workload="deployment/api", metrics=metrics)
    check_autoscaler_signal(listing(*autoscalers), scaled, limits, examine)
    return examine


def external(name: str, *, target: bool = False) -> dict[str, Any]:
    part = {"type": "AverageValue", "averageValue": "50"} if target else {"averageValue": "7"}
    return {
        "type": "External",
        "external": {"metric": {"name": name}, "target" if target else "current": part},
    }


def following(*names: str, seen: bool = True, age: float = 600) -> Autoscaler:
    active = condition("ScalingActive", seen, age=age, reason="" if seen else "FailedGetExternalMetric")
    return autoscaler(
        spec={
            "metrics": [resource_metric("cpu", target=True), *(external(one, target=True) for one in names)]
        },
        currentMetrics=[resource_metric("cpu"), *(external(one) for one in names if seen)],
        conditions=[condition("AbleToScale", True), active],
    )


def scaled_object(
    *triggers: str, ready: bool = True, age: float = 600, paused: bool = False, fallback: float | None = None
) -> ScaledObject:
    """`fallback`: for how many minutes it has been in use."""
    conditions = [condition("Ready", ready, age=age), condition("Paused", paused, age=age)]
    if fallback is not None:
        conditions.append(condition("Fallback", True, age=fallback, reason="FallbackExists"))
    return msgspec.convert(
        {
            "metadata": meta("api", age=age),
            "spec": {
                "scaleTargetRef": {"name": "api"},
                "triggers": [{"type": one, "metadata": {"address": "redis:6379"}} for one in triggers],
            },
            "status": {
                "hpaName": "keda-hpa-api",
                "conditions": conditions,
            },
        },
        ScaledObject,
    )


def made_by_keda(*, seen: bool = True) -> Autoscaler:
    made = following("s0-redis-jobs", seen=seen)
    return msgspec.structs.replace(made, metadata=msgspec.structs.replace(made.metadata, name="keda-hpa-api"))


def test_a_metric_of_the_work_with_a_value_passes() -> None:
    assert examined(following("queue_depth")).passed == 1


def test_the_processor_alone_fails() -> None:
    (finding,) = examined(autoscaler()).findings
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "cpu")
    assert finding.message == "it does not scale by queue_depth"


def test_of_two_signals_both_are_needed() -> None:
    (finding,) = examined(following("rate"), metrics=("rate", "latency")).findings
    assert finding.message == "it does not scale by latency"


def test_a_metric_without_value_fails_once_the_grace_is_over() -> None:
    assert examined(following("queue_depth", seen=False, age=2)).findings[0].in_transition
    (finding,) = examined(following("queue_depth", seen=False)).findings
    assert finding.outcome is Outcome.FAIL
    assert finding.message == "no current value of queue_depth: it does not scale by it"


def test_without_an_autoscaler_nothing_is_examined() -> None:
    assert examined().nothing_examined


def test_where_scaled_objects_are_refused_an_autoscaler_of_other_names_is_undecided() -> None:
    (finding,) = examined(autoscaler(), scaled=REFUSED).findings
    assert finding.outcome is Outcome.UNKNOWN
    assert examined(following("queue_depth"), scaled=REFUSED).passed == 1


def test_a_scaled_object_that_is_ready_passes_under_keda_s_own_names() -> None:
    assert examined(made_by_keda(), scaled=listing(scaled_object("redis"))).passed == 1


@pytest.mark.parametrize("triggers", [(), ("cpu",), ("cron", "memory")])
def test_triggers_that_say_nothing_of_the_work_fail(triggers: tuple[str, ...]) -> None:
    (finding,) = examined(made_by_keda(), scaled=listing(scaled_object(*triggers))).findings
    assert finding.message == "0 triggers are on the work itself, 1 needed"


def test_a_scaled_object_that_is_not_ready_fails_once_the_grace_is_over() -> None:
    assert (
        examined(made_by_keda(), scaled=listing(scaled_object("redis", ready=False, age=1)))
        .findings[0]
        .in_transition
    )
    (finding,) = examined(made_by_keda(), scaled=listing(scaled_object("redis", ready=False))).findings
    assert (finding.outcome, finding.message) == (Outcome.FAIL, "Ready is False ()")


@pytest.mark.parametrize(("age", "excused"), [(2, True), (600, False)])
def test_a_condition_without_a_moment_is_excused_by_the_age_of_its_object(age: float, excused: bool) -> None:
    """KEDA's conditions tell no moment."""
    made = scaled_object("redis", ready=False, age=age)
    status = msgspec.structs.replace(
        made.status,
        conditions=tuple(
            msgspec.structs.replace(one, last_transition_time=None) for one in made.status.conditions or ()
        ),
    )
    young = msgspec.structs.replace(made, status=status)
    (finding,) = examined(made_by_keda(), scaled=listing(young)).findings
    assert finding.in_transition == excused
    assert finding.outcome is (Outcome.PASS if excused else Outcome.FAIL)


def test_ready_stays_when_keda_is_gone_and_its_autoscaler_is_blind() -> None:
    (finding,) = examined(made_by_keda(seen=False), scaled=listing(scaled_object("redis"))).findings
    assert finding.message == "no current value of s0-redis-jobs: it does not scale by it"


def test_a_paused_scaled_object_fails() -> None:
    (finding,) = examined(made_by_keda(), scaled=listing(scaled_object("redis", paused=True))).findings
    assert finding.message == "it is paused: KEDA does not scale"


def test_a_scaled_object_that_falls_back_follows_nothing_though_its_autoscaler_sees_a_value() -> None:
    young = examined(made_by_keda(), scaled=listing(scaled_object("redis", fallback=2))).findings[0]
    assert young.in_transition
    (finding,) = examined(made_by_keda(), scaled=listing(scaled_object("redis", fallback=60))).findings
    assert (finding.outcome, finding.message) == (
        Outcome.FAIL,
        "it falls back to a fixed number (FallbackExists): KEDA sees no value of a trigger",
    )


def test_without_its_autoscaler_a_scaled_object_fails() -> None:
    (finding,) = examined(scaled=listing(scaled_object("redis"))).findings
    assert finding.message == "the autoscaler that KEDA makes of it is not there"


def test_a_row_without_metrics_is_refused() -> None:
    with pytest.raises(ValueError, match="name at least one metric"):
        SignalLimits(workload="deployment/api", metrics=())
