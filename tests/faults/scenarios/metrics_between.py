"""Metrics beyond the lower step of a limit and not the higher one, and not for long enough; targets gone."""

from __future__ import annotations

from tests.faults.monitoring import JOBS, LOOKUPS
from tests.faults.scenario import Changes, fail, passes, unknown
from tests.faults.worlds import containers, recorded
from tests.testbed.services.world import World

GROUP = "metrics beyond lower limits only"
# A rate across the seam between history and live scrapes comes out up to a tenth low,
# and a busy machine scrapes late.


@recorded("errors between the steps, and a burst shorter than it has to last", group=GROUP)
def errors(world: World) -> tuple[World, Changes]:
    world = world.with_errors(0.03, ago=1200, namespace="opsforge")
    world = world.with_errors(0.07, ago=1200, namespace="production")
    world = world.with_errors(0.02, ago=1200, namespace="smartcloudops")
    world = world.with_errors(0.40, ago=120, namespace="accelerapp")
    changes = {
        "OF-038": fail(
            "medium",
            "signal error-rate",
            measured="[23]* %",
            message="[23]* % of the requests failed; *allowed",
        ),
        "OF-034": passes(),
        "EP-024": fail(
            "medium", "signal error-rate", measured="[67]* %", message="[67]* % *; at most 5 % allowed"
        ),
        "EP-025": passes(),
        "SC-011": fail(
            "high", "signal error-rate", measured="[12]* %", message="[12]* % *; below 1 % allowed"
        ),
        "SC-019": passes(),
        "AC-072": passes(),
    }
    return world, changes


@recorded("latency between the steps, and a slow spell shorter than it has to last", group=GROUP)
def latency(world: World) -> tuple[World, Changes]:
    world = world.with_latency(0.9, ago=1200, namespace="opsforge")
    world = world.with_latency(3.0, ago=1200, namespace="production")
    world = world.with_latency(0.7, ago=1200, namespace="smartcloudops")
    world = world.with_latency(4.0, ago=120, namespace="accelerapp")
    changes = {
        "OF-039": passes(),
        "EP-026": fail(
            "medium", "signal latency-p95", measured="[23]*s", message="p95 is [23]*s; at most 2s allowed"
        ),
        "EP-027": passes(),
        "SC-010": fail(
            "high", "signal latency-p95", measured="[67]*ms", message="p95 is [67]*ms; below 500ms allowed"
        ),
        "SC-036": passes(),
        "AC-076": passes(),
    }
    return world, changes


@recorded("some containers use more CPU than the lower limit, some not for long enough", group=GROUP)
def cpu(world: World) -> tuple[World, Changes]:
    world = world.with_use("cpu", 0.895, ago=1800, namespace="production", container="anomaly-detection-api")
    world = world.with_use("cpu", 0.79, ago=1800, namespace="smartcloudops")
    world = world.with_use("cpu", 0.95, ago=480, namespace="repo-scanner")
    world = world.with_use("cpu", 0.895, ago=1800, namespace="accelerapp", container="postgresql")
    world = world.with_use("cpu", 0.895, ago=1800, namespace="opsforge", container="worker")
    told = {"measured": "8[1-9]* %", "message": "uses 8[1-9]* % of its CPU limit*; at most 80 % allowed"}
    changes = {
        "EP-019": fail("medium", *containers("production", "anomaly-detection-api"), **told),
        "EP-020": passes(),
        "SC-012": fail(
            "medium", "signal mean CPU use", measured="7[1-9]* %", message="*; below 70 % allowed"
        ),
        "SC-037": passes(),
        "RS-048": passes(),
        "AC-009": fail("medium", *containers("accelerapp", "postgresql"), **told),
        "AC-132": fail("high", *containers("accelerapp", "postgresql"), **told),
        "OF-040": fail("medium", *containers("opsforge", "worker"), **told),
    }
    return world, changes


@recorded("some containers use more memory than the lower limit, some not for long enough", group=GROUP)
def memory(world: World) -> tuple[World, Changes]:
    world = world.with_use("memory", 0.90, ago=1800, namespace="production", container="security-scanner")
    world = world.with_use("memory", 0.85, ago=1800, namespace="smartcloudops", container="backend")
    world = world.with_use("memory", 0.84, ago=1800, namespace="repo-scanner")
    world = world.with_use("memory", 0.95, ago=450, namespace="accelerapp", container="accelerapp")
    changes = {
        "EP-021": fail("medium", *containers("production", "security-scanner"), measured="90 %"),
        "EP-022": passes(),
        "SC-013": fail("medium", *containers("smartcloudops", "backend"), measured="85 %"),
        "SC-032": passes(),
        "RS-036": passes(),
        "AC-010": fail("high", *containers("accelerapp", "accelerapp"), measured="95 %"),
        "AC-079": passes(),
    }
    return world, changes


@recorded("the database exporter says that its database is down", group=GROUP)
def exporter(world: World) -> tuple[World, Changes]:
    world = world.with_value("pg_up", 0, ago=300, namespace="smartcloudops")
    world = world.without("pg_stat_database_numbackends", ago=600, namespace="smartcloudops")
    history = "metric pg_backends / pg_max_connections"
    changes = {
        "SC-025": fail(
            "critical", "database postgres-exporter-smartcloudops:9187",
            measured="0", message="the exporter reported pg_up 0 for 2m; needed 1",
        ),
        "SC-014": unknown("high", history, message="no data: *"),
        "SC-026": unknown("critical", history, message="no data: *"),
    }  # fmt: skip
    return world, changes


@recorded("Prometheus has lost the target of Redis: its `up` is absent", group=GROUP, situation="empty")
def lost(world: World) -> tuple[World, Changes]:
    told = {"measured": "0 %", "message": "job redis has no target now: its `up` is absent"}
    gone = {"measured": "0 targets", "message": "Prometheus has no target for this pod"}
    changes = {
        "OF-037": fail("critical", "job redis", **told),
        "OF-009": fail("high", "pod opsforge/redis-0", **gone),
    }
    return world.without_targets(job="redis"), changes


@recorded("Prometheus has lost the whole job of the backend", group=GROUP)
def job(world: World) -> tuple[World, Changes]:
    told = {"measured": "* target*", "message": "Prometheus has no *target *"}
    changes = {"SC-015": fail("critical", "job smartcloudops-backend", "pod smartcloudops/backend-*", **told)}
    return world.without_targets(job="smartcloudops-backend"), changes


@recorded("Prometheus has lost every target of the scanner's namespace", group=GROUP, situation="empty")
def none(world: World) -> tuple[World, Changes]:
    world = world.without_targets(namespace="repo-scanner")
    gone = '{namespace="repo-scanner"}: no value of label namespace fits namespace="repo-scanner"'
    backends, slots = (
        f"no series match {name}{gone}"
        for name in ("pg_stat_database_numbackends", "pg_settings_max_connections")
    )
    changes = {
        "RS-029": fail("high", "requirement RS-029", message="nothing there to examine*"),
        "RS-042": unknown(
            "critical", "signal error-rate", message=f"no series match http_requests_total{gone}"
        ),
        "RS-104": unknown(
            "medium", "metric pg_backends / pg_max_connections", message=f"{backends}; *; {slots}; *"
        ),
        "RS-005": unknown("high", *JOBS, message="the metric is not recorded: no such series"),
        "RS-107": unknown("low", *LOOKUPS, message="the metric is not recorded: no such series"),
    }
    return world, changes


@recorded("containers restarted once, or before the window", group=GROUP)
def restarts(world: World) -> tuple[World, Changes]:
    name = "kube_pod_container_status_restarts_total"
    world = world.with_value(name, 1, ago=600, namespace="opsforge", container="worker")
    world = world.with_value(name, 1, ago=1200, namespace="repo-scanner", container="repo-scanner")
    one = {"measured": "1", "message": "container worker restarted 1 time in *"}
    changes = {
        "OF-043": fail("medium", "pod opsforge/worker-*", **one),
        "OF-028": fail("critical", "pod opsforge/worker-*", **one),
        "RS-039": passes(),
    }
    return world, changes
