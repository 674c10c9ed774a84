"""What can be wrong with autoscalers, budgets, volumes, Services, policies, Jobs and metrics.k8s.io."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from tests.testbed import kubernetes_health as health
from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_undo as undo
from tests.testbed.kubernetes_api import Object, admin
from tests.testbed.kubernetes_objects import NOTE
from tests.testbed.process import await_that

_HPA = "HorizontalPodAutoscaler"
_METRICS = "v1beta1.metrics.k8s.io"


@contextmanager
def hpa_without_metrics(namespace: str, name: str) -> Iterator[None]:
    """Scales on a metric that nobody serves: ScalingActive=False."""
    metric = {"metric": {"name": "queue_depth"}, "target": {"type": "Value", "value": "10"}}
    with _hpa(
        namespace,
        name,
        {"metrics": [{"type": "External", "external": metric}]},
        ("ScalingActive", "False", ""),
    ):
        yield


@contextmanager
def hpa_at_limit(namespace: str, name: str) -> Iterator[None]:
    """Wants more replicas than it may have: ScalingLimited=True, TooManyReplicas."""
    of = undo.workload(namespace, name)
    cpu = {"type": "Utilization", "averageUtilization": 20}
    metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": cpu}}]
    spec = {"minReplicas": max(1, of.replicas - 1), "maxReplicas": of.replicas, "metrics": metrics}
    with _hpa(namespace, name, spec, ("ScalingLimited", "True", "TooManyReplicas")):
        yield


@contextmanager
def hpa_of_nobody(namespace: str, name: str) -> Iterator[None]:
    """Points at a Deployment that does not exist: AbleToScale=False, FailedGetScale."""
    target = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"{name}-gone"}}
    with _hpa(namespace, name, target, ("AbleToScale", "False", "FailedGetScale")):
        yield


@contextmanager
def _hpa(namespace: str, name: str, spec: Object, wanted: tuple[str, str, str]) -> Iterator[None]:
    api, of = admin(), undo.workload(namespace, name)
    kind, status, reason = wanted
    try:
        with undo.changed(_HPA, namespace, name, {"spec": spec}):
            undo.await_condition(
                api,
                _HPA,
                namespace,
                name,
                lambda now: undo.reason_of(now, kind)[0] == status and reason in undo.reason_of(now, kind)[1],
            )
            yield
    finally:
        undo.await_settled(api, of, steady=3)


@contextmanager
def two_hpas(namespace: str, name: str) -> Iterator[str]:
    """A second autoscaler of the same target: both stop with AmbiguousSelector. Yields the second's name."""
    api, of = admin(), undo.workload(namespace, name)
    second = f"{name}-hpa"
    extra = make.autoscaler(namespace, name, of.replicas, of.replicas + 7, name=second, memory=80)
    try:
        with undo.added(extra):
            for each in (name, second):
                undo.await_condition(
                    api,
                    _HPA,
                    namespace,
                    each,
                    _ambiguous,
                )
            yield second
    finally:
        undo.await_settled(api, of)


def _ambiguous(now: Object) -> bool:
    return undo.reason_of(now, "ScalingActive")[1] == "AmbiguousSelector"


@contextmanager
def budget(namespace: str, name: str, **spec: object) -> Iterator[None]:
    """Another budget of a workload: minAvailable=, maxUnavailable= or selector=; counted when it returns."""
    api = admin()
    wanted = {"minAvailable": None, "maxUnavailable": None, **spec}
    if set(spec) == {"selector"}:
        wanted = dict(spec)
    try:
        selector = wanted.pop("selector", None)
        found = api.get("PodDisruptionBudget", name, namespace)
        found["spec"].update({key: value for key, value in wanted.items() if value is not None})
        found["spec"] = {
            key: value for key, value in found["spec"].items() if wanted.get(key, value) is not None
        }
        if selector is not None:
            found["spec"]["selector"] = selector
        generation = api.replace({**found, "kind": "PodDisruptionBudget"})["metadata"]["generation"]
        undo.await_condition(
            api,
            "PodDisruptionBudget",
            namespace,
            name,
            lambda now: now["status"].get("observedGeneration", 0) >= generation,
        )
        yield
    finally:
        undo.put_back(api, "PodDisruptionBudget", namespace, name)
        undo.await_settled(api, undo.workload(namespace, name))


def budget_blocked(namespace: str, name: str) -> AbstractContextManager[None]:
    """Allows no disruption."""
    return budget(namespace, name, minAvailable=undo.workload(namespace, name).replicas)


def budget_by_expressions(namespace: str, name: str, operator: str = "In") -> AbstractContextManager[None]:
    """Selects by matchExpressions on the label app: In covers the workload, NotIn does not."""
    expression = {"key": "app", "operator": operator, "values": [name]}
    return budget(namespace, name, selector={"matchExpressions": [expression]})


@contextmanager
def budget_absent(namespace: str, name: str) -> Iterator[None]:
    with undo.removed("PodDisruptionBudget", namespace, name):
        yield
    undo.await_settled(admin(), undo.workload(namespace, name))


@contextmanager
def claim_pending(namespace: str, name: str = "extra-data") -> Iterator[str]:
    """A claim that no volume satisfies."""
    claim = make.thing("v1", "PersistentVolumeClaim", name, namespace, spec=make.claim_spec(size="900Gi"))
    with undo.added(claim):
        undo.await_condition(
            admin(),
            "PersistentVolumeClaim",
            namespace,
            name,
            lambda now: now["status"].get("phase") == "Pending",
        )
        yield name


@contextmanager
def claim_lost(namespace: str, name: str = "extra-data") -> Iterator[str]:
    """A claim whose volume is gone."""
    api = admin()
    volume, claim = make.volume_and_claim(namespace, name)
    with undo.added(volume, claim):
        undo.await_condition(api, "PersistentVolumeClaim", namespace, name, _phase("Bound"))
        api.delete("PersistentVolume", volume["metadata"]["name"])
        api.patch("PersistentVolume", volume["metadata"]["name"], {"metadata": {"finalizers": None}})
        undo.await_condition(api, "PersistentVolumeClaim", namespace, name, _phase("Lost"))
        yield name


@contextmanager
def volume_failed(namespace: str, name: str = "extra-data") -> Iterator[str]:
    """A volume that was given back and cannot be deleted: Failed. Yields the volume's name."""
    api = admin()
    volume, claim = make.volume_and_claim(namespace, name)
    volume["spec"]["persistentVolumeReclaimPolicy"] = "Delete"
    with undo.added(volume, claim):
        undo.await_condition(api, "PersistentVolumeClaim", namespace, name, _phase("Bound"))
        api.delete("PersistentVolumeClaim", name, namespace)
        undo.await_condition(api, "PersistentVolume", "", volume["metadata"]["name"], _phase("Failed"))
        yield volume["metadata"]["name"]


def _phase(wanted: str) -> Callable[[Object], bool]:
    return lambda now: now["status"].get("phase") == wanted


@contextmanager
def ingress_without_address(namespace: str, name: str) -> Iterator[None]:
    api = admin()
    try:
        api.patch("Ingress", name, {"status": {"loadBalancer": None}}, namespace, part="status")
        yield
    finally:
        health.give_addresses(api)


@contextmanager
def ingress_backend(namespace: str, name: str, service: str, port: int) -> Iterator[None]:
    """Every path leads to this Service and port."""
    api = admin()
    rules = api.get("Ingress", name, namespace)["spec"]["rules"]
    for rule in rules:
        for path in rule["http"]["paths"]:
            path["backend"] = {"service": {"name": service, "port": {"number": port}}}
    with undo.changed("Ingress", namespace, name, {"spec": {"rules": rules}}):
        yield


@contextmanager
def service_port(namespace: str, name: str, target: int | str) -> Iterator[None]:
    """The Service sends to another port of the pods: a number nobody listens on, or a name nobody has."""
    api = admin()
    port = api.get("Service", name, namespace)["spec"]["ports"][0]["port"]
    ports = {"spec": {"ports": [{"name": "main", "port": port, "targetPort": target}]}}
    with undo.changed("Service", namespace, name, ports):
        yield


@contextmanager
def uncovered(namespace: str, *apps: str, ingress: bool = True, egress: bool = True) -> Iterator[None]:
    """No NetworkPolicy selects the pods of these apps, for the directions named."""
    others = {
        "podSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": list(apps)}]}
    }
    policies = ["default-deny"] + ["allow-ingress"] * ingress + ["allow-egress"] * egress
    with ExitStack() as stack:
        for each in policies:
            stack.enter_context(undo.changed("NetworkPolicy", namespace, each, {"spec": others}))
        yield


@contextmanager
def metrics_unavailable() -> Iterator[None]:
    """The API server does not reach metrics-server: v1beta1.metrics.k8s.io Available=False."""
    api = admin()
    service = {"spec": {"service": {"name": "metrics-server", "namespace": "kube-system", "port": 1}}}
    try:
        with undo.changed("APIService", "", _METRICS, service):
            await_that("metrics.k8s.io is unavailable", lambda: _available() == "False", within=undo.SOON)
            yield
    finally:
        await_that("metrics.k8s.io is available", lambda: _available() == "True", within=undo.SOON)
        health.await_healthy(api)


def _available() -> str:
    return health.conditions(admin().get("APIService", _METRICS)).get("Available", "")


@contextmanager
def job(namespace: str, name: str, how: str, *, owner: Object | None = None) -> Iterator[str]:
    """A Job that is `running`, `suspended`, `retrying` (a pod failed, another runs), `failed`, `complete`."""
    spec = make.job_spec(namespace, name)
    note = {"running": "never", "retrying": "never", "failed": "Failed"}.get(how)
    if note:
        spec["template"]["metadata"]["annotations"] = {f"{NOTE}/end": note}
    if how == "suspended":
        spec["suspend"] = True
    if how == "failed":
        spec["backoffLimit"] = 0
    api = admin()
    made = make.thing("batch/v1", "Job", name, namespace, labels={"app": name}, spec=spec)
    if owner is not None:
        made["metadata"]["ownerReferences"] = [owner]
    with undo.added(made):
        if how == "retrying":
            await_that("the first pod runs", lambda: _fail_first(namespace, name), within=undo.SOON)
        undo.await_condition(api, "Job", namespace, name, lambda now: _job_is(now, how))
        yield name


def _fail_first(namespace: str, name: str) -> bool:
    pod = admin().list("Pod", namespace, app=name)[0]
    change = {"metadata": {"annotations": {f"{NOTE}/end": "Failed"}}}
    admin().patch("Pod", pod["metadata"]["name"], change, namespace)
    return True


def _job_is(now: Object, how: str) -> bool:
    status, is_now = now.get("status", {}), health.conditions(now)
    found = {
        "running": status.get("active") == 1,
        "retrying": status.get("failed", 0) >= 1 and status.get("active") == 1,
        "suspended": is_now.get("Suspended") == "True",
        "failed": is_now.get("Failed") == "True",
        "complete": is_now.get("Complete") == "True",
    }
    return bool(found[how])


@contextmanager
def config_value(namespace: str, name: str, key: str, value: str) -> Iterator[None]:
    """Another value of a ConfigMap's key."""
    api = admin()
    was = api.get("ConfigMap", name, namespace)["data"][key]
    api.patch("ConfigMap", name, {"data": {key: value}}, namespace)
    try:
        yield
    finally:
        api.patch("ConfigMap", name, {"data": {key: was}}, namespace)
