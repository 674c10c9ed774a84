"""Restarts, rollouts that do not end, use that is too high or not measured, and pods in the wrong place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from tests.faults.elsewhere import limited
from tests.faults.rollouts import followed
from tests.faults.scenario import Changes, fail, scenario, transition
from tests.faults.scenarios.backups import DATABASE, named, nights
from tests.testbed import kubernetes_age as age
from tests.testbed import kubernetes_pod_faults as faults
from tests.testbed import kubernetes_undo as undo
from tests.testbed import stored
from tests.testbed.kubernetes_api import Object, admin
from tests.testbed.kubernetes_objects import NOTE
from tests.testbed.process import await_that
from tests.testbed.services import s3


@scenario("a rollout passed its deadline", group="restarts and rollouts")
def rollout_stuck() -> Iterator[Changes]:
    """The old pods serve on, so that nothing else looks wrong."""
    with faults.rollout_stuck("repo-scanner", "repo-scanner"):
        stuck = fail(
            "critical",
            "deployment repo-scanner/repo-scanner",
            measured="3",
            message="the rollout passed its progress deadline; 1 of 3 pods run the newest template",
        )
        yield {
            "RS-004": stuck,
            "RS-019": stuck,
            "RS-145": fail(
                "critical", *stuck.subjects, measured="3", message="1 of 3 pods of the newest template"
            ),
            "RS-018": transition(
                "critical", "pod repo-scanner/repo-scanner-*", message="Running but not Ready; *"
            ),
        }


@scenario(
    "a rollout began before the only dump of its day was finished",
    group="KEDA, Karpenter and failing backups",
)
def before_the_backup() -> Iterator[Changes]:
    """What is in that dump the new version may have spoilt already."""
    (night,) = nights(1)
    # Before three in the morning the last dump is of yesterday, and its name says that it is no younger.
    today = night.date() == datetime.now(timezone.utc).date()
    with (
        limited("accelerapp", "AC-056", age="24h" if today else "1s"),
        faults.rollout_in_progress("accelerapp", "accelerapp"),
    ):
        later = datetime.now(timezone.utc) + timedelta(seconds=2)  # both times are told in whole seconds
        with s3.replaced(s3.BUCKETS[0], named(DATABASE, night), stored.packed(stored.dump()), later):
            coming = ("pod accelerapp/accelerapp-*",)
            late = "the newest is */db-*.sql.gz, made *, before the rollout that began *"
            yield {
                "AC-056": fail("critical", f"backup {DATABASE}", message=late),
                "AC-098": fail(
                    "critical",
                    "deployment accelerapp/accelerapp",
                    message="1 of 3 pods of the newest template",
                ),
                "AC-014": transition("critical", *coming, message="Running but not Ready; *"),
                "AC-129": transition("high", *coming, "deployment accelerapp/accelerapp"),
            }


@scenario("a container restarts, Ready in between", group="restarts and rollouts")
def restarting() -> Iterator[Changes]:
    with faults.pods("repo-scanner", "repo-scanner-worker", "restarting", count=1) as (pod,):
        text = "container repo-scanner-worker restarted 1 time in 15m, needed at most 0; it last ended with Error *"
        yield {"RS-039": fail("critical", f"pod repo-scanner/{pod}", measured="1", message=text)}


@scenario("a container was killed for its memory and runs again", group="restarts and rollouts")
def out_of_memory() -> Iterator[Changes]:
    with faults.pods("accelerapp", "accelerapp", "oom-killed", count=1) as (pod,):
        text = "container accelerapp restarted 1 time in 1h, needed at most 0; it last ended with OOMKilled *"
        yield {"AC-130": fail("high", f"pod accelerapp/{pod}", measured="1", message=text)}


@scenario("a container restarted once, a moment ago", group="restarts and rollouts")
def restarted_once() -> Iterator[Changes]:
    """One restart is the lower step of the limit of OF-043."""
    with faults.restarted("opsforge", "worker") as (pod,):
        subject = f"pod opsforge/{pod}"
        yield {
            "OF-028": fail("critical", subject, measured="1"),
            "OF-043": fail(
                "medium", subject, measured="1", message="container worker restarted 1 time in 1h, *"
            ),
        }


@scenario("the new colour is not rolled out before the switch", group="restarts and rollouts")
def green_not_complete() -> Iterator[Changes]:
    """A gate has no patience; for everything else it is a rollout under way."""
    with faults.rollout_in_progress("production", "anomaly-detection-api-green"):
        unready = transition("critical", "pod production/anomaly-detection-api-green-*")
        yield {
            "EP-085": fail(
                "critical",
                "deployment production/anomaly-detection-api-green",
                measured="2",
                message="the rollout is not complete: 1 of 2 pods run the newest template",
            ),
            "EP-048": unready,
            "EP-063": unready,
        }


@scenario("traffic goes to a colour that no autoscaler scales", group="restarts and rollouts")
def switched_without_autoscaler() -> Iterator[Changes]:
    name = "anomaly-detection-api"
    green = {"spec": {"selector": {"app": f"{name}-green", "version": "green"}}}
    with undo.changed("Service", "production", name, green):
        await_that("the endpoints are green", lambda: _addresses("production", name) == 2, within=undo.SOON)
        yield {
            "EP-090": fail(
                "high",
                f"service production/{name}",
                message=f"behind it is deployment/{name}-green, which no autoscaler scales",
            )
        }
    undo.await_settled(admin(), undo.workload("production", name))


def _addresses(namespace: str, service: str) -> int:
    slices = admin().list("EndpointSlice", namespace, **{"kubernetes.io/service-name": service})
    return sum(bool(end["conditions"].get("ready")) for each in slices for end in each.get("endpoints") or [])


@scenario("all pods of a workload are on one node", group="restarts and rollouts")
def one_node() -> Iterator[Changes]:
    def onto_one(pod: Object) -> None:
        pod["spec"]["nodeSelector"] = {"kubernetes.io/hostname": "node-b2"}

    with faults.template("smartcloudops", "backend", onto_one):
        followed("smartcloudops", "backend")
        yield {
            "SC-100": fail(
                "critical",
                "deployment smartcloudops/backend",
                measured="1",
                message="its 3 pods are on 1 node, at least 2 needed",
            )
        }


@scenario("a container uses nearly all of its cpu", group="unready pods")
def cpu_spike() -> Iterator[Changes]:
    with faults.using("repo-scanner", "repo-scanner-worker", cpu="950m", count=1) as (pod,):
        subject = f"container repo-scanner/{pod}/repo-scanner-worker"
        text = "uses * of its cpu limit; needed: at most 70 %"
        yield {"RS-021": fail("medium", subject, measured="9* %", message=text)}


@scenario("metrics.k8s.io does not measure a pod that runs", group="absent workloads")
def not_measured() -> Iterator[Changes]:
    """What uses no memory at all is taken for something without metrics."""
    api, of = admin(), undo.workload("accelerapp", "accelerapp")
    pod = undo.names(undo.pods_of(api, of))[0]
    try:
        age.started_earlier(of.namespace, pod)
        api.patch("Pod", pod, {"metadata": {"annotations": {f"{NOTE}/memory": "0"}}}, of.namespace)
        await_that(
            "its metrics end", lambda: api.find("PodMetrics", pod, of.namespace) is None, within=undo.SOON
        )
        text = "metrics.k8s.io has no measurement of it; needed: one at most 2m old"
        yield {"AC-016": fail("low", f"pod accelerapp/{pod}", measured="not measured", message=text)}
    finally:
        undo.heal(api, of)
