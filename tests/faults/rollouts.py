"""What has to catch up with new pods, so that a scenario shows its own fault and not its own beginning."""

from __future__ import annotations

from tests.normal.waits import scraped, told
from tests.testbed import kubernetes_undo as undo
from tests.testbed.kubernetes_api import admin
from tests.testbed.process import await_that

_NEW: list[tuple[str, str]] = []


def followed(namespace: str, *workloads: str) -> None:
    """These workloads have new pods: the run waits until all know them, once for all scenarios."""
    _NEW.extend((namespace, name) for name in workloads)


def catch_up() -> None:
    """Prometheus and metrics.k8s.io know the new pods, and their autoscalers use that."""
    new, _NEW[:] = list(_NEW), []
    await_that(
        "new pods are measured", lambda: all(_measured(*each) for each in new), within=undo.SOON, every=0.2
    )
    for namespace, name in new:
        scraped(namespace, name)
    told()


def _measured(namespace: str, name: str) -> bool:
    api = admin()
    pods = undo.names(undo.pods_of(api, undo.workload(namespace, name)))
    known = undo.names(api.list("PodMetrics", namespace))
    autoscaler = api.find("HorizontalPodAutoscaler", name, namespace)
    active = autoscaler is None or undo.reason_of(autoscaler, "ScalingActive")[0] == "True"
    return active and set(pods) <= set(known)
