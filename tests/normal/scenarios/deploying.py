"""Deployments on their way, held on purpose, or done a moment ago."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.scenario import Changes, fail, scenario, transition
from tests.normal.waits import scraped
from tests.testbed import kubernetes_object_faults as objects
from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_pod_faults as faults
from tests.testbed import kubernetes_undo as undo
from tests.testbed.kubernetes_api import Object, admin
from tests.testbed.kubernetes_objects import NOTE
from tests.testbed.process import await_that

GROUP = "a day of deployments"
NOT_READY = "Running but not Ready; container {} is not ready"


@scenario(
    "a rolling update is in progress",
    situation="ordinary",
    group=GROUP,
    proves=("scaling/pdb", "scaling/hpa-healthy", "monitoring/targets-up", "slo/availability"),
)
def rolling_update() -> Iterator[Changes]:
    """The first pod of the new template is not ready yet, the old ones all serve."""
    with faults.rollout_in_progress("opsforge", "api"):
        scraped("opsforge", "api")
        coming = transition("critical", "pod opsforge/api-*", message=NOT_READY.format("api"))
        yield {
            "OF-027": coming,
            "OF-028": coming,
            "OF-024": fail(
                "high",
                "deployment opsforge/api",
                measured="2",
                message="the rollout is not complete: 1 of 2 pods run the newest template",
            ),
        }


@scenario("an Ingress was made a moment ago", situation="ordinary", group=GROUP)
def new_ingress() -> Iterator[Changes]:
    hosts = {"new.yourcompany.com": ("repo-scanner", 8000)}
    with undo.added(make.ingress("repo-scanner", "new", hosts, "new-tls")):
        told = {"message": "its controller has given it no address"}
        yield {"RS-022": transition("high", "ingress repo-scanner/new", **told)}


@scenario("the next colour is being rolled out", situation="ordinary", group=GROUP)
def next_colour() -> Iterator[Changes]:
    name = "anomaly-detection-api-green"
    with faults.rollout_in_progress("production", name):
        coming = transition("critical", f"pod production/{name}-*", message=NOT_READY.format(name))
        yield {
            "EP-048": coming,
            "EP-063": coming,
            "EP-085": fail(
                "critical",
                f"deployment production/{name}",
                measured="2",
                message="the rollout is not complete: 1 of 2 pods run the newest template",
            ),
        }


@scenario(
    "a rollout is paused",
    situation="ordinary",
    group=GROUP,
    proves=("health/workloads-available", "health/pods-ready", "security/image-pinned"),
)
def paused() -> Iterator[Changes]:
    """The new template waits; all pods run the old one."""

    def change(pod: Object) -> None:
        pod["metadata"].setdefault("annotations", {})[f"{NOTE}/waits"] = "yes"

    with faults.template("accelerapp", "accelerapp", change, spec={"paused": True}, done=faults.is_paused):
        held = "its rollout is paused with changes waiting: 0 of 3 pods run the newest template"
        paused = "deployment accelerapp/accelerapp"
        yield {
            "AC-129": transition("high", paused, message=held),
            "AC-098": fail("critical", paused, message="0 of 3 pods of the newest template"),
        }


@scenario(
    "a native sidecar has come to every pod",
    situation="ordinary",
    group=GROUP,
    proves=(
        "health/pod-restarts",
        "health/probes-configured",
        "capacity/requests-and-limits",
        "security/network-policies",
    ),
)
def sidecar() -> Iterator[Changes]:
    with faults.with_sidecar("opsforge", "worker"):
        scraped("opsforge", "worker")
        yield {}


@scenario(
    "a Job retries, one runs, one is suspended, one has finished",
    situation="ordinary",
    group=GROUP,
    proves=("health/pods-ready", "health/pod-restarts", "scaling/pdb", "capacity/metrics-api-available"),
)
def jobs() -> Iterator[Changes]:
    with (
        objects.job("smartcloudops", "reindex", "retrying"),
        objects.job("production", "export", "suspended"),
        objects.job("repo-scanner", "cleanup", "complete"),
        objects.job("accelerapp", "report", "running"),
        undo.changed("CronJob", "repo-scanner", "data-retention", {"spec": {"suspend": True}}),
    ):
        yield {}


@scenario("a pod has just started and is not measured yet", situation="ordinary", group=GROUP)
def not_measured_yet() -> Iterator[Changes]:
    """What uses no memory at all is taken for something without metrics."""
    api, of = admin(), undo.workload("accelerapp", "postgresql")
    (pod,) = undo.names(undo.pods_of(api, of))
    try:
        api.delete("Pod", pod, of.namespace, grace=0)
        undo.await_settled(api, of)
        api.patch("Pod", pod, {"metadata": {"annotations": {f"{NOTE}/memory": "0"}}}, of.namespace)
        await_that(
            "its metrics end", lambda: api.find("PodMetrics", pod, of.namespace) is None, within=undo.SOON
        )
        text = "metrics.k8s.io has no measurement of it; needed: one at most 2m old"
        yield {"AC-016": transition("low", f"pod accelerapp/{pod}", message=text)}
    finally:
        undo.heal(api, of)
