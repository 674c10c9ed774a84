"""The alert rules of the five systems, as their runbooks ask for them, and the rule files made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.testbed.services.world import World

NAMESPACES = {
    "repo-scanner": "repo-scanner",
    "opsforge": "opsforge",
    "enterprise-platform": "production",
    "accelerapp": "accelerapp",
    "smartcloudops": "smartcloudops",
}


@dataclass(frozen=True)
class Rule:
    """An alerting rule of a system; `{of}` in the expression becomes its namespace matcher."""

    system: str
    alert: str
    expr: str
    severity: str = "critical"
    lasting: str = "5m"
    category: str = ""

    @property
    def group(self) -> str:
        return f"{self.system}.{self.severity}"

    def document(self) -> dict[str, object]:
        namespace = NAMESPACES[self.system]
        category = {"category": self.category} if self.category else {}
        return {
            "alert": self.alert,
            "expr": self.expr.replace("{of}", f'namespace="{namespace}"'),
            "for": self.lasting,
            "labels": {"severity": self.severity, "system": self.system, "namespace": namespace, **category},
            "annotations": {"summary": self.alert},
        }


CONTAINER = '{of},container!="",container!="POD"'
ERRORS = 'sum(rate(http_requests_total{{of},status=~"5.."}[5m])) / sum(rate(http_requests_total{{of}}[5m]))'
LATENCY = "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{{of}}[5m])))"
MEMORY = (
    f"max by (namespace, pod, container) (container_memory_working_set_bytes{{{CONTAINER}}})"
    " / max by (namespace, pod, container)"
    ' (kube_pod_container_resource_limits{{of},resource="memory"} > 0)'
)
CPU = (
    f"sum by (namespace, pod, container) (rate(container_cpu_usage_seconds_total{{{CONTAINER}}}[5m]))"
    " / sum by (namespace, pod, container)"
    ' (kube_pod_container_resource_limits{{of},resource="cpu"} > 0)'
)
RESTARTS = "increase(kube_pod_container_status_restarts_total{{of}}[1h]) > 3"

RS, OF, EP, AC, SC = NAMESPACES
RULES = (
    Rule(OF, "OpsForgeServiceDown", "up{{of}} == 0"),
    Rule(OF, "OpsForgeErrorRateHigh", f"{ERRORS} > 0.05"),
    Rule(OF, "OpsForgeLatencyHigh", f"{LATENCY} > 1", "high"),
    Rule(OF, "OpsForgeMemoryHigh", f"{MEMORY} > 0.9", "high"),
    Rule(OF, "OpsForgeCpuHigh", f"{CPU} > 0.8", "medium", "10m"),
    Rule(OF, "OpsForgeQueueDeep", "job_queue_depth{{of}} > 1000", "high"),
    Rule(OF, "OpsForgePodRestarts", RESTARTS, "high"),
    Rule(EP, "CpuUsageHigh", "cpu_usage_percent{{of}} > 80", "warning"),
    Rule(EP, "CpuUsageCritical", "cpu_usage_percent{{of}} > 90"),
    Rule(EP, "MemoryUsageHigh", "memory_usage_percent{{of}} > 85", "warning"),
    Rule(EP, "MemoryUsageCritical", "memory_usage_percent{{of}} > 95"),
    Rule(EP, "ErrorRateHigh", "error_rate{{of}} > 5", "warning"),
    Rule(EP, "ErrorRateCritical", "error_rate{{of}} > 10"),
    Rule(EP, "ResponseTimeHigh", "response_time_p95{{of}} > 2", "warning"),
    Rule(EP, "ResponseTimeCritical", "response_time_p95{{of}} > 5"),
    Rule(EP, "DetectionAccuracyLow", "anomaly_detection_accuracy{{of}} < 0.85", "warning"),
    Rule(EP, "InferenceSlow", "model_inference_time{{of}} > 1", "warning"),
    Rule(EP, "FalsePositivesHigh", "false_positive_rate{{of}} > 0.1", "warning"),
    Rule(EP, "VulnerabilityScanFailed", "vulnerability_scan_failures{{of}} > 0", lasting="10s"),
    Rule(EP, "SecurityThreatDetected", "security_threats_detected{{of}} > 0", lasting="10s"),
    Rule(EP, "AuthenticationFailuresHigh", "authentication_failure_rate{{of}} > 0.05", "warning"),
    Rule(EP, "DataQualityLow", "data_quality_score{{of}} < 0.9", "warning"),
    Rule(EP, "DataProcessingLate", "data_processing_lag{{of}} > 300", "warning"),
    Rule(RS, "SecretFound", "security_findings{{of}} > 0", "critical", "10s", "security"),
    Rule(AC, "TokenLeaked", "security_findings{{of}} > 0", "critical", "10s", "security"),
    Rule(AC, "AccelerappErrorRateHigh", f"{ERRORS} > 0.05"),
    Rule(AC, "AccelerappLatencyHigh", f"{LATENCY} > 0.5", "warning"),
    Rule(AC, "AccelerappMemoryHigh", f"{MEMORY} > 0.9", "warning", "10m"),
    Rule(SC, "ApplicationDown", 'up{job="smartcloudops-backend"} == 0'),
    Rule(SC, "ErrorRateHigh", f"{ERRORS} > 0.05"),
    Rule(SC, "DatabaseDown", "pg_up{{of}} == 0"),
    Rule(SC, "DatabaseConnectionsHigh", "pg_stat_database_numbackends{{of}} > 90"),
    Rule(SC, "MemoryHigh", f"{MEMORY} > 0.9", "warning"),
    Rule(SC, "LatencyHigh", f"{LATENCY} > 1", "warning"),
    Rule(SC, "CpuHigh", f"{CPU} > 0.8", "warning"),
    Rule(
        SC,
        "DiskHigh",
        "(node_filesystem_size_bytes - node_filesystem_free_bytes) / node_filesystem_size_bytes > 0.85",
        "warning",
    ),
)
WATCHDOG_GROUP = "general.watchdog"
WATCHDOG: dict[str, object] = {
    "alert": "Watchdog",
    "expr": "vector(1)",
    # Prometheus learns of its Alertmanager some seconds after its start and drops what fires before.
    "for": "6s",
    "labels": {"severity": "none"},
    "annotations": {"summary": "Always fires: proves that alerts reach Alertmanager"},
}


def _repo_scanner() -> Iterator[tuple[str, dict[str, object]]]:
    """What the Prometheus operator would load: the groups of the PrometheusRule in the cluster."""
    manifest = Path(__file__).parents[1] / "manifests" / "prometheusrule-repo-scanner.yaml"
    for group in yaml.safe_load(manifest.read_text())["spec"]["groups"]:
        for rule in group["rules"]:
            labels = {**rule["labels"], "system": RS, "namespace": RS}
            yield group["name"], {**rule, "labels": labels}


def loaded(world: World) -> set[str]:
    """Names of the alert rules that are loaded in a world."""
    return {str(rule["alert"]) for listed in groups(world).values() for rule in listed}


def groups(world: World) -> dict[str, list[dict[str, object]]]:
    """The rules that are found in a world, by group name."""
    found: dict[str, dict[str, dict[str, object]]] = {WATCHDOG_GROUP: {"Watchdog": WATCHDOG}}
    for group, body in _repo_scanner():
        found.setdefault(group, {})[str(body["alert"])] = body
    for rule in RULES:
        found.setdefault(rule.group, {})[rule.alert] = rule.document()
    for extra in world.rules:
        body = {key: value for key, value in extra.items() if key != "group"}
        found.setdefault(str(extra["group"]), {})[str(extra["alert"])] = body
    return dict(_kept(found, world.without_rules))


def _kept(
    found: dict[str, dict[str, dict[str, object]]], dropped: list[str]
) -> Iterator[tuple[str, list[dict[str, object]]]]:
    for group, rules in found.items():
        names = [name for name in rules if name not in dropped and f"{group}/{name}" not in dropped]
        if names and group not in dropped:
            yield group, [rules[name] for name in names]


def files(world: World) -> dict[str, dict[str, object]]:
    """Rule files by name: one per system, its groups within."""
    made: dict[str, dict[str, object]] = {}
    for group, rules in groups(world).items():
        file = made.setdefault(f"{group.rsplit('.', 1)[0]}.yaml", {"groups": []})
        listed = file["groups"]
        assert isinstance(listed, list)
        pace = {"interval": "2s"} if group == WATCHDOG_GROUP else {}
        listed.append({"name": group, **pace, "rules": rules})
    return made
