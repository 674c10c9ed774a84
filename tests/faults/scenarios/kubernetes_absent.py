"""Workloads and Services that are gone, scaled below their floor, or lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.faults.scenario import Changes, absent, fail, scenario
from tests.testbed import kubernetes_age as age
from tests.testbed import kubernetes_object_faults as objects
from tests.testbed import kubernetes_pod_faults as faults
from tests.testbed import kubernetes_undo as undo
from tests.testbed.kubernetes_api import admin
from tests.testbed.process import await_that

NO_PODS = "its selector selects no pod"


@contextmanager
def workload_removed(namespace: str, name: str) -> Iterator[None]:
    """The workload and its pods are gone for longer than a Service may wait for them."""
    api, of = admin(), undo.workload(namespace, name)
    with undo.removed(of.kind, namespace, name):
        await_that("its pods are gone", lambda: not api.list("Pod", namespace, app=name), within=undo.SOON)
        if of.service is not None:
            age.made_earlier("Service", namespace, of.service or name)
        yield
    undo.await_settled(api, of)


@contextmanager
def scaled_to_zero(namespace: str, name: str) -> Iterator[None]:
    api = admin()
    with faults.scaled(namespace, name, 0):
        await_that("its pods are gone", lambda: not api.list("Pod", namespace, app=name), within=undo.SOON)
        age.made_earlier("Service", namespace, name)
        yield


@scenario("all pods of the API have been unready for an hour", group="absent workloads")
def nobody_ready() -> Iterator[Changes]:
    with faults.pods("repo-scanner", "repo-scanner", "not-ready") as pods:
        age.unavailable("repo-scanner", "repo-scanner", *pods)
        down = fail(
            "critical",
            "deployment repo-scanner/repo-scanner",
            measured="0",
            message="0 of 3 pods are available",
        )
        yield {
            "RS-018": fail(
                "critical", *(f"pod repo-scanner/{pod}" for pod in pods), measured="0/1 containers ready"
            ),
            "RS-004": down,
            "RS-019": down,
            "RS-145": fail("critical", *down.subjects, measured="0", message="0 of 3 pods available"),
            "RS-023": fail(
                "critical",
                "service repo-scanner/repo-scanner",
                measured="0",
                message="0 ready endpoints, at least 1 needed; 0 of its 3 pods are ready",
            ),
        }


@scenario("a Service sends to a port that no pod has", group="absent workloads")
def wrong_target_port() -> Iterator[Changes]:
    with objects.service_port("accelerapp", "accelerapp", "nothing"):
        text = "port 8000: no pod declares its targetPort nothing"
        subject = "service accelerapp/accelerapp"
        yield {
            "AC-031": fail("critical", subject, message=text),
            "AC-137": fail("medium", subject, message=text),
        }


@scenario("workloads are deleted, scaled to nothing, or below their floor", group="absent workloads")
def below_the_floor() -> Iterator[Changes]:
    with ExitStack() as stack:
        floor = {"spec": {"minReplicas": 2}}
        api = "anomaly-detection-api"
        stack.enter_context(undo.changed("HorizontalPodAutoscaler", "production", api, floor))
        stack.enter_context(faults.scaled("production", api, 2))
        for name in ("security-scanner", "predictive-maintenance"):
            stack.enter_context(workload_removed("production", name))
        for name in ("auto-scaling-engine", "anomaly-detection-api-green"):
            stack.enter_context(scaled_to_zero("production", name))
        nothing = "0 replicas wanted by its spec, at least 1 needed"
        empty = (
            "security-scanner",
            "predictive-maintenance",
            "auto-scaling-engine",
            "anomaly-detection-api-green",
        )
        yield {
            "EP-014": fail(
                "critical",
                f"deployment production/{api}",
                measured="2",
                message="2 replicas wanted by its spec, at least 3 needed",
            ),
            "EP-097": fail(
                "high", f"horizontalpodautoscaler production/{api}", message="minReplicas is 2, 3 stated"
            ),
            "EP-015": absent(fail("critical", "requirement EP-015", message="nothing there to examine*")),
            "EP-017": fail(
                "critical", "deployment production/auto-scaling-engine", measured="0", message=nothing
            ),
            "EP-018": absent(
                fail(
                    "critical",
                    "deployment predictive-maintenance",
                    measured="0",
                    message="there is no deployment/predictive-maintenance",
                )
            ),
            "EP-085": fail("critical", f"deployment production/{api}-green", measured="0", message=nothing),
            **dict.fromkeys(
                ("EP-048", "EP-063"),
                fail(
                    "critical",
                    "deployment auto-scaling-engine",
                    "deployment predictive-maintenance",
                    measured="0",
                    message="there is no pod of deployment/*",
                ),
            ),
            "EP-049": fail(
                "critical", *(f"service production/{name}" for name in empty), measured="0", message=NO_PODS
            ),
        }


@scenario("a Service is deleted, another does not offer its port", group="absent workloads")
def services_gone() -> Iterator[Changes]:
    ports = {"spec": {"ports": [{"name": "main", "port": 9094, "targetPort": "main"}]}}
    with (
        undo.removed("Service", "opsforge", "prometheus-service"),
        undo.changed("Service", "opsforge", "alertmanager-service", ports),
    ):
        absent, moved = "service prometheus-service", "service opsforge/alertmanager-service"
        yield {
            "OF-004": fail("high", absent, measured="0", message="there is no Service prometheus-service"),
            "OF-006": fail("high", moved, message="it does not offer port 9093"),
            "OF-049": fail("medium", absent, moved),
        }
    undo.await_settled(admin(), undo.workload("opsforge", "prometheus"))


@scenario(
    "the frontend is scaled to nothing, the database unready, the cache deleted", group="absent workloads"
)
def tiers_down() -> Iterator[Changes]:
    with (
        scaled_to_zero("smartcloudops", "frontend"),
        faults.pods("smartcloudops", "postgresql", "not-ready") as (pod,),
        workload_removed("smartcloudops", "redis"),
    ):
        age.unready("smartcloudops", pod)
        frontend = "deployment smartcloudops/frontend"
        unready = fail(
            "critical",
            f"pod smartcloudops/{pod}",
            measured="0/1 containers ready",
            message="Running but not Ready; container postgresql is not ready",
        )
        lacking = fail(
            "critical", f"pod smartcloudops/{pod}", "deployment frontend", "statefulset redis", measured="0*"
        )
        yield {
            "SC-003": fail("critical", frontend, "service smartcloudops/frontend", measured="0"),
            "SC-070": fail(
                "medium", frontend, measured="0", message="0 replicas wanted by its spec, at least 1 needed"
            ),
            "SC-005": fail(
                "critical",
                "statefulset smartcloudops/postgresql",
                "service smartcloudops/postgresql",
                measured="0",
            ),
            "SC-131": fail(
                "critical",
                frontend,
                "statefulset smartcloudops/postgresql",
                "statefulset redis",
                measured="0",
            ),
            # A budget of maxUnavailable 1 allows none while its only pod is not ready.
            "SC-098": fail("high", "statefulset smartcloudops/postgresql"),
            "SC-006": fail("critical", "statefulset redis", "service smartcloudops/redis", measured="0"),
            "SC-029": unready,
            "SC-060": lacking,
            "SC-100": lacking,
        }
