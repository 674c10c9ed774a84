"""scaling/hpa-spec on plain facts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.scaling.check_hpa_spec import AutoscalerSpecLimits, check_autoscaler_spec
from opsproof import HIGH, Examination
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.scaling import Autoscaler
from tests.checks.cluster import autoscaler, condition, examination, listing, resource_metric

BOUNDS = {"min_replicas": 2, "max_replicas": 10}


def examined(*autoscalers: Autoscaler, **limits: Any) -> Examination:
    examine = examination(HIGH)
    asked = AutoscalerSpecLimits(workload="deployment/api", **limits)
    check_autoscaler_spec(listing(*autoscalers), asked, examine)
    return examine


def test_the_stated_bounds_and_target_pass() -> None:
    assert examined(autoscaler(), **BOUNDS, cpu="70%").passed == 2


@pytest.mark.parametrize("bounds", [{"minReplicas": 1}, {"maxReplicas": 9}])
def test_another_bound_fails(bounds: dict[str, int]) -> None:
    (finding,) = examined(autoscaler(spec=bounds), **BOUNDS).findings
    ((name, value),) = bounds.items()
    stated = {"minReplicas": 2, "maxReplicas": 10}
    assert finding.outcome is Outcome.FAIL
    assert finding.message == f"{name} is {value}, {stated[name]} stated"
    assert finding.limit.text == "minReplicas 2, maxReplicas 10"


def test_a_minimum_that_nobody_wrote_is_one() -> None:
    (finding,) = examined(autoscaler(spec={"minReplicas": 1}), min_replicas=2).findings
    assert finding.measured.text == "minReplicas 1"


def test_another_target_fails_at_once() -> None:
    metric = resource_metric("cpu", target=True)
    metric["resource"]["target"]["averageUtilization"] = 90
    (finding,) = examined(autoscaler(spec={"metrics": [metric]}), cpu="70%").findings
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "90 %")
    assert finding.message == "averageUtilization of cpu is 90 %, 70 % stated"
    assert str(finding.subject) == "horizontalpodautoscaler shop/api (cpu)"


def test_an_absolute_target_is_no_utilization() -> None:
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "350m"}},
    }
    (finding,) = examined(autoscaler(spec={"metrics": [metric]}), cpu="70%").findings
    assert finding.message == "its target for cpu is no averageUtilization"


def test_a_missing_metric_fails() -> None:
    (finding,) = examined(autoscaler(), memory="80%").findings
    assert finding.message == "it has no metric of type Resource for memory"


def test_without_a_current_value_it_fails_once_the_grace_is_over() -> None:
    def blind(age: float) -> Autoscaler:
        inactive = condition("ScalingActive", False, age=age, reason="FailedGetResourceMetric")
        return autoscaler(conditions=[inactive], currentMetrics=None)

    assert examined(blind(2), cpu="70%").findings[0].in_transition
    (finding,) = examined(blind(20), cpu="70%").findings
    assert finding.outcome is Outcome.FAIL
    assert finding.message == "no current value of cpu: it does not scale by it"


def test_a_wrong_target_is_not_excused_by_a_missing_value() -> None:
    metric = resource_metric("cpu", target=True)
    metric["resource"]["target"]["averageUtilization"] = 90
    inactive = condition("ScalingActive", False, age=1, reason="FailedGetResourceMetric")
    made = autoscaler(conditions=[inactive], currentMetrics=None, spec={"metrics": [metric]})
    assert examined(made, cpu="70%").findings[0].outcome is Outcome.FAIL


def test_two_autoscalers_are_not_the_stated_one() -> None:
    found = examined(autoscaler(), autoscaler("api-hpa"), **BOUNDS).findings
    assert {one.message for one in found} == {
        "2 autoscalers scale deployment/api: one with all metrics is needed"
    }


def test_the_autoscaler_of_another_workload_is_not_examined() -> None:
    assert examined(autoscaler(target="Deployment/web"), **BOUNDS).nothing_examined


def test_a_row_that_states_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="min_replicas, max_replicas, cpu or memory"):
        AutoscalerSpecLimits(workload="deployment/api")
