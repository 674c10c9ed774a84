"""Metrics beyond the highest step of every limit, as one bad morning of all five systems."""

from __future__ import annotations

from tests.faults.monitoring import CLIENTS, JOBS, LOOKUPS
from tests.faults.scenario import Changes, fail, unknown
from tests.faults.worlds import containers, recorded
from tests.testbed.services.world import DAY, Series, World

GROUP = "metrics beyond every limit"
TWENTY_MINUTES, HALF_AN_HOUR = 1200.0, 1800.0

REPO_SCANNER = containers("repo-scanner", "repo-scanner", "repo-scanner-worker")
OPSFORGE = containers(
    "opsforge", "api", "worker", "redis", "prometheus", "alertmanager", "grafana", "node-agent"
)
ENTERPRISE = containers(
    "production", "anomaly-detection-api", "anomaly-detection-api-green", "security-scanner",
    "analytics-engine", "auto-scaling-engine", "predictive-maintenance",
)  # fmt: skip
ACCELERAPP = containers("accelerapp", "accelerapp", "postgresql")
SMARTCLOUDOPS = containers("smartcloudops", "frontend", "backend", "celery-worker", "postgresql", "redis")


@recorded("one request in eight is answered with 500 for twenty minutes", group=GROUP)
def errors(world: World) -> tuple[World, Changes]:
    told = {"measured": "1[123]* %", "message": "1[123]* % of the requests failed*allowed"}
    changes = {
        "RS-042": fail("critical", "signal error-rate", **told),
        "OF-034": fail("critical", "signal error-rate", **told),
        "OF-038": fail("critical", "signal error-rate", **told),
        "EP-024": fail("medium", "signal error-rate", **told),
        "EP-025": fail("critical", "signal error-rate", **told),
        "AC-072": fail("high", "signal error-rate", **told),
        "SC-011": fail("high", "signal error-rate", **told),
        "SC-019": fail("critical", "signal error-rate", **told),
    }
    return world.with_errors(0.125, ago=TWENTY_MINUTES), changes


@recorded("one request in twenty takes longer than six seconds", group=GROUP)
def latency(world: World) -> tuple[World, Changes]:
    told = {"measured": "6*s", "message": "p95 is 6*s*allowed"}
    changes = {
        "OF-039": fail("high", "signal latency-p95", **told),
        "EP-026": fail("medium", "signal latency-p95", **told),
        "EP-027": fail("critical", "signal latency-p95", **told),
        "AC-076": fail("medium", "signal latency-p95", **told),
        "SC-010": fail("high", "signal latency-p95", **told),
        "SC-036": fail("medium", "signal latency-p95", **told),
    }
    return world.with_latency(6.0, ago=TWENTY_MINUTES), changes


@recorded("every container uses all the CPU it may use", group=GROUP)
def cpu(world: World) -> tuple[World, Changes]:
    told = {
        "measured": "*[0-9] %",
        "message": "uses * % of its CPU limit*never below * %*allowed",
    }
    changes = {
        "RS-048": fail("medium", *REPO_SCANNER, **told),
        "OF-040": fail("medium", *OPSFORGE, **told),
        "EP-019": fail("medium", *ENTERPRISE, **told),
        "EP-020": fail("critical", *ENTERPRISE, **told),
        "AC-009": fail("medium", *ACCELERAPP, **told),
        "AC-132": fail("high", *containers("accelerapp", "postgresql"), **told),
        "SC-012": fail("medium", "signal mean CPU use", **told),
        "SC-037": fail("medium", *SMARTCLOUDOPS, **told),
    }
    return world.with_use("cpu", 1.05, ago=HALF_AN_HOUR), changes


@recorded("every container uses 97 % of the memory it may use", group=GROUP)
def memory(world: World) -> tuple[World, Changes]:
    told = {"measured": "97 %", "message": "uses 97 % of its memory limit*never below 97 %*allowed"}
    changes = {
        "RS-036": fail("critical", *REPO_SCANNER, **told),
        "OF-041": fail("high", *OPSFORGE, **told),
        "EP-021": fail("medium", *ENTERPRISE, **told),
        "EP-022": fail("critical", *ENTERPRISE, **told),
        "AC-010": fail("high", *ACCELERAPP, **told),
        "AC-079": fail("high", *ACCELERAPP, **told),
        "SC-013": fail("medium", *SMARTCLOUDOPS, **told),
        "SC-032": fail("medium", *SMARTCLOUDOPS, **told),
    }
    return world.with_use("memory", 0.97, ago=HALF_AN_HOUR), changes


@recorded("the exporter saw 96 of 100 database sessions taken; another database ten days ago", group=GROUP)
def sessions(world: World) -> tuple[World, Changes]:
    history = "metric pg_backends / pg_max_connections"
    world = world.with_value("pg_stat_database_numbackends", 95, ago=600, datname="smartcloudops")
    for one in world.find("pg_stat_database_numbackends", datname="reposcanner"):
        one.steps += [(world.now - 10 * DAY, 85.0), (world.now - 9.9 * DAY, 22.0)]
    changes = {
        "SC-014": fail("high", history, measured="96 %", message="*highest share within 5m is 96 %"),
        "SC-026": fail("critical", history, measured="96 %", message="*highest share within 5m is 96 %"),
        "RS-104": fail("medium", history, measured="86 %", message="*highest share within 30d is 86 %"),
    }
    return world, changes


@recorded("a worker, a scanner's worker and the backend no longer answer their scrapes", group=GROUP)
def scrapes(world: World) -> tuple[World, Changes]:
    for workload in ("worker", "repo-scanner-worker", "backend"):
        world = world.with_down(ago=600, workload=workload)
    down = {
        "measured": "down",
        "message": "health is down (HTTP 503); 0 % of job * is up, at least 100 % needed",
    }
    worker = "target opsforge/worker/worker-*:8001"
    changes = {
        "OF-037": fail(
            "critical", "job worker", worker, measured="0 %", message="*0 %*at least 100 % needed"
        ),
        "OF-009": fail("high", worker, **down),
        "OF-030": fail("high", worker, **down),
        "RS-029": fail("high", "target repo-scanner/repo-scanner-worker/repo-scanner-worker-*:8001", **down),
        "SC-015": fail("critical", "target smartcloudops/smartcloudops-backend/backend-*:5000", **down),
        # The workers count the jobs that they do.
        "OF-008": unknown("critical", *JOBS, message="the metric is not recorded: no such series"),
        "RS-005": unknown("high", *JOBS, message="the metric is not recorded: no such series"),
    }
    return world, changes


@recorded("containers restarted, and the pod of one has been replaced since", group=GROUP)
def restarts(world: World) -> tuple[World, Changes]:
    name = "kube_pod_container_status_restarts_total"
    world = world.with_value(name, 5, ago=2400, namespace="opsforge", container="api")
    world = world.with_value(name, 2, ago=600, namespace="repo-scanner", container="repo-scanner-worker")
    gone = next(world.find(name, namespace="repo-scanner", container="repo-scanner"))
    labels = {**gone.labels, "pod": "repo-scanner-6d8f9c7b5d-x2x4z"}
    crashed = [(world.beginning, 0.0), (world.now - 500, 4.0)]
    span = (world.now - 60, world.now + 400 * DAY)
    world.series.append(Series(gone.target, name, labels, "gauge", crashed, [span]))
    changes = {
        "OF-043": fail(
            "high", "pod opsforge/api-*", measured="5", message="container api restarted 5 times in 1h*"
        ),
        "RS-039": fail(
            "critical", "pod repo-scanner/repo-scanner-worker-*", "pod repo-scanner/repo-scanner-6d8f9c7b5d-x2x4z",
            measured="[24]", message="container repo-scanner* restarted [24] times in 15m*",
        ),
    }  # fmt: skip
    return world, changes


@recorded("the cache misses two of three lookups for weeks; clients were refused", group=GROUP)
def missing(world: World) -> tuple[World, Changes]:
    world = world.with_value("redis_keyspace_hits_total", 0.4, ago=25 * DAY)
    world = world.with_value("redis_connected_clients", 9400, ago=600)
    world = world.with_value("redis_rejected_connections_total", 0.5, ago=600)
    changes = {
        "RS-107": fail("low", *LOOKUPS, measured="* %", message="*found their key"),
        "OF-070": fail(
            "medium", *CLIENTS,
        ),
    }  # fmt: skip
    return world, changes


@recorded("autoscalers have been at their maximum for two days of seven", group=GROUP)
def at_maximum(world: World) -> tuple[World, Changes]:
    for namespace in ("repo-scanner", "smartcloudops"):
        name = "kube_horizontalpodautoscaler_status_current_replicas"
        world = world.with_value(name, 10, ago=2 * DAY, namespace=namespace)
    told = {"measured": "* %", "message": "at its maximum of 10 for * % of 7d; * allowed"}
    changes = {
        "RS-080": fail("medium", "horizontalpodautoscaler repo-scanner/repo-scanner", **told),
        "SC-087": fail("medium", "horizontalpodautoscaler smartcloudops/backend", **told),
    }
    return world, changes
