"""health/probes-configured on plain facts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.health.check_probes_configured import ProbeLimits, check_probes
from opsproof import Examination
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.workloads import Workload
from tests.checks.cluster import container, deployment, examination, listing, meta, pod, template


def probe(port: int | str = 8000, *, period: int = 10, failures: int = 3) -> dict[str, Any]:
    return {"httpGet": {"port": port}, "periodSeconds": period, "failureThreshold": failures}


def probed(name: str = "app", **more: Any) -> dict[str, Any]:
    ports = [{"name": "web", "containerPort": 8000}]
    return container(name, **{"ports": ports, "readinessProbe": probe(), "livenessProbe": probe(), **more})


def declaring(*containers: dict[str, Any], **spec: Any) -> Workload:
    return deployment(spec={"template": template(containers=list(containers), **spec)})


def examined(*workloads: Workload, pods: tuple[Pod, ...] = (), **limits: Any) -> Examination:
    examine = examination()
    check_probes(listing(*workloads), listing(*pods), ProbeLimits(**limits), examine)
    return examine


def test_both_probes_on_a_port_pass() -> None:
    assert examined(declaring(probed())).passed == 1


def test_each_missing_probe_is_named() -> None:
    (finding,) = examined(declaring(probed(readinessProbe=None), container("side"))).findings
    assert finding.outcome is Outcome.FAIL
    assert (finding.measured.text, finding.limit.text) == ("3", "0")
    assert finding.message == (
        "container app has no readiness probe; container side has no readiness probe; "
        "container side has no liveness probe"
    )


@pytest.mark.parametrize(("port", "right"), [("web", True), (8000, True), ("admin", False), (9000, True)])
def test_a_probe_asks_a_port_by_a_name_that_the_container_declares(port: int | str, right: bool) -> None:
    """A number needs no declaration: `containerPort` is informational."""
    examine = examined(declaring(probed(readinessProbe=probe(port))))
    assert bool(examine.passed) is right
    if not right:
        assert (
            examine.findings[0].message
            == f"container app: its readiness probe asks port {port}, which it lacks"
        )


def test_a_command_needs_no_port() -> None:
    command = {"exec": {}, "periodSeconds": 10, "failureThreshold": 3}
    assert examined(declaring(probed(livenessProbe=command, readinessProbe=command))).passed == 1


def test_numbers_need_no_declaration_when_nothing_is_declared() -> None:
    assert examined(declaring(probed(ports=[]))).passed == 1


def test_liveness_must_not_give_up_first() -> None:
    hasty = probed(livenessProbe=probe(period=5, failures=1))
    (finding,) = examined(declaring(hasty)).findings
    assert finding.message == "container app: its liveness probe gives up before its readiness probe"


def test_native_sidecars_run_long_and_init_containers_do_not() -> None:
    init = [container("migrate"), container("proxy", restartPolicy="Always")]
    (finding,) = examined(declaring(probed(), initContainers=init)).findings
    assert finding.message == "container proxy has no readiness probe; container proxy has no liveness probe"


def test_jobs_are_set_aside_and_bare_pods_are_not() -> None:
    of_job = pod("migrate-x", metadata=meta("migrate-x", owner="Job/migrate"))
    examine = examined(declaring(probed()), pods=(of_job, pod("bare", of=""), pod()))
    assert [str(finding.subject) for finding in examine.findings] == ["pod shop/bare"]
    assert examine.excluded[0].why == "runs to completion and needs no probes"
