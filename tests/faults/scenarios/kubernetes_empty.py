"""Namespaces with nothing in them: what each row says of emptiness, and never a silent pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from tests.faults.elsewhere import SYSTEMS, edited
from tests.faults.scenario import Changes, Expected, fail, not_applicable, scenario, unknown
from tests.testbed import kubernetes_access as access
from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_undo as undo
from tests.testbed import kubernetes_world as world

VOID = "void"
NOTHING = "nothing there to examine*"
FAILING = {
    "low": "RS-127",
    "critical": ("AC-031 AC-127 EP-015 EP-049 OF-029 RS-023 RS-039 SC-018 SC-029"),
    "high": "AC-130 EP-067 EP-097 OF-054 OF-062 OF-088 RS-009 RS-010 RS-022 SC-071 SC-095 SC-098 OF-074",
    "medium": "AC-065 EP-098 OF-065 OF-067 OF-068 RS-038 RS-108",
}
UNDECIDED = {"low": "AC-016", "medium": "RS-021", "high": "OF-043 OF-023"}
# What each environment declares that must exist.
EXPECTED = {
    "AC": ("deployment accelerapp", "statefulset postgresql"),
    "EP": (
        "deployment anomaly-detection-api",
        "deployment analytics-engine",
        "deployment auto-scaling-engine",
        "deployment predictive-maintenance",
    ),
    "OF": ("deployment api", "deployment worker", "statefulset redis"),
    "RS": ("deployment repo-scanner",),
    "SC": ("deployment frontend", "deployment backend", "statefulset postgresql", "statefulset redis"),
}
NAMED = {
    **{
        name: fail("critical", *EXPECTED[name[:2]], message="there is no *")
        for name in ["AC-014", "EP-048", "EP-063", "OF-027", "RS-018", "RS-019", "SC-060", "SC-100"]
    },
    "AC-129": fail("high", *EXPECTED["AC"], message="there is no *"),
    "OF-024": fail("high", *EXPECTED["OF"], message="there is no *"),
    "OF-028": fail("critical", "requirement OF-028", *EXPECTED["OF"]),
    "EP-014": fail("critical", "deployment anomaly-detection-api"),
    "EP-016": fail("critical", "deployment analytics-engine"),
    "EP-017": fail("critical", "deployment auto-scaling-engine"),
    "EP-018": fail("critical", "deployment predictive-maintenance"),
    "EP-085": fail("critical", "deployment anomaly-detection-api-green"),
    "EP-090": fail("high", "service anomaly-detection-api"),
    "EP-095": fail("medium", "deployment anomaly-detection-api"),
    "EP-096": fail("medium", "deployment anomaly-detection-api"),
    "AC-137": fail("medium", "service accelerapp"),
    "OF-004": fail("high", "service prometheus-service"),
    "OF-006": fail("high", "service alertmanager-service"),
    "OF-049": fail(
        "medium", *(f"service {name}-service" for name in ("grafana", "prometheus", "alertmanager"))
    ),
    "OF-064": fail("medium", "deployment api", "deployment worker"),
    "RS-004": fail("critical", "deployment repo-scanner"),
    "RS-005": fail("high", "deployment repo-scanner-worker"),
    "SC-003": fail("critical", "deployment frontend", "service frontend"),
    "SC-004": fail("critical", "deployment backend", "service backend"),
    "SC-005": fail("critical", "statefulset postgresql", "service postgresql"),
    "SC-006": fail("critical", "statefulset redis", "service redis"),
    "SC-008": fail("high", "deployment celery-worker"),
    "SC-070": fail("medium", "deployment frontend", "deployment backend"),
    "SC-073": fail("critical", "deployment backend"),
    "SC-112": fail("medium", "deployment backend"),
    "SC-113": fail("medium", "deployment backend"),
    "SC-116": fail("medium", "service backend"),
    # No pods to be scraped, and no rule speaks of this namespace.
    "OF-009": fail(
        "high", "workload deployment/api", "workload deployment/worker", "workload statefulset/redis"
    ),
    "OF-030": fail("high", "workload deployment/api", "workload deployment/worker"),
    "SC-015": fail("critical", "workload deployment/backend"),
    "SC-108": unknown("critical", "workload deployment/backend"),
    **{name: fail("high", "rule *") for name in ("AC-081", "EP-036", "OF-045", "RS-035", "SC-040")},
    "RS-047": fail("medium", "rule *"),
    "RS-030": fail("high", "requirement RS-030"),
    "OF-102": fail("medium", "requirement OF-102"),
    "RS-080": fail("medium", "deployment repo-scanner"),
    "RS-136": fail("high", "deployment repo-scanner"),
    "RS-145": fail("critical", "deployment repo-scanner"),
    "RS-146": fail("medium", "deployment repo-scanner"),
    "EP-052": fail("high", "deployment anomaly-detection-api"),
    "EP-060": fail("high", "cronjob security-scan"),
    "EP-109": fail("critical", "cronjob postgres-backup"),
    "AC-056": unknown("critical", "deployment accelerapp", message="there is no deployment/accelerapp: *"),
    "AC-098": fail("critical", "deployment accelerapp"),
    "AC-099": fail("medium", "deployment accelerapp"),
    "SC-074": fail("high", "deployment backend"),
    "SC-127": fail("critical", "deployment backend"),
    "SC-131": fail("critical", *EXPECTED["SC"]),
    "OF-015": not_applicable("high", "requirement OF-015"),
    "OF-072": unknown("high", "live objects *", message="nothing lives there that is older than *"),
    "OF-096": not_applicable("medium", "requirement OF-096"),
    "SC-102": fail("high", "certificate smartcloudops-tls", message="there is no *"),
    "SC-103": fail("medium", "certificate smartcloudops-tls", message="there is no *"),
    "SC-072": not_applicable("medium", "requirement SC-072"),
    "SC-087": not_applicable("medium", "requirement SC-087"),
    "RS-050": not_applicable("medium", "requirement RS-050"),
    "RS-109": not_applicable("medium", "requirement RS-109"),
}


@scenario("the namespaces of all systems are empty", situation="empty", group="empty namespaces")
def empty_namespaces() -> Iterator[Changes]:
    """A namespace with nothing in it but opsproof's rights to look."""
    with ExitStack() as stack:
        stack.enter_context(undo.added(make.thing("v1", "Namespace", VOID), *_rights()))
        stack.enter_context(undo.added(make.normal_event("kube-system", "coredns")))
        for system in SYSTEMS:
            file = f"systems/{system}/environments/testbed.yaml"
            stack.enter_context(edited(file, _into_void))
        yield expected()


def _into_void(document: Any) -> None:
    document["names"]["namespaces"] = [VOID]


def _rights() -> list[Any]:
    role = world.load(access.RBAC / "role.yaml")
    return [{**each, "metadata": {**each["metadata"], "namespace": VOID}} for each in role]


def expected() -> dict[str, Expected]:
    """What becomes of every row that looks into a namespace in which there is nothing."""
    return {**dict(_unnamed()), **NAMED}


def _unnamed() -> Iterator[tuple[str, Expected]]:
    for level, names in FAILING.items():
        for name in names.split():
            yield name, fail(level, f"requirement {name}", message=NOTHING)
    for level, names in UNDECIDED.items():
        for name in names.split():
            yield name, unknown(level, f"requirement {name}", message=NOTHING)
