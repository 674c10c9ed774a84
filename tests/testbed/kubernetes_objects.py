"""Kubernetes objects in few words: what the healthy world is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from tests.testbed.kubernetes_api import Object

NOTE = "testbed.opsproof.dev"
STORAGE_CLASS = "standard"


@dataclass(frozen=True)
class Workload:
    """A Deployment, StatefulSet or DaemonSet with one container, and how much it asks for and uses.

    `requests` and `limits` are (cpu, memory); `usage` is what the simulated kubelet reports per pod.
    """

    namespace: str
    name: str
    replicas: int
    port: int
    kind: str = "Deployment"
    image: str = ""
    requests: tuple[str, str] = ("100m", "128Mi")
    limits: tuple[str, str] = ("500m", "512Mi")
    usage: tuple[str, str] = ("60m", "96Mi")
    health: str = "/health"
    labels: Mapping[str, str] = field(default_factory=dict)
    config: str = ""
    secret: str = ""
    volumes: Mapping[str, str] = field(default_factory=dict)  # claim -> mount path
    claim: str = ""  # of a StatefulSet: mount path of its own claim
    budget: Mapping[str, Any] = field(default_factory=lambda: {"maxUnavailable": 1})
    service: str | None = ""  # "" is the workload's own name, None is no Service

    @property
    def all_labels(self) -> dict[str, str]:
        return {"app": self.name, **self.labels}

    @property
    def pinned(self) -> str:
        return self.image or pinned(f"registry.example.com/{self.namespace}/{self.name}")

    def objects(self) -> list[Object]:
        found = [self.controller(), self.disruption_budget()]
        if self.service is not None:
            found.append(service(self.namespace, self.service or self.name, self.all_labels, self.port))
        return found

    def controller(self) -> Object:
        spec: Object = {"selector": {"matchLabels": self.all_labels}, "template": self.template()}
        if self.kind != "DaemonSet":
            spec["replicas"] = self.replicas
        if self.kind == "Deployment":
            spec["revisionHistoryLimit"] = 3
            spec["strategy"] = {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            }
        if self.kind == "StatefulSet":
            spec["serviceName"] = self.name
            spec["podManagementPolicy"] = "Parallel"
        if self.claim:
            spec["volumeClaimTemplates"] = [
                {"metadata": {"name": "data"}, "spec": claim_spec(f"{self.namespace}-data-{self.name}-0")}
            ]
        return thing("apps/v1", self.kind, self.name, self.namespace, labels=self.all_labels, spec=spec)

    def template(self) -> Object:
        notes = {f"{NOTE}/cpu": self.usage[0], f"{NOTE}/memory": self.usage[1]}
        spec: Object = {
            "containers": [self.container()],
            "terminationGracePeriodSeconds": 5,
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": key,
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": self.all_labels},
                    # Else those of the old template count during a rollout, and the new ones may end in one zone.
                    "matchLabelKeys": ["pod-template-hash"],
                }
                for key in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
            ],
        }
        if self.volumes:
            spec["volumes"] = [
                {"name": claim, "persistentVolumeClaim": {"claimName": claim}} for claim in self.volumes
            ]
        return {"metadata": {"labels": self.all_labels, "annotations": notes}, "spec": spec}

    def container(self) -> Object:
        mounts = [{"name": claim, "mountPath": path} for claim, path in self.volumes.items()]
        if self.claim:
            mounts.append({"name": "data", "mountPath": self.claim})
        sources = [{"configMapRef": {"name": self.config}}] if self.config else []
        sources += [{"secretRef": {"name": self.secret}}] if self.secret else []
        probe: Object = {"httpGet": {"path": self.health, "port": "main"}}
        if not self.health:
            probe = {"tcpSocket": {"port": "main"}}
        found: Object = {
            "name": self.name,
            "image": self.pinned,
            "ports": [{"name": "main", "containerPort": self.port}],
            "resources": resources(self.requests, self.limits),
            "readinessProbe": {**probe, "periodSeconds": 5, "failureThreshold": 3},
            "livenessProbe": {**probe, "periodSeconds": 10, "failureThreshold": 6},
        }
        return {
            **found,
            **({"volumeMounts": mounts} if mounts else {}),
            **({"envFrom": sources} if sources else {}),
        }

    def disruption_budget(self) -> Object:
        spec = {**self.budget, "selector": {"matchLabels": self.all_labels}}
        return thing("policy/v1", "PodDisruptionBudget", self.name, self.namespace, spec=spec)


def thing(api: str, kind: str, name: str, namespace: str | None = None, **rest: Any) -> Object:
    """An object; `labels` and `annotations` go into its metadata, the rest beside it."""
    metadata: Object = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    for part in ("labels", "annotations"):
        if part in rest:
            metadata[part] = dict(rest.pop(part))
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **rest}


def pinned(name: str) -> str:
    """The image by a digest that never changes."""
    return f"{name}@sha256:{hashlib.sha256(name.encode()).hexdigest()}"


def resources(requests: Sequence[str], limits: Sequence[str]) -> Object:
    return {
        "requests": dict(zip(("cpu", "memory"), requests, strict=True)),
        "limits": dict(zip(("cpu", "memory"), limits, strict=True)),
    }


def service(namespace: str, name: str, selector: Mapping[str, str], port: int, **spec: Any) -> Object:
    ports = [{"name": "main", "port": port, "targetPort": "main"}]
    return thing(
        "v1",
        "Service",
        name,
        namespace,
        labels={"app": name},
        spec={"selector": dict(selector), "ports": ports, **spec},
    )


def autoscaler(
    namespace: str, target: str, least: int, most: int, *, name: str = "", **utilization: int
) -> Object:
    """An HPA of a Deployment; `utilization` is cpu= and memory= in percent of the requests."""
    metrics = [
        {
            "type": "Resource",
            "resource": {"name": resource, "target": {"type": "Utilization", "averageUtilization": percent}},
        }
        for resource, percent in utilization.items()
    ]
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
        "minReplicas": least,
        "maxReplicas": most,
        "metrics": metrics,
    }
    return thing("autoscaling/v2", "HorizontalPodAutoscaler", name or target, namespace, spec=spec)


def following(scaler: Object, **targets: str) -> Object:
    """An HPA that also scales by External metrics, each with its target per pod."""
    more = [
        {
            "type": "External",
            "external": {
                "metric": {"name": name},
                "target": {"type": "AverageValue", "averageValue": target},
            },
        }
        for name, target in targets.items()
    ]
    return {**scaler, "spec": {**scaler["spec"], "metrics": [*scaler["spec"]["metrics"], *more]}}


def quota(namespace: str, hard: Mapping[str, str], *, name: str = "team") -> Object:
    return thing("v1", "ResourceQuota", name, namespace, spec={"hard": dict(hard)})


def limit_range(namespace: str, *, name: str = "defaults") -> Object:
    """What a container gets that does not say what it asks for."""
    container = {
        "type": "Container",
        "defaultRequest": {"cpu": "100m", "memory": "128Mi"},
        "default": {"cpu": "500m", "memory": "512Mi"},
    }
    return thing("v1", "LimitRange", name, namespace, spec={"limits": [container]})


def normal_event(namespace: str, deployment: str) -> Object:
    """Something ordinary was reported of a Deployment, just now."""
    now = datetime.now(timezone.utc)
    about = {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment, "namespace": namespace}
    return thing(
        "v1",
        "Event",
        f"{deployment}.{now:%H%M%S%f}",
        namespace,
        involvedObject=about,
        type="Normal",
        reason="Looked",
        message="all is well",
        count=1,
        firstTimestamp=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        lastTimestamp=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        source={"component": "testbed"},
    )


def ingress(namespace: str, name: str, hosts: Mapping[str, tuple[str, int]], secret: str) -> Object:
    """`hosts` maps a host to the (service, port) behind it."""
    rules = [
        {
            "host": host,
            "http": {
                "paths": [
                    {
                        "path": "/",
                        "pathType": "Prefix",
                        "backend": {"service": {"name": backend, "port": {"number": port}}},
                    }
                ]
            },
        }
        for host, (backend, port) in hosts.items()
    ]
    spec = {
        "ingressClassName": "nginx",
        "rules": rules,
        "tls": [{"hosts": list(hosts), "secretName": secret}],
    }
    return thing("networking.k8s.io/v1", "Ingress", name, namespace, spec=spec)


def claim_spec(volume: str = "", *, size: str = "10Gi") -> Object:
    spec: Object = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": STORAGE_CLASS,
        "resources": {"requests": {"storage": size}},
    }
    return {**spec, **({"volumeName": volume} if volume else {})}


def volume_and_claim(namespace: str, claim: str, *, with_claim: bool = True) -> list[Object]:
    """A volume that waits for its claim; without the claim where a StatefulSet makes it."""
    name = f"{namespace}-{claim}"
    spec = {
        "capacity": {"storage": "10Gi"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": STORAGE_CLASS,
        "hostPath": {"path": f"/srv/{name}"},
        "claimRef": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": namespace,
            "name": claim,
        },
    }
    made = [thing("v1", "PersistentVolume", name, spec=spec)]
    if with_claim:
        made.append(thing("v1", "PersistentVolumeClaim", claim, namespace, spec=claim_spec(name)))
    return made


_DNS = {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}]}


def network_policies(namespace: str) -> list[Object]:
    """Nothing may talk but what is allowed: within the namespace, from monitoring, to DNS."""
    everyone: Object = {"podSelector": {}}
    monitoring = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "opsforge"}}}
    return [
        _policy(namespace, "default-deny", everyone, policyTypes=["Ingress", "Egress"]),
        _policy(namespace, "allow-ingress", everyone, ingress=[{"from": [everyone, monitoring]}]),
        _policy(namespace, "allow-egress", everyone, egress=[{"to": [everyone]}, _DNS]),
    ]


def declared_policies(namespace: str) -> list[Object]:
    """Nothing may talk but by name: api and worker to redis, prometheus to everyone, everyone to DNS."""
    everyone: Object = {"podSelector": {}}
    queue = [{"port": 6379}]
    clients = {
        "podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["api", "worker"]}]}
    }
    redis, prometheus = ({"podSelector": {"matchLabels": {"app": name}}} for name in ("redis", "prometheus"))
    return [
        _policy(namespace, "default-deny", everyone, policyTypes=["Ingress", "Egress"]),
        _policy(namespace, "allow-ingress", everyone, ingress=[{"from": [prometheus]}]),
        _policy(namespace, "allow-egress", everyone, egress=[_DNS]),
        _policy(namespace, "allow-queue", redis, ingress=[{"from": [clients], "ports": queue}]),
        _policy(namespace, "allow-queue-clients", clients, egress=[{"to": [redis], "ports": queue}]),
        _policy(
            namespace, "allow-scrapes", prometheus, egress=[{"to": [everyone, {"namespaceSelector": {}}]}]
        ),
    ]


def _policy(namespace: str, name: str, pods: Object, **spec: Any) -> Object:
    types = [way.capitalize() for way in spec if way != "policyTypes"]
    whole = {"policyTypes": types, **pods, **spec}
    return thing("networking.k8s.io/v1", "NetworkPolicy", name, namespace, spec=whole)


def job_spec(namespace: str, name: str) -> Object:
    container = {
        "name": name,
        "image": pinned(f"registry.example.com/{namespace}/{name}"),
        "resources": resources(("50m", "64Mi"), ("200m", "256Mi")),
    }
    pod = {"restartPolicy": "Never", "containers": [container]}
    return {"backoffLimit": 4, "template": {"metadata": {"labels": {"app": name}}, "spec": pod}}


def job(namespace: str, name: str) -> Object:
    return thing("batch/v1", "Job", name, namespace, labels={"app": name}, spec=job_spec(namespace, name))


def manual_job(cron: Object, name: str) -> Object:
    """What `kubectl create job --from=cronjob/...` makes of a CronJob that the API server has told."""
    meta = cron["metadata"]
    made = thing(
        "batch/v1",
        "Job",
        name,
        meta["namespace"],
        labels={"app": meta["name"]},
        annotations={"cronjob.kubernetes.io/instantiate": "manual"},
        spec=job_spec(meta["namespace"], meta["name"]),
    )
    made["metadata"]["ownerReferences"] = [
        {"apiVersion": "batch/v1", "kind": "CronJob", "name": meta["name"], "uid": meta["uid"]}
    ]
    return made


def cron_job(namespace: str, name: str, schedule: str, *, zone: str = "") -> Object:
    spec = {"schedule": schedule, "jobTemplate": {"spec": job_spec(namespace, name)}}
    spec |= {"timeZone": zone} if zone else {}
    return thing("batch/v1", "CronJob", name, namespace, labels={"app": name}, spec=spec)


def release(namespace: str, name: str, status: str, *, revision: int = 1) -> Object:
    """The Secret in which Helm records a release, as far as its labels tell of it; its data are nobody's."""
    labels = {"owner": "helm", "name": name, "status": status, "version": str(revision)}
    return thing(
        "v1",
        "Secret",
        f"sh.helm.release.v1.{name}.v{revision}",
        namespace,
        labels=labels,
        type="helm.sh/release.v1",
        data={"release": "cGxhbnRlZC1zM2NyZXQtdmFsdWU="},
    )


def node(name: str, zone: str) -> Object:
    """A node of the simulated kubelet; taking the kubelet label away silences it."""
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": zone,
        f"{NOTE}/kubelet": "runs",
    }
    path = f"/metrics/nodes/{name}/metrics/resource"
    return thing(
        "v1", "Node", name, labels=labels, annotations={"metrics.k8s.io/resource-metrics-path": path}
    )
