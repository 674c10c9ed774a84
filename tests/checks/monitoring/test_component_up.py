"""monitoring/component-up on plain facts."""

from __future__ import annotations

from typing import Literal

import pytest

from checks.monitoring.check_component_up import ComponentLimits, check_component
from opsproof import Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.alertmanager.facts import Route, Status
from opsproof.sources.prometheus.facts import Samples
from opsproof.sources.prometheus.status import Readiness, Runtime
from tests.checks.measured import EMPTY, examination, failed, instant, only

RUNTIME = Runtime(started=None, retention=None, reload_ok=True)
READY = Readiness(status=200, ready=True)


def status(cluster: str) -> Status:
    return Status(route=Route(receiver="x"), receivers=(), cluster=cluster, peers=0, started=None)


def examined(
    component: Literal["prometheus", "alertmanager"],
    ready: Readiness = READY,
    own: Runtime | Status | Failure | None = RUNTIME,
    evaluations: Samples | Failure | None = None,
) -> Examination:
    examine = examination()
    if component == "prometheus" and evaluations is None:
        evaluations = instant(0)
    check_component(ready, own, evaluations, ComponentLimits(component=component), examine)
    return examine


def test_ready_and_evaluating_is_compliant() -> None:
    assert examined("prometheus").passed == 2


def test_not_ready_fails() -> None:
    finding = only(examined("prometheus", Readiness(status=503, ready=False)))
    assert (finding.outcome, finding.message) == (Outcome.FAIL, "/-/ready answers 503, 200 needed")


def test_failed_rule_evaluations_fail() -> None:
    finding = only(examined("prometheus", evaluations=instant(3.2)))
    assert (finding.measured.text, finding.message) == (
        "3",
        "3 rule evaluations failed in the last 15m, none allowed",
    )


@pytest.mark.parametrize(
    "found", [EMPTY, instant("NaN"), instant(0, 0, a=["1", "2"]), Failure("TimedOut", "late", "x")]
)
def test_unknown_evaluations_are_undecided_and_hide_nothing(found: Samples | Failure) -> None:
    examine = examined("prometheus", Readiness(status=503, ready=False), evaluations=found)
    assert {finding.outcome for finding in examine.findings} == {Outcome.FAIL, Outcome.UNKNOWN}


def test_a_failed_reload_is_noted() -> None:
    examine = examined("prometheus", own=Runtime(started=None, retention=None, reload_ok=False))
    assert not examine.findings
    assert "reload failed" in examine.notes[0]


def test_a_successful_reload_is_not_noted() -> None:
    assert examined("prometheus").notes == []


@pytest.mark.parametrize(
    "own", [Runtime(started=None, retention=None), Failure("NotFound", "HTTP 404", "prometheus:x")]
)
def test_a_reload_that_is_not_told_is_not_called_good(own: Runtime | Failure) -> None:
    assert examined("prometheus", own=own).notes == [
        "Prometheus does not tell whether it runs its newest configuration"
    ]


@pytest.mark.parametrize("cluster", ["ready", "disabled"])
def test_an_alertmanager_with_its_cluster_is_compliant(cluster: str) -> None:
    assert examined("alertmanager", own=status(cluster)).passed == 2


def test_an_alertmanager_that_settles_fails() -> None:
    assert failed(examined("alertmanager", own=status("settling")))[0].measured.text == "settling"


def test_an_unknown_cluster_is_undecided() -> None:
    assert only(examined("alertmanager", own=Failure("BadAnswer", "garbage", "x"))).outcome is Outcome.UNKNOWN
