"""Pods: readiness, owners, what they reserve, and that nothing else of them is kept."""

from __future__ import annotations

from datetime import datetime, timezone

import msgspec
import pytest

from opsproof.sources.kubernetes.facts.meta import Amounts, Meta, Owner
from opsproof.sources.kubernetes.facts.pods import Container, Pod, PodSpec, Resources

WIRE = b"""{
 "metadata": {"name": "api-7d9f-x", "namespace": "shop", "uid": "u1",
  "creationTimestamp": "2026-11-21T09:00:00Z",
  "labels": {"app": "api", "pod-template-hash": "7d9f"}, "annotations": {"note": "customer 4711"},
  "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api-7d9f", "uid": "u0",
   "controller": true, "blockOwnerDeletion": true}], "managedFields": [{"manager": "x"}]},
 "spec": {"nodeName": "node-1", "hostNetwork": true, "serviceAccountName": "api",
  "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "s", "secret": {"secretName": "planted-secret"}}],
  "initContainers": [{"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"},
   {"name": "migrate", "image": "m:1"}],
  "containers": [{"name": "api", "image": "reg:5000/api:1", "command": ["--token=planted-secret"],
   "env": [{"name": "PASSWORD", "value": "planted-secret"}],
   "ports": [{"containerPort": 8080, "name": "http"}],
   "readinessProbe": {"httpGet": {"path": "/", "port": "http",
     "httpHeaders": [{"name": "Authorization", "value": "planted-secret"}]}},
   "livenessProbe": {"exec": {"command": ["planted-secret"]}},
   "resources": {"requests": {"cpu": "250m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}}]},
 "status": {"phase": "Running", "startTime": "2026-11-21T09:00:01Z",
  "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady", "lastProbeTime": null,
    "message": "planted-secret", "lastTransitionTime": "2026-11-21T09:00:05Z"},
    {"type": "Initialized", "status": "True", "lastTransitionTime": null}],
  "initContainerStatuses": [{"name": "proxy", "ready": true, "restartCount": 0, "image": "", "imageID": "",
    "state": {"running": {"startedAt": "2026-11-21T09:00:02Z"}}, "lastState": {}}],
  "containerStatuses": [{"name": "api", "ready": false, "restartCount": 7, "started": false,
    "image": "reg:5000/api:1", "imageID": "reg:5000/api@sha256:00",
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "planted-secret"}},
    "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "message": "planted-secret",
      "startedAt": "2026-11-21T09:00:03Z", "finishedAt": "2026-11-21T09:00:04Z"}}}]}}"""


def test_the_apis_json_is_read_as_it_is() -> None:
    pod = msgspec.json.decode(WIRE, type=Pod)
    (container, status), (sidecar, sidecar_status) = pod.running_containers()
    assert (pod.phase, pod.ready, str(pod.ready_since)) == ("Running", False, "2026-11-21 09:00:05+00:00")
    assert (container.name, sidecar.name) == ("api", "proxy")
    assert status is not None
    assert status.waiting_reason == "CrashLoopBackOff"
    assert status.last_terminated is not None
    assert status.last_terminated.exit_code == 137
    assert sidecar_status is not None
    assert sidecar_status.ready
    assert container.readiness_probe is not None
    assert container.readiness_probe.port == "http"
    assert container.has_port("http")
    assert container.has_port(8080)
    assert not container.has_port(80)
    assert container.liveness_probe is not None
    assert container.liveness_probe.port is None
    assert [volume.name for volume in pod.spec.volumes if volume.empty_dir is not None] == ["tmp"]


def test_facts_survive_json_and_hold_no_secret() -> None:
    pod = msgspec.json.decode(WIRE, type=Pod)
    recorded = msgspec.json.encode(pod)
    assert msgspec.json.decode(recorded, type=Pod) == pod
    assert b"planted-secret" not in recorded
    assert b"4711" not in recorded


def pod(owner: Owner | None = None, **labels: str) -> Pod:
    owners = (owner,) if owner else ()
    return Pod(metadata=Meta(name="p", namespace="shop", labels=labels, owner_references=owners))


@pytest.mark.parametrize(
    ("owner", "label", "key"),
    [
        (None, "", ""),
        (("ReplicaSet", "api-7d9f"), "7d9f", "deployment/api"),
        (("ReplicaSet", "api-7d9f"), "", "replicaset/api-7d9f"),
        (("ReplicaSet", "api"), "7d9f", "replicaset/api"),
        (("StatefulSet", "redis"), "", ""),
        (("DaemonSet", "agent"), "", "daemonset/agent"),
        (("Job", "backup-29391840"), "", "cronjob/backup"),
        (("Job", "backup-1600000000"), "", "cronjob/backup"),  # old controllers wrote seconds
        (("Job", "migrate"), "", "job/migrate"),
        (("Job", "migrate-20261121"), "", "job/migrate-20261121"),  # a date
        (("Job", "migrate-2026112109"), "", "job/migrate-2026112109"),  # with its hour
        (("Job", "migrate-00000001"), "", "job/migrate-00000001"),
    ],
)
def test_the_key_is_the_workload_and_not_the_random_name(
    owner: tuple[str, str] | None, label: str, key: str
) -> None:
    reference = Owner(kind=owner[0], name=owner[1], controller=True) if owner else None
    found = pod(reference, **({"pod-template-hash": label} if label else {}))
    assert (found.key, found.subject.stable) == (key, f"pod/shop/{key or 'p'}")


@pytest.mark.parametrize(("minutes", "kind"), [(0, "CronJob"), (60, "Job")])
def test_a_cron_job_made_no_pod_before_its_time(minutes: int, kind: str) -> None:
    scheduled = 29391840
    owner = Owner(kind="Job", name=f"backup-{scheduled}", controller=True)
    created = datetime.fromtimestamp((scheduled - minutes) * 60, timezone.utc)
    one = Pod(metadata=Meta(name="p", creation_timestamp=created, owner_references=(owner,)))
    assert one.workload is not None and one.workload[0] == kind


def test_an_owner_that_is_no_controller_does_not_count() -> None:
    assert pod(Owner(kind="Node", name="n", controller=False)).workload is None


def container(cpu: str, restart: str = "") -> Container:
    return Container(name="c", resources=Resources(requests=Amounts(cpu=cpu)), restart_policy=restart)


@pytest.mark.parametrize(
    ("init", "running", "cores"),
    [
        ((), ("500m", "250m"), 0.75),
        ((("2", ""),), ("500m",), 2.0),
        ((("100m", "Always"),), ("500m",), 0.6),
        ((("100m", "Always"), ("1", "")), ("500m",), 1.1),
        ((("1", ""), ("100m", "Always")), ("500m",), 1.0),
        ((), ("",), 0.0),
    ],
)
def test_what_the_scheduler_reserves(
    init: tuple[tuple[str, str], ...], running: tuple[str, ...], cores: float
) -> None:
    spec = PodSpec(
        init_containers=tuple(container(*one) for one in init),
        containers=tuple(container(one) for one in running),
    )
    assert spec.requested_cores == pytest.approx(cores)


def test_a_request_of_the_whole_pod_stands_for_its_containers() -> None:
    spec = PodSpec(
        containers=(container("4"),),
        resources=Resources(requests=Amounts(cpu="1")),
        overhead=Amounts(cpu="250m"),
    )
    assert spec.requested_cores == pytest.approx(1.25)
