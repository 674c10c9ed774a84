"""What can be wrong with room: full nodes, small quotas, volumes that do not grow, nothing that adds nodes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_stand_ins as stand_ins
from tests.testbed import kubernetes_undo as undo
from tests.testbed import kubernetes_world as world
from tests.testbed.kubernetes_api import Api, Object, admin
from tests.testbed.kubernetes_objects import NOTE
from tests.testbed.kubernetes_pod_faults import quantity
from tests.testbed.process import await_that


@contextmanager
def nodes_filled(left: str, *, memory: str = "1Gi") -> Iterator[None]:
    """On every node so much CPU is left, by a pod of kube-system that asks for the rest and is bound there."""
    api = admin()
    with ExitStack() as stack:
        for name in world.NODES:
            asked = quantity("8") - quantity(left) - _requested(api, name)
            stack.enter_context(undo.added(_reserve(name, f"{asked * 1000:.0f}m", memory)))
        for name in world.NODES:
            undo.await_condition(
                api,
                "Pod",
                "kube-system",
                f"reserve-{name}",
                lambda now: undo.reason_of(now, "Ready")[0] == "True",
            )
        yield


def _reserve(node: str, cpu: str, memory: str) -> Object:
    container = {
        "name": "reserve",
        "image": make.pinned("registry.example.com/reserve"),
        "resources": make.resources((cpu, memory), (cpu, memory)),
    }
    spec = {"nodeName": node, "containers": [container]}
    return make.thing("v1", "Pod", f"reserve-{node}", "kube-system", labels={"app": "reserve"}, spec=spec)


def _requested(api: Api, node: str) -> float:
    return sum(
        quantity(container.get("resources", {}).get("requests", {}).get("cpu", "0"))
        for pod in api.list("Pod")
        if pod["spec"].get("nodeName") == node and pod["status"]["phase"] not in ("Succeeded", "Failed")
        for container in pod["spec"]["containers"]
    )


@contextmanager
def quota(namespace: str, **hard: str) -> Iterator[None]:
    """The namespace's quota has other bounds; counted when it returns. `requests_cpu` is the key `requests.cpu`."""
    wanted = {name.replace("_", "."): bound for name, bound in hard.items()}
    with undo.changed("ResourceQuota", namespace, "team", {"spec": {"hard": wanted}}):
        undo.await_condition(
            admin(),
            "ResourceQuota",
            namespace,
            "team",
            lambda now: wanted.items() <= now["status"].get("hard", {}).items(),
        )
        yield


@contextmanager
def volumes_fixed() -> Iterator[None]:
    """The StorageClass of every claim does not let volumes grow."""
    api = admin()
    try:
        api.patch("StorageClass", make.STORAGE_CLASS, {"allowVolumeExpansion": False})
        yield
    finally:
        api.patch("StorageClass", make.STORAGE_CLASS, {"allowVolumeExpansion": True})


@contextmanager
def reported(text: str) -> Iterator[None]:
    """The Cluster Autoscaler's report says this, and nobody writes another."""
    api = admin()
    try:
        api.delete("ConfigMap", stand_ins.REPORT, "kube-system")
        stand_ins.write_report(api, text, **{stand_ins.BY_HAND: "yes"})
        yield
    finally:
        api.delete("ConfigMap", stand_ins.REPORT, "kube-system")
        await_that("the report is written again", lambda: _written(api), within=undo.SOON)


@contextmanager
def unreported() -> Iterator[None]:
    """The cluster has no Cluster Autoscaler that would report."""
    api = admin()
    off = make.thing("v1", "ConfigMap", stand_ins.OFF, "kube-system")
    with undo.added(off):
        await_that("nobody reports", lambda: _gone(api), within=undo.SOON)
        yield
    await_that("the report is written again", lambda: _written(api), within=undo.SOON)


def _gone(api: Api) -> bool:
    api.delete("ConfigMap", stand_ins.REPORT, "kube-system")
    return api.find("ConfigMap", stand_ins.REPORT, "kube-system") is None


def _written(api: Api) -> bool:
    found = api.find("ConfigMap", stand_ins.REPORT, "kube-system")
    return found is not None and stand_ins.BY_HAND not in found["metadata"].get("labels", {})


@contextmanager
def with_status(thing: Object) -> Iterator[None]:
    """An object of a custom kind, with the status that its own controller would write."""
    status = thing.pop("status")
    meta = thing["metadata"]
    with undo.added(thing):
        admin().patch(thing["kind"], meta["name"], {"status": status}, meta.get("namespace"), part="status")
        yield


def condition(kind: str, status: str, reason: str, since: str = "2026-01-01T00:00:00Z") -> Object:
    return {"type": kind, "status": status, "reason": reason, "message": "", "lastTransitionTime": since}


def failing(job: Object) -> Object:
    """A Job whose only pod fails."""
    job["spec"]["backoffLimit"] = 0
    job["spec"]["template"]["metadata"]["annotations"] = {f"{NOTE}/end": "Failed"}
    return job


def running(job: Object) -> Object:
    """A Job whose pod does not end."""
    job["spec"]["template"]["metadata"]["annotations"] = {f"{NOTE}/end": "never"}
    return job
