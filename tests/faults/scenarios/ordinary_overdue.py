"""The ordinary days of `tests/normal` when they do not end: beyond its limit each of them fails."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

from tests.faults.elsewhere import limited
from tests.faults.rollouts import followed
from tests.faults.scenario import Changes, fail, scenario
from tests.testbed import kubernetes_age as age
from tests.testbed import kubernetes_pod_faults as faults
from tests.testbed import kubernetes_undo as undo
from tests.testbed.kubernetes_api import Object, admin
from tests.testbed.kubernetes_objects import NOTE
from tests.testbed.process import await_that
from tests.testbed.services import exporter, prometheus
from tests.testbed.services.world import World

GROUP = "ordinary days that do not end"


@scenario("pods are recreated every few minutes and never get ready", group=GROUP)
def always_young() -> Iterator[Changes]:
    """Each pod is seconds old: only the workload's own condition tells for how long nobody serves."""
    namespace = name = "accelerapp"

    def never_ready(pod: Object) -> None:
        pod["metadata"].setdefault("annotations", {})[f"{NOTE}/fault"] = "not-ready"

    with faults.template(
        namespace,
        name,
        never_ready,
        spec={"strategy": {"type": "Recreate"}},
        done=lambda now: (
            now["status"].get("unavailableReplicas") == now["status"].get("updatedReplicas") == 3
        ),
    ):
        followed(namespace, name)
        api, of = admin(), undo.workload(namespace, name)
        pods = undo.names(undo.pods_of(api, of))
        for pod in pods:
            undo.await_condition(
                api, "Pod", namespace, pod, lambda now: now["status"].get("message") == "testbed: not-ready"
            )
        undo.await_condition(
            api, "Deployment", namespace, name, lambda now: undo.reason_of(now, "Available")[0] == "False"
        )
        age.lasting("Deployment", namespace, name, "Available")
        subjects = [f"pod {namespace}/{pod}" for pod in pods]
        nobody = "0 ready endpoints, at least 1 needed; 0 of its 3 pods are ready"
        yield {
            "AC-014": fail(
                "critical", *subjects, measured="0/1 containers ready", message="Running but not Ready; *"
            ),
            "AC-129": fail("high", f"deployment {namespace}/{name}", *subjects),
            "AC-098": fail(
                "critical", f"deployment {namespace}/{name}", measured="0", message="0 of 3 pods available"
            ),
            "AC-031": fail("critical", f"service {namespace}/{name}", measured="0", message=nobody),
            "AC-137": fail("medium", f"service {namespace}/{name}", measured="0", message=nobody),
        }


@scenario("a rolling update has been in progress for an hour", group=GROUP)
def rolling_for_an_hour() -> Iterator[Changes]:
    """The old pods serve on; its deadline is far away."""
    namespace, name = "smartcloudops", "frontend"
    with faults.rollout_in_progress(namespace, name):
        followed(namespace, name)
        *older, newest = sorted(admin().list("ReplicaSet", namespace, app=name), key=_revision)
        for each in older:
            age.made_earlier("ReplicaSet", namespace, each["metadata"]["name"], seconds=2 * age.HOUR)
        age.made_earlier("ReplicaSet", namespace, newest["metadata"]["name"])
        (pod,) = _unready(namespace, name)
        age.unready(namespace, pod)
        late = "the rollout is not complete: 1 of 2 pods run the newest template"
        unready = fail(
            "critical",
            f"pod {namespace}/{pod}",
            measured="0/1 containers ready",
            message="Running but not Ready; container frontend is not ready",
        )
        yield {
            "SC-003": fail("critical", f"deployment {namespace}/{name}", measured="2", message=late),
            "SC-070": fail("medium", f"deployment {namespace}/{name}", measured="2", message=late),
            "SC-060": unready,
            "SC-100": unready,
            "SC-131": fail(
                "critical",
                f"deployment {namespace}/{name}",
                measured="2",
                message="1 of 2 pods of the newest template",
            ),
        }


def _revision(replica_set: Object) -> int:
    return int(replica_set["metadata"]["annotations"]["deployment.kubernetes.io/revision"])


def _unready(namespace: str, name: str) -> list[str]:
    """The pods of a workload that do not get ready, as soon as there are any."""
    api, of = admin(), undo.workload(namespace, name)

    def found() -> list[str]:
        stopped = (
            one for one in undo.pods_of(api, of) if one["status"].get("message") == "testbed: not-ready"
        )
        return undo.names(list(stopped))

    await_that("a new pod runs", found, within=undo.SOON)
    return found()


@scenario("a rollout has been paused for two days", group=GROUP)
def paused_for_days() -> Iterator[Changes]:
    """Somebody held it, and nobody has resumed it: the new template has waited ever since."""
    namespace, name = "production", "analytics-engine"

    def change(pod: Object) -> None:
        pod["metadata"].setdefault("annotations", {})[f"{NOTE}/waits"] = "yes"

    with faults.template(namespace, name, change, spec={"paused": True}, done=faults.is_paused):
        age.lasting("Deployment", namespace, name, "Progressing", seconds=48 * age.HOUR)
        held = "its rollout is paused with changes waiting: 0 of * the newest template"
        subject = f"deployment {namespace}/{name}"
        yield {"EP-016": fail("critical", subject, measured="0", message=held)}


@scenario("a deleted pod does not end", group=GROUP)
def never_ending() -> Iterator[Changes]:
    with (
        faults.stuck_terminating("repo-scanner", "repo-scanner-worker") as pod,
        limited("repo-scanner", "RS-018", grace="1s"),
    ):
        due = admin().get("Pod", pod, "repo-scanner")["metadata"]["deletionTimestamp"]
        ends = datetime.fromisoformat(due.replace("Z", "+00:00")).timestamp()
        await_that("it should have ended", lambda: time.time() > ends + 2, within=undo.SOON)
        followed("repo-scanner", "repo-scanner-worker")
        yield {
            "RS-018": fail(
                "critical",
                f"pod repo-scanner/{pod}",
                message="deleted, and still there; it had until * UTC to end",
            )
        }


@scenario("a target has not answered for longer than a restart takes", group=GROUP)
def silent_target() -> Iterator[Changes]:
    (pod, *_) = exporter.known_pods()["repo-scanner/repo-scanner"]
    world = World.read(exporter.world_file())
    with limited("repo-scanner", "RS-029", grace="5s"):
        try:
            prometheus.show(world.with_down(ago=world.now - time.time(), pod=pod))
            await_that("it has been down for seconds", lambda: _down_for(pod, "10s"), within=undo.SOON)
            subject = f"target repo-scanner/repo-scanner/{pod}:8000"
            text = "health is down (HTTP 503); 66.67 % of job repo-scanner is up, at least 100 % needed"
            yield {"RS-029": fail("high", subject, measured="down", message=text)}
        finally:
            prometheus.show(world)
            await_that("it answers", lambda: _value(f'up{{pod="{pod}"}}') == 1, within=undo.SOON)


def _down_for(pod: str, span: str) -> bool:
    return _value(f'max_over_time(up{{pod="{pod}"}}[{span}])') == 0


def _value(query: str) -> float | None:
    found = prometheus.api("query", query=query)["result"]
    return float(found[0]["value"][1]) if found else None
