"""The big namespaces of the benchmark: Deployments and all that real controllers make of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from tests.testbed import kubernetes_access, process
from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_servers as servers
from tests.testbed import kubernetes_world as world
from tests.testbed.kubernetes_api import Api, Object, path_of
from tests.testbed.kubernetes_objects import Workload
from tests.testbed.process import await_that

Progress = Callable[[str], object]
PODS_PER_WORKLOAD = 20
PODS_PER_NODE = 100  # the simulated nodes take 110
_THREADS = 8
_LIMIT = 900.0  # seconds that the slowest step may take
_HASH = "5d9c7b8f64"  # of the one revision that every Deployment has
_CONTROLLERS = ("kube-controller-manager", "kube-scheduler")
_KEPT = ("labels", "annotations")


def namespace_of(pods: int) -> str:
    return f"bench-{pods}"


def exists(api: Api, pods: int) -> bool:
    """Whether an earlier time kept the namespace."""
    return api.find("Namespace", namespace_of(pods)) is not None


def create(api: Api, pods: int, progress: Progress) -> None:
    """Make the namespace and its nodes, and wait until every pod is ready behind its Service.

    ReplicaSets and pods are created here, with their owners, while the controllers rest: one update of each
    owner for every pod would take most of an hour. Then the controllers find everything in order, and
    write status and EndpointSlices as ever.
    """
    namespace, began = namespace_of(pods), time.monotonic()
    _apply(api, [make.thing("v1", "Namespace", namespace)])
    _apply(api, (make.node(name, "zone-a") for name in _nodes(pods)))
    await_that("the account of pods exists", lambda: api.find("ServiceAccount", "default", namespace))
    _apply(api, (kubernetes_access._within(each, namespace) for each in _rights()))
    for name in _CONTROLLERS:
        process.stop(name)
    _apply(api, [*make.network_policies(namespace), _ingress(namespace)])
    numbers = count()
    with ThreadPoolExecutor(_THREADS) as pool:
        made = [pool.submit(_whole, api, load, _nodes(pods), numbers) for load in workloads(pods)]
        for done, each in enumerate(made, start=1):
            each.result()
            if done * PODS_PER_WORKLOAD % 1000 == 0:
                progress(f"{namespace}: {done * PODS_PER_WORKLOAD} of {pods} pods created")
    # Controllers that see a starved kubelet miss its heartbeat would mark all of its pods as not ready.
    await_that(f"{pods} pods run", lambda: not _pending(api, namespace), within=_LIMIT, every=5.0)
    servers.start_controller_manager()
    servers.start_scheduler()
    _give_address(api, namespace)
    await_that(f"{pods} pods are ready", lambda: ready(api, pods) >= pods, within=_LIMIT, every=5.0)
    await_that("controllers have seen all", lambda: not _unseen(api, namespace), within=_LIMIT, every=5.0)
    progress(f"{namespace}: {pods} pods ready after {time.monotonic() - began:.0f} s")


def _unseen(api: Api, namespace: str) -> bool:
    """Whether a status still tells about an older generation than the spec's."""
    things = (*api.list("Deployment", namespace), *api.list("PodDisruptionBudget", namespace))
    return any(
        thing.get("status", {}).get("observedGeneration") != thing["metadata"]["generation"]
        for thing in things
    )


def remove(api: Api, pods: int, progress: Progress) -> None:
    """Delete the namespace and its nodes, and wait until they are gone."""
    namespace = namespace_of(pods)
    progress(f"{namespace}: removing")
    api.delete("Namespace", namespace)
    await_that(
        f"{namespace} is gone", lambda: api.find("Namespace", namespace) is None, within=_LIMIT, every=2.0
    )
    for name in _nodes(pods):
        api.delete("Node", name)
    _forget(api, set(_nodes(pods)))


def _forget(api: Api, nodes: set[str]) -> None:
    """Delete the DaemonSets' pods of nodes that are gone: the collector of garbage takes a minute and more."""
    for pod in api.list("Pod"):
        if pod["spec"].get("nodeName") in nodes:
            api.delete("Pod", pod["metadata"]["name"], pod["metadata"]["namespace"], grace=0)


def workloads(pods: int) -> Iterator[Workload]:
    """Deployments, each with a Service and a disruption budget."""
    each = min(pods, PODS_PER_WORKLOAD)
    for number in range(pods // each):
        yield Workload(namespace_of(pods), f"load-{number:03}", each, 8080, requests=("10m", "16Mi"))


def ready(api: Api, pods: int) -> int:
    """How many pods the Services' EndpointSlices have as ready; 0 before the namespace is there."""
    return sum(
        bool(endpoint.get("conditions", {}).get("ready"))
        for part in api.list("EndpointSlice", namespace_of(pods))
        for endpoint in part.get("endpoints") or ()
    )


def _pending(api: Api, namespace: str) -> bool:
    query = {"fieldSelector": "status.phase=Pending", "limit": "1"}
    return bool(api.send("GET", path_of("Pod", namespace), query=query)["items"])


def _whole(api: Api, load: Workload, nodes: list[str], numbers: Iterator[int]) -> None:
    """A Deployment, its ReplicaSet and its pods on the nodes in turn, and what stands beside it."""
    for thing in load.objects():
        owner = api.apply(thing)
        if thing["kind"] == "Deployment":
            replicas = _create(api, _replica_set(owner))
            for _ in range(load.replicas):
                _create(api, _pod(replicas, nodes[next(numbers) % len(nodes)]))


def _replica_set(deployment: Object) -> Object:
    """Its one revision; the controller knows it by the template."""
    meta, spec = deployment["metadata"], deployment["spec"]
    labels = {**spec["selector"]["matchLabels"], "pod-template-hash": _HASH}
    template = {**spec["template"], "metadata": {**spec["template"]["metadata"], "labels": labels}}
    made = make.thing(
        "apps/v1",
        "ReplicaSet",
        f"{meta['name']}-{_HASH}",
        meta["namespace"],
        labels=labels,
        spec={"replicas": spec["replicas"], "selector": {"matchLabels": labels}, "template": template},
    )
    return _owned(made, deployment, "Deployment")


def _pod(replicas: Object, node: str) -> Object:
    meta, template = replicas["metadata"], replicas["spec"]["template"]
    made: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": meta["namespace"]}}
    made["metadata"] |= {"generateName": f"{meta['name']}-"} | {
        part: template["metadata"][part] for part in _KEPT if part in template["metadata"]
    }
    made["spec"] = {**template["spec"], "nodeName": node}
    return _owned(made, replicas, "ReplicaSet")


def _owned(thing: Object, owner: Object, kind: str) -> Object:
    reference = {
        "apiVersion": "apps/v1",
        "kind": kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    thing["metadata"]["ownerReferences"] = [reference]
    return thing


def _create(api: Api, thing: Object) -> Object:
    path = path_of(thing["kind"], thing["metadata"]["namespace"])
    created: Object = api.send("POST", path, thing)
    return created


def _nodes(pods: int) -> list[str]:
    return [f"{namespace_of(pods)}-{number}" for number in range(max(1, -(-pods // PODS_PER_NODE)))]


def _rights() -> list[Object]:
    return world.load(kubernetes_access.RBAC / "role.yaml")


def _ingress(namespace: str) -> Object:
    return make.ingress(namespace, "load-000", {"load.example.com": ("load-000", 8080)}, "load-tls")


def _give_address(api: Api, namespace: str) -> None:
    status = {"status": {"loadBalancer": {"ingress": [{"ip": world.INGRESS_ADDRESS}]}}}
    api.patch("Ingress", "load-000", status, namespace, part="status")


def _apply(api: Api, things: Iterable[Object]) -> None:
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(api.apply, things))
