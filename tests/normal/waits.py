"""What an ordinary day has to reach before it is looked at."""

from __future__ import annotations

from tests.testbed import kubernetes_undo as undo
from tests.testbed.kubernetes_api import admin
from tests.testbed.process import await_that
from tests.testbed.services import prometheus


def scraped(namespace: str, *workloads: str) -> None:
    """Prometheus has found exactly the running pods of these workloads, and scraped each."""
    for name in workloads:
        await_that(f"the pods of {namespace}/{name} are scraped", lambda: _scraped(namespace, name), within=30)


def _scraped(namespace: str, name: str) -> bool:
    pods = undo.pods_of(admin(), undo.workload(namespace, name))
    running = {pod["metadata"]["name"] for pod in pods if pod["status"]["phase"] == "Running"}
    active = prometheus.api("targets", state="active")["activeTargets"]
    known = {
        one["labels"]["pod"]: one["health"]
        for one in active
        if (one["labels"].get("namespace"), one["labels"].get("workload")) == (namespace, name)
    }
    return known == dict.fromkeys(running, "up")
