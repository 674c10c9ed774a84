"""What depends on each system's Prometheus and Alertmanager, by hand: all of it, when these do not answer."""

from __future__ import annotations

from tests.faults.scenario import Changes, unknown

Dependents = dict[str, tuple[str, tuple[str, ...]]]
ERRORS, BUCKETS = ("signal error-rate",), ("signal latency-p95",)
USED, GROUPS = ("source used",), ("source groups",)
TARGETS, PEAK, READY = ("source targets",), ("source peak",), ("source ready",)
RESTARTS = ("metric container_restarts",)
JOBS = ("metric jobs_processed",)
CLIENTS = ("metric redis_connected_clients / redis_max_clients", "metric redis_rejected_connections")
LOOKUPS = ("metric redis_keyspace_hits / lookups",)
# Checks that ask Prometheus beside another source decide the rest.
DELIVERY = ("delivery active Alertmanagers", "delivery dropped notifications", "delivery notifications")
OVERNIGHT = ("alerts of the last 1d",)
# That nothing fires is good only where the loaded rules could give such an alert.
SIZES = ("source cpu",)
VOLUMES, DISKS = ("source volumes",), ("source file systems",)
WRITTEN, LINE, PROCESSES = ("source what pods write",), ("source free",), ("source targets",)
QUIET = ("alerts namespace=*",)

PROMETHEUS: dict[str, Dependents] = {
    "repo-scanner": {
        "RS-005": ("high", JOBS),
        "RS-011": ("high", (*READY, *GROUPS)),
        "RS-029": ("high", TARGETS),
        "RS-030": ("high", GROUPS),
        "RS-031": ("high", QUIET),
        "RS-035": ("high", GROUPS),
        "RS-036": ("critical", USED),
        "RS-039": ("critical", RESTARTS),
        "RS-042": ("critical", ERRORS),
        "RS-047": ("medium", GROUPS),
        "RS-048": ("medium", USED),
        "RS-080": ("medium", ("horizontalpodautoscaler repo-scanner/repo-scanner",)),
        "RS-107": ("low", LOOKUPS),
        "RS-051": ("medium", (*VOLUMES, *DISKS, *WRITTEN)),
        "RS-074": ("medium", SIZES),
        "RS-079": ("medium", LINE),
        "RS-083": ("high", QUIET),
        "RS-104": ("medium", PEAK),
        "RS-106": ("low", ("source memory",)),
        "RS-124": ("medium", LINE),
    },
    "opsforge": {
        "OF-004": ("high", READY),
        "OF-008": ("critical", JOBS),
        "OF-009": ("high", TARGETS),
        "OF-010": ("critical", DELIVERY),
        "OF-022": ("critical", QUIET),
        "OF-028": ("critical", RESTARTS),
        "OF-030": ("high", TARGETS),
        "OF-031": ("high", GROUPS),
        "OF-034": ("critical", ERRORS),
        "OF-037": ("critical", ("source up",)),
        "OF-038": ("critical", ERRORS),
        "OF-039": ("high", BUCKETS),
        "OF-040": ("medium", USED),
        "OF-041": ("high", USED),
        "OF-043": ("high", RESTARTS),
        "OF-045": ("high", GROUPS),
        "OF-070": ("medium", CLIENTS),
        "OF-063": ("medium", SIZES),
        "OF-078": ("low", SIZES),
        "OF-102": ("medium", GROUPS),
    },
    "enterprise-platform": {
        "EP-019": ("medium", USED),
        "EP-020": ("critical", USED),
        "EP-021": ("medium", USED),
        "EP-022": ("critical", USED),
        "EP-024": ("medium", ERRORS),
        "EP-025": ("critical", ERRORS),
        "EP-026": ("medium", BUCKETS),
        "EP-027": ("critical", BUCKETS),
        "EP-036": ("high", GROUPS),
    },
    "accelerapp": {
        "AC-004": ("high", (*OVERNIGHT, *QUIET)),
        "AC-009": ("medium", USED),
        "AC-010": ("high", USED),
        "AC-011": ("high", (*VOLUMES, *DISKS)),
        "AC-019": ("high", (*VOLUMES, *DISKS, *WRITTEN)),
        "AC-072": ("high", ERRORS),
        "AC-076": ("medium", BUCKETS),
        "AC-079": ("high", USED),
        "AC-081": ("high", GROUPS),
        "AC-100": ("high", QUIET),
        "AC-132": ("high", USED),
    },
    "smartcloudops": {
        "SC-010": ("high", BUCKETS),
        "SC-011": ("high", ERRORS),
        "SC-012": ("medium", USED),
        "SC-013": ("medium", USED),
        "SC-014": ("high", PEAK),
        "SC-015": ("critical", TARGETS),
        "SC-019": ("critical", ERRORS),
        "SC-025": ("critical", ("source exporter",)),
        "SC-026": ("critical", PEAK),
        "SC-031": ("critical", VOLUMES),
        "SC-032": ("medium", USED),
        "SC-035": ("low", PROCESSES),
        "SC-036": ("medium", BUCKETS),
        "SC-037": ("medium", USED),
        "SC-038": ("medium", DISKS),
        "SC-040": ("high", GROUPS),
        "SC-066": ("low", ("source growth",)),
        "SC-081": ("high", (*OVERNIGHT, *QUIET)),
        "SC-087": ("medium", ("horizontalpodautoscaler smartcloudops/backend",)),
        "SC-083": ("medium", LINE),
        "SC-109": ("low", PROCESSES),
    },
}
ALERTS, STATUS = ("source alerts",), ("source status",)
ALERTMANAGER: dict[str, Dependents] = {
    "repo-scanner": {
        "RS-014": ("high", (*READY, *STATUS)),
        "RS-031": ("high", ALERTS),
        "RS-057": ("medium", STATUS),
        "RS-083": ("high", ALERTS),
    },
    "opsforge": {
        "OF-006": ("high", READY),
        "OF-010": ("critical", STATUS),
        "OF-022": ("critical", ALERTS),
        "OF-046": ("medium", STATUS),
        "OF-047": ("high", STATUS),
    },
    "enterprise-platform": {"EP-042": ("high", STATUS)},
    "accelerapp": {
        "AC-004": ("high", ALERTS),
        "AC-028": ("high", STATUS),
        "AC-100": ("high", ALERTS),
        "AC-122": ("medium", STATUS),
    },
    "smartcloudops": {
        "SC-042": ("critical", STATUS),
        "SC-081": ("high", ALERTS),
        "SC-141": ("medium", STATUS),
    },
}


def without_prometheus(system: str, message: str = "*") -> Changes:
    return _unknown(PROMETHEUS[system], message)


def without_alertmanager(system: str, message: str = "*") -> Changes:
    return _unknown(ALERTMANAGER[system], message)


def without_monitoring(system: str, message: str = "*") -> Changes:
    """Neither of the two answers: what needs both names what it asks first."""
    return {**without_prometheus(system, message), **without_alertmanager(system, message)}


def _unknown(dependents: Dependents, message: str) -> Changes:
    return {
        name: unknown(level, *subjects, message=message) for name, (level, subjects) in dependents.items()
    }
