"""capacity/metrics-api-available on plain facts."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from checks.capacity.check_metrics_api_available import MetricsApiLimits, check_metrics_api
from opsproof import CRITICAL, MEDIUM, Examination, Listing
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.model.scope import in_namespace
from opsproof.sources.kubernetes.facts.meta import Amounts, Meta, Owner
from opsproof.sources.kubernetes.facts.nodes import ContainerUsage, PodUsage
from opsproof.sources.kubernetes.facts.pods import (
    Container,
    ContainerState,
    ContainerStatus,
    Pod,
    PodSpec,
    PodStatus,
    Resources,
    Running,
    Waiting,
)

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)
OWNER = Owner(kind="DaemonSet", name="agent", controller=True)


def pod(
    *, started: float | None = 3600, phase: str = "Running", limits: str = "", requests: str = "", **meta: Any
) -> Pod:
    """A pod with one container, which started so many seconds ago; None: it waits."""
    state = (
        ContainerState(waiting=Waiting(reason="CrashLoopBackOff"))
        if started is None
        else ContainerState(running=Running(started_at=NOW - timedelta(seconds=started)))
    )
    resources = Resources(limits=Amounts(cpu=limits), requests=Amounts(cpu=requests))
    return Pod(
        metadata=Meta(**{"name": "agent-x", "namespace": "shop", "owner_references": (OWNER,), **meta}),
        spec=PodSpec(containers=(Container(name="agent", resources=resources),)),
        status=PodStatus(phase=phase, container_statuses=(ContainerStatus(name="agent", state=state),)),
    )


def usage(cpu: str = "100m", age: float = 10) -> PodUsage:
    return PodUsage(
        metadata=Meta(name="agent-x", namespace="shop"),
        timestamp=NOW - timedelta(seconds=age),
        containers=(ContainerUsage(name="agent", usage=Amounts(cpu=cpu, memory="1Mi")),),
    )


def examined(one: Pod, *usages: PodUsage, gaps: tuple[Failure, ...] = (), **limits: Any) -> Examination:
    examine = Examination(level=MEDIUM)
    pods, measured = Listing([one], as_of=NOW), Listing(usages, as_of=NOW, gaps=gaps)
    check_metrics_api(pods, measured, MetricsApiLimits(**limits), examine)
    return examine


def test_a_pod_with_a_fresh_measurement_passes() -> None:
    examine = examined(pod(), usage())
    assert (examine.findings, examine.passed) == ([], 1)


def test_a_running_pod_without_measurement_fails() -> None:
    (finding,) = examined(pod()).findings
    assert (finding.outcome, finding.in_transition, finding.measured.text) == (
        Outcome.FAIL,
        False,
        "not measured",
    )
    assert finding.message == "metrics.k8s.io has no measurement of it; needed: one at most 2m old"
    assert finding.subject.stable == "pod/shop/daemonset/agent"


def test_a_new_container_has_a_while() -> None:
    (finding,) = examined(pod(started=119)).findings
    assert finding.in_transition
    (finding,) = examined(pod(started=121)).findings
    assert not finding.in_transition


def test_an_old_measurement_fails_however_new_the_container() -> None:
    (finding,) = examined(pod(started=30), usage(age=90), age="1m").findings
    assert (finding.outcome, finding.in_transition) == (Outcome.FAIL, False)
    assert (finding.measured.text, finding.limit.text) == ("measured 1m30s ago", "at most 1m")


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (pod(phase="Succeeded"), "terminating or finished"),
        (pod(deletion_timestamp=NOW), "terminating or finished"),
        (pod(started=None), "no container of it runs"),
    ],
)
def test_what_runs_no_container_is_not_measured(one: Pod, why: str) -> None:
    examine = examined(one)
    assert examine.findings == []
    assert [excluded.why for excluded in examine.excluded] == [why]


def test_use_is_a_share_of_the_limit_else_of_the_request() -> None:
    steps = {"medium": "70%", "critical": "90%"}
    (finding,) = examined(pod(limits="200m", requests="100m"), usage("160m"), cpu=steps).findings
    assert (finding.outcome, finding.level, finding.measured.text) == (Outcome.FAIL, MEDIUM, "80 %")
    assert finding.message.startswith("uses 80 % of its cpu limit; needed: ")
    (finding,) = examined(pod(requests="100m"), usage("160m"), cpu=steps).findings
    assert (finding.level, finding.measured.text) == (CRITICAL, "160 %")
    assert "of its cpu request" in finding.message
    assert str(finding.subject) == "container shop/agent-x/agent"


def test_containers_with_neither_are_listed_apart() -> None:
    examine = examined(pod(), usage(), cpu="70%")
    assert (examine.findings, examine.excluded[0].why) == ([], "has neither a cpu limit nor a cpu request")


def test_one_high_sample_among_others_is_no_failure() -> None:
    assert examined(pod(limits="200m"), usage("190m", 20), usage("20m", 5), cpu="70%").findings == []


def test_a_container_that_is_not_in_the_measurement_is_undecided() -> None:
    other = PodUsage(metadata=Meta(name="agent-x", namespace="shop"), timestamp=NOW, containers=None)
    (finding,) = examined(pod(limits="200m"), other, cpu="70%").findings
    assert (finding.outcome, finding.message) == (Outcome.UNKNOWN, "its cpu use is not measured")


def test_a_namespace_whose_metrics_are_refused_is_not_called_unmeasured() -> None:
    refused = Failure(
        "Forbidden", "the permission to list pods.metrics.k8s.io is missing", "k", in_namespace("shop")
    )
    examine = examined(pod(), gaps=(refused,))
    assert (examine.findings, examine.passed) == ([], 0)
