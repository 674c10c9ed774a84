"""What all faults share: finding a workload's pods, changing an object, taking it back, waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.testbed import kubernetes_baseline as baseline
from tests.testbed import kubernetes_health as health
from tests.testbed import kubernetes_world as world
from tests.testbed.kubernetes_api import Api, Object, admin, path_of
from tests.testbed.kubernetes_objects import Workload
from tests.testbed.process import await_that

SOON = 120.0  # seconds a condition may take on a busy machine
_TOGETHER: list[bool] = []
_LATER: list[Callable[[], None]] = []


def workload(namespace: str, name: str) -> Workload:
    """Raises LookupError when the healthy world has no such workload."""
    for each in world.WORKLOADS:
        if (each.namespace, each.name) == (namespace, name):
            return each
    raise LookupError(f"no workload {namespace}/{name} in the testbed")


def pods_of(api: Api, of: Workload) -> list[Object]:
    """Those that are neither terminating nor finished."""
    found = api.list("Pod", of.namespace, **of.all_labels)
    return [
        pod
        for pod in found
        if "deletionTimestamp" not in pod["metadata"]
        and pod["status"]["phase"] not in ("Failed", "Succeeded")
    ]


def names(things: list[Object]) -> list[str]:
    return [str(each["metadata"]["name"]) for each in things]


def await_condition(
    api: Api, kind: str, namespace: str, name: str, wanted: Callable[[Object], object]
) -> Object:
    """Wait until the object is as `wanted` says; returns it."""
    await_that(f"{kind} {namespace}/{name}", lambda: wanted(api.get(kind, name, namespace)), within=SOON)
    return api.get(kind, name, namespace)


def reason_of(thing: Object, condition: str) -> tuple[str, str]:
    """(status, reason) of a condition, empty strings without one."""
    for each in thing.get("status", {}).get("conditions") or []:
        if each["type"] == condition:
            return each["status"], each.get("reason", "")
    return "", ""


def put_back(api: Api, kind: str, namespace: str, name: str) -> None:
    """Make one object what it was in the healthy world; delete it if it was not there."""
    key = (kind, namespace, name)
    stored = baseline.recorded().get(key)
    was = stored["whole"] if stored else None
    now = api.find(kind, name, namespace or None)
    now = {**now, "kind": kind} if now else None
    if was or now:
        baseline.undo(api, baseline.Change(key, was, now))


@contextmanager
def changed(kind: str, namespace: str, name: str, change: object) -> Iterator[Object]:
    """Merge-patch (a list: JSON-patch) an object; afterwards it is what it was. Waits for no consequence."""
    api = admin()
    try:
        yield api.patch(kind, name, change, namespace or None)
    finally:
        put_back(api, kind, namespace, name)


@contextmanager
def removed(kind: str, namespace: str, name: str) -> Iterator[None]:
    """Delete an object and wait until it is gone; afterwards it is made again."""
    api = admin()
    try:
        api.delete(kind, name, namespace or None)
        await_that(
            f"{kind} {name} is gone", lambda: api.find(kind, name, namespace or None) is None, within=SOON
        )
        yield
    finally:
        put_back(api, kind, namespace, name)
        if kind == "Ingress":
            health.give_addresses(api)
        for each in world.WORKLOADS:
            if (each.namespace, name) == (namespace, each.name) and kind in (
                each.kind,
                "HorizontalPodAutoscaler",
            ):
                await_settled(api, each)


@contextmanager
def added(*things: Object) -> Iterator[None]:
    """Create objects that the healthy world does not have; afterwards they are gone."""
    api = admin()
    made: list[Object] = []
    try:
        for each in things:
            api.send("POST", path_of(each["kind"], each["metadata"].get("namespace")), each)
            made.append(each)
        yield
    finally:
        for each in reversed(made):
            _delete(api, each)


def _delete(api: Api, thing: Object) -> None:
    kind, meta = thing["kind"], thing["metadata"]
    space = meta.get("namespace")
    api.delete(kind, meta["name"], space, grace=0 if kind == "Pod" else None)
    if kind in ("PersistentVolume", "PersistentVolumeClaim"):
        baseline.release(api, kind, meta["name"], space)
    await_that(
        f"{kind} {meta['name']} is gone", lambda: api.find(kind, meta["name"], space) is None, within=SOON
    )


@contextmanager
def settling_together() -> Iterator[Callable[[], None]]:
    """Many faults are taken back at once: after the call of what it yields, all settle together at the end."""

    def begin() -> None:
        _TOGETHER.append(True)

    try:
        yield begin
    finally:
        _TOGETHER.clear()
        steps = list(_LATER)
        _LATER.clear()
        for step in steps:
            step()


def _later(step: Callable[[], None]) -> None:
    if _TOGETHER:
        _LATER.append(step)
    else:
        step()


def await_settled(api: Api, of: Workload, *, steady: float = 0) -> None:
    """Until the workload, its pods, its Service, its budget and its metrics are as healthy as they were.

    An autoscaler may still act on what it saw under the fault: then the replicas are put back again, until
    it has been well for `steady` seconds.
    """
    _later(lambda: _await_settled(api, of, steady))


def _await_settled(api: Api, of: Workload, steady: float) -> None:
    since = time.monotonic()

    def settled() -> bool:
        nonlocal since
        if next(health.problems_of(api, of), None) is None:
            return time.monotonic() - since >= steady
        since = time.monotonic()
        now = api.find(of.kind, of.name, of.namespace)
        scaled = api.find("HorizontalPodAutoscaler", of.name, of.namespace)
        if now and scaled and now["spec"].get("replicas") != of.replicas:
            api.patch(of.kind, of.name, {"spec": {"replicas": of.replicas}}, of.namespace)
        return False

    await_that(f"{of.kind} {of.namespace}/{of.name} is healthy again", settled, within=SOON, every=0.2)


def forget_revisions(api: Api, of: Workload) -> None:
    """Delete the empty ReplicaSets that a fault's rollout left."""
    _later(lambda: _forget_revisions(api, of))


def _forget_revisions(api: Api, of: Workload) -> None:
    for each in api.list("ReplicaSet", of.namespace, **of.all_labels):
        key = ("ReplicaSet", of.namespace, each["metadata"]["name"])
        if not each["spec"]["replicas"] and key not in baseline.recorded():
            api.delete("ReplicaSet", each["metadata"]["name"], of.namespace)


def heal(api: Api, of: Workload) -> None:
    """Take the faults off the workload's pods and wait until it is healthy."""
    health.heal_pods(api, of.namespace, **of.all_labels)
    await_settled(api, of)
