"""health/pod-restarts on plain facts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.health.check_pod_restarts import RestartLimits, check_pod_restarts
from opsproof import CRITICAL, HIGH, MEDIUM, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.prometheus.facts import Samples, Series
from tests.checks.cluster import NOW, SHOP, ended, examination, listing, meta, pod, status

DOWN = Failure("Unreachable", "connection refused", "prometheus:test")
API = "api-7d9f8b6c5-x2x4z"


def counts(**of: str) -> Samples:
    """Restarts by pod name, as `increase` gives them."""
    series = tuple(
        Series(
            labels={"namespace": SHOP, "pod": name.replace("_", "-"), "container": "app"},
            values=((NOW.timestamp(), value),),
        )
        for name, value in of.items()
    )
    return Samples(result_type="vector", at=NOW.timestamp(), series=series)


QUIET = counts(api_7d9f8b6c5_x2x4z="0")


def examined(*pods: Pod, restarts: Samples | Failure = QUIET, **limits: Any) -> Examination:
    examine = examination(CRITICAL)
    check_pod_restarts(listing(*pods), restarts, RestartLimits(**limits), examine)
    return examine


def crashed(
    minutes_ago: float, *, reason: str = "Error", code: int = 1, waiting: str = "", count: int = 4
) -> Pod:
    return pod(
        containerStatuses=[
            status(waiting=waiting, restartCount=count, lastState=ended(reason, code, minutes_ago)),
        ]
    )


def test_a_quiet_pod_passes() -> None:
    assert examined(pod()).passed == 1


def test_a_crash_loop_fails_even_when_the_last_crash_is_old() -> None:
    (finding,) = examined(crashed(40, waiting="CrashLoopBackOff")).findings
    assert (finding.outcome, finding.level) == (Outcome.FAIL, CRITICAL)
    assert finding.message == ("container app is in CrashLoopBackOff; it last ended with Error (exit code 1)")


def test_an_end_within_the_window_fails() -> None:
    (finding,) = examined(crashed(3, reason="OOMKilled", code=137)).findings
    assert finding.outcome is Outcome.FAIL
    assert (finding.measured.text, finding.limit.text) == ("1", "at most 0")
    assert finding.since_from == "the container's last end"
    assert "OOMKilled (exit code 137)" in finding.message


def test_lifetime_restarts_are_not_restarts_in_the_window() -> None:
    assert not examined(crashed(16, count=99)).findings


def test_a_clean_exit_is_by_design() -> None:
    assert not examined(crashed(3, reason="Completed", code=0)).findings
    assert not examined(
        crashed(3, reason="Completed", code=0), restarts=counts(api_7d9f8b6c5_x2x4z="1.04")
    ).findings


def test_the_count_in_the_window_comes_from_prometheus_and_picks_the_step() -> None:
    """increase() extrapolates: 4.2 are four restarts."""
    busy = counts(api_7d9f8b6c5_x2x4z="4.2")
    (finding,) = examined(crashed(3), restarts=busy).findings
    assert finding.measured.text == "4"


@pytest.mark.parametrize(("increase", "level"), [("1.1", MEDIUM), ("3.2", MEDIUM), ("4.2", HIGH)])
def test_steps_take_the_level_of_the_worst_broken_one(increase: str, level: Any) -> None:
    examine = examination(CRITICAL)
    limits = RestartLimits.model_validate({"restarts": {"medium": 0, "high": 3}, "window": "1h"})
    check_pod_restarts(listing(crashed(3)), counts(api_7d9f8b6c5_x2x4z=increase), limits, examine)
    (finding,) = examine.findings
    assert (finding.outcome, finding.level) == (Outcome.FAIL, level)


def test_without_prometheus_kubernetes_still_decides_failures() -> None:
    examine = examined(crashed(3), pod("api-2"), restarts=DOWN)
    failed, undecided = examine.findings
    assert (failed.outcome, str(failed.subject)) == (Outcome.FAIL, f"pod shop/{API}")
    assert (undecided.outcome, str(undecided.subject)) == (Outcome.UNKNOWN, "metric container_restarts")
    assert undecided.cause == "Unreachable: prometheus:test"
    assert examine.passed == 1


def test_without_prometheus_an_allowed_crash_may_not_be_the_only_one() -> None:
    examine = examination(CRITICAL)
    limits = RestartLimits.model_validate({"restarts": 3})
    check_pod_restarts(listing(crashed(3, count=9)), DOWN, limits, examine)
    assert [finding.outcome for finding in examine.findings] == [Outcome.UNKNOWN, Outcome.UNKNOWN]
    assert "how often is not known" in examine.findings[0].message


def test_no_series_at_all_is_no_data() -> None:
    (finding,) = examined(pod(), restarts=counts()).findings
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.message == "Prometheus has no series of container restarts"


def test_a_crashing_pod_that_was_replaced_still_counts() -> None:
    seen = counts(api_7d9f8b6c5_x2x4z="0", api_5c4d8f9b7_q8rtz="2")
    (finding,) = examined(pod(), restarts=seen).findings
    assert (str(finding.subject), finding.subject.key) == ("pod shop/api-5c4d8f9b7-q8rtz", "deployment/api")
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "2")


def test_only_the_asked_reasons_count() -> None:
    assert examined(crashed(3, reason="OOMKilled", code=137), reasons=("OOMKilled",)).findings
    assert not examined(crashed(3, reason="Error"), reasons=("OOMKilled",), restarts=DOWN).findings
    looping = crashed(3, waiting="CrashLoopBackOff")
    assert examined(looping, reasons=("CrashLoopBackOff",), restarts=DOWN).findings
    assert not examined(looping, reasons=("OOMKilled",)).findings


def test_a_loop_is_told_as_such_and_not_as_no_restarts() -> None:
    looping = crashed(3, waiting="CrashLoopBackOff")
    (finding,) = examined(looping, reasons=("CrashLoopBackOff",), restarts=DOWN).findings
    assert finding.measured.text == "CrashLoopBackOff"
    assert "is in CrashLoopBackOff" in finding.message and " 0 times" not in finding.message


def test_jobs_retry_by_design() -> None:
    retried = pod(
        metadata=meta(API, owner="Job/migrate"),
        containerStatuses=[status(restartCount=2, lastState=ended("Error", 1, 2))],
    )
    examine = examined(retried, pod("api-2"))
    assert not examine.findings
    assert examine.excluded[0].why == "belongs to a Job, which retries by design"


def test_init_containers_and_sidecars_count_too() -> None:
    proxy = pod(initContainerStatuses=[status("proxy", restartCount=1, lastState=ended("Error", 2, 4))])
    (finding,) = examined(proxy).findings
    assert finding.message.startswith("container proxy restarted 1 time in 15m")
