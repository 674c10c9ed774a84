"""health/cluster-reachable on plain facts."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Literal

from checks.health.check_cluster_reachable import ClusterLimits, check_cluster
from opsproof import CRITICAL, Examination, Listing
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.cluster import (
    ApiService,
    ApiServiceStatus,
    ReadyPart,
    ServerReadiness,
    ServerVersion,
)
from opsproof.sources.kubernetes.facts.meta import Condition, Meta
from opsproof.sources.kubernetes.facts.workloads import Deployment, WorkloadMeta, WorkloadStatus

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)
METRICS = "v1beta1.metrics.k8s.io"
READY = ServerReadiness(True, 200, (ReadyPart("etcd", True),))
VERSION = ServerVersion(major="1", minor="36", git_version="v1.36.3")
REFUSED = Failure("Forbidden", "the permission to list apiservices is missing", "kubernetes:prod")


def available(status: Literal["True", "False"] = "True", reason: str = "Passed") -> Condition:
    return Condition(type="Available", status=status, reason=reason, last_transition_time=NOW)


def api(*conditions: Condition) -> ApiService:
    return ApiService(metadata=Meta(name=METRICS), status=ApiServiceStatus(conditions=conditions))


def coredns(pods: int = 2, *conditions: Condition) -> Deployment:
    return Deployment(
        metadata=WorkloadMeta(name="coredns", namespace="kube-system"),
        status=WorkloadStatus(available_replicas=pods, conditions=conditions or (available(),)),
    )


def listing(*things: Any) -> Listing[Any]:
    return Listing(things, as_of=NOW)


def examined(
    *,
    readiness: ServerReadiness = READY,
    apis: Any = None,
    dns: Any = None,
    **limits: Any,
) -> Examination:
    examine = Examination(level=CRITICAL)
    apis = listing(api(available())) if apis is None else apis
    dns = listing(coredns()) if dns is None else dns
    check_cluster(readiness, VERSION, apis, dns, ClusterLimits(**limits), examine)
    return examine


def test_a_cluster_that_answers_passes() -> None:
    examine = examined()
    assert (examine.findings, examine.passed) == ([], 4)


def test_a_part_of_the_control_plane_that_fails_is_named() -> None:
    parts = (ReadyPart("ping", True), ReadyPart("etcd", False))
    (finding,) = examined(readiness=ServerReadiness(False, 500, parts)).findings
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "cluster control plane")
    assert (finding.message, finding.measured.text) == (
        "/readyz is not ok: etcd",
        "HTTP 500, 1 of 2 parts failing",
    )


def test_an_aggregated_api_that_is_down_fails() -> None:
    (finding,) = examined(apis=listing(api(available("False", "MissingEndpoints")))).findings
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, f"apiservice {METRICS}")
    assert finding.message == "Available=False (MissingEndpoints); needed: True"
    assert (finding.since, finding.level) == (NOW, CRITICAL)


def test_an_aggregated_api_that_nobody_registered_fails() -> None:
    (finding,) = examined(apis=listing()).findings
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "not registered")


def test_a_condition_that_is_not_reported_fails() -> None:
    (finding,) = examined(apis=listing(api())).findings
    assert finding.outcome is Outcome.FAIL
    assert "not reported" in finding.message


def test_a_refused_list_leaves_only_its_own_part_undecided() -> None:
    examine = examined(apis=REFUSED)
    (finding,) = examine.findings
    assert (finding.outcome, finding.message) == (Outcome.UNKNOWN, REFUSED.message)
    assert examine.passed == 3


def test_dns_must_be_there_available_and_more_than_zero() -> None:
    for found, message in (
        (listing(), "does not exist"),
        (listing(coredns(1, available("False", "MinimumReplicasUnavailable"))), "Available=False"),
        (listing(coredns(0)), "no pod of the cluster DNS is available"),
    ):
        (finding,) = examined(dns=found).findings
        assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "deployment kube-system/coredns")
        assert message in finding.message


def test_what_is_not_named_is_not_looked_at() -> None:
    examine = Examination(level=CRITICAL)
    check_cluster(READY, VERSION, None, None, ClusterLimits(apiservices=(), dns=""), examine)
    assert (examine.findings, examine.passed) == ([], 2)
