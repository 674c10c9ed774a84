"""What looks well at the first glance: half a metric, an open policy, a Job that failed, a single replica."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.faults.elsewhere import edited, reached
from tests.faults.scenario import Changes, fail, scenario, transition, unknown
from tests.faults.scenarios.kubernetes_absent import workload_removed
from tests.faults.scenarios.kubernetes_targets import OF_THE_CLUSTER, credentials, elsewhere, undecided
from tests.testbed import kubernetes_age as age
from tests.testbed import kubernetes_node_faults as nodes
from tests.testbed import kubernetes_object_faults as objects
from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_undo as undo
from tests.testbed.kubernetes_api import Object, admin
from tests.testbed.process import await_that

OBJECTS, CLUSTER = "objects that look well", "nodes and namespaces that look well"
HPA = "HorizontalPodAutoscaler"


@scenario("an autoscaler does not see one of its two metrics", group=OBJECTS)
def half_blind() -> Iterator[Changes]:
    """It goes on by the other one: ScalingActive stays True."""
    metrics = admin().get(HPA, "backend", "smartcloudops")["spec"]["metrics"]
    queue = {"metric": {"name": "queue_depth"}, "target": {"type": "Value", "value": "10"}}
    both = [metrics[0], {"type": "External", "external": queue}]
    with undo.changed(HPA, "smartcloudops", "backend", {"spec": {"metrics": both}}):
        undo.await_condition(admin(), HPA, "smartcloudops", "backend", _has_nameless_metric)
        age.made_earlier(HPA, "smartcloudops", "backend")
        yield {
            "SC-073": fail(
                "critical",
                "horizontalpodautoscaler smartcloudops/backend",
                message="no current value of queue_depth: *",
            ),
            "SC-072": fail(
                "medium",
                "horizontalpodautoscaler smartcloudops/backend (memory)",
                message="it has no metric of type Resource for memory",
            ),
        }
    undo.await_settled(admin(), undo.workload("smartcloudops", "backend"), steady=3)


def _has_nameless_metric(now: Object) -> bool:
    return any(not one.get("type") for one in now["status"].get("currentMetrics") or [])


@scenario("a policy lets every pod of the cluster in", group=OBJECTS)
def open_policy() -> Iterator[Changes]:
    opened = {"spec": {"ingress": [{"from": [{"namespaceSelector": {}}]}]}}
    with undo.changed("NetworkPolicy", "repo-scanner", "allow-ingress", opened):
        text = "lets all ingress through: its pods are covered but open"
        yield {"RS-010": fail("high", "networkpolicy repo-scanner/allow-ingress", message=text)}


@scenario("a Job failed, and so did the last run of a CronJob", group=OBJECTS)
def failed_runs() -> Iterator[Changes]:
    with objects.job("accelerapp", "report", "failed"), _failed_run("repo-scanner", "data-retention") as run:
        yield {
            "AC-129": fail(
                "high", "job accelerapp/report", message="the last finished run, job report, failed (*)"
            ),
            "RS-019": fail(
                "critical",
                "cronjob repo-scanner/data-retention",
                message=f"the last finished run, job {run}, failed (*)",
            ),
            "RS-041": transition(
                "medium",
                f"job repo-scanner/{run} (BackoffLimitExceeded)",
                message="BackoffLimitExceeded, *",
            ),
        }


@contextmanager
def _failed_run(namespace: str, name: str) -> Iterator[str]:
    """A run of a CronJob by hand, as `kubectl create job --from` makes it, that fails."""
    of = admin().get("CronJob", name, namespace)["metadata"]
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": name, "uid": of["uid"], "controller": True}
    with objects.job(namespace, f"{name}-by-hand", "failed", owner=owner) as run:
        yield run


@scenario("before a drain: a single replica that its budget does not let go", group=OBJECTS)
def kept_replica() -> Iterator[Changes]:
    """The API answers the eviction with 429, and the drain never ends."""
    with objects.budget("smartcloudops", "redis", minAvailable=1):
        yield {
            "SC-098": fail(
                "high",
                "statefulset smartcloudops/redis",
                message="1 of 1 pod cannot be evicted: budget redis allows no disruption now *",
            )
        }


@scenario("a DaemonSet fits no node", group=OBJECTS)
def homeless_daemons() -> Iterator[Changes]:
    daemons = make.Workload("opsforge", "disk-agent", 0, 9200, kind="DaemonSet", service=None).controller()
    daemons["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "ssd"}
    with undo.added(daemons):
        undo.await_condition(
            admin(),
            "DaemonSet",
            "opsforge",
            "disk-agent",
            lambda now: now.get("status", {}).get("observedGeneration") == now["metadata"]["generation"],
        )
        yield {
            "OF-024": fail(
                "high",
                "daemonset opsforge/disk-agent",
                measured="0",
                message="it fits none of 4 nodes, at least 1 needed",
            )
        }


@scenario("an Ingress names a TLS Secret that does not exist", group=OBJECTS)
def absent_secret() -> Iterator[Changes]:
    """Its names are only looked at where the environment allows it."""
    tls = {"spec": {"tls": [{"hosts": ["scanner.yourcompany.com"], "secretName": "gone-tls"}]}}
    with (
        reached("repo-scanner", "kubernetes", kubeconfig=credentials("admin"), allow=["secret-names"]),
        undo.changed("Ingress", "repo-scanner", "repo-scanner", tls),
    ):
        yield {
            "RS-022": fail(
                "high",
                "ingress repo-scanner/repo-scanner",
                measured="gone-tls",
                message="its TLS Secret gone-tls does not exist",
            )
        }


@scenario("a kernel hangs, a node evicts, and another should have been gone for an hour", group=CLUSTER)
def nodes_that_look_well() -> Iterator[Changes]:
    with (
        nodes.reporting("node-a1", "KernelDeadlock"),
        nodes.node_new("node-c1") as new,
        nodes.tainted(new, "node.kubernetes.io/out-of-service", "NoExecute"),
        nodes.node("node-a2", "NotReady"),
        nodes.tainted("node-a2", "ToBeDeletedByClusterAutoscaler", "NoSchedule"),
    ):
        await_that("its pods are gone", lambda: not nodes.pods_on(admin(), new), within=undo.SOON)
        age.lasting("Node", "", "node-a2", "Ready", seconds=2 * age.HOUR)
        three = ("node node-a1", f"node {new}", "node node-a2")
        bad = fail("critical", *three, message="*; needed: *")
        yield {
            **dict.fromkeys(("EP-002", "OF-003", "OF-022", "RS-016"), bad),
            "SC-099": fail("high", *three, message="*; needed: *"),
        }


@scenario("an environment names a namespace that does not exist", situation="empty", group=CLUSTER)
def no_such_namespace() -> Iterator[Changes]:
    """Whoever may list in the whole cluster gets 200 and an empty list there."""

    def mistyped(document: Any) -> None:
        document["names"]["namespaces"] = ["smartcloudops", "smartcloudops-jops"]

    with (
        reached("smartcloudops", "kubernetes", kubeconfig=credentials("admin")),
        edited("systems/smartcloudops/environments/testbed.yaml", mistyped),
    ):
        yield elsewhere(
            undecided("smartcloudops", "there is no namespace smartcloudops-jops", OF_THE_CLUSTER)
        )


@scenario("every Deployment of a system is deleted, and its database remains", group=CLUSTER)
def only_the_database_remains() -> Iterator[Changes]:
    with workload_removed("accelerapp", "accelerapp"):
        gone, service = "deployment accelerapp", "service accelerapp/accelerapp"
        yield {
            "AC-014": fail("critical", gone, message="there is no pod of deployment/accelerapp"),
            "AC-129": fail("high", gone, message="there is no *deployment/accelerapp"),
            "AC-098": fail("critical", gone, measured="0", message="there is no deployment/accelerapp"),
            "AC-099": fail("medium", gone, measured="0", message="there is no deployment/accelerapp"),
            "AC-031": fail("critical", service, message="its selector selects no pod"),
            "AC-056": unknown("critical", gone, message="there is no deployment/accelerapp: *"),
            "AC-137": fail("medium", service, message="its selector selects no pod"),
        }
