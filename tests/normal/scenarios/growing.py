"""Jobs that run now, nodes and replicas that somebody else adds, warnings that have explained themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timezone
from typing import Any

from tests.faults.elsewhere import edited
from tests.faults.scenario import Changes, not_applicable, scenario, transition
from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_room_faults as room
from tests.testbed import kubernetes_undo as undo
from tests.testbed.kubernetes_api import Object, admin
from tests.testbed.process import await_that


def _active(name: str) -> None:
    undo.await_condition(
        admin(), "Job", "production", name, lambda now: now.get("status", {}).get("active") == 1
    )


def _of_cron_job(name: str, job: Object) -> Object:
    cron = admin().get("CronJob", name, "production")["metadata"]
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": name,
        "uid": cron["uid"],
        "controller": True,
    }
    job["metadata"]["ownerReferences"] = [owner]
    return job


@scenario(
    "a backup and an emergency scan are running",
    situation="ordinary",
    group="a day of deployments",
    proves=("backup/job-success", "health/jobs-succeeded"),
)
def jobs_under_way() -> Iterator[Changes]:
    spec = make.job_spec("production", "postgres-backup")
    backup = room.running(make.thing("batch/v1", "Job", "postgres-backup-now", "production", spec=spec))
    scan = make.manual_job(admin().get("CronJob", "security-scan", "production"), "emergency-scan-now")
    with undo.added(_of_cron_job("postgres-backup", backup), room.running(scan)):
        _active("postgres-backup-now")
        _active("emergency-scan-now")
        yield {
            "EP-109": transition(
                "critical",
                "cronjob production/postgres-backup",
                message="its run that began * UTC is not over; 6h allowed",
            ),
            "EP-060": transition(
                "high", "job production/emergency-scan-now", message="it is not complete; 1h allowed"
            ),
        }


@scenario("a backup is suspended, as the environment declares", situation="ordinary", group="a quiet night")
def declared_suspension() -> Iterator[Changes]:
    def declare(document: Any) -> None:
        document["names"]["suspended_cron_jobs"] = ["cronjob/postgres-backup"]

    with (
        undo.changed("CronJob", "production", "postgres-backup", {"spec": {"suspend": True}}),
        edited("systems/enterprise-platform/environments/testbed.yaml", declare),
    ):
        yield {
            "EP-109": not_applicable(
                "critical",
                "cronjob production/postgres-backup",
                message="suspended, as the environment declares",
            )
        }


@scenario(
    "a Job waited for its namespace's quota, and has run since",
    situation="ordinary",
    group="a quiet night",
    proves=("health/warning-events",),
)
def explained_warnings() -> Iterator[Changes]:
    spec = make.job_spec("repo-scanner", "report")
    report = make.thing("batch/v1", "Job", "report", "repo-scanner", spec=spec)
    with ExitStack() as stack:
        with room.quota("repo-scanner", pods="5"):
            stack.enter_context(undo.added(report))
            await_that("its pods are refused", _refused, within=undo.SOON)
        undo.await_condition(
            admin(),
            "Job",
            "repo-scanner",
            "report",
            lambda now: undo.reason_of(now, "Complete")[0] == "True",
        )
        yield {}


def _refused() -> bool:
    found = admin().list("Event", "repo-scanner")
    return any(one["type"] == "Warning" and one["involvedObject"]["name"] == "report" for one in found)


@scenario(
    "KEDA feeds an autoscaler, and Karpenter adds the nodes",
    situation="ordinary",
    group="nodes come and go",
    proves=("scaling/hpa-signal", "scaling/node-autoscaler"),
)
def keda_and_karpenter() -> Iterator[Changes]:
    scaled = make.thing(
        "keda.sh/v1alpha1",
        "ScaledObject",
        "worker",
        "opsforge",
        spec={"scaleTargetRef": {"name": "worker"}, "triggers": [{"type": "redis"}, {"type": "prometheus"}]},
        status={"hpaName": "worker", "conditions": [room.condition("Ready", "True", "ScaledObjectReady")]},
    )
    pool = make.thing(
        "karpenter.sh/v1",
        "NodePool",
        "workers",
        spec={},
        status={"conditions": [room.condition("Ready", "True", "Ready")]},
    )
    lease = make.thing(
        "coordination.k8s.io/v1",
        "Lease",
        "karpenter-leader-election",
        "kube-system",
        spec={
            "holderIdentity": "karpenter-0",
            "leaseDurationSeconds": 15,
            "renewTime": f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%S.%fZ}",
        },
    )
    with ExitStack() as stack:
        stack.enter_context(room.unreported())
        stack.enter_context(undo.added(lease))
        for thing in (scaled, pool):
            stack.enter_context(room.with_status(thing))
        yield {}
