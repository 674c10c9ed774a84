"""Autoscalers at work: replicas come and go with the load."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.scenario import Changes, scenario
from tests.normal.waits import scraped
from tests.testbed import kubernetes_pod_faults as faults
from tests.testbed import kubernetes_undo as undo
from tests.testbed.kubernetes_api import admin

GROUP = "a day of deployments"
STAYS_QUIET = (
    "scaling/hpa-healthy",
    "health/workloads-available",
    "health/services-have-endpoints",
    "capacity/metrics-api-available",
    "monitoring/targets-up",
)


@scenario("an autoscaler has added replicas", situation="ordinary", group=GROUP, proves=STAYS_QUIET)
def scaled_up() -> Iterator[Changes]:
    with faults.using("repo-scanner", "repo-scanner", cpu="300m", count=1):
        undo.await_condition(
            admin(),
            "Deployment",
            "repo-scanner",
            "repo-scanner",
            lambda now: now["status"].get("readyReplicas", 0) == now["spec"]["replicas"] > 3,
        )
        scraped("repo-scanner", "repo-scanner")
        yield {}


@scenario("an autoscaler has taken replicas away", situation="ordinary", group=GROUP, proves=STAYS_QUIET)
def scaled_down() -> Iterator[Changes]:
    namespace, name = "production", "anomaly-detection-api"
    autoscaler = {"spec": {"minReplicas": 5}}
    with faults.using(namespace, name, cpu="100m"):
        with undo.changed("HorizontalPodAutoscaler", namespace, name, autoscaler):
            _await_replicas(namespace, name, 5)
        _await_replicas(namespace, name, 3)
        scraped(namespace, name)
        yield {}


def _await_replicas(namespace: str, name: str, wanted: int) -> None:
    undo.await_condition(
        admin(),
        "Deployment",
        namespace,
        name,
        lambda now: now["status"].get("readyReplicas") == now["status"].get("replicas") == wanted,
    )
