"""The healthy world of the five systems: their targets and what these expose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tests.testbed.services.exporter import known_pods
from tests.testbed.services.world import Series, Target, World, build, cumulative

Mi, Gi = float(2**20), float(2**30)
NODES = ("node-a1", "node-a2", "node-b1", "node-b2")


@dataclass(frozen=True)
class Workload:
    """A workload: its pods, container limits and requests (cores, bytes), and how it is scraped."""

    namespace: str
    name: str
    pods: int
    job: str
    port: int = 8000
    cpu: tuple[float, float] = (0.25, 0.5)
    memory: tuple[float, float] = (256 * Mi, 512 * Mi)
    traffic: float = 0.0
    kind: Literal["deployment", "statefulset", "daemonset"] = "deployment"
    server: str = "exporter"

    def pod_names(self, known: Mapping[str, list[str]]) -> list[str]:
        return known.get(f"{self.namespace}/{self.name}") or [f"{self.name}-{n}" for n in range(self.pods)]


WORKLOADS = (
    Workload("repo-scanner", "repo-scanner", 3, "repo-scanner", traffic=12.0),
    Workload("repo-scanner", "repo-scanner-worker", 2, "repo-scanner-worker", 8001),
    Workload("opsforge", "api", 2, "api", traffic=8.0),
    Workload("opsforge", "worker", 2, "worker", 8001),
    Workload("opsforge", "redis", 1, "redis", 9121, kind="statefulset"),
    Workload("opsforge", "prometheus", 1, "prometheus", 9090, server="prometheus"),
    Workload("opsforge", "alertmanager", 1, "alertmanager", 9093, server="alertmanager"),
    Workload("opsforge", "grafana", 1, "grafana", 3000),
    Workload("opsforge", "node-agent", 4, "node-agent", 9100, kind="daemonset"),
    Workload(
        "production", "anomaly-detection-api", 3, "anomaly-detection-api",
        cpu=(0.5, 1.0), memory=(1 * Gi, 2 * Gi), traffic=20.0,
    ),
    Workload("production", "security-scanner", 2, "security-scanner"),
    Workload("production", "anomaly-detection-api-green", 2, "anomaly-detection-api-green"),
    Workload("production", "analytics-engine", 1, "analytics-engine"),
    Workload("production", "auto-scaling-engine", 1, "auto-scaling-engine"),
    Workload("production", "predictive-maintenance", 1, "predictive-maintenance"),
    Workload("accelerapp", "accelerapp", 3, "accelerapp", traffic=15.0),
    Workload("smartcloudops", "frontend", 2, "smartcloudops-frontend", 3000, traffic=6.0),
    Workload("smartcloudops", "backend", 3, "smartcloudops-backend", 5000, traffic=18.0),
    Workload("smartcloudops", "celery-worker", 2, "smartcloudops-celery", 9808),
)  # fmt: skip
TABLES = {"smartcloudops": {"incidents": 480 * Mi, "anomalies": 200 * Mi, "users": 12 * Mi}}
DATABASES = {
    "repo-scanner": "reposcanner",
    "production": "anomaly_detection",
    "accelerapp": "accelerapp",
    "smartcloudops": "smartcloudops",
}
# Namespace, name, replicas now, and the maximum.
AUTOSCALERS = (
    ("repo-scanner", "repo-scanner", 3, 10),
    ("opsforge", "api", 2, 8),
    ("opsforge", "worker", 2, 8),
    ("production", "anomaly-detection-api", 3, 20),
    ("smartcloudops", "backend", 3, 10),
)
# The claims of the cluster, all mounted.
CLAIMS = {
    "repo-scanner": ("repo-scanner-data", "repo-scanner-models"),
    "opsforge": ("data-redis-0",),
    "accelerapp": ("data-postgresql-0",),
    "smartcloudops": ("backend-uploads", "backend-models", "data-postgresql-0", "data-redis-0"),
}
# For how many days the growth of volumes is looked at.
GROWN = {"repo-scanner": 31, "smartcloudops": 2}
# Where what containers use is held against what they request over a week, or a month.
SIZED = {"repo-scanner": 31, "opsforge": 8}
# Where what containers write is measured, of the limit that they have.
WRITTEN = {"repo-scanner": 2 * Gi, "accelerapp": 2 * Gi}
STATEFUL = (("accelerapp", "postgresql"), ("smartcloudops", "postgresql"), ("smartcloudops", "redis"))
ANOMALY_GAUGES = {
    "cpu_usage_percent": 35.0,
    "memory_usage_percent": 48.0,
    "error_rate": 0.2,
    "response_time_p95": 0.24,
    "request_rate": 20.0,
    "anomaly_detection_accuracy": 0.94,
    "model_inference_time": 0.12,
    "false_positive_rate": 0.03,
    "vulnerability_scan_failures": 0.0,
    "security_threats_detected": 0.0,
    "authentication_failure_rate": 0.01,
    "data_quality_score": 0.98,
    "data_processing_lag": 12.0,
}


def healthy(*, now: float | None = None) -> World:
    """All five systems well: 0.2 % errors, p95 240 ms, CPU at 35 % and memory at 48 % of the limits."""
    return build((_workloads, _cluster_metrics, _databases, _caches, _nodes), now=now)


def _target(
    world: World,
    job: str,
    instance: str,
    labels: dict[str, str] | None = None,
    *,
    honor_labels: bool = False,
    server: str = "exporter",
) -> str:
    own = labels or {}
    key = f"{job}/{own.get('namespace', 'cluster')}/{own.get('pod', instance.partition(':')[0])}"
    stored = {"job": job, "instance": instance, **own}
    world.targets.append(Target(key, stored, honor_labels, server=server))
    return key


def _gauge(
    world: World,
    target: str,
    name: str,
    value: float,
    labels: dict[str, str] | None = None,
    *,
    long: bool = False,
    days: int = 0,
    live: bool = False,
) -> None:
    steps = [(world.beginning, value)]
    world.series.append(Series(target, name, labels or {}, "gauge", steps, long=long, days=days, live=live))


def _counter(
    world: World,
    target: str,
    name: str,
    rate: float,
    labels: dict[str, str] | None = None,
    *,
    long: bool = False,
    days: int = 0,
) -> None:
    steps = [(world.beginning, rate)]
    world.series.append(Series(target, name, labels or {}, "counter", steps, long=long, days=days))


def _workloads(world: World) -> None:
    known = known_pods()
    for workload in WORKLOADS:
        for pod in workload.pod_names(known):
            labels = {"namespace": workload.namespace, "workload": workload.name, "pod": pod}
            target = _target(world, workload.job, f"{pod}:{workload.port}", labels, server=workload.server)
            if workload.server == "exporter":
                _application(world, target, workload)


def _application(world: World, target: str, workload: Workload) -> None:
    _process(world, target)
    if workload.traffic:
        _traffic(world, target, workload.traffic)
    if workload.name == "anomaly-detection-api":
        for name, value in ANOMALY_GAUGES.items():
            _gauge(world, target, name, value)
    if workload.job == "redis":
        _gauge(world, target, "redis_up", 1)
        _gauge(world, target, "redis_memory_used_bytes", 80 * Mi)
        _gauge(world, target, "redis_memory_max_bytes", 256 * Mi)
        _gauge(world, target, "redis_connected_clients", 14)
        _gauge(world, target, "redis_config_maxclients", 10000)
        _counter(world, target, "redis_rejected_connections_total", 0)
    if workload.job in {"worker", "repo-scanner-worker"}:
        _gauge(world, target, "job_queue_depth", 14)
        _counter(world, target, "jobs_processed_total", 0.4)


def _process(world: World, target: str) -> None:
    _gauge(world, target, "process_resident_memory_bytes", 180 * Mi)
    _gauge(world, target, "process_open_fds", 120, live=True)
    _gauge(world, target, "process_max_fds", 1024, live=True)


def _traffic(world: World, target: str, rate: float) -> None:
    for status, share in {"200": 0.978, "404": 0.02, "500": 0.0015, "503": 0.0005}.items():
        _counter(world, target, "http_requests_total", rate * share, {"method": "GET", "status": status})
    for bound, share in cumulative(0.24).items():
        _counter(world, target, "http_request_duration_seconds_bucket", rate * share, {"le": bound})
    _counter(world, target, "http_request_duration_seconds_count", rate)
    _counter(world, target, "http_request_duration_seconds_sum", rate * 0.15)


def _cluster_metrics(world: World) -> None:
    known = known_pods()
    state = _target(world, "kube-state-metrics", "kube-state-metrics:8080", honor_labels=True)
    kubelet = _target(world, "cadvisor", "node-a1:10250", honor_labels=True)
    stateful = [Workload(namespace, name, 1, "", kind="statefulset") for namespace, name in STATEFUL]
    for workload in (*WORKLOADS, *stateful):
        for pod in workload.pod_names(known):
            _container(world, state, kubelet, workload, pod)
    for namespace, name, replicas, most in AUTOSCALERS:
        where = {"namespace": namespace, "horizontalpodautoscaler": name}
        _gauge(
            world, state, "kube_horizontalpodautoscaler_status_current_replicas", replicas, where, long=True
        )
        _gauge(world, state, "kube_horizontalpodautoscaler_spec_max_replicas", most, where, long=True)
    for node in NODES:
        where = {"node": node, "resource": "cpu", "unit": "core"}
        _gauge(world, state, "kube_node_status_allocatable", 4, where, live=True)
    for namespace, claims in CLAIMS.items():
        for claim in claims:
            _volume(world, kubelet, {"namespace": namespace, "persistentvolumeclaim": claim})


def _volume(world: World, kubelet: str, where: dict[str, str]) -> None:
    days = GROWN.get(where["namespace"], 0)
    _gauge(world, kubelet, "kubelet_volume_stats_capacity_bytes", 10 * Gi, where, days=days)
    _gauge(world, kubelet, "kubelet_volume_stats_available_bytes", 6 * Gi, where, days=days)
    _gauge(world, kubelet, "kubelet_volume_stats_used_bytes", 4 * Gi, where)
    _gauge(world, kubelet, "kubelet_volume_stats_inodes", 655360, where, live=True)
    _gauge(world, kubelet, "kubelet_volume_stats_inodes_used", 4000, where, live=True)


def _container(world: World, state: str, kubelet: str, workload: Workload, pod: str) -> None:
    where = {"namespace": workload.namespace, "pod": pod, "container": workload.name}
    for resource, (request, limit) in {"cpu": workload.cpu, "memory": workload.memory}.items():
        unit = {"resource": resource, "unit": "core" if resource == "cpu" else "byte"}
        _gauge(world, state, "kube_pod_container_resource_requests", request, {**where, **unit})
        _gauge(world, state, "kube_pod_container_resource_limits", limit, {**where, **unit})
    _gauge(world, state, "kube_pod_container_status_restarts_total", 0, where)
    crashing = {"reason": "CrashLoopBackOff", **where}
    _gauge(world, state, "kube_pod_container_status_waiting_reason", 0, crashing)
    days = SIZED.get(workload.namespace, 0)
    _counter(world, kubelet, "container_cpu_usage_seconds_total", 0.35 * workload.cpu[1], where, days=days)
    _gauge(world, kubelet, "container_memory_working_set_bytes", 0.48 * workload.memory[1], where, days=days)
    _gauge(world, kubelet, "container_memory_usage_bytes", 0.55 * workload.memory[1], where)
    _gauge(world, kubelet, "container_spec_memory_limit_bytes", workload.memory[1], where)
    if (most := WRITTEN.get(workload.namespace)) is not None:
        unit = {"resource": "ephemeral_storage", "unit": "byte"}
        _gauge(world, state, "kube_pod_container_resource_limits", most, {**where, **unit})
        _gauge(
            world,
            kubelet,
            "container_fs_usage_bytes",
            0.2 * most,
            {**where, "device": "/dev/vda1"},
            live=True,
        )
    if workload.namespace == "accelerapp":
        place = {"namespace": workload.namespace, "pod": pod, "node": NODES[0]}
        _gauge(world, state, "kube_pod_info", 1, place, live=True)


def _databases(world: World) -> None:
    for namespace, database in DATABASES.items():
        target = _target(world, "postgres", f"postgres-exporter-{namespace}:9187", {"namespace": namespace})
        _gauge(world, target, "pg_up", 1, long=True)
        _gauge(world, target, "pg_settings_max_connections", 100, long=True)
        _gauge(world, target, "pg_stat_database_numbackends", 22, {"datname": database}, long=True)
        _gauge(world, target, "pg_stat_database_numbackends", 1, {"datname": "postgres"}, long=True)
        for table, size in TABLES.get(namespace, {}).items():
            where = {"datname": database, "schemaname": "public", "relname": table}
            _gauge(world, target, "pg_stat_user_tables_table_size_bytes", size, where, long=True)
        _process(world, target)
        if namespace == "repo-scanner":
            _gauge(world, target, "pg_database_size_bytes", 2 * Gi, {"datname": database}, days=31)


def _caches(world: World) -> None:
    target = _target(world, "redis-cache", "redis-exporter-repo-scanner:9121", {"namespace": "repo-scanner"})
    for name, rate in {"hits": 9.2, "misses": 0.8}.items():
        _counter(world, target, f"redis_keyspace_{name}_total", rate, long=True)
    _counter(world, target, "redis_evicted_keys_total", 0, long=True)


def _nodes(world: World) -> None:
    for node in NODES:
        target = _target(world, "node-exporter", f"{node}:9100", {"node": node})
        file_system(world, target, "/dev/vda1", "ext4", "/", size=100 * Gi, avail=58 * Gi)
        file_system(world, target, "tmpfs", "tmpfs", "/run", size=1 * Gi, avail=0.9 * Gi)


def file_system(
    world: World, target: str, device: str, fstype: str, mountpoint: str, *, size: float, avail: float
) -> None:
    where = {"device": device, "fstype": fstype, "mountpoint": mountpoint}
    _gauge(world, target, "node_filesystem_size_bytes", size, where)
    _gauge(world, target, "node_filesystem_avail_bytes", avail, where)
    _gauge(world, target, "node_filesystem_free_bytes", avail + 0.02 * size, where)
    _gauge(world, target, "node_filesystem_files", size / Gi * 65536, where, live=True)
    _gauge(world, target, "node_filesystem_files_free", size / Gi * 60000, where, live=True)
    _gauge(world, target, "node_filesystem_readonly", 0, where, live=True)
    _gauge(world, target, "node_filesystem_device_error", 0, where, live=True)
