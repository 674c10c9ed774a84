"""What has to grow and cannot, what has to run by itself and does not; and what the cluster warns of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from tests.faults.elsewhere import limited
from tests.faults.rollouts import followed
from tests.faults.scenario import Changes, fail, scenario
from tests.testbed import kubernetes_age as age
from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_pod_faults as faults
from tests.testbed import kubernetes_room_faults as room
from tests.testbed import kubernetes_stand_ins as stand_ins
from tests.testbed import kubernetes_undo as undo
from tests.testbed import kubernetes_world as world
from tests.testbed.kubernetes_api import Object, admin
from tests.testbed.process import await_that

HPA = "HorizontalPodAutoscaler"
SMALL = "quotas, schedules and signals"
FULL = "no room on nodes"
LATER = "KEDA, Karpenter and failing backups"


@scenario("autoscalers have other bounds and targets than the runbook states", group=SMALL)
def other_bounds() -> Iterator[Changes]:
    """Near enough to the stated ones that nothing is scaled: only who compares sees it."""
    api, backend = "anomaly-detection-api", "backend"
    with (
        undo.changed(HPA, "production", api, {"spec": {"maxReplicas": 10, "metrics": [_cpu(74)]}}),
        undo.changed(
            HPA, "smartcloudops", backend, {"spec": {"minReplicas": 3, "metrics": [_cpu(74), _memory(84)]}}
        ),
        undo.changed(HPA, "repo-scanner", "repo-scanner", {"spec": {"minReplicas": 2}}),
    ):
        scaler = f"horizontalpodautoscaler smartcloudops/{backend}"
        yield {
            "EP-097": fail(
                "high",
                f"horizontalpodautoscaler production/{api}",
                measured="minReplicas 3, maxReplicas 10",
                message="maxReplicas is 10, 20 stated",
            ),
            "EP-098": fail(
                "medium",
                f"horizontalpodautoscaler production/{api} (cpu)",
                measured="74 %",
                message="averageUtilization of cpu is 74 %, 70 % stated",
            ),
            "SC-071": fail("high", scaler, f"{scaler} (cpu)", message="* is *, * stated"),
            "SC-072": fail("medium", scaler, f"{scaler} (memory)", message="* is *, * stated"),
            "RS-146": fail(
                "medium",
                "deployment repo-scanner/repo-scanner",
                measured="2",
                message="its autoscaler's minReplicas is 2, at least 3 needed",
            ),
        }


def _cpu(percent: int) -> Object:
    return _resource("cpu", percent)


def _memory(percent: int) -> Object:
    return _resource("memory", percent)


def _resource(name: str, percent: int) -> Object:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": name, "target": target}}


@scenario("one autoscaler follows the processor alone, another a metric that has no value", group=SMALL)
def other_signals() -> Iterator[Changes]:
    metrics = admin().get(HPA, "worker", "opsforge")["spec"]["metrics"]
    queue = next(
        one for one in metrics if one.get("external", {}).get("metric", {}).get("name") == "job_queue_depth"
    )
    queue["external"]["metric"]["selector"] = {"matchLabels": {"queue": "renamed"}}
    with (
        undo.changed(HPA, "opsforge", "api", {"spec": {"metrics": [_cpu(70)]}}),
        undo.changed(HPA, "opsforge", "worker", {"spec": {"metrics": metrics}}),
    ):
        age.made_earlier(HPA, "opsforge", "worker")
        await_that("its value is gone", lambda: not _current("worker", "job_queue_depth"), within=undo.SOON)
        worker = "horizontalpodautoscaler opsforge/worker"
        yield {
            "OF-067": fail(
                "medium",
                "horizontalpodautoscaler opsforge/api",
                measured="cpu",
                message="it does not scale by http_requests_per_second and http_request_duration_p95_milliseconds",
            ),
            "OF-068": fail(
                "medium", worker, message="no current value of job_queue_depth: it does not scale by it"
            ),
            "OF-064": fail("medium", worker, message="no current value of job_queue_depth: *"),
        }


def _current(name: str, metric: str) -> bool:
    found = admin().get(HPA, name, "opsforge")["status"].get("currentMetrics") or []
    return any(one.get("external", {}).get("metric", {}).get("name") == metric for one in found)


@scenario("all pods of a replicated workload are in one zone", group=SMALL)
def one_zone() -> Iterator[Changes]:
    def change(pod: Object) -> None:
        pod["spec"]["nodeSelector"] = {"topology.kubernetes.io/zone": "zone-a"}

    with faults.template("opsforge", "api", change):
        followed("opsforge", "api")
        yield {
            "OF-074": fail(
                "high",
                "deployment opsforge/api",
                measured="1",
                message="its 2 ready pods in 1 zone (zone-a), at least 2 needed",
            )
        }


@scenario("a drill restored one workload without pods, and one not at all", group=SMALL)
def half_restored() -> Iterator[Changes]:
    with (
        faults.scaled(world.RESTORED, "frontend", 0),
        undo.removed("StatefulSet", world.RESTORED, "redis"),
    ):
        frontend = f"deployment {world.RESTORED}/frontend"
        yield {
            "SC-133": fail("high", frontend, measured="0", message="it is scaled to 0"),
            "SC-135": fail("high", frontend, "statefulset redis", measured="0"),
        }


@scenario("what a drill restored three days ago is still there", group=SMALL)
def left_behind() -> Iterator[Changes]:
    """One thing of it is enough, however young the others are."""
    days = 3 * 24 * age.HOUR
    age.made_earlier("StatefulSet", world.RESTORED, "postgresql", seconds=days)
    try:
        yield {
            "SC-136": fail(
                "low", f"namespace {world.RESTORED}", measured="*", message="* things of a drill left: *"
            )
        }
    finally:
        age.made_earlier("StatefulSet", world.RESTORED, "postgresql", seconds=-days)


@scenario("two of three replicas came back", group=SMALL)
def two_of_three() -> Iterator[Changes]:
    with faults.scaled("accelerapp", "accelerapp", 2):
        followed("accelerapp", "accelerapp")
        api = "deployment accelerapp/accelerapp"
        yield {
            "AC-098": fail(
                "critical", api, measured="2", message="2 replicas wanted by its spec, at least 3 needed"
            ),
            "AC-099": fail("medium", api, measured="2", message="its spec asks for 2, at least 3 needed"),
        }


@scenario("quotas leave no room, and the cluster warns of it", group=SMALL)
def small_quotas() -> Iterator[Changes]:
    """A Job in repo-scanner gets no pod: its controller reports it again and again."""
    blocked = make.thing(
        "batch/v1", "Job", "blocked", "repo-scanner", spec=make.job_spec("repo-scanner", "blocked")
    )
    with (
        room.quota("repo-scanner", pods="5"),
        room.quota("opsforge", requests_cpu="8900m"),
        undo.added(blocked),
        limited("repo-scanner", "RS-041", grace="0s"),
    ):
        await_that("the Job's pods are refused", lambda: _warned("repo-scanner", "blocked"), within=undo.SOON)
        team = "resourcequota repo-scanner/team"
        yield {
            "RS-080": fail("medium", team, message="pods: 5 used and 1 more, 5 allowed"),
            "RS-136": fail("high", team, message="pods: 5 used and 2 more, 5 allowed"),
            "OF-015": fail(
                "high",
                "resourcequota opsforge/team",
                message="requests.cpu: * used and * more, 8900m allowed",
            ),
            "RS-041": fail(
                "medium", "job repo-scanner/blocked (FailedCreate)", message="FailedCreate, * last *"
            ),
        }


def _warned(namespace: str, name: str) -> bool:
    return any(
        one["type"] == "Warning" and one["involvedObject"]["name"] == name
        for one in admin().list("Event", namespace)
    )


@scenario("no volume can be made larger", group=SMALL)
def fixed_volumes() -> Iterator[Changes]:
    with room.volumes_fixed():
        claims = [f"persistentvolumeclaim repo-scanner/repo-scanner-{name}" for name in ("data", "models")]
        yield {
            "RS-127": fail("low", *claims, message="StorageClass standard does not allow expansion"),
        }


@scenario("an emergency scan was started and failed, the backup is suspended", group=SMALL)
def jobs_that_do_not_run() -> Iterator[Changes]:
    cron = admin().get("CronJob", "security-scan", "production")
    scan = room.failing(make.manual_job(cron, "emergency-scan-2"))
    with (
        undo.added(scan),
        undo.changed("CronJob", "production", "postgres-backup", {"spec": {"suspend": True}}),
    ):
        undo.await_condition(
            admin(),
            "Job",
            "production",
            "emergency-scan-2",
            lambda now: undo.reason_of(now, "Failed")[0] == "True",
        )
        failed = "job production/emergency-scan-2"
        yield {
            "EP-060": fail("high", failed, measured="Failed", message="it failed (BackoffLimitExceeded)"),
            "EP-109": fail(
                "critical",
                "cronjob production/postgres-backup",
                measured="suspended",
                message="it is suspended: it does not run",
            ),
        }


@scenario("the cluster autoscaler stopped an hour ago, and its last report was good", group=SMALL)
def silent_autoscaler() -> Iterator[Changes]:
    with room.reported(stand_ins.report(age=3600)):
        silent = fail(
            "medium",
            "autoscaler cluster-autoscaler",
            measured="Healthy",
            message="its report is * old, at most 5m needed: it does not run",
        )
        yield {"EP-003": silent, "OF-080": silent}


@scenario("the nodes are full", group=FULL)
def full_nodes() -> Iterator[Changes]:
    """Of each 50m are left: nothing that runs is in trouble, and nothing more could start."""
    with room.nodes_filled("50m", memory="13Gi"):
        full = "room for 0 of * more, of *"
        nodes = [f"node {name}" for name in world.NODES]
        yield {
            "RS-126": fail("medium", "cluster cpu", "cluster memory", message="its pods ask for *"),
            "RS-136": fail("high", "deployment repo-scanner/repo-scanner (nodes)", message=full),
            "RS-080": fail("medium", "deployment repo-scanner/repo-scanner (nodes)", message=full),
            "EP-052": fail("high", "deployment production/anomaly-detection-api (nodes)", message=full),
            "OF-023": fail("high", "deployment opsforge/* (nodes)", message=full),
            "SC-087": fail("medium", "deployment smartcloudops/* (largest pod)", message="no node has *"),
            "OF-066": fail("low", *nodes, message="* requested; needed: at most 85 %"),
        }


@scenario("KEDA does not read its queue, and Karpenter has no nodes to give", group=LATER)
def keda_and_karpenter() -> Iterator[Changes]:
    """Nothing renews Karpenter's lease; a node that was asked for has not come."""
    scaled = make.thing(
        "keda.sh/v1alpha1",
        "ScaledObject",
        "worker",
        "opsforge",
        spec={"scaleTargetRef": {"name": "worker"}, "triggers": [{"type": "redis"}, {"type": "prometheus"}]},
        status={
            "hpaName": "worker",
            "conditions": [room.condition("Ready", "False", "ScaledObjectCheckFailed")],
        },
    )
    pool = make.thing(
        "karpenter.sh/v1",
        "NodePool",
        "workers",
        spec={},
        status={"conditions": [room.condition("Ready", "False", "NodeClassNotReady")]},
    )
    claim = make.thing(
        "karpenter.sh/v1",
        "NodeClaim",
        "workers-1",
        spec={},
        status={"conditions": [room.condition("Launched", "False", "InsufficientCapacityError")]},
    )
    with ExitStack() as stack:
        stack.enter_context(room.unreported())
        for thing in (scaled, pool, claim):
            stack.enter_context(room.with_status(thing))
        stack.enter_context(limited("opsforge", "OF-080", joining="0s"))
        stack.enter_context(limited("enterprise-platform", "EP-003", joining="0s"))
        broken = fail(
            "medium",
            "nodepool workers",
            "nodeclaim workers-1",
            "lease kube-system/karpenter-leader-election",
        )
        yield {
            "OF-068": fail(
                "medium", "scaledobject opsforge/worker", message="Ready is False (ScaledObjectCheckFailed)"
            ),
            "EP-003": broken,
            "OF-080": broken,
        }


@scenario("last night's backup failed", group=LATER)
def failed_backup() -> Iterator[Changes]:
    cron = admin().get("CronJob", "postgres-backup", "production")["metadata"]
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": cron["name"],
        "uid": cron["uid"],
        "controller": True,
    }
    spec = make.job_spec("production", "postgres-backup")
    job = room.failing(make.thing("batch/v1", "Job", "postgres-backup-night", "production", spec=spec))
    job["metadata"]["ownerReferences"] = [owner]
    with undo.added(job):
        undo.await_condition(
            admin(),
            "Job",
            "production",
            "postgres-backup-night",
            lambda now: undo.reason_of(now, "Failed")[0] == "True",
        )
        yield {
            "EP-109": fail(
                "critical",
                "cronjob production/postgres-backup",
                measured="failed",
                message="the last finished run, job postgres-backup-night, failed (BackoffLimitExceeded)",
            ),
        }
