"""The Kubernetes collector keeps the contract, without a cluster."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from opsproof.sources.kubernetes.asks import (
    PROTOBUF,
    AutoscalerStatusOf,
    ListOf,
    ObjectNamed,
    ReadinessOf,
    UsageOf,
)
from opsproof.sources.kubernetes.config_values import ConfigValuesOf
from opsproof.sources.kubernetes.facts.meta import Meta
from opsproof.sources.kubernetes.facts.pods import Container, Pod, PodSpec, PodStatus
from opsproof.testing.contract import CollectorContract
from opsproof.testing.web import Web
from tests.sources.kubernetes.protobuf.written import page

_CREATED = "2026-11-21T10:00:00Z"
_BINARY = "/api/v1/namespaces/store/pods"


def pages(text: str) -> Mapping[str, bytes]:
    short = text[:60]
    meta = {"name": text, "namespace": "shop", "uid": short, "creationTimestamp": _CREATED}
    pod = {
        "metadata": {**meta, "labels": {"app": short}},
        "spec": {"nodeName": short, "containers": [{"name": short, "image": short}]},
        "status": {"phase": "Running", "reason": short},
    }
    system = {
        "kind": "Namespace",
        "apiVersion": "v1",
        "metadata": {**meta, "name": "kube-system"},
        "status": {"phase": "Active"},
    }
    usage = {"metadata": meta, "timestamp": _CREATED, "window": "15s", "usage": {"cpu": "1", "memory": "1Mi"}}
    config = {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {**meta, "name": "api-config"},
        "data": {"SIZE": text, "PASSWORD": text},
    }
    event = {
        "metadata": meta,
        "type": "Warning",
        "reason": short,
        "note": "not kept",
        "regarding": {"kind": "Pod", "namespace": "shop", "name": text},
        "eventTime": _CREATED,
    }
    report = {
        "time": "2026-11-21 10:00:00.5 +0000 UTC",
        "autoscalerStatus": "Running",
        "clusterWide": {"health": {"status": "Healthy"}},
        "nodeGroups": [{"name": text[:100], "scaleUp": {"status": "Backoff"}}],
    }
    status = {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": meta,
        "data": {"status": json.dumps(report)},
    }
    version = {"major": "1", "minor": "34", "gitVersion": text, "platform": short}
    binary = Pod(
        metadata=Meta(name=text, namespace="shop", uid=short, labels={"app": short}),
        spec=PodSpec(node_name=short, containers=(Container(name=short, image=short),)),
        status=PodStatus(phase="Running", reason=short),
    )
    answers: Mapping[str, Any] = {
        "/api/v1/namespaces/shop/pods": _list("Pod", "v1", pod),
        "/api/v1/namespaces/kube-system": system,
        "/apis/metrics.k8s.io/v1beta1/nodes": _list("NodeMetrics", "metrics.k8s.io/v1beta1", usage),
        "/api/v1/namespaces/shop/configmaps/api-config": config,
        "/api/v1/namespaces/kube-system/configmaps/cluster-autoscaler-status": status,
        "/apis/events.k8s.io/v1/namespaces/shop/events": _list("Event", "events.k8s.io/v1", event),
        "/version": version,
    }
    ready = f"[+]ping ok\n[+]{text.split()[0] if text.split() else 'x'} ok\nreadyz check passed\n"
    encoded = {path: json.dumps(answer).encode() for path, answer in answers.items()}
    others = {"/readyz": ready.encode("utf-8", "surrogatepass"), _BINARY: page("Pod", [binary])}
    return {**encoded, **others}


def _list(kind: str, version: str, *items: Any) -> Any:
    return {"kind": f"{kind}List", "apiVersion": version, "metadata": {}, "items": list(items)}


class _Kubernetes(CollectorContract):
    kind = "kubernetes"
    spoken = Web(pages, {_BINARY: PROTOBUF})

    def settings(self, port: int, secret: str) -> dict[str, Any]:
        return {"server": f"http://127.0.0.1:{port}", "token": {"file": secret}}


class TestList(_Kubernetes):
    ask = ListOf(target="kubernetes:test", resource="pods", namespace="shop")


class TestListInProtobuf(_Kubernetes):
    ask = ListOf(target="kubernetes:test", resource="pods", namespace="store")


class TestObject(_Kubernetes):
    ask = ObjectNamed(target="kubernetes:test", resource="namespaces", name="kube-system")


class TestConfigValues(_Kubernetes):
    ask = ConfigValuesOf(target="kubernetes:test", namespace="shop", name="api-config", keys=("SIZE",))


class TestEvents(_Kubernetes):
    ask = ListOf(target="kubernetes:test", resource="events", namespace="shop")


class TestAutoscalerStatus(_Kubernetes):
    ask = AutoscalerStatusOf(
        target="kubernetes:test", namespace="kube-system", name="cluster-autoscaler-status"
    )


class TestReadiness(_Kubernetes):
    ask = ReadinessOf(target="kubernetes:test")


class TestUsage(_Kubernetes):
    ask = UsageOf(target="kubernetes:test", resource="nodes.metrics.k8s.io")
