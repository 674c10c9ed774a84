"""What can be wrong with pods and with the workloads that own them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_undo as undo
from tests.testbed.kubernetes_api import Api, Object, admin
from tests.testbed.kubernetes_objects import NOTE, Workload
from tests.testbed.process import await_that

STATES = ("not-ready", "crash-loop", "restarting", "oom-killed", "image-pull", "config-error", "creating")


@contextmanager
def pods(
    namespace: str, name: str, state: str, *, count: int = 0, container: str = ""
) -> Iterator[list[str]]:
    """Bring `count` pods of a workload (0: all) into one of STATES; yields their names.

    not-ready: Running, but not Ready; crash-loop and restarting: restart every five seconds, waiting in
    CrashLoopBackOff or running in between; oom-killed: restarted once; the others wait with that reason.
    """
    if state not in STATES:
        raise ValueError(f"{state}: not one of {', '.join(STATES)}")
    api, of = admin(), undo.workload(namespace, name)
    chosen = undo.names(undo.pods_of(api, of))[: count or None]
    notes = {f"{NOTE}/fault": state, **({f"{NOTE}/container": container} if container else {})}
    try:
        for pod in chosen:
            api.patch("Pod", pod, {"metadata": {"annotations": notes}}, namespace)
        for pod in chosen:
            undo.await_condition(api, "Pod", namespace, pod, lambda now: _in(now, state))
        await_that(
            "the endpoints follow", lambda: _endpoints_follow(api, of, chosen, state), within=undo.SOON
        )
        yield chosen
    finally:
        undo.heal(api, of)


def _in(pod: Object, state: str) -> bool:
    return bool(pod["status"].get("message") == f"testbed: {state}")


def _endpoints_follow(api: Api, of: Workload, chosen: list[str], state: str) -> bool:
    if of.service is None:
        return True
    wanted = state in ("restarting", "oom-killed")
    label = {"kubernetes.io/service-name": of.service or of.name}
    ends = [
        end
        for each in api.list("EndpointSlice", of.namespace, **label)
        for end in each.get("endpoints") or []
    ]
    ours = [end for end in ends if end.get("targetRef", {}).get("name") in chosen]
    return all(bool(end["conditions"].get("ready")) == wanted for end in ours)


@contextmanager
def restarted(namespace: str, name: str, *, count: int = 1) -> Iterator[list[str]]:
    """Pods that are Ready again after one restart a moment ago."""
    with pods(namespace, name, "oom-killed", count=count) as chosen:
        api = admin()
        for pod in chosen:
            api.patch("Pod", pod, {"metadata": {"annotations": {f"{NOTE}/fault": None}}}, namespace)
            undo.await_condition(api, "Pod", namespace, pod, lambda now: not now["status"].get("message"))
        yield chosen


@contextmanager
def using(
    namespace: str, name: str, *, cpu: str = "", memory: str = "", count: int = 0
) -> Iterator[list[str]]:
    """Let `count` pods (0: all) use so much, per container, as metrics.k8s.io reports it."""
    api, of = admin(), undo.workload(namespace, name)
    chosen = undo.names(undo.pods_of(api, of))[: count or None]
    notes = {f"{NOTE}/{key}": value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    try:
        for pod in chosen:
            api.patch("Pod", pod, {"metadata": {"annotations": notes}}, namespace)
        await_that(
            "the metrics follow",
            lambda: all(_measured(api, of, pod, notes) for pod in chosen),
            within=undo.SOON,
        )
        yield chosen
    finally:
        usual = {f"{NOTE}/cpu": of.usage[0], f"{NOTE}/memory": of.usage[1]}
        undo.heal(api, of)
        await_that(
            "the metrics follow",
            lambda: all(_measured(api, of, pod, usual) for pod in undo.names(undo.pods_of(api, of))),
            within=undo.SOON,
        )
        undo.await_settled(api, of, steady=3 if api.find("HorizontalPodAutoscaler", name, namespace) else 0)


def _measured(api: Api, of: Workload, pod: str, notes: dict[str, str]) -> bool:
    usage = api.get("PodMetrics", pod, of.namespace)["containers"][0]["usage"]
    return all(
        abs(quantity(usage[key.rsplit("/", 1)[1]]) - quantity(value)) <= quantity(value) * 0.1
        for key, value in notes.items()
    )


def quantity(text: str) -> float:
    """A Kubernetes quantity as a number; as many suffixes as metrics use."""
    for suffix, factor in {
        "Ki": 2**10,
        "Mi": 2**20,
        "Gi": 2**30,
        "n": 1e-9,
        "u": 1e-6,
        "m": 1e-3,
        "k": 1e3,
    }.items():
        if text.endswith(suffix):
            return float(text.removesuffix(suffix)) * factor
    return float(text)


@contextmanager
def scaled(namespace: str, name: str, replicas: int) -> Iterator[None]:
    """Another number of replicas, waited for."""
    api, of = admin(), undo.workload(namespace, name)
    try:
        api.patch(of.kind, name, {"spec": {"replicas": replicas}}, namespace)
        undo.await_condition(
            api, of.kind, namespace, name, lambda now: now["status"].get("readyReplicas", 0) == replicas
        )
        yield
    finally:
        undo.put_back(api, of.kind, namespace, name)
        undo.await_settled(api, of)


@contextmanager
def template(
    namespace: str,
    name: str,
    change: Callable[[Object], object],
    *,
    spec: Object | None = None,
    done: Callable[[Object], object] | None = None,
) -> Iterator[None]:
    """Change a workload's pod template (`change` edits it in place); wait for the rollout or `done`."""
    api, of = admin(), undo.workload(namespace, name)
    try:
        now = api.get(of.kind, name, namespace)
        now["spec"].update(spec or {})
        change(now["spec"]["template"])
        now["metadata"].pop("managedFields", None)
        now["metadata"].pop("resourceVersion")
        generation = api.replace({**now, "kind": of.kind})["metadata"]["generation"]
        undo.await_condition(
            api,
            of.kind,
            namespace,
            name,
            lambda seen: (
                seen["status"].get("observedGeneration", 0) >= generation and (done or _rolled_out)(seen)
            ),
        )
        yield
    finally:
        undo.put_back(api, of.kind, namespace, name)
        undo.heal(api, of)
        undo.forget_revisions(api, of)


def _rolled_out(now: Object) -> bool:
    status = now["status"]
    wanted = status.get("desiredNumberScheduled", now["spec"].get("replicas"))
    updated = status.get("updatedNumberScheduled", status.get("updatedReplicas", 0))
    total = status.get("currentNumberScheduled", status.get("replicas", 0))
    ready = status.get("numberReady", status.get("readyReplicas", 0))
    return bool(wanted == updated == total == ready)


def _first(pod: Object) -> Object:
    found: Object = pod["spec"]["containers"][0]
    return found


def image(namespace: str, name: str, reference: str) -> AbstractContextManager[None]:
    """Another image: `app:latest`, `reg:5000/app`, ..."""
    return template(namespace, name, lambda pod: _first(pod).update(image=reference))


def without(namespace: str, name: str, *parts: str) -> AbstractContextManager[None]:
    """Without these parts of the container: "limits", "requests", "readinessProbe", "livenessProbe"."""

    def change(pod: Object) -> None:
        for part in parts:
            _first(pod).pop(part, None)
            _first(pod)["resources"].pop(part, None)
        if "requests" in parts and "limits" not in parts:
            # The API server fills missing requests from the limits.
            _first(pod)["resources"].pop("limits", None)

    return template(namespace, name, change)


def sized(
    namespace: str, name: str, requests: tuple[str, str], limits: tuple[str, str]
) -> AbstractContextManager[None]:
    """Other requests and limits, each (cpu, memory)."""
    return template(
        namespace, name, lambda pod: _first(pod).update(resources=make.resources(requests, limits))
    )


def is_paused(deployment: Object) -> bool:
    """Its controller has seen that somebody holds its rollout."""
    return undo.reason_of(deployment, "Progressing")[1] == "DeploymentPaused"


def with_sidecar(
    namespace: str, name: str, *, limits: bool = True, probes: bool = True
) -> AbstractContextManager[None]:
    """A native sidecar: an init container that keeps running, here named `sidecar`."""

    def change(pod: Object) -> None:
        sidecar: Object = {
            "name": "sidecar",
            "image": make.pinned(f"registry.example.com/{namespace}/sidecar"),
            "restartPolicy": "Always",
            "ports": [{"name": "side", "containerPort": 9901}],
        }
        if limits:
            sidecar["resources"] = make.resources(("10m", "32Mi"), ("100m", "128Mi"))
        if probes:
            probe = {"tcpSocket": {"port": "side"}}
            sidecar.update(readinessProbe=probe, livenessProbe={**probe, "failureThreshold": 6})
        pod["spec"]["initContainers"] = [sidecar]

    return template(namespace, name, change)


def unschedulable(namespace: str, name: str) -> AbstractContextManager[None]:
    """A rollout whose new pod stays Pending: no node has the label it asks for."""
    return template(
        namespace,
        name,
        lambda pod: pod["spec"].update(nodeSelector={"testbed": "nowhere"}),
        done=lambda now: now["status"].get("unavailableReplicas", 0) >= 1,
    )


def rollout_in_progress(namespace: str, name: str) -> AbstractContextManager[None]:
    """New pods run but do not get ready; the deadline is far away."""
    return template(
        namespace, name, _not_ready, done=lambda now: now["status"].get("updatedReplicas", 0) >= 1
    )


def rollout_stuck(namespace: str, name: str) -> AbstractContextManager[None]:
    """The same with the deadline passed: Progressing=False, ProgressDeadlineExceeded."""
    return template(
        namespace,
        name,
        _not_ready,
        spec={"progressDeadlineSeconds": 2},
        done=lambda now: undo.reason_of(now, "Progressing") == ("False", "ProgressDeadlineExceeded"),
    )


def _not_ready(pod: Object) -> None:
    pod["metadata"].setdefault("annotations", {})[f"{NOTE}/fault"] = "not-ready"


@contextmanager
def evicted(namespace: str, name: str, *, count: int = 1) -> Iterator[list[str]]:
    """Pods that were evicted and lie about as Failed, already replaced; yields their names."""
    api, of = admin(), undo.workload(namespace, name)
    chosen = undo.names(undo.pods_of(api, of))[:count]
    try:
        for pod in chosen:
            api.patch("Pod", pod, {"metadata": {"annotations": {f"{NOTE}/end": "Evicted"}}}, namespace)
            undo.await_condition(
                api, "Pod", namespace, pod, lambda now: now["status"].get("reason") == "Evicted"
            )
        undo.await_settled(api, of)
        yield chosen
    finally:
        undo.heal(api, of)


@contextmanager
def stuck_terminating(namespace: str, name: str) -> Iterator[str]:
    """A deleted pod whose kubelet does not let go of it; yields its name."""
    api, of = admin(), undo.workload(namespace, name)
    pod = undo.names(undo.pods_of(api, of))[0]
    try:
        api.patch(
            "Pod", pod, {"metadata": {"annotations": {f"{NOTE}/fault": "stuck-terminating"}}}, namespace
        )
        api.delete("Pod", pod, namespace)
        undo.await_condition(api, "Pod", namespace, pod, lambda now: "deletionTimestamp" in now["metadata"])
        if of.kind == "Deployment":
            undo.await_settled(api, of)
        yield pod
    finally:
        if api.find("Pod", pod, namespace):
            api.patch("Pod", pod, {"metadata": {"annotations": {f"{NOTE}/fault": None}}}, namespace)
        undo.heal(api, of)
