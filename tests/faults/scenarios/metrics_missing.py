"""What Prometheus cannot tell: no number, no data, no traffic, a recording too short. Never a PASS by itself."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tests.faults.elsewhere import reached
from tests.faults.monitoring import JOBS
from tests.faults.scenario import Changes, fail, passes, scenario, unknown
from tests.faults.worlds import containers, recorded
from tests.testbed.services import faults, proxy
from tests.testbed.services.world import DAY, World

GROUP = "metrics missing"
HISTORY = "metric pg_backends / pg_max_connections"
RESTARTS = "metric container_restarts"
ERRORS, LATENCY = "signal error-rate", "signal latency-p95"
CPU, MEMORY = "signal CPU use", "signal memory use"


def _unmatched(namespace: str, more: str = "") -> str:
    """How a message goes on behind a metric that has no series in the namespace, but has in others."""
    own = f'namespace="{namespace}"'
    return f"{{{own}{more}}}: no value of label namespace fits {own}"


@recorded("metrics are NaN", group=GROUP, situation="garbage")
def nan(world: World) -> tuple[World, Changes]:
    scanner = {"namespace": "repo-scanner"}
    for name in (
        "container_cpu_usage_seconds_total",
        "container_memory_working_set_bytes",
        "http_requests_total",
    ):
        world = world.with_value(name, math.nan, ago=1800, **scanner)
    world = world.with_value("pg_stat_database_numbackends", math.nan, ago=1800, datname="smartcloudops")
    world = world.with_value(
        "kube_pod_container_status_restarts_total", math.nan, ago=7200, namespace="opsforge"
    )
    told = {"message": "Prometheus answers NaN, which is no number to compare"}
    pods = containers("repo-scanner", "repo-scanner", "repo-scanner-worker")
    changes = {
        "RS-042": unknown("critical", ERRORS, **told),
        "RS-036": unknown("critical", *pods, **told),
        "RS-048": unknown("medium", *pods, **told),
        "SC-014": unknown("high", HISTORY, **told),
        "SC-026": unknown("critical", HISTORY, **told),
        "OF-028": unknown("critical", RESTARTS, message="Prometheus has no series of container restarts"),
        "OF-043": unknown("high", RESTARTS, message="Prometheus has no series of container restarts"),
    }
    return world, changes


@recorded("metrics are infinite, or one of many is not a number", group=GROUP, situation="garbage")
def infinite(world: World) -> tuple[World, Changes]:
    world = world.with_value(
        "container_memory_working_set_bytes",
        math.inf,
        ago=1800,
        namespace="production",
        container="security-scanner",
    )
    backend = {"namespace": "smartcloudops", "container": "backend"}
    world = world.with_value("container_cpu_usage_seconds_total", math.nan, ago=1800, **backend)
    scanner = containers("production", "security-scanner")
    changes = {
        "EP-021": unknown(
            "medium", *scanner, message="Prometheus answers +Inf, which is no number to compare"
        ),
        "EP-022": unknown(
            "critical", *scanner, message="Prometheus answers +Inf, which is no number to compare"
        ),
        "SC-012": unknown("medium", "signal CPU use", message="Prometheus answers NaN*"),
        "SC-037": unknown(
            "medium", *containers("smartcloudops", "backend"), message="Prometheus answers NaN*"
        ),
    }
    return world, changes


@recorded("the metrics of requests, limits and restarts are no longer there", group=GROUP, situation="empty")
def absent(world: World) -> tuple[World, Changes]:
    for name in (
        "http_requests_total",
        "http_request_duration_seconds_bucket",
        "kube_pod_container_resource_limits",
    ):
        world = world.without(name, namespace="opsforge")
    world = world.without("kube_pod_container_status_restarts_total", namespace="repo-scanner")
    world = world.without("container_cpu_usage_seconds_total", namespace="production")
    service, limits = _unmatched("opsforge"), "kube_pod_container_resource_limits"
    of_cpu, of_memory = (_unmatched("opsforge", f',resource="{one}"') for one in ("cpu", "memory"))
    of_containers = _unmatched("production", ',container!="",container!="POD"')
    requests, buckets = "http_requests_total", "http_request_duration_seconds_bucket"
    processor = f"container_cpu_usage_seconds_total{of_containers}"
    changes = {
        "OF-034": unknown("critical", ERRORS, message=f"no series match {requests}{service}"),
        "OF-038": unknown("critical", ERRORS, message=f"no series match {requests}{service}"),
        "OF-039": unknown("high", LATENCY, message=f"no series match {buckets}{service}"),
        "OF-040": unknown("medium", CPU, message=f"no series match {limits}{of_cpu}"),
        "OF-041": unknown("high", MEMORY, message=f"no series match {limits}{of_memory}"),
        "RS-039": unknown("critical", RESTARTS, message="Prometheus has no series of container restarts"),
        "EP-019": unknown("medium", CPU, message=f"no series match {processor}"),
        "EP-020": unknown("critical", CPU, message=f"no series match {processor}"),
    }
    return world, changes


@recorded("no traffic reaches the application", group=GROUP, situation="empty")
def silence(world: World) -> tuple[World, Changes]:
    changes = {
        "AC-072": unknown("high", ERRORS, message="0 requests in the window, 1 needed to judge"),
        "AC-076": unknown("medium", LATENCY, message="0 requests in the window, 1 needed to judge"),
    }
    return world.without_traffic(ago=1200, namespace="accelerapp"), changes


@recorded("no request ever failed, so that no error series is there", group=GROUP, situation="ordinary")
def clean(world: World) -> tuple[World, Changes]:
    return world.without_errors_series(namespace="smartcloudops"), {"SC-011": passes(), "SC-019": passes()}


@recorded("an application stopped to be measured two minutes ago", group=GROUP, situation="empty")
def recent(world: World) -> tuple[World, Changes]:
    for name in ("http_requests_total", "http_request_duration_seconds_bucket"):
        world = world.without(name, ago=120, namespace="production")
    gap = {"message": "a gap in the recording: *"}
    changes = {
        "EP-024": unknown("medium", ERRORS, **gap),
        "EP-025": unknown("critical", ERRORS, **gap),
        "EP-026": unknown("medium", LATENCY, **gap),
        "EP-027": unknown("critical", LATENCY, **gap),
    }
    return world, changes


@recorded("the recording is ten days old and the window thirty", group=GROUP, situation="empty")
def retention(world: World) -> tuple[World, Changes]:
    for name in ("pg_stat_database_numbackends", "pg_settings_max_connections"):
        world = world.without(name, until=10 * DAY, namespace="repo-scanner")
    told = {"message": "only 33* % of 30d is recorded; needed at least 90 %"}
    return world, {"RS-104": unknown("medium", HISTORY, **told)}


@recorded("the database's exporter is gone: no `pg_up`", group=GROUP, situation="empty")
def exporter_gone(world: World) -> tuple[World, Changes]:
    told = {"measured": "", "message": "absent for 2m: the exporter or its target is gone"}
    return world.without("pg_up", namespace="smartcloudops"), {
        "SC-025": fail("critical", "metric pg_up", **told)
    }


@recorded("no job was done for twenty minutes, and some wait", group=GROUP)
def stalled(world: World) -> tuple[World, Changes]:
    """Redis has nothing to say of it: its own queues are empty."""
    told = {"measured": "0", "message": "28 jobs or more waited for 5m, and none was done"}
    changes = {
        "OF-008": fail("critical", *JOBS, **told),
        "RS-005": fail("high", *JOBS, **told),
    }
    return world.with_value("jobs_processed_total", 0, ago=1200), changes


@scenario("the broker tells nothing of itself", situation="empty", group=GROUP)
def blank_broker() -> Iterator[Changes]:
    with (
        proxy.before("redis-broker", faults.blank(), protocol="tcp") as gate,
        reached("opsforge", "redis", port=gate.port),
    ):
        yield {
            "OF-002": unknown("critical", "cache redis", message="*INFO*"),
            "OF-069": unknown("high", "source memory", message="*INFO*"),
            "OF-042": unknown("high", "*"),
            "OF-070": unknown("medium", "source server", message="*"),
            "OF-071": unknown("critical", "source server", message="*"),
            "OF-016": unknown("critical", "source server", message="*"),
            "OF-097": unknown("high", "source redis", message="*"),
            "OF-075": unknown("high", "source server", message="*"),
        }
