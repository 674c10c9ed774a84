"""Whether the world is as healthy as it was made, and how to make it so again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.testbed import kubernetes_baseline as baseline
from tests.testbed import kubernetes_world as world
from tests.testbed.kubernetes_api import Api, ApiError, Object
from tests.testbed.kubernetes_objects import NOTE, Workload
from tests.testbed.process import TestbedError, await_that

_SYSTEMS = frozenset((*world.NAMESPACES, "kube-system"))
_SCALES = {"AbleToScale": "True", "ScalingActive": "True", "ScalingLimited": "False"}


def await_healthy(api: Api, *, within: float = 180) -> None:
    """Raises TestbedError, naming what is still wrong."""
    try:
        await_that(
            "the world is healthy", lambda: next(problems(api), None) is None, within=within, every=0.2
        )
    except TestbedError as error:
        raise TestbedError(f"{error}; still wrong: {'; '.join(list(problems(api))[:12])}") from error


def problems(api: Api) -> Iterator[str]:
    """What is not as the healthy world has it, one line each; quick to find first."""
    for find in _FINDERS:
        yield from find(api)


def conditions(thing: Object) -> dict[str, str]:
    """Type -> status."""
    return {each["type"]: each["status"] for each in thing.get("status", {}).get("conditions") or []}


def clean(pod: Object) -> bool:
    """Ready, without a fault, without a history of restarts."""
    notes = pod["metadata"].get("annotations", {})
    statuses = pod["status"].get("containerStatuses", [])
    return (
        conditions(pod).get("Ready") == "True"
        and not pod["status"].get("message")
        and "deletionTimestamp" not in pod["metadata"]
        and not any(key in notes for key in (f"{NOTE}/fault", f"{NOTE}/end"))
        and not any(each["restartCount"] or each.get("lastState") for each in statuses)
    )


def _name(thing: Object) -> str:
    meta = thing["metadata"]
    return f"{thing['kind']} {meta.get('namespace', '')}/{meta['name']}"


def _of_systems(api: Api, kind: str) -> list[Object]:
    return [each for each in api.list(kind) if each["metadata"]["namespace"] in _SYSTEMS]


def _nodes(api: Api) -> Iterator[str]:
    nodes = {node["metadata"]["name"]: node for node in api.list("Node")}
    for name in sorted(world.NODES.keys() ^ nodes.keys()):
        yield f"node {name} is {'too many' if name in nodes else 'missing'}"
    for name, node in nodes.items():
        is_now = conditions(node)
        wrong = [kind for kind, status in is_now.items() if (kind == "Ready") != (status == "True")]
        if wrong or "Ready" not in is_now:
            yield f"node {name}: {wrong}"
        if node["spec"].get("taints") or node["spec"].get("unschedulable"):
            yield f"node {name} is tainted or cordoned"


def _workloads(api: Api) -> Iterator[str]:
    found = {
        (kind, each["metadata"]["namespace"], each["metadata"]["name"]): each
        for kind in ("Deployment", "StatefulSet", "DaemonSet")
        for each in api.list(kind)
    }
    for each in world.WORKLOADS:
        controller = found.get((each.kind, each.namespace, each.name))
        if controller is None or not _complete(controller, each.replicas):
            yield f"{each.kind} {each.namespace}/{each.name} is {'not complete' if controller else 'missing'}"


def _complete(found: Object, replicas: int) -> bool:
    status = found.get("status", {})
    ready = status.get("numberReady", status.get("readyReplicas", 0))
    updated = status.get("updatedNumberScheduled", status.get("updatedReplicas", 0))
    total = status.get("currentNumberScheduled", status.get("replicas", 0))
    seen = status.get("observedGeneration") == found["metadata"]["generation"]
    good = (
        conditions(found).get("Available", "True") == conditions(found).get("Progressing", "True") == "True"
    )
    left = status.get("unavailableReplicas", 0) + status.get("numberUnavailable", 0)
    revision = status.get("currentRevision") == status.get("updateRevision")
    return bool(seen and good and revision and not left and ready == updated == total == replicas)


def _pods(api: Api) -> Iterator[str]:
    for pod in _of_systems(api, "Pod"):
        if pod["status"]["phase"] != "Succeeded" and not clean(pod):
            yield f"{_name(pod)} is not as it was"


def _endpoints(api: Api) -> Iterator[str]:
    ready: dict[tuple[str, str], int] = {}
    for each in api.list("EndpointSlice"):
        meta = each["metadata"]
        key = meta["namespace"], meta.get("labels", {}).get("kubernetes.io/service-name", "")
        up = [end for end in each.get("endpoints") or [] if end["conditions"].get("ready")]
        ready[key] = ready.get(key, 0) + len(up)
    for of in world.WORKLOADS:
        service = of.service or of.name
        found = ready.get((of.namespace, service))
        if of.service is not None and found != of.replicas:
            yield f"Service {of.namespace}/{service} has {found} ready endpoints"


def _claims(api: Api) -> Iterator[str]:
    for kind in ("PersistentVolumeClaim", "PersistentVolume"):
        yield from (
            f"{_name(each)} is not Bound" for each in api.list(kind) if each["status"].get("phase") != "Bound"
        )


def _budgets(api: Api) -> Iterator[str]:
    for budget in api.list("PodDisruptionBudget"):
        if budget.get("status", {}).get("disruptionsAllowed", 0) < 1:
            yield f"{_name(budget)} allows no disruption"


def _ingresses(api: Api) -> Iterator[str]:
    for ingress in api.list("Ingress"):
        if not ingress.get("status", {}).get("loadBalancer", {}).get("ingress"):
            yield f"{_name(ingress)} has no address"


def _metrics(api: Api) -> Iterator[str]:
    service = api.find("APIService", "v1beta1.metrics.k8s.io") or {}
    if conditions(service).get("Available") != "True":
        yield "metrics.k8s.io is not available"
        return
    measured = {each["metadata"]["name"] for each in api.list("NodeMetrics")}
    yield from (f"no metrics of node {name}" for name in world.NODES if name not in measured)
    pods = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in api.list("PodMetrics")}
    for pod in _of_systems(api, "Pod"):
        meta = pod["metadata"]
        if pod["status"]["phase"] == "Running" and (meta["namespace"], meta["name"]) not in pods:
            yield f"no metrics of {_name(pod)}"


def _autoscalers(api: Api) -> Iterator[str]:
    for autoscaler in api.list("HorizontalPodAutoscaler"):
        if conditions(autoscaler) != _SCALES:
            yield f"{_name(autoscaler)}: {conditions(autoscaler)}"


def problems_of(api: Api, of: Workload) -> Iterator[str]:
    """The same for one workload and what belongs to it; finished and terminating pods do not count."""
    where = f"{of.kind} {of.namespace}/{of.name}"
    controller = api.find(of.kind, of.name, of.namespace)
    if controller is None or not _complete(controller, of.replicas):
        yield f"{where} is not complete"
    pods = [pod for pod in api.list("Pod", of.namespace, **of.all_labels) if _counts(pod)]
    if len(pods) != of.replicas or not all(clean(pod) for pod in pods):
        yield f"{where} has pods that are not as they were"
    service = of.service or of.name
    slices = api.list("EndpointSlice", of.namespace, **{"kubernetes.io/service-name": service})
    ready = [end for each in slices for end in each.get("endpoints") or [] if end["conditions"].get("ready")]
    if of.service is not None and len(ready) != of.replicas:
        yield f"{where} has {len(ready)} endpoints"
    budget = api.find("PodDisruptionBudget", of.name, of.namespace) or {}
    if budget.get("status", {}).get("disruptionsAllowed", 0) < 1:
        yield f"{where} has no budget that allows a disruption"
    measured = {each["metadata"]["name"] for each in api.list("PodMetrics", of.namespace, **of.all_labels)}
    if any(pod["metadata"]["name"] not in measured for pod in pods):
        yield f"{where} has pods without metrics"
    autoscaler = api.find("HorizontalPodAutoscaler", of.name, of.namespace)
    if autoscaler and conditions(autoscaler) != _SCALES:
        yield f"{where} is not scaled as it was: {conditions(autoscaler)}"


def _counts(pod: Object) -> bool:
    return "deletionTimestamp" not in pod["metadata"] and pod["status"]["phase"] not in (
        "Failed",
        "Succeeded",
    )


def _drift(api: Api) -> Iterator[str]:
    yield from (f"{change}" for change in baseline.drift(api))


_FINDERS: tuple[Callable[[Api], Iterator[str]], ...] = (
    _nodes,
    _workloads,
    _pods,
    _endpoints,
    _claims,
    _budgets,
    _ingresses,
    _metrics,
    _autoscalers,
    _drift,
)


def give_addresses(api: Api) -> None:
    """What an ingress controller would write."""
    status = {"status": {"loadBalancer": {"ingress": [{"ip": world.INGRESS_ADDRESS}]}}}
    for namespace, name in world.INGRESSES:
        api.patch("Ingress", name, status, namespace, part="status")


def restore(api: Api) -> None:
    """Make every object what it was and delete what was not there."""
    for change in baseline.drift(api):
        baseline.undo(api, change)
    heal_pods(api)
    give_addresses(api)


def heal_pods(api: Api, namespace: str | None = None, **labels: str) -> None:
    """Take the faults off the pods; delete those that failed or restarted, so that new ones come."""
    for pod in api.list("Pod", namespace, **labels):
        meta = pod["metadata"]
        notes = meta.get("annotations", {})
        usual = _usual_notes(pod)
        wrong = {key: usual.get(key) for key in notes.keys() | usual.keys() if key.startswith(NOTE)}
        if any(notes.get(key) != value for key, value in wrong.items()):
            _annotate(api, meta, wrong)
        if _spent(pod):
            api.delete("Pod", meta["name"], meta["namespace"], grace=0)


def _annotate(api: Api, meta: Object, notes: dict[str, str | None]) -> None:
    """A pod of a rollout that is taken back may be gone by now."""
    try:
        api.patch("Pod", meta["name"], {"metadata": {"annotations": notes}}, meta["namespace"])
    except ApiError as error:
        if error.status != 404:
            raise


def _spent(pod: Object) -> bool:
    statuses = pod["status"].get("containerStatuses", []) + pod["status"].get("initContainerStatuses", [])
    restarted = any(each["restartCount"] or each.get("lastState") for each in statuses)
    return restarted or pod["status"]["phase"] == "Failed" or not pod["metadata"].get("ownerReferences")


def _usual_notes(pod: Object) -> dict[str, str]:
    labels = pod["metadata"].get("labels", {})
    for each in world.WORKLOADS:
        if each.namespace == pod["metadata"]["namespace"] and each.all_labels.items() <= labels.items():
            return {f"{NOTE}/cpu": each.usage[0], f"{NOTE}/memory": each.usage[1]}
    return {}
