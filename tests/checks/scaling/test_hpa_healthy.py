"""scaling/hpa-healthy on plain facts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.scaling.check_hpa_healthy import AutoscalerLimits, check_autoscalers
from opsproof import HIGH, MEDIUM, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.model.scope import in_namespace
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.scaling import Autoscaler
from tests.checks.cluster import (
    NOW,
    SHOP,
    autoscaler,
    condition,
    deployment,
    examination,
    listing,
    pod,
    resource_metric,
    service,
)


def examined(
    *autoscalers: Autoscaler, there: Any = None, pods: tuple[Pod, ...] = (), gaps: Any = (), **limits: Any
) -> Examination:
    examine = examination(HIGH)
    asked = AutoscalerLimits(**limits)
    check_autoscalers(
        listing(*autoscalers, gaps=gaps),
        listing(*([deployment()] if there is None else there)),
        listing(service()) if asked.service else None,
        listing(*pods) if asked.service else None,
        asked,
        examine,
    )
    return examine


def conditions(
    *, age: float = 600, unable: str = "", inactive: str = "", limited: str = ""
) -> list[dict[str, Any]]:
    """Each is good unless it is given a reason."""
    return [
        condition("AbleToScale", not unable, age=age, reason=unable),
        condition("ScalingActive", not inactive, age=age, reason=inactive),
        condition("ScalingLimited", bool(limited), age=age, reason=limited),
    ]


def test_a_healthy_autoscaler_passes() -> None:
    assert examined(autoscaler()).passed == 1


def test_without_metrics_it_fails_once_the_grace_is_over() -> None:
    blind = autoscaler(conditions=conditions(age=20, inactive="FailedGetResourceMetric"))
    (finding,) = examined(blind).findings
    assert (finding.outcome, finding.level, finding.measured.text) == (
        Outcome.FAIL,
        HIGH,
        "ScalingActive=False",
    )
    assert str(finding.subject) == "horizontalpodautoscaler shop/api"
    assert finding.since_from == "condition ScalingActive"
    fresh = autoscaler(conditions=conditions(age=2, inactive="FailedGetResourceMetric"))
    assert examined(fresh).findings[0].in_transition


def test_unable_to_scale_fails() -> None:
    (finding,) = examined(autoscaler(conditions=conditions(unable="FailedGetScale"))).findings
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "AbleToScale=False")


def test_an_ambiguous_selector_fails_at_once() -> None:
    clash = autoscaler(conditions=conditions(age=1, inactive="AmbiguousSelector"))
    (finding,) = examined(clash).findings
    assert finding.outcome is Outcome.FAIL
    assert finding.message == "ScalingActive is False (AmbiguousSelector)"


def test_two_autoscalers_on_one_target_both_fail() -> None:
    found = examined(autoscaler(), autoscaler("api-hpa")).findings
    assert [finding.outcome for finding in found] == [Outcome.FAIL, Outcome.FAIL]
    assert {finding.message for finding in found} == {"2 autoscalers scale deployment/api: both stop"}
    assert {finding.measured.text for finding in found} == {"2 autoscalers on deployment/api"}


def test_at_its_maximum_it_is_noted_and_fails_when_that_lasts() -> None:
    examine = examined(autoscaler(conditions=conditions(age=5, limited="TooManyReplicas")))
    assert examine.findings[0].in_transition
    assert examine.notes == ["horizontalpodautoscaler shop/api wants more than its maximum of 10"]
    (finding,) = examined(autoscaler(conditions=conditions(limited="TooManyReplicas"))).findings
    assert (finding.outcome, finding.level) == (Outcome.FAIL, MEDIUM)


def test_at_its_minimum_it_is_well() -> None:
    assert examined(autoscaler(conditions=conditions(limited="TooFewReplicas"))).passed == 1


def test_scaled_to_zero_it_is_suspended() -> None:
    off = autoscaler(conditions=conditions(inactive="ScalingDisabled"))
    assert examined(off).excluded[0].why == "suspended: its target is scaled to zero"


def test_without_current_metrics_it_fails() -> None:
    (finding,) = examined(autoscaler(currentMetrics=None)).findings
    assert (finding.outcome, finding.message) == (Outcome.FAIL, f"no current value of cpu{REST}")


BOTH = {"metrics": [resource_metric("cpu", target=True), resource_metric("memory", target=True)]}
REST = ": it scales by the rest of its metrics alone, or not at all"


def test_each_metric_needs_a_value_of_its_own() -> None:
    """For one that cannot be read the status has an entry without type, and ScalingActive stays True."""
    half = autoscaler(spec=BOTH, currentMetrics=[resource_metric("cpu"), {"type": ""}])
    (finding,) = examined(half).findings
    assert (finding.outcome, finding.message) == (Outcome.FAIL, f"no current value of memory{REST}")
    twice = autoscaler(spec=BOTH, currentMetrics=[resource_metric("cpu"), resource_metric("cpu")])
    assert examined(twice).findings[0].message == f"no current value of memory{REST}"
    whole = autoscaler(spec=BOTH, currentMetrics=[resource_metric("memory"), resource_metric("cpu")])
    assert examined(whole).passed == 1


def test_an_entry_without_a_value_is_none() -> None:
    empty = {"type": "Resource", "resource": {"name": "cpu", "current": {}}}
    assert examined(autoscaler(currentMetrics=[empty])).findings[0].outcome is Outcome.FAIL


def external(part: str, queue: str, **amount: str) -> dict[str, Any]:
    metric = {"name": "queue_depth", "selector": {"matchLabels": {"queue": queue}}}
    return {"type": "External", "external": {"metric": metric, part: amount}}


@pytest.mark.parametrize(("queue", "passes"), [("mail", True), ("bills", False)])
def test_metrics_of_one_name_are_told_apart_by_their_selectors(queue: str, passes: bool) -> None:
    wanted = {"metrics": [external("target", "mail", value="10")]}
    examine = examined(autoscaler(spec=wanted, currentMetrics=[external("current", queue, value="3")]))
    assert bool(examine.passed) is passes


def test_a_new_autoscaler_has_a_while_to_see_its_metrics() -> None:
    new = autoscaler(spec=BOTH)
    young = msgspec.structs.replace(
        new, metadata=msgspec.structs.replace(new.metadata, creation_timestamp=NOW)
    )
    assert examined(young).findings[0].in_transition


def test_one_that_may_not_scale_at_all_is_noted() -> None:
    """Minimum and maximum are the same: it is always at its maximum, and was meant to be."""
    fixed = autoscaler(
        spec={"minReplicas": 4, "maxReplicas": 4}, conditions=conditions(limited="TooManyReplicas")
    )
    examine = examined(fixed)
    assert (examine.findings, examine.passed) == ([], 1)
    assert examine.notes == [
        "horizontalpodautoscaler shop/api scales nothing: minimum and maximum are 4 replicas"
    ]
    blind = autoscaler(
        spec={"minReplicas": 4, "maxReplicas": 4}, conditions=conditions(inactive="FailedGetResourceMetric")
    )
    assert examined(blind).findings[0].outcome is Outcome.FAIL


def test_its_target_must_exist() -> None:
    (finding,) = examined(autoscaler(target="Deployment/gone")).findings
    assert finding.message == "its target deployment/gone does not exist"
    assert examined(autoscaler(target="Rollout/api")).passed == 1


def test_each_named_workload_has_an_autoscaler() -> None:
    worker = deployment("worker")
    examine = examined(
        autoscaler(), there=[deployment(), worker], workloads=("deployment/api", "deployment/worker")
    )
    (finding,) = examine.findings
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "deployment shop/worker")
    assert (finding.measured.text, finding.limit.text, finding.message) == ("0", "1", "it has no autoscaler")


def test_in_a_silent_namespace_nobody_knows() -> None:
    gap = Failure(
        "Forbidden", "list horizontalpodautoscalers in namespace shop is not allowed", "k", in_namespace(SHOP)
    )
    (finding,) = examined(gaps=[gap], workloads=("deployment/api",)).findings
    assert finding.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(("target", "passes"), [("Deployment/api", True), ("Deployment/api-green", False)])
def test_the_workload_behind_the_service_is_scaled(target: str, passes: bool) -> None:
    both = [deployment(), deployment("api-green")]
    examine = examined(autoscaler(target=target), there=both, pods=(pod(),), service="api")
    assert bool(examine.findings) is not passes
    if not passes:
        assert str(examine.findings[0].subject) == "service shop/api"
        assert examine.findings[0].message == "behind it is deployment/api, which no autoscaler scales"
