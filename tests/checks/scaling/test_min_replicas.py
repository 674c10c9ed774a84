"""scaling/min-replicas on plain facts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.scaling.check_min_replicas import ReplicaLimits, check_min_replicas
from opsproof import MEDIUM, Examination
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.scaling import Autoscaler
from opsproof.sources.kubernetes.facts.workloads import Workload
from tests.checks.cluster import REFUSED, autoscaler, condition, deployment, examination, listing, pod


def examined(
    *workloads: Workload,
    scaled: tuple[Autoscaler, ...] = (),
    pods: tuple[Any, ...] = (),
    gaps: Any = (),
    **limits: Any,
) -> Examination:
    examine = examination(MEDIUM)
    check_min_replicas(
        listing(*workloads, gaps=gaps),
        listing(*scaled),
        listing(*pods),
        listing(),
        ReplicaLimits(workloads=("deployment/api",), **limits),
        examine,
    )
    return examine


def test_enough_replicas_pass() -> None:
    assert examined(deployment(replicas=3), replicas=3).passed == 1


def test_too_few_replicas_fail() -> None:
    (finding,) = examined(deployment(replicas=2), replicas=3).findings
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "2")
    assert finding.message == "its spec asks for 2, at least 3 needed"


def test_the_autoscaler_s_minimum_wins() -> None:
    """Three run now; at night the autoscaler takes one away."""
    (finding,) = examined(deployment(replicas=3), scaled=(autoscaler(),), replicas=3).findings
    assert finding.message == "its autoscaler's minReplicas is 2, at least 3 needed"
    enough = autoscaler(spec={"minReplicas": 3})
    assert examined(deployment(replicas=4), scaled=(enough,), replicas=3).passed == 1


def test_an_autoscaler_that_does_not_act_keeps_no_floor() -> None:
    unable = autoscaler(
        spec={"minReplicas": 3}, conditions=[condition("AbleToScale", False, reason="FailedGetScale")]
    )
    (finding,) = examined(deployment(replicas=1), scaled=(unable,), replicas=3).findings
    assert finding.message == "its spec (its autoscaler does not act) asks for 1, at least 3 needed"


def test_an_autoscaler_without_metrics_keeps_its_minimum() -> None:
    blind = autoscaler(
        spec={"minReplicas": 3},
        conditions=[
            condition("AbleToScale", True),
            condition("ScalingActive", False, reason="FailedGetResourceMetric"),
        ],
    )
    assert examined(deployment(replicas=3), scaled=(blind,), replicas=3).passed == 1


def test_scaled_to_zero_the_autoscaler_s_minimum_is_nothing() -> None:
    off = autoscaler(spec={"minReplicas": 3})
    (finding,) = examined(deployment(replicas=0), scaled=(off,), replicas=3).findings
    assert finding.message == "its spec asks for 0, at least 3 needed"


def test_too_few_available_fail_once_the_grace_is_over() -> None:
    short = deployment(replicas=2, available=1)
    late = pod(ready=False, since=30)
    (finding,) = examined(short, pods=(late,), available=2).findings
    assert (finding.outcome, finding.message) == (
        Outcome.FAIL,
        "1 replica available, at least 2 needed",
    )
    fresh = pod(ready=False, since=2)
    assert examined(short, pods=(fresh,), available=2).findings[0].in_transition


def test_one_that_asks_for_too_few_is_excused_by_nothing() -> None:
    """However young its pods are: it would not have enough of them at the end either."""
    one = deployment(replicas=1, available=0)
    fresh = pod(ready=False, since=2)
    (finding,) = examined(one, pods=(fresh,), available=2).findings
    assert (finding.outcome, finding.message) == (
        Outcome.FAIL,
        "0 replicas available, at least 2 needed; its spec asks for 1",
    )


def test_a_status_of_an_older_spec_decides_nothing() -> None:
    stale = deployment(replicas=2, metadata={"generation": 3})
    assert examined(stale, available=2).findings[0].outcome is Outcome.UNKNOWN


def test_a_missing_workload_fails_unless_a_namespace_did_not_answer() -> None:
    (finding,) = examined(replicas=3).findings
    assert (finding.outcome, finding.message) == (Outcome.FAIL, "there is no deployment/api")
    assert examined(gaps=[REFUSED], replicas=3).findings[0].outcome is Outcome.UNKNOWN


def test_a_row_that_states_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="replicas, available or both"):
        ReplicaLimits(workloads=("deployment/api",))
