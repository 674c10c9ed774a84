"""The processes of the cluster and the flags they start with."""

from __future__ import annotations

import json
import os
import shutil
import sys
import zlib
from pathlib import Path

from tests.testbed import build, pki, place, process
from tests.testbed.pki import Authority, KeyPair

MANIFESTS = Path(__file__).parent / "manifests"
SERVERS = (
    "cert-manager",
    "stand-ins",
    "metrics-server",
    "kwok",
    "kube-scheduler",
    "kube-controller-manager",
    "kube-apiserver",
    "etcd",
)
SERVER = f"https://{place.HOST}:{place.PORTS['kubernetes']}"
_SERVICE_CIDR = "10.96.0.0/16"


def authority() -> Authority:
    return Authority.at(place.state() / "pki")


def audit_log() -> Path:
    """One JSON object a line: every request of a person, test or opsproof (not of the cluster itself)."""
    return place.state() / "log" / "audit.log"


def etcd_data() -> Path:
    """In memory where there is such a place: etcd waits for the disk at every write."""
    memory = Path("/dev/shm")
    fits = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 << 30
    marker = f"opsproof-testbed-{abs(hash_of(place.state()))}"
    return memory / marker if fits else place.state() / "etcd"


def hash_of(path: Path) -> int:
    """Stable between processes, unlike hash()."""
    return zlib.crc32(str(path.resolve()).encode())


def start_etcd() -> None:
    client = f"http://{place.HOST}:{place.PORTS['etcd']}"
    peer = f"http://{place.HOST}:{place.PORTS['etcd-peer']}"
    process.start(
        "etcd",
        [
            shutil.which("etcd") or "/usr/bin/etcd",
            "--name=testbed",
            f"--data-dir={etcd_data()}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=testbed={peer}",
            "--quota-backend-bytes=4294967296",
            "--log-level=error",
        ],
    )


def start_apiserver() -> None:
    apiserver("kube-apiserver", "kubernetes", audit_log())


def apiserver(name: str, port: str, log: Path, *more: str) -> None:
    """A kube-apiserver on the one etcd. `port` is a name in `place.PORTS`, `more` are further flags."""
    ca = authority()
    server = ca.server(
        "kube-apiserver", [place.HOST, "localhost", "kubernetes", "kubernetes.default", "10.96.0.1"]
    )
    aggregator = ca.client("front-proxy")
    tokens = pki.signing_key(ca.folder / "service-accounts.key")
    process.start(
        name,
        [
            build.programs() / "kube-apiserver",
            f"--etcd-servers=http://{place.HOST}:{place.PORTS['etcd']}",
            f"--bind-address={place.HOST}",
            f"--advertise-address={place.HOST}",
            "--endpoint-reconciler-type=none",
            f"--secure-port={place.PORTS[port]}",
            f"--tls-cert-file={server.cert}",
            f"--tls-private-key-file={server.key}",
            f"--client-ca-file={ca.cert}",
            "--authorization-mode=RBAC",
            "--anonymous-auth=true",
            f"--service-cluster-ip-range={_SERVICE_CIDR}",
            f"--service-account-key-file={tokens}",
            f"--service-account-signing-key-file={tokens}",
            f"--service-account-issuer={SERVER}",
            f"--requestheader-client-ca-file={ca.cert}",
            "--requestheader-allowed-names=front-proxy",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={aggregator.cert}",
            f"--proxy-client-key-file={aggregator.key}",
            f"--audit-policy-file={MANIFESTS / 'audit-policy.yaml'}",
            f"--audit-log-path={log}",
            "--audit-log-mode=blocking",
            # Debian's etcd is too old for lists that are streamed as watches.
            "--feature-gates=WatchList=false",
            "--max-requests-inflight=800",
            "--event-ttl=1h",
            "-v=1",
            *more,
        ],
    )


def start_controller_manager() -> None:
    ca = authority()
    serving = ca.server("controller-manager", [place.HOST])
    process.start(
        "kube-controller-manager",
        [
            build.programs() / "kube-controller-manager",
            f"--kubeconfig={server_kubeconfig('system:kube-controller-manager')}",
            f"--bind-address={place.HOST}",
            f"--secure-port={place.PORTS['controller-manager']}",
            f"--tls-cert-file={serving.cert}",
            f"--tls-private-key-file={serving.key}",
            f"--service-account-private-key-file={ca.folder / 'service-accounts.key'}",
            f"--root-ca-file={ca.cert}",
            "--leader-elect=false",
            "--controllers=*,-bootstrap-signer-controller,-token-cleaner-controller,-clusterrole-aggregation-controller",
            "--horizontal-pod-autoscaler-sync-period=2s",
            "--horizontal-pod-autoscaler-downscale-stabilization=1s",
            "--horizontal-pod-autoscaler-initial-readiness-delay=1s",
            "--horizontal-pod-autoscaler-cpu-initialization-period=5s",
            "--node-monitor-period=2s",
            "--node-monitor-grace-period=16s",
            "--node-startup-grace-period=20s",
            "--pvclaimbinder-sync-period=2s",
            "--terminated-pod-gc-threshold=200",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
        ],
    )


def start_scheduler() -> None:
    serving = authority().server("scheduler", [place.HOST])
    process.start(
        "kube-scheduler",
        [
            build.programs() / "kube-scheduler",
            f"--kubeconfig={server_kubeconfig('system:kube-scheduler')}",
            f"--bind-address={place.HOST}",
            f"--secure-port={place.PORTS['scheduler']}",
            f"--tls-cert-file={serving.cert}",
            f"--tls-private-key-file={serving.key}",
            "--leader-elect=false",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
        ],
    )


def start_kwok() -> None:
    serving = authority().server("kubelet", [place.HOST])
    port = place.PORTS["kwok"]
    process.start(
        "kwok",
        [
            build.programs() / "kwok",
            f"--kubeconfig={server_kubeconfig('testbed:kwok')}",
            f"--config={MANIFESTS / 'kwok-stages.yaml'}",
            "--manage-all-nodes=false",
            "--manage-nodes-with-label-selector=testbed.opsproof.dev/kubelet=runs",
            f"--node-ip={place.HOST}",
            f"--node-port={port}",
            f"--server-address={place.HOST}:{port}",
            f"--tls-cert-file={serving.cert}",
            f"--tls-private-key-file={serving.key}",
            "--node-lease-duration-seconds=20",
            "--cidr=10.10.0.0/16",
        ],
        env={"HOME": str(place.state())},
    )


def start_metrics_server(*, scrape_every: str = "2s") -> None:
    serving = authority().server(
        "metrics-server", [place.HOST, "localhost", "metrics-server.kube-system.svc"]
    )
    config = server_kubeconfig("testbed:metrics-server")
    process.start(
        "metrics-server",
        [
            build.programs() / "metrics-server",
            f"--kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            f"--bind-address={place.HOST}",
            f"--secure-port={place.PORTS['metrics-server']}",
            f"--tls-cert-file={serving.cert}",
            f"--tls-private-key-file={serving.key}",
            f"--kubelet-certificate-authority={authority().cert}",
            "--kubelet-preferred-address-types=InternalIP",
            "--kubelet-use-node-status-port",
            "--kubelet-request-timeout=5s",
            f"--scrape-every={scrape_every}",
        ],
    )


def start_stand_ins() -> None:
    """In place of an adapter of external metrics, and of the Cluster Autoscaler's report."""
    authority().server("external-metrics", [place.HOST, "localhost", "external-metrics.kube-system.svc"])
    process.start(
        "stand-ins",
        [sys.executable, "-m", "tests.testbed.kubernetes_stand_ins"],
        cwd=Path(__file__).parents[2],
    )


def server_kubeconfig(user: str) -> Path:
    """For a server of the cluster itself: may do everything, and is left out of the audit log."""
    pair = authority().client(user, ["system:masters", "testbed:servers"])
    return kubeconfig(place.state() / "pki" / f"{user.replace(':', '-')}.kubeconfig", user, pair)


def kubeconfig(path: Path, user: str, pair: KeyPair) -> Path:
    """Written with 0600; names its certificates by their files. JSON, which is YAML too."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "testbed", "cluster": {"server": SERVER, "certificate-authority": str(authority().cert)}}
        ],
        "users": [
            {"name": user, "user": {"client-certificate": str(pair.cert), "client-key": str(pair.key)}}
        ],
        "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": user}}],
        "current-context": "testbed",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(content, indent=1))
    return path


def stop_all() -> None:
    """In an order in which none waits for another; then forget etcd's data."""
    for name in SERVERS:
        process.stop(name, within=3)
    shutil.rmtree(etcd_data(), ignore_errors=True)
