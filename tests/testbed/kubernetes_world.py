"""The healthy world: the five systems under the names that their runbooks use."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import yaml

from tests.testbed import kubernetes_objects as make
from tests.testbed import place
from tests.testbed.kubernetes_api import Object
from tests.testbed.kubernetes_objects import Workload

MANIFESTS = Path(__file__).parent / "manifests"
DEFINITIONS = ("prometheusrules-crd.yaml", "keda-crd.yaml", "karpenter-crds.yaml")
NAMESPACES = ("repo-scanner", "opsforge", "production", "accelerapp", "smartcloudops")
# Where a drill has restored to; no system's own.
RESTORED = "smartcloudops-dr"
# How Helm's charts label what they install there.
RELEASE = {"app.kubernetes.io/instance": "smartcloudops-ai-dr"}
# Where Velero is at home, which runs beside the cluster; two pods of its name stand for it, on two nodes.
VELERO = "velero"
NODES = {"node-a1": "zone-a", "node-a2": "zone-a", "node-b1": "zone-b", "node-b2": "zone-b"}
INGRESS_ADDRESS = "203.0.113.10"
# Where cert-manager's own Deployment and the key of its authority are.
CERT_MANAGER = "cert-manager"
# Nothing of what is written here may ever appear in an output.
PLANTED_SECRET = "planted-s3cret-value"


def _registry(image: str) -> str:
    return f"registry.company.com/{image}:v1.0.1"


WORKLOADS = (
    Workload(
        "repo-scanner",
        "repo-scanner",
        3,
        8000,
        requests=("250m", "256Mi"),
        limits=("1000m", "1Gi"),
        usage=("165m", "200Mi"),
        config="repo-scanner-config",
        secret="repo-scanner-secrets",
        volumes={"repo-scanner-data": "/data", "repo-scanner-models": "/models"},
        budget={"minAvailable": 2},
    ),
    Workload(
        "repo-scanner",
        "repo-scanner-worker",
        2,
        8001,
        requests=("250m", "256Mi"),
        limits=("1000m", "1Gi"),
        config="repo-scanner-config",
        secret="repo-scanner-secrets",
        service=None,
    ),
    Workload(
        "opsforge", "api", 2, 8080, usage=("66m", "96Mi"), config="api-config", budget={"minAvailable": 1}
    ),
    Workload("opsforge", "worker", 2, 8081, usage=("66m", "96Mi"), budget={"minAvailable": 1}),
    Workload("opsforge", "redis", 1, 6379, kind="StatefulSet", health="", claim="/data"),
    Workload("opsforge", "prometheus", 1, 9090, health="/-/ready", service="prometheus-service"),
    Workload("opsforge", "alertmanager", 1, 9093, health="/-/ready", service="alertmanager-service"),
    Workload("opsforge", "grafana", 1, 3000, health="/api/health", service="grafana-service"),
    # Asks for so much that every node is used to a third at least.
    Workload(
        "opsforge",
        "node-agent",
        4,
        9100,
        kind="DaemonSet",
        requests=("2000m", "10Gi"),
        limits=("3", "12Gi"),
        usage=("600m", "3Gi"),
        budget={"minAvailable": 3},
        service=None,
    ),
    Workload(
        "production",
        "anomaly-detection-api",
        3,
        8000,
        requests=("500m", "1Gi"),
        limits=("1000m", "2Gi"),
        usage=("330m", "700Mi"),
        labels={"version": "blue"},
        config="anomaly-detection-config",
        secret="anomaly-detection-secrets",
        budget={"minAvailable": 2},
    ),
    Workload(
        "production",
        "anomaly-detection-api-green",
        2,
        8000,
        requests=("500m", "1Gi"),
        limits=("1000m", "2Gi"),
        labels={"version": "green"},
        config="anomaly-detection-config",
        secret="anomaly-detection-secrets",
    ),
    Workload("production", "security-scanner", 2, 8010),
    Workload("production", "analytics-engine", 1, 8020),
    Workload("production", "auto-scaling-engine", 1, 8030),
    Workload("production", "predictive-maintenance", 1, 8040),
    Workload(
        "accelerapp",
        "accelerapp",
        3,
        8000,
        image=make.pinned("registry.example.com/accelerapp/accelerapp"),
        config="accelerapp-config",
        secret="accelerapp-secrets",
    ),
    Workload(
        "accelerapp",
        "postgresql",
        1,
        5432,
        kind="StatefulSet",
        health="",
        claim="/var/lib/postgresql/data",
        secret="accelerapp-secrets",
    ),
    Workload(
        "smartcloudops", "frontend", 2, 3000, image=_registry("smartcloudops-frontend"), health="/api/health"
    ),
    Workload(
        "smartcloudops",
        "backend",
        3,
        5000,
        image=_registry("smartcloudops-ai"),
        requests=("100m", "256Mi"),
        limits=("500m", "512Mi"),
        usage=("66m", "190Mi"),
        config="backend-config",
        secret="backend-secrets",
        volumes={"backend-uploads": "/app/uploads", "backend-models": "/app/models"},
        budget={"minAvailable": 1},
    ),
    Workload(
        "smartcloudops",
        "celery-worker",
        2,
        5555,
        image=_registry("smartcloudops-celery"),
        config="backend-config",
        secret="backend-secrets",
        service=None,
    ),
    Workload(
        "smartcloudops",
        "postgresql",
        1,
        5432,
        kind="StatefulSet",
        image=make.pinned("registry.company.com/postgres"),
        health="",
        claim="/var/lib/postgresql/data",
        secret="backend-secrets",
    ),
    Workload(
        "smartcloudops",
        "redis",
        1,
        6379,
        kind="StatefulSet",
        image=make.pinned("registry.company.com/redis"),
        health="",
        claim="/data",
    ),
    *(
        Workload(RESTORED, name, 1, port, kind=kind, health="", service=None, labels=RELEASE)
        for name, port, kind in (
            ("frontend", 3000, "Deployment"),
            ("backend", 5000, "Deployment"),
            ("postgresql", 5432, "StatefulSet"),
            ("redis", 6379, "StatefulSet"),
        )
    ),
    Workload(VELERO, "velero", 2, 8085, health="", service=None),
    Workload("kube-system", "coredns", 2, 53, labels={"k8s-app": "kube-dns"}, health="", service="kube-dns"),
)

INGRESSES: dict[tuple[str, str], tuple[dict[str, tuple[str, int]], str]] = {
    ("repo-scanner", "repo-scanner"): (
        {"scanner.yourcompany.com": ("repo-scanner", 8000)},
        "repo-scanner-tls",
    ),
    ("opsforge", "api-gateway"): ({"opsforge.example.com": ("api", 8080)}, "opsforge-tls"),
    ("production", "anomaly-detection-api"): (
        {"anomaly.example.com": ("anomaly-detection-api", 8000)},
        "anomaly-detection-tls",
    ),
    ("accelerapp", "accelerapp"): ({"api.accelerapp.io": ("accelerapp", 8000)}, "accelerapp-tls"),
    ("smartcloudops", "smartcloudops"): (
        {"smartcloudops.ai": ("frontend", 3000), "api.smartcloudops.ai": ("backend", 5000)},
        "smartcloudops-tls",
    ),
}

# The pool of database sessions of each process of the backend.
POOL = {
    "DB_POOL_SIZE": "20", "DB_MAX_OVERFLOW": "30", "DB_POOL_PRE_PING": "True", "DB_POOL_RECYCLE": "3600",
    "DB_ECHO": "False",
}  # fmt: skip
# What a restore of the production database needs to know.
RESTORE = {"BACKUP_BUCKET": "enterprise-platform-backups", "RESTORE_DATABASE": "anomaly_detection"}
AUTOSCALERS = (
    make.autoscaler("repo-scanner", "repo-scanner", 3, 10, cpu=70),
    make.following(
        make.autoscaler("opsforge", "api", 2, 8, cpu=70),
        http_requests_per_second="100",
        http_request_duration_p95_milliseconds="500",
    ),
    make.following(
        make.autoscaler("opsforge", "worker", 2, 8, cpu=70),
        job_queue_depth="50",
        job_processing_time_p95_milliseconds="30000",
    ),
    make.autoscaler("production", "anomaly-detection-api", 3, 20, cpu=70),
    make.autoscaler("smartcloudops", "backend", 2, 10, cpu=70, memory=80),
)


def first_objects() -> list[Object]:
    """What the rest refers to: definitions, nodes, namespaces, rights, volumes, configuration."""
    named = (*NAMESPACES, RESTORED, CERT_MANAGER, VELERO)
    spaces = [make.thing("v1", "Namespace", name, labels={"team": name}) for name in named]
    return [
        *(loaded for name in DEFINITIONS for loaded in load(MANIFESTS / name)),
        *spaces,
        *(make.node(name, zone) for name, zone in NODES.items()),
        make.thing(
            "storage.k8s.io/v1",
            "StorageClass",
            make.STORAGE_CLASS,
            provisioner="kubernetes.io/no-provisioner",
            allowVolumeExpansion=True,
        ),
        make.thing(
            "networking.k8s.io/v1", "IngressClass", "nginx", spec={"controller": "k8s.io/ingress-nginx"}
        ),
        *metrics_api(),
        *external_metrics_api(),
        *_quotas(),
        *_configuration(),
        *_volumes(),
        *(policy for namespace in NAMESPACES for policy in _policies(namespace)),
    ]


def objects() -> list[Object]:
    """The workloads and what belongs to them."""
    return [
        *(made for workload in WORKLOADS for made in workload.objects()),
        *AUTOSCALERS,
        *(make.ingress(*key, *value) for key, value in INGRESSES.items()),
        make.job("repo-scanner", "database-migration"),
        make.cron_job("repo-scanner", "data-retention", "0 3 * * *"),
        make.cron_job("production", "security-scan", "0 2 * * *"),
        make.cron_job("production", "postgres-backup", "0 2 * * *", zone="Etc/UTC"),
        *load(MANIFESTS / "prometheusrule-repo-scanner.yaml"),
    ]


def metrics_api() -> list[Object]:
    """metrics.k8s.io, served by the metrics-server process beside the cluster."""
    port = place.PORTS["metrics-server"]
    spec = {
        "group": "metrics.k8s.io",
        "version": "v1beta1",
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "insecureSkipTLSVerify": True,
        "service": {"name": "metrics-server", "namespace": "kube-system", "port": port},
    }
    return [
        make.thing(
            "v1",
            "Service",
            "metrics-server",
            "kube-system",
            spec={"type": "ExternalName", "externalName": "localhost"},
        ),
        make.thing("apiregistration.k8s.io/v1", "APIService", "v1beta1.metrics.k8s.io", spec=spec),
    ]


def external_metrics_api() -> list[Object]:
    """external.metrics.k8s.io, served by the stand-in beside the cluster."""
    spec = {
        "group": "external.metrics.k8s.io",
        "version": "v1beta1",
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "insecureSkipTLSVerify": True,
        "service": {
            "name": "external-metrics",
            "namespace": "kube-system",
            "port": place.PORTS["external-metrics"],
        },
    }
    return [
        make.thing(
            "v1",
            "Service",
            "external-metrics",
            "kube-system",
            spec={"type": "ExternalName", "externalName": "localhost"},
        ),
        make.thing("apiregistration.k8s.io/v1", "APIService", "v1beta1.external.metrics.k8s.io", spec=spec),
    ]


def _quotas() -> list[Object]:
    """What the namespaces of two systems may ask for, twice what they do; and what a silent container gets."""
    return [
        make.quota("opsforge", {"requests.cpu": "24", "requests.memory": "96Gi", "pods": "40"}),
        make.quota("repo-scanner", {"requests.cpu": "4", "requests.memory": "6Gi", "pods": "20"}),
        make.limit_range("opsforge"),
    ]


def _policies(namespace: str) -> list[Object]:
    """opsforge's runbook declares who talks to whom."""
    return make.declared_policies(namespace) if namespace == "opsforge" else make.network_policies(namespace)


def load(path: Path) -> list[Object]:
    documents: list[Any] = list(yaml.safe_load_all(path.read_text()))
    return [document for document in documents if document]


def _configuration() -> list[Object]:
    maps = sorted({(each.namespace, each.config) for each in WORKLOADS if each.config})
    secrets = sorted({(each.namespace, each.secret) for each in WORKLOADS if each.secret})
    hidden = base64.b64encode(PLANTED_SECRET.encode()).decode()
    tls = {(namespace, value[1]) for (namespace, _), value in INGRESSES.items()}
    return [
        *(make.thing("v1", "ConfigMap", name, space, data=_settings(name)) for space, name in maps),
        make.thing("v1", "ConfigMap", "restore-config", "production", data=RESTORE),
        *(make.thing("v1", "Secret", name, space, data={"PASSWORD": hidden}) for space, name in secrets),
        *(
            make.thing(
                "v1",
                "Secret",
                name,
                space,
                type="kubernetes.io/tls",
                data={"tls.crt": hidden, "tls.key": hidden},
            )
            for space, name in sorted(tls)
        ),
    ]


def _settings(config: str) -> dict[str, str]:
    """A password has no place in a ConfigMap, and is there nevertheless."""
    return {"LOG_LEVEL": "info", "DSN": PLANTED_SECRET, **(POOL if config == "backend-config" else {})}


def _volumes() -> list[Object]:
    made: list[Object] = []
    for each in WORKLOADS:
        for claim in each.volumes:
            made += make.volume_and_claim(each.namespace, claim)
        if each.claim:
            made += make.volume_and_claim(each.namespace, f"data-{each.name}-0", with_claim=False)
    return made
