"""A small Kubernetes client of the testbed's own, so that opsproof's collector is not tested with itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import urllib3

from tests.testbed import place
from tests.testbed.pki import Authority, KeyPair

Object = dict[str, Any]

SERVER = f"https://{place.HOST}:{place.PORTS['kubernetes']}"
FIELD_MANAGER = "testbed"

# kind -> (API prefix, plural, namespaced)
KINDS: dict[str, tuple[str, str, bool]] = {
    "Namespace": ("/api/v1", "namespaces", False),
    "Node": ("/api/v1", "nodes", False),
    "PersistentVolume": ("/api/v1", "persistentvolumes", False),
    "Pod": ("/api/v1", "pods", True),
    "Service": ("/api/v1", "services", True),
    "ServiceAccount": ("/api/v1", "serviceaccounts", True),
    "ConfigMap": ("/api/v1", "configmaps", True),
    "Secret": ("/api/v1", "secrets", True),
    "PersistentVolumeClaim": ("/api/v1", "persistentvolumeclaims", True),
    "Deployment": ("/apis/apps/v1", "deployments", True),
    "StatefulSet": ("/apis/apps/v1", "statefulsets", True),
    "DaemonSet": ("/apis/apps/v1", "daemonsets", True),
    "ReplicaSet": ("/apis/apps/v1", "replicasets", True),
    "Job": ("/apis/batch/v1", "jobs", True),
    "CronJob": ("/apis/batch/v1", "cronjobs", True),
    "HorizontalPodAutoscaler": ("/apis/autoscaling/v2", "horizontalpodautoscalers", True),
    "PodDisruptionBudget": ("/apis/policy/v1", "poddisruptionbudgets", True),
    "Ingress": ("/apis/networking.k8s.io/v1", "ingresses", True),
    "IngressClass": ("/apis/networking.k8s.io/v1", "ingressclasses", False),
    "NetworkPolicy": ("/apis/networking.k8s.io/v1", "networkpolicies", True),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices", True),
    "StorageClass": ("/apis/storage.k8s.io/v1", "storageclasses", False),
    "Lease": ("/apis/coordination.k8s.io/v1", "leases", True),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles", True),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings", True),
    "ClusterRole": ("/apis/rbac.authorization.k8s.io/v1", "clusterroles", False),
    "ClusterRoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", False),
    "APIService": ("/apis/apiregistration.k8s.io/v1", "apiservices", False),
    "CustomResourceDefinition": ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions", False),
    "PrometheusRule": ("/apis/monitoring.coreos.com/v1", "prometheusrules", True),
    "ResourceQuota": ("/api/v1", "resourcequotas", True),
    "LimitRange": ("/api/v1", "limitranges", True),
    "Event": ("/api/v1", "events", True),
    "PriorityClass": ("/apis/scheduling.k8s.io/v1", "priorityclasses", False),
    "ScaledObject": ("/apis/keda.sh/v1alpha1", "scaledobjects", True),
    "NodePool": ("/apis/karpenter.sh/v1", "nodepools", False),
    "NodeClaim": ("/apis/karpenter.sh/v1", "nodeclaims", False),
    "Certificate": ("/apis/cert-manager.io/v1", "certificates", True),
    "CertificateRequest": ("/apis/cert-manager.io/v1", "certificaterequests", True),
    "ClusterIssuer": ("/apis/cert-manager.io/v1", "clusterissuers", False),
    "Order": ("/apis/acme.cert-manager.io/v1", "orders", True),
    "Challenge": ("/apis/acme.cert-manager.io/v1", "challenges", True),
    **{
        kind: ("/apis/velero.io/v1", f"{kind.lower()}s", True)
        for kind in ("Backup", "BackupStorageLocation", "PodVolumeBackup", "Restore", "Schedule")
    },
    "NodeMetrics": ("/apis/metrics.k8s.io/v1beta1", "nodes", False),
    "PodMetrics": ("/apis/metrics.k8s.io/v1beta1", "pods", True),
}


class ApiError(Exception):
    """The API server refused: `status` is the HTTP status."""

    def __init__(self, method: str, path: str, status: int, message: str) -> None:
        super().__init__(f"{method} {path}: {status} {message}")
        self.status = status


def path_of(kind: str, namespace: str | None = None, name: str | None = None) -> str:
    prefix, plural, namespaced = KINDS[kind]
    scope = f"/namespaces/{namespace}" if namespaced and namespace else ""
    return f"{prefix}{scope}/{plural}" + (f"/{name}" if name else "")


def path_to(thing: Object) -> str:
    """The address of an object that says its kind, namespace and name."""
    meta = thing["metadata"]
    return path_of(thing["kind"], meta.get("namespace"), meta["name"])


class Api:
    """Requests as one user, known by a client certificate."""

    def __init__(self, pair: KeyPair, authority: Path, server: str = SERVER) -> None:
        self._server = server
        self._pool = urllib3.PoolManager(
            maxsize=8,
            cert_file=str(pair.cert),
            key_file=str(pair.key),
            ca_certs=str(authority),
            retries=False,
            timeout=urllib3.Timeout(total=20),
        )

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Any:
        response = self._pool.request(
            method,
            self._server + path,
            fields=None if query is None or body is not None else dict(query),
            body=None if body is None else json.dumps(body),
            headers={"Content-Type": content_type, "Accept": "application/json"},
        )
        if response.status >= 400:
            raise ApiError(method, path, response.status, response.data[:500].decode(errors="replace"))
        kind = response.headers.get("Content-Type", "")
        return json.loads(response.data) if "json" in kind else response.data.decode()

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object:
        found: Object = self.send("GET", path_of(kind, namespace, name))
        return found

    def find(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """Like `get`, but None when there is no such object."""
        try:
            return self.get(kind, name, namespace)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(self, kind: str, namespace: str | None = None, **labels: str) -> list[Object]:
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        query = {"labelSelector": selector} if selector else None
        items: list[Object] = self.send("GET", path_of(kind, namespace), query=query)["items"]
        version = KINDS[kind][0].removeprefix("/apis/").removeprefix("/api/")
        return [{**item, "apiVersion": version, "kind": kind} for item in items]

    def apply(self, thing: Object) -> Object:
        """Server-side apply: create it, or make it what `thing` says."""
        path = f"{path_to(thing)}?fieldManager={FIELD_MANAGER}&force=true"
        applied: Object = self.send("PATCH", path, thing, content_type="application/apply-patch+yaml")
        return applied

    def replace(self, thing: Object) -> Object:
        replaced: Object = self.send("PUT", path_to(thing), thing)
        return replaced

    def patch(
        self, kind: str, name: str, change: object, namespace: str | None = None, *, part: str = ""
    ) -> Object:
        """JSON merge patch of the object or of its subresource `part` (a list is a JSON patch)."""
        form = "application/json-patch+json" if isinstance(change, list) else "application/merge-patch+json"
        path = path_of(kind, namespace, name) + (f"/{part}" if part else "")
        patched: Object = self.send("PATCH", path, change, content_type=form)
        return patched

    def delete(self, kind: str, name: str, namespace: str | None = None, *, grace: int | None = None) -> None:
        body: Object = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        if grace is not None:
            body["gracePeriodSeconds"] = grace
        try:
            self.send("DELETE", path_of(kind, namespace, name), body)
        except ApiError as error:
            if error.status != 404:
                raise


def admin(port: str = "kubernetes") -> Api:
    """A client that may do everything; the running testbed's."""
    authority = Authority.at(place.state() / "pki")
    server = f"https://{place.HOST}:{place.PORTS[port]}"
    return Api(authority.client("admin", ["system:masters"]), authority.cert, server)
