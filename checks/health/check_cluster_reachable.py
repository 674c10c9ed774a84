"""Health of the control plane."""

from __future__ import annotations

from typing import Annotated

from opsproof import CRITICAL, Examination, Limits, Listing, Scoped, Subject, check
from opsproof.examine.beside import Beside
from opsproof.model.failure import Failure
from opsproof.sources.kubernetes.asks import Kubernetes, Named, Readiness, Version
from opsproof.sources.kubernetes.facts.cluster import ApiService
from opsproof.sources.kubernetes.facts.workloads import Deployment

Apis = Annotated[Listing[ApiService] | Failure | None, Beside(Kubernetes("apiservices"), when="apiservices")]
Dns = Annotated[Listing[Deployment] | Failure | None, Beside(Named("deployments", "dns"), when="dns")]


class ClusterLimits(Limits):
    """`apiservices` are aggregated APIs, `dns` a Deployment as namespace/name; empty: not looked at."""

    apiservices: Scoped[tuple[str, ...]] = ("v1beta1.metrics.k8s.io",)
    dns: Scoped[str] = "kube-system/coredns"


@check("health/cluster-reachable", title="The control plane and the cluster services respond", level=CRITICAL)
def check_cluster(
    readiness: Readiness,
    version: Version,
    apis: Apis,
    dns: Dns,
    limits: ClusterLimits,
    examine: Examination,
) -> None:
    """Without its control plane a cluster neither heals nor changes; without DNS its parts are lost."""
    failing = len(readiness.failing)
    measured = f"HTTP {readiness.status}, {failing} of {len(readiness.parts)} parts failing"
    with examine(Subject("cluster", "control plane"), measured=measured, limit="ready"):
        assert readiness.ok, (
            f"/readyz is not ok: {', '.join(readiness.failing) or f'HTTP {readiness.status}'}"
        )
    with examine(Subject("cluster", "version"), measured=version.git_version):
        assert version.git_version, "/version names no version"
    for name in limits.apiservices:
        _api(Subject("apiservice", name), apis, examine)
    if limits.dns:
        namespace, _, name = limits.dns.rpartition("/")
        _dns(Subject("deployment", name, namespace), dns, examine)


def _api(subject: Subject, apis: Listing[ApiService] | Failure | None, examine: Examination) -> None:
    if isinstance(apis, Failure):
        examine.unknown(subject, apis)
        return
    registered = next((api for api in apis or () if api.name == subject.name), None)
    available = registered.available if registered else None
    with examine(
        subject,
        measured=f"Available={available.status}" if available else "not registered",
        limit="Available=True",
        since=apis.moment(available.last_transition_time, "condition Available")
        if apis and available
        else None,
    ):
        assert registered is not None, "no such APIService is registered"
        assert available is not None, "its condition Available is not reported; needed: True"
        assert available.is_true, f"Available={available.status} ({available.reason}); needed: True"


def _dns(subject: Subject, found: Listing[Deployment] | Failure | None, examine: Examination) -> None:
    if isinstance(found, Failure):
        examine.unknown(subject, found)
        return
    deployment = next(iter(found or ()), None)
    available = deployment.condition("Available") if deployment else None
    with examine(
        subject,
        measured=f"{deployment.available} available" if deployment else "not there",
        limit="Available=True, at least 1 pod",
        since=found.moment(available.last_transition_time, "condition Available")
        if found and available
        else None,
    ):
        assert deployment is not None, "the cluster DNS does not exist under this name"
        assert available is not None, "its condition Available is not reported; needed: True"
        assert available.is_true, f"Available={available.status} ({available.reason}); needed: True"
        # Scaled to zero counts as Available.
        assert deployment.available, "no pod of the cluster DNS is available; needed: at least 1"
