"""capacity/requests-and-limits on plain facts."""

from __future__ import annotations

from typing import Any

from checks.capacity.check_requests_and_limits import ResourceLimits, check_requests_and_limits
from opsproof import MEDIUM, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.model.scope import in_namespace
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.reading.templates import Templated
from tests.checks.cluster import (
    SHOP,
    amounts,
    container,
    cron_job,
    deployment,
    examination,
    listing,
    pod,
    template,
)

FULL = {"requests": amounts("100m", "256Mi"), "limits": amounts("500m", "512Mi")}


def declaring(*containers: dict[str, Any], name: str = "api", **spec: Any) -> Templated:
    return deployment(name, spec={"template": template(containers=list(containers), **spec)})


def examined(*templates: Templated, pods: tuple[Pod, ...] = (), gaps: Any = (), **limits: Any) -> Examination:
    examine = examination(MEDIUM)
    check_requests_and_limits(
        listing(*templates, gaps=gaps), listing(*pods), ResourceLimits(**limits), examine
    )
    return examine


def test_complete_containers_pass() -> None:
    assert examined(declaring(container(resources=FULL))).passed == 1


def test_what_is_missing_is_named() -> None:
    half = {"requests": amounts("100m", "256Mi"), "limits": amounts(memory="512Mi")}
    (finding,) = examined(declaring(container(resources=half), container("side"))).findings
    assert (finding.outcome, finding.level, str(finding.subject)) == (
        Outcome.FAIL,
        MEDIUM,
        "deployment shop/api",
    )
    assert finding.message == (
        "container app has no cpu limit; "
        "container side has no cpu request, no memory request, no cpu limit, no memory limit"
    )
    assert (
        "app: cpu request 100m, memory request 256Mi, cpu limit none, memory limit 512Mi"
        in finding.measured.text
    )


def test_containers_share_what_the_whole_pod_has() -> None:
    assert examined(declaring(container(), container("side"), resources=FULL)).passed == 1
    half = {"requests": amounts("100m", "256Mi"), "limits": amounts(memory="512Mi")}
    (finding,) = examined(declaring(container(), resources=half)).findings
    assert finding.message == "container app has no cpu limit"
    assert finding.measured.text.startswith("the whole pod: cpu request 100m, memory request 256Mi")
    assert examined(declaring(container(), resources=FULL), cpu_request="100m").findings


def test_what_admission_gave_the_whole_pod_counts() -> None:
    admitted = pod(spec={"resources": FULL})
    assert examined(declaring(container()), pods=(admitted,)).passed == 1


def test_only_what_the_row_requires() -> None:
    half = {"requests": amounts("100m", "256Mi"), "limits": amounts(memory="512Mi")}
    assert (
        examined(declaring(container(resources=half)), require=("memory request", "memory limit")).passed == 1
    )


def test_init_containers_count() -> None:
    init = declaring(container(resources=FULL), initContainers=[container("migrate")])
    assert examined(init).findings[0].message.startswith("container migrate has no cpu request")


def test_cron_jobs_count() -> None:
    assert str(examined(cron_job()).findings[0].subject) == "cronjob shop/cleanup"


def test_defaults_of_the_namespace_are_seen_on_the_newest_pod() -> None:
    admitted = pod(spec={"containers": [container(resources=FULL)]})
    assert examined(declaring(container()), pods=(admitted,)).passed == 1


def test_equal_amounts_may_be_written_differently() -> None:
    other = {"requests": amounts("0.5", "1024Mi"), "limits": amounts("1", "2Gi")}
    api = declaring(container(resources=other))
    assert examined(api, workloads=("deployment/api",), cpu_request="500m", memory_request="1Gi").passed == 1
    assert examined(api, workloads=("deployment/api",), cpu_limit="1000m", memory_limit="2048Mi").passed == 1


def test_other_amounts_fail_with_both() -> None:
    (finding,) = examined(declaring(container(resources=FULL)), memory_request="1Gi").findings
    assert finding.message == "container app has a memory request of 256Mi, 1Gi needed"
    assert (finding.measured.text, finding.limit.text) == ("app: memory request 256Mi", "memory request 1Gi")


def test_a_row_that_states_amounts_looks_at_those_alone() -> None:
    requests_only = declaring(container(resources={"requests": amounts("100m", "256Mi")}))
    assert examined(requests_only, cpu_request="100m", memory_request="256Mi").passed == 1
    assert (
        examined(requests_only, cpu_limit="500m").findings[0].message
        == "container app has no cpu limit, 500m needed"
    )


def test_the_row_names_workloads_and_containers() -> None:
    api = declaring(container(resources=FULL), container("proxy"))
    other = declaring(container(), name="other")
    assert examined(api, other, workloads=("deployment/api",), containers=("app",)).passed == 1
    (finding,) = examined(api, workloads=("deployment/gone",)).findings
    assert (finding.outcome, finding.message) == (Outcome.FAIL, "there is no deployment/gone")
    assert examined(api, containers=("web",)).excluded[0].why == "has no container named web"


def test_a_missing_workload_may_be_in_a_silent_namespace() -> None:
    gap = Failure("Forbidden", "list deployments in namespace shop is not allowed", "k", in_namespace(SHOP))
    assert examined(gaps=[gap], workloads=("deployment/api",)).findings[0].outcome is Outcome.UNKNOWN
