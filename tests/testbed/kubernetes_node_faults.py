"""What can be wrong with nodes, and what operations do to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tests.testbed import kubernetes_health as health
from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_undo as undo
from tests.testbed import kubernetes_world as world
from tests.testbed.kubernetes_api import Api, ApiError, Object, admin, path_of
from tests.testbed.kubernetes_objects import NOTE
from tests.testbed.kubernetes_pod_faults import quantity
from tests.testbed.process import await_that

CONDITIONS = ("NotReady", "MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")


@contextmanager
def node(name: str, condition: str) -> Iterator[None]:
    """One of CONDITIONS, reported by the node itself; its pods go on as they are."""
    if condition not in CONDITIONS:
        raise ValueError(f"{condition}: not one of {', '.join(CONDITIONS)}")
    api = admin()
    wanted = ("Ready", "False") if condition == "NotReady" else (condition, "True")
    try:
        api.patch("Node", name, {"metadata": {"annotations": {f"{NOTE}/fault": condition}}})
        _await(api, name, wanted)
        yield
    finally:
        api.patch("Node", name, {"metadata": {"annotations": {f"{NOTE}/fault": None}}})
        _await_well(api, name)


@contextmanager
def reporting(name: str, problem: str) -> Iterator[None]:
    """A condition that a problem detector adds, True; the kubelet does not know it, and keeps it."""
    api = admin()
    since = "2026-01-01T00:00:00Z"
    condition = {
        "type": problem,
        "status": "True",
        "reason": "Found",
        "message": "",
        "lastTransitionTime": since,
    }
    try:
        _set_condition(api, name, problem, condition)
        _await(api, name, (problem, "True"))
        yield
    finally:
        _set_condition(api, name, problem, None)
        _await_well(api, name)


def _set_condition(api: Api, name: str, kind: str, condition: Object | None) -> None:
    found = [one for one in api.get("Node", name)["status"]["conditions"] if one["type"] != kind]
    whole = [*found, condition] if condition else found
    api.patch("Node", name, {"status": {"conditions": whole}}, part="status")


@contextmanager
def tainted(name: str, key: str, effect: str) -> Iterator[None]:
    """A taint that somebody puts on by hand; what others put on meanwhile stays."""
    api = admin()

    def without() -> list[Object]:
        return [one for one in api.get("Node", name)["spec"].get("taints") or [] if one["key"] != key]

    try:
        api.patch("Node", name, {"spec": {"taints": [*without(), {"key": key, "effect": effect}]}})
        yield
    finally:
        api.patch("Node", name, {"spec": {"taints": without() or None}})


@contextmanager
def node_silent(name: str) -> Iterator[None]:
    """The kubelet stops renewing its lease: Ready=Unknown after some 20 seconds, its pods not ready."""
    api = admin()
    try:
        api.patch("Node", name, {"metadata": {"labels": {f"{NOTE}/kubelet": None}}})
        _await(api, name, ("Ready", "Unknown"))
        yield
    finally:
        api.patch("Node", name, {"metadata": {"labels": {f"{NOTE}/kubelet": "runs"}}})
        _await_well(api, name)


@contextmanager
def daemons_counted(namespace: str, name: str, node: str, **status: int) -> Iterator[None]:
    """A DaemonSet's `status` after a node got its taint.

    The taint alone makes its controller count again only where pods come or go, and it may arrive after
    the pods' own change: a note on the DaemonSet has it count.
    """
    api, key = admin(), f"{NOTE}/counted"
    tainted = "node.kubernetes.io/unreachable"

    def has_taint() -> bool:
        taints = api.get("Node", node)["spec"].get("taints") or []
        return (tainted, "NoSchedule") in {(taint["key"], taint["effect"]) for taint in taints}

    await_that(f"taint {tainted} of {node}", has_taint, within=undo.SOON)
    try:
        api.patch("DaemonSet", name, {"metadata": {"annotations": {key: "yes"}}}, namespace)
        undo.await_condition(
            api, "DaemonSet", namespace, name, lambda now: status.items() <= now["status"].items()
        )
        yield
    finally:
        api.patch("DaemonSet", name, {"metadata": {"annotations": {key: None}}}, namespace)


@contextmanager
def cordoned(name: str) -> Iterator[None]:
    """Takes no new pods."""
    api = admin()
    try:
        api.patch("Node", name, {"spec": {"unschedulable": True}})
        yield
    finally:
        api.patch("Node", name, {"spec": {"unschedulable": None}})
        _await_well(api, name)


@contextmanager
def drained(name: str) -> Iterator[list[str]]:
    """Cordoned and emptied by evictions, as `kubectl drain --ignore-daemonsets` does; yields the pods."""
    with cordoned(name):
        api = admin()
        gone = [
            pod for pod in pods_on(api, name) if pod["metadata"]["ownerReferences"][0]["kind"] != "DaemonSet"
        ]
        for pod in gone:
            await_that(f"eviction of {pod['metadata']['name']}", partial(_evict, api, pod), within=undo.SOON)
        await_that("the pods run elsewhere", lambda: _moved(api), within=undo.SOON, every=0.2)
        yield undo.names(gone)


@contextmanager
def node_gone(name: str) -> Iterator[None]:
    """A node that was taken away for good, as a spot instance is; its pods are made anew elsewhere."""
    api = admin()
    try:
        api.delete("Node", name)
        api.delete("Lease", name, "kube-node-lease")
        for pod in pods_on(api, name):
            api.delete("Pod", pod["metadata"]["name"], pod["metadata"]["namespace"], grace=0)
        yield
    finally:
        api.apply(make.node(name, world.NODES[name]))
        _await_well(api, name)


@contextmanager
def node_new(name: str = "node-c1") -> Iterator[str]:
    """One node more than the healthy world has, Ready, with its DaemonSet pods."""
    api = admin()
    try:
        api.apply(make.node(name, "zone-a"))
        _await_well(api, name)
        yield name
    finally:
        api.delete("Node", name)
        for pod in pods_on(api, name):
            api.delete("Pod", pod["metadata"]["name"], pod["metadata"]["namespace"], grace=0)
        api.delete("Lease", name, "kube-node-lease")
        await_that("the pods run elsewhere", lambda: all(_settled(api)), within=undo.SOON, every=0.2)


@contextmanager
def node_using(name: str, *, cpu: str = "7", memory: str = "1Gi") -> Iterator[None]:
    """So much more is used on a node, by a pod of kube-system that no system looks at."""
    api = admin()
    load: Object = {
        "nodeName": name,
        "containers": [{"name": "load", "image": make.pinned("registry.example.com/load")}],
    }
    notes = {f"{NOTE}/cpu": cpu, f"{NOTE}/memory": memory}
    pod = make.thing("v1", "Pod", f"load-on-{name}", "kube-system", annotations=notes, spec=load)
    try:
        with undo.added(pod):
            await_that("the node's metrics follow", lambda: _load(api, name) >= float(cpu), within=undo.SOON)
            yield
    finally:
        await_that("the node's metrics follow", lambda: _load(api, name) < 5, within=undo.SOON)


@contextmanager
def node_requested(name: str, *, cpu: str = "3", memory: str = "15Gi") -> Iterator[None]:
    """So much more is asked for on a node, by a pod of opsforge that is bound there."""
    spec: Object = {
        "nodeName": name,
        "containers": [
            {
                "name": "reserve",
                "image": make.pinned("registry.example.com/opsforge/reserve"),
                "resources": make.resources((cpu, memory), (cpu, memory)),
            }
        ],
    }
    api = admin()
    pod = make.thing("v1", "Pod", f"reserve-on-{name}", "opsforge", labels={"app": "reserve"}, spec=spec)
    with undo.added(pod):
        undo.await_condition(
            api,
            "Pod",
            "opsforge",
            f"reserve-on-{name}",
            lambda now: health.conditions(now).get("Ready") == "True",
        )
        yield


def _load(api: Api, name: str) -> float:
    return quantity(api.get("NodeMetrics", name)["usage"]["cpu"])


def _await(api: Api, name: str, wanted: tuple[str, str]) -> None:
    kind, status = wanted
    await_that(
        f"node {name}: {kind}={status}",
        lambda: health.conditions(api.get("Node", name)).get(kind) == status,
        within=undo.SOON,
    )


def _await_well(api: Api, name: str) -> None:
    """Ready, without taints, and with all its pods ready and measured."""

    def well() -> bool:
        now = api.get("Node", name)
        is_now = health.conditions(now)
        good = bool(is_now) and all(
            (kind == "Ready") == (status == "True") for kind, status in is_now.items()
        )
        return good and not now["spec"].get("taints") and api.find("NodeMetrics", name) is not None

    await_that(f"node {name} is well", well, within=undo.SOON)
    if name in world.NODES:
        await_that("all pods are ready", lambda: all(_settled(api)), within=undo.SOON, every=0.2)


def _settled(api: Api) -> Iterator[bool]:
    """Lazily: each workload is as healthy as it was."""
    return (next(health.problems_of(api, each), None) is None for each in world.WORKLOADS)


def pods_on(api: Api, name: str) -> list[Object]:
    """The pods on a node that something owns."""
    found: list[Object] = api.send("GET", path_of("Pod"), query={"fieldSelector": f"spec.nodeName={name}"})[
        "items"
    ]
    return [pod for pod in found if pod["metadata"].get("ownerReferences")]


def _moved(api: Api) -> bool:
    """A budget takes a StatefulSet's new pod for the evicted one of that name, for two minutes: not here."""
    for each in api.list("PodDisruptionBudget"):
        if each.get("status", {}).get("disruptedPods"):
            meta = each["metadata"]
            forget = {"status": {"disruptedPods": None}}
            api.patch("PodDisruptionBudget", meta["name"], forget, meta["namespace"], part="status")
    return all(_settled(api))


def _evict(api: Api, pod: Object) -> bool:
    meta = pod["metadata"]
    names = {"name": meta["name"], "namespace": meta["namespace"]}
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": names}
    try:
        api.send("POST", path_of("Pod", meta["namespace"], meta["name"]) + "/eviction", body)
    except ApiError as error:
        if error.status != 404:
            raise
    return True
