"""What is wrong in pod templates: images, requests and limits, probes; also of native sidecars."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from tests.faults.rollouts import followed
from tests.faults.scenario import Changes, fail, scenario
from tests.testbed import kubernetes_age as age
from tests.testbed import kubernetes_pod_faults as faults
from tests.testbed import kubernetes_undo as undo


@scenario("containers have no limits", group="templates")
def no_limits() -> Iterator[Changes]:
    name = "repo-scanner-worker"
    with faults.without("repo-scanner", name, "limits"):
        followed("repo-scanner", name)
        subject = f"deployment repo-scanner/{name}"
        yield {
            "RS-108": fail("medium", subject, message=f"container {name} has no cpu limit, no memory limit"),
            "RS-038": fail("medium", subject, message=f"container {name} has no memory limit"),
        }


@scenario("an image comes from a registry with a port, without tag", group="templates")
def foreign_image() -> Iterator[Changes]:
    """`reg:5000/app`: the colon belongs to the registry."""
    with faults.image("accelerapp", "accelerapp", "reg:5000/app"):
        followed("accelerapp", "accelerapp")
        text = "container accelerapp: reg:5000/app is from reg:5000, allowed: registry.example.com"
        yield {
            "AC-065": fail(
                "medium", "deployment accelerapp/accelerapp", measured="reg:5000/app", message=text
            )
        }


@scenario("a native sidecar has neither limits nor probes and is not ready", group="templates")
def bare_sidecar() -> Iterator[Changes]:
    with (
        # Else it gets the namespace's defaults; and where a quota counts requests, nobody may do without.
        undo.changed(
            "ResourceQuota",
            "opsforge",
            "team",
            {"spec": {"hard": {"requests.cpu": None, "requests.memory": None}}},
        ),
        undo.removed("LimitRange", "opsforge", "defaults"),
        faults.with_sidecar("opsforge", "grafana", limits=False, probes=False),
        faults.pods("opsforge", "grafana", "not-ready", container="sidecar") as (pod,),
        faults.without("opsforge", "worker", "readinessProbe"),
    ):
        followed("opsforge", "worker", "grafana")
        age.unavailable("opsforge", "grafana", pod)
        grafana, service = "deployment opsforge/grafana", "service opsforge/grafana-service"
        unready = fail(
            "critical",
            f"pod opsforge/{pod}",
            measured="1/2 containers ready",
            message="Running but not Ready; sidecar sidecar is not ready",
        )
        yield {
            "OF-062": fail(
                "high",
                grafana,
                message="container sidecar has no cpu request, no memory request, no cpu limit, no memory limit",
            ),
            "OF-088": fail(
                "high", grafana, "deployment opsforge/worker", message="container * has no readiness probe*"
            ),
            "OF-027": unready,
            "OF-028": unready,
            "OF-024": fail("high", grafana, measured="0", message="0 of 1 pod is available"),
            "OF-029": fail("critical", service, measured="0"),
            "OF-049": fail("medium", service, measured="0"),
        }


@scenario("too little is requested on the nodes", group="templates")
def nodes_nearly_empty() -> Iterator[Changes]:
    with faults.sized("opsforge", "node-agent", ("100m", "128Mi"), ("3", "12Gi")):
        followed("opsforge", "node-agent")
        # Which of them the other pods fill, the scheduler decides.
        yield {
            "OF-066": fail("low", "node node-*", message="only * of it is requested; needed: at least 30 %")
        }


@scenario("requests and limits differ from the stated ones", group="templates")
def other_amounts() -> Iterator[Changes]:
    name = "anomaly-detection-api"
    with (
        faults.sized("production", name, ("600m", "1Gi"), ("1000m", "4Gi")),
        faults.sized("smartcloudops", "backend", ("150m", "256Mi"), ("500m", "1Gi")),
    ):
        followed("production", name)
        followed("smartcloudops", "backend")
        api, backend = f"deployment production/{name}", "deployment smartcloudops/backend"
        yield {
            "EP-095": fail("medium", api, message=f"container {name} has a cpu request of 600m, 500m needed"),
            "EP-096": fail("medium", api, message=f"container {name} has a memory limit of 4Gi, 2Gi needed"),
            "SC-112": fail(
                "medium", backend, message="container backend has a cpu request of 150m, 100m needed"
            ),
            "SC-113": fail(
                "medium", backend, message="container backend has a memory limit of 1Gi, 512Mi needed"
            ),
        }


@scenario("images have the tag latest, or none", group="templates")
def moving_tags() -> Iterator[Changes]:
    images = {"celery-worker": "registry.company.com/celery:latest", "frontend": "reg:5000/app"}
    with ExitStack() as stack:
        for name, image in images.items():
            stack.enter_context(faults.image("smartcloudops", name, image))
        followed("smartcloudops", *images)
        subjects = [f"deployment smartcloudops/{name}" for name in images]
        yield {"SC-095": fail("high", *subjects, message="container *: * has *tag*")}
