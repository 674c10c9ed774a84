"""A quiet night: alerts somebody has taken on, a new certificate, little traffic, targets that start."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.faults.elsewhere import edited, limited
from tests.faults.scenario import Changes, fail, not_applicable, scenario, transition
from tests.faults.worlds import recorded
from tests.normal.waits import scraped
from tests.testbed import kubernetes_pod_faults as faults
from tests.testbed.process import await_that
from tests.testbed.services import (
    alertmanager,
    certificates,
    exporter,
    nginx,
    postgres_faults,
    prometheus,
    redis,
    redis_failover,
)
from tests.testbed.services.exporter import known_pods
from tests.testbed.services.healthy import Gi, file_system
from tests.testbed.services.world import DAY, World

GROUP = "a quiet night"
HOUR = 3600.0


@scenario(
    "an alert is silenced by a named person",
    situation="ordinary",
    group=GROUP,
    proves=("monitoring/firing-alerts", "monitoring/alert-routing"),
)
def silenced() -> Iterator[Changes]:
    name, system = "ScannerMaintenance", "repo-scanner"
    with (
        alertmanager.silenced(
            author="jane.doe@yourcompany.com", comment="disks are exchanged", alertname=name
        ),
        alertmanager.firing(30, alertname=name, severity="critical", system=system, namespace=system),
    ):
        yield {}


@scenario(
    "a certificate was renewed a minute ago",
    situation="ordinary",
    group=GROUP,
    proves=("certificates/expiry", "health/http-endpoint", "health/dependency-status"),
)
def renewed() -> Iterator[Changes]:
    host = "api.smartcloudops.ai"
    with nginx.showing(host, certificates.issue(host, days=90, began_days_ago=1 / 1440)):
        yield {}


@scenario(
    "one pod is being replaced, the budget is at its limit",
    situation="ordinary",
    group=GROUP,
    proves=("scaling/pdb", "scaling/hpa-healthy", "health/services-have-endpoints", "monitoring/targets-up"),
)
def replaced() -> Iterator[Changes]:
    with faults.pods("opsforge", "worker", "not-ready", count=1) as (pod,):
        scraped("opsforge", "worker")
        coming = transition("critical", f"pod opsforge/{pod}", message="Running but not Ready; *")
        yield {
            "OF-027": coming,
            "OF-028": coming,
            "OF-024": fail(
                "high", "deployment opsforge/worker", measured="1", message="1 of 2 pods are available"
            ),
            "OF-074": transition("high", "deployment opsforge/worker", message="its 1 ready pod in 1 zone *"),
        }


@scenario(
    "a deleted pod has not ended yet, and an evicted one lies about",
    situation="ordinary",
    group=GROUP,
    proves=("health/workloads-available", "health/pod-restarts", "security/network-policies"),
)
def leftovers() -> Iterator[Changes]:
    with (
        faults.stuck_terminating("repo-scanner", "repo-scanner-worker") as pod,
        faults.evicted("accelerapp", "accelerapp"),
    ):
        scraped("repo-scanner", "repo-scanner-worker")
        scraped("accelerapp", "accelerapp")
        text = "deleted, and still there; it had until * UTC to end"
        yield {"RS-018": transition("critical", f"pod repo-scanner/{pod}", message=text)}


@scenario("no traffic is expected at this hour", situation="ordinary", group=GROUP)
def quiet_hours() -> Iterator[Changes]:
    """Counters stand still, as the environment declares for this hour."""
    now = datetime.now(timezone.utc)
    hours = {
        "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        "from": f"{now - timedelta(hours=1):%H:%M}",
        "until": f"{now + timedelta(hours=1):%H:%M}",
        "zone": "UTC",
        "reason": "nobody works at night",
    }

    def declare(document: Any) -> None:
        document["quiet_hours"] = [hours]

    with edited("systems/accelerapp/environments/testbed.yaml", declare):
        text = "0 requests in the window, 1 needed to judge; nobody works at night"
        yield {
            "AC-072": not_applicable("high", "signal error-rate", message=text),
            "AC-076": not_applicable("medium", "signal latency-p95", message=text),
        }


@recorded("nobody calls an application in its quiet hours", group=GROUP, situation="ordinary")
def no_traffic(world: World) -> tuple[World, Changes]:
    return world.without_traffic(ago=3600, namespace="accelerapp"), {}


@recorded(
    "nothing ever failed, so that no series of errors exists",
    group=GROUP,
    situation="ordinary",
    proves=("slo/error-rate", "slo/latency-p95", "monitoring/alert-rule-parity"),
)
def no_errors(world: World) -> tuple[World, Changes]:
    for namespace in ("repo-scanner", "smartcloudops"):
        world = world.without_errors_series(namespace=namespace)
    return world, {}


@recorded(
    "images are full by their kind, a volume shrinks, another is cleaned every six hours, a container is new",
    group=GROUP,
    situation="ordinary",
    proves=(
        "capacity/disk-usage", "capacity/growth-forecast", "capacity/right-sizing", "capacity/process-memory",
        "database/cpu", "database/disk",
    ),
)  # fmt: skip
def full_by_kind(world: World) -> tuple[World, Changes]:
    free = "kubelet_volume_stats_available_bytes"
    models, uploads = (
        {"namespace": "smartcloudops", "persistentvolumeclaim": name}
        for name in ("backend-models", "backend-uploads")
    )
    world = world.with_course(free, 3 * Gi, 8 * Gi, ago=1.5 * DAY, **models)
    for one in world.find(free, **uploads):
        quarters = range(170)
        one.steps += [
            (world.now - 42.5 * HOUR + quarter * HOUR / 4, (6 - quarter % 24 / 12) * Gi)
            for quarter in quarters
        ]
    world = world.without(
        "container_memory_working_set_bytes", until=10 * DAY, container="repo-scanner-worker"
    )
    exporter_of = next(one.key for one in world.targets if one.labels.get("node") == "node-a1")
    for device, kind, mount in (
        ("/dev/loop0", "squashfs", "/snap/core/1"),
        ("/dev/sr0", "iso9660", "/media/cd"),
    ):
        file_system(world, exporter_of, device, kind, mount, size=4 * Gi, avail=0)
    # Rules that count them would fire.
    world.series = [
        one for one in world.series
        if one.name != "node_filesystem_free_bytes" or one.labels["fstype"] == "ext4"
    ]  # fmt: skip
    return world, {}


@recorded("a target was discovered a moment ago", group=GROUP, situation="ordinary")
def discovered(world: World) -> tuple[World, Changes]:
    pod = known_pods()["repo-scanner/repo-scanner"][0]
    return world.with_recording_gap(ago=math.inf, until=0, pod=pod), {}


@scenario(
    "Prometheus was restarted a moment ago",
    situation="ordinary",
    group=GROUP,
    proves=("monitoring/component-up", "database/connections", "capacity/pod-cpu", "capacity/pod-memory"),
)
def restarted_prometheus() -> Iterator[Changes]:
    prometheus.restart()
    yield {}


@scenario(
    "the database and the caches were restarted a moment ago",
    situation="ordinary",
    group=GROUP,
    proves=(
        "database/reachable",
        "cache/reachable",
        "cache/memory",
        "cache/persistence",
        "queue/workers-alive",
        "recovery/failover-ready",
    ),
)
def restarted_stores() -> Iterator[Changes]:
    with postgres_faults.stopped(), redis.stopped("redis"), redis.stopped("redis-broker"):
        pass
    redis_failover.rejoined()
    yield {}


@scenario(
    "jobs come and go, one is being done for a while, and a snapshot is being made",
    situation="ordinary",
    group=GROUP,
    proves=("queue/workers-alive", "queue/depth", "cache/persistence"),
)
def busy_queues() -> Iterator[Changes]:
    a_moment_ago = datetime.now(timezone.utc) - timedelta(minutes=10)
    with (
        redis.taken("redis-broker", a_moment_ago),
        redis.produced("redis-broker", "opsforge:jobs"),
        redis.produced("redis", "scanner:jobs"),
    ):
        redis.admin("redis").bgsave()
        yield {}


@scenario("two targets do not answer for a moment, one of them new", situation="ordinary", group=GROUP)
def restarting_targets() -> Iterator[Changes]:
    pods = known_pods()["repo-scanner/repo-scanner"][:2]
    world = World.read(exporter.world_file())
    for pod in pods:
        world = world.with_down(ago=world.now - time.time(), pod=pod)
    prometheus.show(world)
    await_that("they are down", lambda: all(_health(pod) == "down" for pod in pods))
    subjects = [f"target repo-scanner/repo-scanner/{pod}:8000" for pod in pods]
    yield {"RS-029": transition("high", *subjects, message="health is down *")}


def _health(pod: str) -> str:
    active = prometheus.api("targets", state="active")["activeTargets"]
    return next(str(one["health"]) for one in active if one["labels"].get("pod") == pod)


@scenario(
    "the database is vacuumed, dumped and indexed, and a table is new",
    situation="ordinary",
    group=GROUP,
    proves=(
        "database/long-queries",
        "database/maintenance-age",
        "database/index-health",
        "database/slow-queries",
        "database/table-sizes",
    ),
)
def maintained() -> Iterator[Changes]:
    """All of it has run for longer than a query may."""
    with (
        limited("enterprise-platform", "EP-093", query="2s"),
        limited("accelerapp", "AC-133", query="2s"),
        limited("enterprise-platform", "EP-071", age="1s"),
        # What is dead is counted a moment later, or not yet.
        limited("enterprise-platform", "EP-091", dead_from=10_000_000),
        postgres_faults.vacuuming("anomaly_detection"),
        postgres_faults.dumping("smartcloudops", older=3),
        postgres_faults.indexing("reposcanner", "scans", older=3),
        postgres_faults.new_table("smartcloudops"),
    ):
        yield {
            "EP-071": transition(
                "medium",
                "vacuum public/anomaly_detections",
                "analyze public/anomaly_detections",
                message="the last one was *",
            ),
            "RS-103": transition("low", "index public/scans_coming", message="on scans, not valid: *"),
        }
