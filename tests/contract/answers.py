"""Good answers of every kind of server, for every kind of ask: what the fuzzer spoils."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opsproof.model.ask import Ask
from opsproof.sources.alertmanager import facts as alertmanager
from opsproof.sources.http.facts import EndpointOf
from opsproof.sources.kubernetes.asks import RESOURCES, ListOf, ObjectNamed, ReadinessOf, UsageOf, VersionOf
from opsproof.sources.prometheus import facts as prometheus
from opsproof.sources.prometheus import status
from opsproof.sources.prometheus.known import AskKnown

MOMENT = "2026-11-21T10:00:00Z"
HOST = "probed.example.org"


@dataclass(frozen=True)
class Answered:
    """Asks, and a document by path (`*`: every other), which answer them."""

    kind: str
    asks: tuple[Ask | None, ...]
    pages: Mapping[str, Any]

    def settings(self, port: int) -> dict[str, Any]:
        if self.kind == "http":
            return {"connect_to": {f"{HOST}:80": f"127.0.0.1:{port}"}}
        return {("server" if self.kind == "kubernetes" else "url"): f"http://127.0.0.1:{port}"}


def _success(data: Any) -> Any:
    return {"status": "success", "data": data, "warnings": [], "infos": ["i"]}


_SERIES = {"metric": {"__name__": "up", "job": "a"}}
_RULE = {
    "name": "A",
    "query": "up == 0",
    "type": "alerting",
    "health": "ok",
    "duration": 60,
    "labels": {"severity": "page"},
    "lastEvaluation": MOMENT,
}
_TARGET = {
    "labels": {"job": "a", "instance": "b:1"},
    "health": "up",
    "lastError": "x509: no",
    "lastScrape": MOMENT,
    "scrapeInterval": "15s",
}
_P = "prometheus:test"
PROMETHEUS = Answered(
    "prometheus",
    (
        prometheus.Query(target=_P, query="up"),
        status.AskTargets(target=_P),
        status.AskRules(target=_P),
        status.AskAlertmanagers(target=_P),
        status.AskRuntime(target=_P),
        AskKnown(target=_P, selector="up"),
        None,
    ),
    {
        "/api/v1/query": _success(
            {"resultType": "vector", "result": [{**_SERIES, "value": [1795000000.5, "1"]}]}
        ),
        "/api/v1/targets": _success({"activeTargets": [_TARGET], "droppedTargets": []}),
        "/api/v1/rules": _success({"groups": [{"name": "g", "interval": 30, "rules": [_RULE]}]}),
        "/api/v1/alertmanagers": _success({"activeAlertmanagers": [{"url": "http://a:9093/api"}]}),
        "/api/v1/status/runtimeinfo": _success({"startTime": MOMENT, "storageRetention": "15d or 1GB"}),
        "/api/v1/status/buildinfo": _success({"version": "2.53"}),
        "/api/v1/status/config": _success({"yaml": "global: {external_labels: {a: b}}"}),
        "/api/v1/labels": _success(["__name__", "job"]),
        "*": _success(["up", "down"]),
    },
)
MATRIX = Answered(
    "prometheus",
    (prometheus.Query(target=_P, query="up", range=300.0, step=60.0),),
    {
        "/api/v1/query": _success(
            {
                "resultType": "matrix",
                "result": [{**_SERIES, "values": [[1795000000, "1"], [1795000060, "NaN"]]}],
            }
        )
    },
)

_A = "alertmanager:test"
_ALERT = {
    "labels": {"alertname": "a", "severity": "page"},
    "startsAt": MOMENT,
    "status": {"state": "active", "silencedBy": ["1"], "inhibitedBy": []},
}
_SILENCE = {
    "id": "1",
    "matchers": [{"name": "a", "value": "b", "isRegex": True, "isEqual": False}],
    "endsAt": MOMENT,
    "createdBy": "me",
    "status": {"state": "active"},
}
_ROUTES = {
    "route": {
        "receiver": "a",
        "routes": [
            {"matchers": ['a=~"b"'], "match": {"c": "d"}, "continue": True, "mute_time_intervals": ["n"]}
        ],
    },
    "receivers": [{"name": "a", "slack_configs": [{"channel": "#a"}], "email_configs": [{"to": "a@b"}]}],
    "time_intervals": [
        {"name": "n", "time_intervals": [{"times": [{"start_time": "00:00", "end_time": "06:00"}]}]}
    ],
}
ALERTMANAGER = Answered(
    "alertmanager",
    (
        alertmanager.AskAlerts(target=_A),
        alertmanager.AskSilences(target=_A),
        alertmanager.AskStatus(target=_A),
        None,
    ),
    {
        "/api/v2/alerts": [_ALERT],
        "/api/v2/silences": [_SILENCE],
        "/api/v2/status": {
            "cluster": {"status": "ready", "peers": [{}]},
            "config": {"original": json.dumps(_ROUTES)},
            "uptime": MOMENT,
            "versionInfo": {"version": "0.27"},
        },
    },
)

_META = {
    "name": "a",
    "namespace": "shop",
    "uid": "1",
    "creationTimestamp": MOMENT,
    "generation": 1,
    "deletionTimestamp": MOMENT,
    "labels": {"a": "b"},
    "annotations": {"deployment.kubernetes.io/revision": "1"},
    "ownerReferences": [{"kind": "ReplicaSet", "name": "a-1", "controller": True}],
}
_CONTAINER = {
    "name": "a",
    "image": "b:1",
    "ports": [{"name": "web", "containerPort": 80}],
    "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
    "readinessProbe": {"httpGet": {"port": "web", "path": "/"}},
}
_SPEC = {
    "containers": [_CONTAINER],
    "nodeName": "n",
    "restartPolicy": "Always",
    "replicas": 2,
    "selector": {"matchLabels": {"a": "b"}},
    "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [_CONTAINER]}},
    "schedule": "* * * * *",
    "minAvailable": "50%",
    "maxUnavailable": 1,
    "ports": [{"name": "web", "port": 80, "targetPort": "web"}],
    "scaleTargetRef": {"kind": "Deployment", "name": "a"},
    "minReplicas": 1,
    "maxReplicas": 3,
    "podSelector": {},
    "type": "ClusterIP",
    "renewTime": "2026-11-21T10:00:00.000000Z",
    "leaseDurationSeconds": 40,
    "taints": [{"key": "a", "effect": "NoExecute", "timeAdded": MOMENT}],
    "rules": [
        {
            "host": "a",
            "http": {"paths": [{"path": "/", "backend": {"service": {"name": "a", "port": {"number": 80}}}}]},
        }
    ],
    "capacity": {"storage": "1Gi"},
    "jobTemplate": {"spec": {}},
    "service": {"name": "a", "namespace": "b"},
    "groups": [],
}
_STATUS = {
    "phase": "Running",
    "reason": "x",
    "startTime": MOMENT,
    "replicas": 2,
    "availableReplicas": 1,
    "observedGeneration": 1,
    "conditions": [
        {"type": "Ready", "status": "True", "lastTransitionTime": MOMENT, "reason": "r", "message": "m"}
    ],
    "containerStatuses": [
        {
            "name": "a",
            "ready": True,
            "restartCount": 1,
            "state": {"terminated": {"exitCode": 1, "finishedAt": MOMENT}},
        }
    ],
    "allocatable": {"cpu": "4", "memory": "8Gi"},
    "loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]},
    "disruptionsAllowed": 1,
    "currentMetrics": [],
    "startedAt": MOMENT,
    "completionTime": MOMENT,
}
_OBJECT = {
    "metadata": _META,
    "spec": _SPEC,
    "status": _STATUS,
    "timestamp": MOMENT,
    "window": "15s",
    "usage": {"cpu": "1", "memory": "1Mi"},
    "containers": [{"name": "a", "usage": {"cpu": "1", "memory": "1Mi"}}],
    "addressType": "IPv4",
    "provisioner": "p",
    "endpoints": [
        {"addresses": ["10.0.0.1"], "conditions": {"ready": True}, "targetRef": {"kind": "Pod", "name": "a"}}
    ],
    "ports": [{"name": "web", "port": 80}],
}
_K = "kubernetes:test"


def kubernetes(resource: str) -> Answered:
    """One resource's list."""
    kind = RESOURCES[resource]
    namespace = "shop" if kind.namespaced else ""
    form = UsageOf if "metrics" in resource else ListOf
    spec = {**_SPEC, "selector": {"a": "b"}} if resource == "services" else _SPEC
    document = {
        "kind": kind.list_kind,
        "metadata": {"continue": ""},
        "items": [{"kind": kind.fact.kind, **_OBJECT, "spec": spec}],
    }
    return Answered("kubernetes", (form(target=_K, resource=resource, namespace=namespace),), {"*": document})


CLUSTER = Answered(
    "kubernetes",
    (
        ObjectNamed(target=_K, resource="namespaces", name="kube-system"),
        VersionOf(target=_K),
        ReadinessOf(target=_K),
        None,
    ),
    {
        "/api/v1/namespaces/kube-system": {"kind": "Namespace", **_OBJECT},
        "/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.0"},
        "/readyz": "[+]ping ok\nreadyz check passed\n",
    },
)
HTTP = Answered(
    "http",
    (EndpointOf(target="http:test", url=f"http://{HOST}/health", probes=1, spacing=0.0),),
    {
        "*": {
            "status": "ok",
            "components": {"db": {"status": "UP", "details": {"a": 1}}},
            "checks": [{"name": "a", "status": "pass"}],
            "connector": {"state": "RUNNING"},
            "tasks": [{"id": 0, "state": "RUNNING"}],
        }
    },
)
EVERY = {
    "prometheus": PROMETHEUS,
    "a range of prometheus": MATRIX,
    "alertmanager": ALERTMANAGER,
    "the cluster": CLUSTER,
    "http": HTTP,
    **{resource: kubernetes(resource) for resource in RESOURCES},
}
