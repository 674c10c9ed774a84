"""Autoscalers and disruption budgets that do not do their work."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.rollouts import followed
from tests.faults.scenario import Changes, fail, not_applicable, scenario, transition, unknown
from tests.testbed import kubernetes_age as age
from tests.testbed import kubernetes_object_faults as objects
from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_pod_faults as faults
from tests.testbed import kubernetes_undo as undo
from tests.testbed.kubernetes_api import Object, admin

HPA = "HorizontalPodAutoscaler"


@scenario("two autoscalers scale one workload", group="scaling, storage and network")
def two_autoscalers() -> Iterator[Changes]:
    with objects.two_hpas("repo-scanner", "repo-scanner") as second:
        rivals = fail(
            "medium",
            "horizontalpodautoscaler repo-scanner/repo-scanner",
            f"horizontalpodautoscaler repo-scanner/{second}",
            measured="2 autoscalers on deployment/repo-scanner",
            message="2 autoscalers scale deployment/repo-scanner: both stop",
        )
        both = ("repo-scanner", second)
        yield {
            "RS-050": rivals,
            "RS-109": rivals,
            # Of the second one Prometheus has nothing yet.
            "RS-080": unknown("medium", f"horizontalpodautoscaler repo-scanner/{second}"),
            "RS-041": transition(
                "medium",
                *(f"horizontalpodautoscaler repo-scanner/{name} (*)" for name in both),
                "persistentvolumeclaim repo-scanner/* (*)",
            ),
        }


@scenario("an autoscaler has no metrics, another is missing", group="scaling, storage and network")
def blind_autoscaler() -> Iterator[Changes]:
    with objects.hpa_without_metrics("opsforge", "api"), undo.removed(HPA, "opsforge", "worker"):
        age.lasting(HPA, "opsforge", "api", "ScalingActive")
        blind, missing = "horizontalpodautoscaler opsforge/api", "deployment opsforge/worker"
        yield {
            "OF-064": fail("medium", blind, missing),
            "OF-067": fail("medium", blind, measured="queue_depth", message="it does not scale by * and *"),
            "OF-068": fail("medium", "requirement OF-068", message="nothing there to examine*"),
        }


@scenario("an autoscaler has been at its maximum for an hour", group="scaling, storage and network")
def autoscaler_at_maximum() -> Iterator[Changes]:
    name = "anomaly-detection-api"
    with objects.hpa_at_limit("production", name):
        age.lasting(HPA, "production", name, "ScalingLimited")
        pinned = fail(
            "medium",
            f"horizontalpodautoscaler production/{name}",
            measured="3 of 3 replicas",
            message="it stays at its maximum of 3 replicas and wants more",
        )
        scaler = f"horizontalpodautoscaler production/{name}"
        yield {
            "EP-067": pinned,
            "EP-090": pinned,
            "EP-097": fail("high", scaler, measured="minReplicas 2, maxReplicas 3"),
            "EP-098": fail("medium", f"{scaler} (cpu)", measured="20 %"),
            "EP-052": fail(
                "high",
                f"deployment production/{name} (nodes)",
                message="its autoscaler ends at 3, 10 needed",
            ),
        }


@scenario("an autoscaler points at a workload that does not exist", group="scaling, storage and network")
def autoscaler_of_nobody() -> Iterator[Changes]:
    with objects.hpa_of_nobody("smartcloudops", "backend"):
        yield {
            "SC-073": fail(
                "critical", "deployment smartcloudops/backend", measured="0", message="it has no autoscaler"
            ),
            "SC-071": fail("high", "requirement SC-071", message="nothing there to examine*"),
            "SC-072": not_applicable("medium", "requirement SC-072", message="nothing there to examine*"),
        }


@scenario("a workload has no budget, another's lets nothing go", group="scaling, storage and network")
def budgets() -> Iterator[Changes]:
    with objects.budget_absent("opsforge", "worker"), objects.budget_blocked("opsforge", "api"):
        yield {
            "OF-065": fail("medium", "deployment opsforge/worker", "deployment opsforge/api", measured="0"),
        }


@scenario(
    "before a drain: a budget by expressions, a bare pod, data in emptyDir",
    group="scaling, storage and network",
)
def undrainable() -> Iterator[Changes]:
    """frontend's budget selects everything but frontend, celery-worker's selects celery-worker by expression."""

    def with_data(pod: Object) -> None:
        pod["spec"]["volumes"] = [{"name": "spool", "emptyDir": {}}]

    container = {
        "name": "debug",
        "image": make.pinned("registry.company.com/debug"),
        "resources": make.resources(("10m", "16Mi"), ("100m", "64Mi")),
    }
    bare = make.thing(
        "v1", "Pod", "debug", "smartcloudops", labels={"app": "debug"}, spec={"containers": [container]}
    )
    with (
        objects.budget_by_expressions("smartcloudops", "frontend", "NotIn"),
        faults.template("smartcloudops", "celery-worker", with_data),
        undo.added(bare),
    ):
        undo.await_condition(
            admin(), "Pod", "smartcloudops", "debug", lambda now: undo.reason_of(now, "Ready")[0] == "True"
        )
        followed("smartcloudops", "celery-worker")
        yield {
            "SC-098": fail(
                "high",
                "deployment smartcloudops/frontend",
                "deployment smartcloudops/backend",
                "deployment smartcloudops/celery-worker",
                "deployment smartcloudops/celery-worker (volumes)",
                "pod smartcloudops/debug",
                # frontend's budget selects them beside their own.
                "statefulset smartcloudops/postgresql",
                "statefulset smartcloudops/redis",
            )
        }
