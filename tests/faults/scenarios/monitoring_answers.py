"""Prometheus and Alertmanager that do not answer, or not as themselves: a fault proxy before the real ones.

Each system's testbed environment is sent to a proxy of its own, so that one run meets five faults.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.elsewhere import reached
from tests.faults.monitoring import PROMETHEUS, without_monitoring, without_prometheus
from tests.faults.scenario import Changes, fail, scenario, unknown
from tests.testbed.services import faults, monitoring_faults, proxy
from tests.testbed.services.faults import Fault

SILENT, DAMAGED, ODD = "monitoring silent", "monitoring damaged", "monitoring odd"
SHORT = {"deadline": "3s"}
SMALL = {"max_bytes": "1Mi"}


@contextmanager
def both(system: str, *wanted: Fault, **settings: object) -> Iterator[None]:
    """The system reaches both servers through a proxy that does this."""
    with (
        proxy.before("prometheus", *wanted) as one,
        proxy.before("alertmanager", *wanted) as other,
        reached(system, "prometheus", url=f"http://{one.address}", **settings),
        reached(system, "alertmanager", url=f"http://{other.address}", **settings),
    ):
        yield


@scenario(
    "nothing listens where Prometheus and Alertmanager should be", group=SILENT, situation="unreachable"
)
def refused() -> Iterator[Changes]:
    with proxy.refusing() as address:
        url = {"url": f"http://{address}"}
        with reached("repo-scanner", "prometheus", **url), reached("repo-scanner", "alertmanager", **url):
            yield without_monitoring("repo-scanner", "connection refused")


@scenario("Prometheus and Alertmanager refuse our rights", group=SILENT, situation="forbidden")
def forbidden() -> Iterator[Changes]:
    with both("opsforge", faults.forbidden()):
        yield without_monitoring("opsforge", "HTTP 403 for /*: the permission is missing")


@scenario("Prometheus and Alertmanager do not accept our credentials", group=SILENT, situation="forbidden")
def unauthenticated() -> Iterator[Changes]:
    with both("enterprise-platform", faults.status(401)):
        yield without_monitoring("enterprise-platform", "HTTP 401 for /*: wrong credentials")


@scenario("Prometheus and Alertmanager accept a connection and never answer", group=SILENT, situation="slow")
def hanging() -> Iterator[Changes]:
    with both("accelerapp", faults.hang(), budget=SHORT):
        yield without_monitoring("accelerapp", "no *answer *")


@scenario("Prometheus and Alertmanager answer a few bytes a second", group=SILENT, situation="slow")
def dripping() -> Iterator[Changes]:
    with both("smartcloudops", faults.drip(10), budget=SHORT):
        yield without_monitoring("smartcloudops", "no *answer *")


@scenario("a sign-in page answers for Prometheus and Alertmanager", group=DAMAGED, situation="garbage")
def portal() -> Iterator[Changes]:
    with both("repo-scanner", faults.html()):
        yield without_monitoring("repo-scanner", "/*: *")


@scenario("answers of Prometheus and Alertmanager end early", group=DAMAGED, situation="garbage")
def truncated() -> Iterator[Changes]:
    with both("opsforge", faults.truncated(20)):
        # Alertmanager's whole "OK" comes through; what it says of its cluster does not.
        ready = unknown("high", "cluster alertmanager", message="*truncated or damaged")
        yield {**without_monitoring("opsforge", "*truncated or damaged"), "OF-006": ready}


@scenario("Prometheus and Alertmanager answer JSON of another shape", group=DAMAGED, situation="garbage")
def shapeless() -> Iterator[Changes]:
    with both("enterprise-platform", faults.wrong_type(document={"status": "success", "data": "none"})):
        yield without_monitoring("enterprise-platform", "/api/v*: unexpected answer (*)")


@scenario(
    "answers of Prometheus and Alertmanager are larger than the budget", group=DAMAGED, situation="garbage"
)
def oversized() -> Iterator[Changes]:
    with both("accelerapp", faults.huge(2_000_000), budget=SMALL):
        yield without_monitoring("accelerapp", "more than 1048576 bytes")


@scenario("answers of Prometheus and Alertmanager are no JSON", group=DAMAGED, situation="garbage")
def garbage() -> Iterator[Changes]:
    with both("smartcloudops", faults.garbage()):
        yield without_monitoring("smartcloudops", "/api/v*: *")


@scenario(
    "staging's Prometheus stands where production's should", group="monitoring of another cluster",
    situation="garbage",
)  # fmt: skip
def staging() -> Iterator[Changes]:
    with monitoring_faults.prometheus_of("staging"):
        mismatch = "declared label.cluster 'testbed', found 'staging': this is another server*"
        yield {
            name: change
            for system in PROMETHEUS
            for name, change in without_prometheus(system, mismatch).items()
        }


@scenario("Prometheus warns that its answers are incomplete", group=ODD, situation="garbage")
def warned() -> Iterator[Changes]:
    ranges, others = Fault("answer", r"/query\?.*%5D$", body=_warning("matrix")), _warning("vector")
    instants = Fault("answer", r"/query\?", body=others)
    with (
        proxy.before("prometheus", ranges, instants) as gate,
        reached("enterprise-platform", "prometheus", url=f"http://{gate.address}"),
    ):
        changes = without_prometheus("enterprise-platform", "Prometheus warns: remote storage: 1 of 2*")
        yield {name: change for name, change in changes.items() if name != "EP-036"}  # rules: no query


def _warning(kind: str) -> str:
    data = {"resultType": kind, "result": []}
    warnings = ["remote storage: 1 of 2 did not answer"]
    return json.dumps({"status": "success", "data": data, "warnings": warnings})


@scenario("the components run and are not ready, and no rule was evaluated for months", group=ODD)
def unready() -> Iterator[Changes]:
    starting = faults.status(503, "/-/ready", body="Service Unavailable")
    stale = faults.hostile("lastEvaluation", path="/api/v1/rules", text="2026-01-01T00:00:00Z")
    told = {"measured": "HTTP 503", "message": "/-/ready answers 503, 200 needed"}
    late = {"message": "*was evaluated *d* ago, at most 6s needed*"}
    critical = ("up", "http_requests_total", "http_request_duration_seconds_bucket",
                "container_cpu_usage_seconds_total", "container_memory_working_set_bytes",
                "job_queue_depth", "kube_pod_container_status_restarts_total")  # fmt: skip
    with both("opsforge", starting, stale):
        yield {
            "OF-004": fail("high", "component prometheus", **told),
            "OF-006": fail("high", "component alertmanager", **told),
            "OF-031": fail("high", "group opsforge.*", "group general.watchdog", message="*was evaluated *"),
            "OF-045": fail("high", *(f"rule {metric}" for metric in critical), **late),
        }


@scenario(
    "Prometheus holds no series, target or rule, and Alertmanager no alert", group=ODD, situation="empty"
)
def hollow() -> Iterator[Changes]:
    series = [
        _answer(r"/query\?.*%5D$", {"resultType": "matrix", "result": []}),
        _answer(r"/query\?", {"resultType": "vector", "result": []}),
    ]
    lists = [_answer("/rules", {"groups": []}), _answer("/targets", {"activeTargets": []})]
    alerts = faults.wrong_type("/alerts", document=[])
    long_ago = faults.hostile("uptime", path="/status", text="2026-01-01T00:00:00.000Z")
    with (
        proxy.before("prometheus", *series, *lists) as one,
        proxy.before("alertmanager", alerts, long_ago) as other,
        reached("repo-scanner", "prometheus", url=f"http://{one.address}"),
        reached("repo-scanner", "alertmanager", url=f"http://{other.address}"),
    ):
        yield {**_nothing_measured(), **_nothing_alarms()}


def _answer(path: str, data: object) -> Fault:
    return faults.wrong_type(path, document={"status": "success", "data": data})


def _nothing_measured() -> Changes:
    history = "metric pg_backends / pg_max_connections"
    return {
        "RS-029": fail("high", "requirement RS-029"),
        "RS-036": unknown("critical", "requirement RS-036", message="nothing there to examine*"),
        "RS-039": unknown("critical", "metric container_restarts", message="Prometheus has no series of *"),
        "RS-042": unknown("critical", "signal error-rate", message="0 requests in the window, 1 needed*"),
        "RS-048": unknown("medium", "requirement RS-048", message="nothing there to examine*"),
        "RS-104": unknown("medium", history, message="no data: *"),
    }


def _nothing_alarms() -> Changes:
    watchdog, loaded = "alert Watchdog", "no alert rule on * is loaded"
    return {
        "RS-011": unknown("high", "rules evaluation", "requirement RS-011"),
        "RS-014": fail("high", watchdog, measured="absent"),
        "RS-030": fail("high", "prometheusrule repo-scanner/repo-scanner", measured="0 groups loaded"),
        "RS-031": unknown("high", watchdog),
        "RS-035": fail(
            "high",
            "rule container_memory_working_set_bytes > 0.85 (critical)",
            "rule kube_pod_container_status_restarts_total > 0 (critical)",
            "rule http_requests_total > 0.05 (critical)",
            message=loaded,
        ),
        "RS-047": fail(
            "medium",
            "rule container_cpu_usage_seconds_total > 0.7 (warning)",
            "rule node_filesystem_avail_bytes > 0.8 (warning)",
            message=loaded,
        ),
        "RS-057": fail("medium", watchdog, measured="absent"),
        "RS-083": unknown("high", watchdog),
    }


@scenario(
    "nothing listens where the service's Prometheus should be", group="alerts firing", situation="unreachable"
)
def gone() -> Iterator[Changes]:
    with proxy.refusing() as address, reached("opsforge", "prometheus", url=f"http://{address}"):
        # Its alert fires in the same group: that fails with the rules and without them.
        changes = without_prometheus("opsforge", "connection refused")
        yield {name: change for name, change in changes.items() if name != "OF-022"}


@scenario(
    "Prometheus refuses our rights, Alertmanager does not", group="alert routing wrong", situation="forbidden"
)
def half_forbidden() -> Iterator[Changes]:
    with (
        proxy.before("prometheus", faults.forbidden()) as gate,
        reached("smartcloudops", "prometheus", url=f"http://{gate.address}"),
    ):
        yield without_prometheus("smartcloudops", "HTTP 403 for /*: the permission is missing")
