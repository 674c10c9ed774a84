"""Alert rules that are missing, say something else, carry another severity, or do not work."""

from __future__ import annotations

from tests.faults.scenario import Changes, fail
from tests.faults.worlds import recorded
from tests.testbed.services import rules
from tests.testbed.services.world import World

GROUP = "alert rules wrong"


def changed(world: World, group: str, alert: str, *, severity: str = "", **body: object) -> World:
    """The rule, with some keys of its body replaced."""
    known = next(one for one in rules.groups(world)[group] if one["alert"] == alert)
    labels = known["labels"]
    assert isinstance(labels, dict)
    if severity:
        body["labels"] = {**labels, "severity": severity}
    return world.with_rule(group, {**known, **body})


@recorded("rules compare with another number, wait longer, or are missing", group=GROUP)
def numbers(world: World) -> tuple[World, Changes]:
    served, failed = "{namespace='accelerapp'}", "{namespace='accelerapp',status=~'5..'}"
    ratio = " / ".join(f"sum(rate(http_requests_total{those}[5m]))" for those in (failed, served))
    world = changed(world, "accelerapp.critical", "AccelerappErrorRateHigh", expr=f"{ratio} > 0.1")
    world = changed(world, "accelerapp.warning", "AccelerappLatencyHigh", **{"for": "15m"})
    world = world.without_rule("AccelerappMemoryHigh")
    changes = {
        "AC-081": fail(
            "high",
            "rule http_requests_total > 0.05",
            "rule http_request_duration_seconds_bucket > 0.5",
            "rule container_memory_working_set_bytes > 0.9",
        )
    }
    return world, changes


@recorded("rules carry another severity or compare the other way", group=GROUP)
def severities(world: World) -> tuple[World, Changes]:
    critical, warning = "enterprise-platform.critical", "enterprise-platform.warning"
    quality = 'data_quality_score{namespace="production"} <= 0.9'
    world = changed(world, critical, "CpuUsageCritical", severity="warning")
    world = changed(world, warning, "DataQualityLow", expr=quality)
    world = world.without_rule("DataProcessingLate")
    changes = {
        "EP-036": fail(
            "high",
            "rule cpu_usage_percent > 90 (critical)",
            "rule data_quality_score < 0.9 (warning)",
            "rule data_processing_lag > 300 (warning)",
        )
    }
    return world, changes


@recorded("rules of the service have no class of incident, are missing, or fail when evaluated", group=GROUP)
def broken(world: World) -> tuple[World, Changes]:
    twice = 'up{namespace="opsforge"} * on() up{namespace="opsforge"} > 1'
    labels = {"severity": "critical", "system": "opsforge", "namespace": "opsforge"}
    world = changed(world, "opsforge.high", "OpsForgePodRestarts", severity="urgent")
    world = world.without_rule("OpsForgeQueueDeep")
    world = world.with_rule("opsforge.broken", {"alert": "Ambiguous", "expr": twice, "labels": labels})
    failed = {"measured": "[1-9]*", "message": "* rule evaluations failed in the last 15m, none allowed"}
    changes = {
        "OF-045": fail(
            "high", "rule job_queue_depth", measured="no rule", message="no alert rule on job_queue_depth*"
        ),
        "OF-102": fail(
            "medium", "rule opsforge.high/OpsForgePodRestarts", measured="urgent",
            message="severity urgent stands for no class of incident",
        ),
        "OF-031": fail(
            "high", "group opsforge.broken", measured="1 of 1 rules in trouble",
            message="rule Ambiguous has health err",
        ),
        # Prometheus counts failed evaluations for the whole server: its other users see that, too.
        "OF-004": fail("high", "rules evaluation", **failed),
        "RS-011": fail("high", "rules evaluation", **failed),
    }  # fmt: skip
    return world, changes


@recorded("Prometheus has not loaded a rule of the cluster's PrometheusRule object", group=GROUP)
def unloaded(world: World) -> tuple[World, Changes]:
    world = changed(world, "repo-scanner.critical", "RepoScannerErrorRateHigh", severity="page")
    world = world.without_rule("RepoScannerDiskHigh")
    changes = {
        "RS-030": fail(
            "high", "prometheusrule repo-scanner/repo-scanner", measured="2 groups loaded",
            message="Prometheus has not loaded its rules RepoScannerDiskHigh",
        ),
        "RS-035": fail(
            "high", "rule http_requests_total > 0.05 (critical)", measured="RepoScannerErrorRateHigh",
            message="the nearest rule, RepoScannerErrorRateHigh, has severity page, critical needed",
        ),
        "RS-047": fail(
            "medium", "rule node_filesystem_avail_bytes > 0.8 (warning)", measured="no rule",
            message="no alert rule on node_filesystem_avail_bytes is loaded",
        ),
    }  # fmt: skip
    return world, changes


@recorded("rules on the database and on disks are gone or milder", group=GROUP)
def database(world: World) -> tuple[World, Changes]:
    sessions = 'pg_stat_database_numbackends{namespace="smartcloudops"} > 95'
    world = changed(world, "smartcloudops.critical", "DatabaseConnectionsHigh", expr=sessions)
    world = changed(world, "smartcloudops.warning", "DiskHigh", severity="info")
    world = world.without_rule("DatabaseDown")
    changes = {
        "SC-040": fail(
            "high",
            "rule pg_stat_database_numbackends > 90 (critical)",
            "rule node_filesystem_size_bytes > 0.85 (warning)",
            "rule pg_up == 0 (critical)",
        )
    }
    return world, changes
