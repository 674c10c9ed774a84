"""Plain Kubernetes facts for the tests of checks, written as the API writes them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

import msgspec

from opsproof import HIGH, Examination, Level, Listing
from opsproof.model.failure import Failure
from opsproof.model.scope import in_namespace
from opsproof.sources.kubernetes.facts.network import EndpointSlice, NetworkPolicy, Service
from opsproof.sources.kubernetes.facts.nodes import Node
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.scaling import Autoscaler, DisruptionBudget
from opsproof.sources.kubernetes.facts.workloads import (
    CronJob,
    DaemonSet,
    Deployment,
    Job,
    ReplicaSet,
    StatefulSet,
)

T = TypeVar("T")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)
SHOP = "shop"
REFUSED = Failure(
    "Forbidden", "list pods in namespace dark is not allowed", "kubernetes:test", in_namespace("dark")
)


def ago(minutes: float) -> str:
    return (NOW - timedelta(minutes=minutes)).isoformat()


def listing(*items: T, gaps: Iterable[Failure] = ()) -> Listing[T]:
    return Listing(items, as_of=NOW, gaps=gaps)


def examination(level: Level = HIGH) -> Examination:
    return Examination(level=level)


def meta(
    name: str, *, namespace: str = SHOP, age: float = 600, owner: str = "", **more: Any
) -> dict[str, Any]:
    """`owner` is `Kind/name`; `age` in minutes; `labels`, `deletionTimestamp`, ... as they are."""
    kind, _, owner_name = owner.partition("/")
    owners = [{"kind": kind, "name": owner_name, "controller": True}] if owner else []
    return {
        "name": name,
        "namespace": namespace,
        "creationTimestamp": ago(age),
        "ownerReferences": owners,
        **more,
    }


def condition(
    kind: str, status: bool | str, *, age: float = 600, reason: str = "", **more: Any
) -> dict[str, Any]:
    text = status if isinstance(status, str) else str(status)
    return {"type": kind, "status": text, "reason": reason, "lastTransitionTime": ago(age), **more}


def container(name: str = "app", **more: Any) -> dict[str, Any]:
    return {"name": name, "image": "reg.example.com/shop/app:1.2.3", **more}


def amounts(cpu: str = "", memory: str = "") -> dict[str, str]:
    return {key: value for key, value in {"cpu": cpu, "memory": memory}.items() if value}


def status(name: str = "app", *, ready: bool = True, waiting: str = "", **more: Any) -> dict[str, Any]:
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {"startedAt": ago(60)}}
    return {"name": name, "ready": ready, "state": state, **more}


def ended(reason: str, code: int, minutes_ago: float) -> dict[str, Any]:
    return {"terminated": {"reason": reason, "exitCode": code, "finishedAt": ago(minutes_ago)}}


def pod(
    name: str = "api-7d9f8b6c5-x2x4z",
    *,
    ready: bool = True,
    since: float = 600,
    phase: str = "Running",
    of: str = "api",
    metadata: dict[str, Any] | None = None,
    spec: dict[str, Any] | None = None,
    **more: Any,
) -> Pod:
    """A pod of Deployment `of`, whose readiness changed `since` minutes ago; `of=""` is a bare one."""
    labels = {"app": of or name, "pod-template-hash": "7d9f8b6c5"}
    owner = f"ReplicaSet/{of}-7d9f8b6c5" if of else ""
    return msgspec.convert(
        {
            "metadata": {**meta(name, owner=owner, labels=labels), **(metadata or {})},
            "spec": {"containers": [container()], "nodeName": "node-1", **(spec or {})},
            "status": {
                "phase": phase,
                "conditions": [condition("Ready", ready, age=since)],
                "containerStatuses": [status(ready=ready)],
                **more,
            },
        },
        Pod,
    )


def template(labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"labels": labels or {"app": "api"}}, "spec": {"containers": [container()], **spec}}


def deployment(
    name: str = "api",
    *,
    replicas: int = 3,
    available: int | None = None,
    updated: int | None = None,
    there: int | None = None,
    conditions: list[dict[str, Any]] | None = None,
    spec: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
    **more: Any,
) -> Deployment:
    """A complete Deployment, as far as nothing else is said."""
    working = replicas if available is None else available
    given = conditions or [
        condition("Available", True),
        condition("Progressing", True, reason="NewReplicaSetAvailable", lastUpdateTime=ago(600)),
    ]
    return msgspec.convert(
        {
            "metadata": {**meta(name, generation=2, labels={"app": name}), **(metadata or {})},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": name}},
                "template": template({"app": name}),
                **(spec or {}),
            },
            "status": {
                "observedGeneration": 2,
                "replicas": replicas if there is None else there,
                "readyReplicas": working,
                "availableReplicas": working,
                "updatedReplicas": replicas if updated is None else updated,
                "conditions": given,
                **more,
            },
        },
        Deployment,
    )


def replica_set(revision: int, *, age: float, of: str = "api") -> ReplicaSet:
    annotations = {"deployment.kubernetes.io/revision": str(revision)}
    owner = f"Deployment/{of}"
    return msgspec.convert(
        {"metadata": meta(f"{of}-{revision}", owner=owner, age=age, annotations=annotations)}, ReplicaSet
    )


def stateful_set(name: str = "db", *, replicas: int = 1, spec: Any = None, **more: Any) -> StatefulSet:
    return msgspec.convert(
        {
            "metadata": meta(name, generation=1),
            "spec": {"replicas": replicas, "template": template({"app": name}), **(spec or {})},
            "status": {
                "observedGeneration": 1,
                "replicas": replicas,
                "readyReplicas": replicas,
                "availableReplicas": replicas,
                "updatedReplicas": replicas,
                "currentRevision": "r1",
                "updateRevision": "r1",
                **more,
            },
        },
        StatefulSet,
    )


def daemon_set(name: str = "agent", *, nodes: int = 4, **more: Any) -> DaemonSet:
    return msgspec.convert(
        {
            "metadata": meta(name, generation=1),
            "spec": {"template": template({"app": name})},
            "status": {
                "observedGeneration": 1,
                "desiredNumberScheduled": nodes,
                "numberAvailable": nodes,
                "updatedNumberScheduled": nodes,
                **more,
            },
        },
        DaemonSet,
    )


def job(name: str = "migrate", *, owner: str = "", spec: Any = None, **state: Any) -> Job:
    """One that runs, as far as nothing else is said."""
    made = {
        "metadata": meta(name, owner=owner),
        "spec": {"template": template(), **(spec or {})},
        "status": state,
    }
    return msgspec.convert(made, Job)


def ended_job(name: str = "migrate", *, well: bool = True, age: float = 60, owner: str = "") -> Job:
    """A Job that ended `age` minutes ago, completely or with too many failures."""
    end = (
        condition("Complete", True, age=age) if well else condition("Failed", True, age=age, reason=TOO_MANY)
    )
    return job(name, owner=owner, conditions=[end])


TOO_MANY = "BackoffLimitExceeded"


def cron_job(
    name: str = "cleanup", *, suspend: bool = False, state: dict[str, Any] | None = None, **pod_spec: Any
) -> CronJob:
    spec = {"suspend": suspend, "jobTemplate": {"spec": {"template": template(**pod_spec)}}}
    return msgspec.convert({"metadata": meta(name), "spec": spec, "status": state or {}}, CronJob)


def node(name: str, *, ready: bool = True, cordoned: bool = False, taint: str = "") -> Node:
    taints = [{"key": taint, "effect": "NoSchedule"}] if taint else []
    return msgspec.convert(
        {
            "metadata": {"name": name, "creationTimestamp": ago(6000)},
            "spec": {"unschedulable": cordoned, "taints": taints},
            "status": {"conditions": [condition("Ready", ready, age=60)]},
        },
        Node,
    )


def service(name: str = "api", *, age: float = 600, **spec: Any) -> Service:
    given = {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": 8000}], **spec}
    return msgspec.convert({"metadata": meta(name, age=age), "spec": given}, Service)


def endpoint(name: str, *, ready: bool | None = True, terminating: bool | None = None) -> dict[str, Any]:
    conditions = {"ready": ready, "serving": ready, "terminating": terminating}
    return {"conditions": conditions, "targetRef": {"kind": "Pod", "name": name, "namespace": SHOP}}


def endpoint_slice(*endpoints: dict[str, Any], of: str = "api", **more: Any) -> EndpointSlice:
    labels = {"kubernetes.io/service-name": of}
    given = {"ports": [{"name": "http", "port": 8000}], "endpoints": list(endpoints), **more}
    return msgspec.convert(
        {"metadata": meta(f"{of}-abc", labels=labels), "addressType": "IPv4", **given}, EndpointSlice
    )


def resource_metric(name: str, *, target: bool = False) -> dict[str, Any]:
    """Of an autoscaler's spec (`target`), or its current value."""
    part = {"type": "Utilization", "averageUtilization": 70} if target else {"averageUtilization": 40}
    return {"type": "Resource", "resource": {"name": name, "target" if target else "current": part}}


def autoscaler(
    name: str = "api",
    *,
    target: str = "Deployment/api",
    conditions: list[dict[str, Any]] | None = None,
    spec: dict[str, Any] | None = None,
    **state: Any,
) -> Autoscaler:
    """It scales by cpu, which it sees."""
    kind, _, scaled = target.partition("/")
    given = conditions or [
        condition("AbleToScale", True, reason="ReadyForNewScale"),
        condition("ScalingActive", True, reason="ValidMetricFound"),
        condition("ScalingLimited", False, reason="DesiredWithinRange"),
    ]
    return msgspec.convert(
        {
            "metadata": meta(name),
            "spec": {
                "scaleTargetRef": {"kind": kind, "name": scaled},
                "minReplicas": 2,
                "maxReplicas": 10,
                "metrics": [resource_metric("cpu", target=True)],
                **(spec or {}),
            },
            "status": {
                "currentReplicas": 3,
                "currentMetrics": [resource_metric("cpu")],
                "conditions": given,
                **state,
            },
        },
        Autoscaler,
    )


def budget(name: str = "api", *, selector: Any = None, spec: Any = None, **state: Any) -> DisruptionBudget:
    """Three pods, of which two must stay."""
    given = {"disruptionsAllowed": 1, "currentHealthy": 3, "desiredHealthy": 2, "expectedPods": 3, **state}
    return msgspec.convert(
        {
            "metadata": meta(name),
            "spec": {
                "selector": {"matchLabels": {"app": "api"}} if selector is None else selector,
                **(spec or {}),
            },
            "status": given,
        },
        DisruptionBudget,
    )


def policy(name: str, *, selector: Any = None, namespace: str = SHOP, **spec: Any) -> NetworkPolicy:
    """Selects every pod, as far as nothing else is said."""
    given = {"podSelector": selector or {}, **spec}
    return msgspec.convert({"metadata": meta(name, namespace=namespace), "spec": given}, NetworkPolicy)
