"""Clusters that cannot be asked, refuse, lie, or are not the one that the environment names: nothing is concluded."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml

from tests.faults.elsewhere import ROOT, edited, reached
from tests.faults.scenario import Changes, Expected, fail, scenario, unknown
from tests.faults.scenarios.kubernetes_empty import expected
from tests.testbed import kubernetes_age as age
from tests.testbed import kubernetes_new, place
from tests.testbed import kubernetes_pod_faults as pod_faults
from tests.testbed.services import faults, postgres, proxy

SILENT, LYING, PARTIAL = "clusters that do not answer", "clusters that answer wrongly", "clusters half seen"
ILL = "clusters that are new, ill or busy"
# Checks that ask Kubernetes always, and those that do so for some rows.
KUBERNETES = {
    *("health/cluster-reachable", "health/nodes-ready", "health/pods-ready", "health/workloads-available"),
    *("health/services-have-endpoints", "health/ingress-has-address", "health/pod-restarts"),
    *("health/volumes-bound", "health/probes-configured", "capacity/metrics-api-available"),
    *("capacity/node-usage", "capacity/requests-and-limits", "scaling/hpa-healthy", "scaling/pdb"),
    *("security/image-pinned", "security/network-policies"),
}
ROWS = {"RS-030", "OF-009", "OF-030", "SC-015"}
OF_THE_CLUSTER = {"health/cluster-reachable", "health/nodes-ready", "capacity/node-usage"}


@cache
def rows(system: str) -> dict[str, Any]:
    document = yaml.safe_load((ROOT / f"checks/systems/{system}/runbook.yaml").read_text())
    return {
        name: row for name, row in document["requirements"].items() if "checks" in row and "awaits" not in row
    }


def undecided(system: str, message: str, without: set[str] = frozenset()) -> dict[str, Expected]:  # type: ignore[assignment]
    """Every requirement that needs the cluster is UNKNOWN at its own level, for this reason."""
    return {
        name: unknown(row["level"], "*", message=message)
        for name, row in rows(system).items()
        if name in ROWS or set(row["checks"]) & (KUBERNETES - without)
    }


def credentials(user: str) -> str:
    return str(place.state() / "credentials" / f"{user}.kubeconfig")


@scenario("nothing listens where the API server was", situation="unreachable", group=SILENT)
def refused() -> Iterator[Changes]:
    with proxy.refusing() as nobody:
        server = {"server": f"https://{nobody}"}
        with reached("repo-scanner", "kubernetes", **server), reached("opsforge", "kubernetes", **server):
            said = "connection refused"
            yield {**undecided("repo-scanner", said), **undecided("opsforge", said)}


@scenario("the API server accepts connections and never answers", situation="slow", group=SILENT)
def hanging() -> Iterator[Changes]:
    with (
        proxy.before_kubernetes(faults.hang()) as (_, kubeconfig),
        reached("accelerapp", "kubernetes", kubeconfig=str(kubeconfig), budget={"deadline": "15s"}),
    ):
        yield undecided("accelerapp", "no *answer *")


@scenario("the API server resets its connections", situation="unreachable", group=SILENT)
def resetting() -> Iterator[Changes]:
    with (
        proxy.before_kubernetes(faults.reset()) as (_, kubeconfig),
        reached("enterprise-platform", "kubernetes", kubeconfig=str(kubeconfig)),
    ):
        yield undecided("enterprise-platform", "the connection was closed without a complete answer")


@scenario("a login page answers for the API server, with status 200", situation="garbage", group=SILENT)
def portal() -> Iterator[Changes]:
    with (
        proxy.before_kubernetes(faults.html()) as (_, kubeconfig),
        reached("smartcloudops", "kubernetes", kubeconfig=str(kubeconfig)),
    ):
        yield undecided("smartcloudops", "*found *")


@scenario("the API server's answers are cut off", situation="garbage", group=ILL)
def cut_off() -> Iterator[Changes]:
    with (
        proxy.before_kubernetes(faults.truncated(100)) as (_, kubeconfig),
        reached("smartcloudops", "kubernetes", kubeconfig=str(kubeconfig)),
    ):
        yield undecided("smartcloudops", "the answer is truncated or damaged")


@scenario("the cluster knows opsproof and allows it nothing", situation="forbidden", group=LYING)
def stranger() -> Iterator[Changes]:
    kubeconfig = {"kubeconfig": credentials("stranger")}
    with reached("repo-scanner", "kubernetes", **kubeconfig), reached("opsforge", "kubernetes", **kubeconfig):
        said = "the permission to * is missing"
        yield {**undecided("repo-scanner", said), **undecided("opsforge", said)}


@scenario("the API server answers JSON of another shape", situation="garbage", group=LYING)
def wrong_type() -> Iterator[Changes]:
    document = {"kind": "Status", "status": "Success", "items": []}
    with (
        proxy.before_kubernetes(faults.wrong_type(document=document)) as (_, kubeconfig),
        reached("accelerapp", "kubernetes", kubeconfig=str(kubeconfig)),
    ):
        yield undecided("accelerapp", "*expected *found *")


@scenario("the API server's answers are larger than its budget", situation="garbage", group=LYING)
def flooding() -> Iterator[Changes]:
    with proxy.before_kubernetes(faults.huge(3_000_000)) as (_, kubeconfig):
        budget = {"max_bytes": "2Mi"}
        with reached("enterprise-platform", "kubernetes", kubeconfig=str(kubeconfig), budget=budget):
            yield undecided("enterprise-platform", "more than 2097152 bytes")


@scenario("the texts that the API server tells are hostile", situation="ordinary", group=LYING)
def hostile() -> Iterator[Changes]:
    """Reasons, messages, annotations and labels that nobody asked for decide nothing."""
    with (
        proxy.before_kubernetes(faults.hostile("reason", "message", "description")) as (_, kubeconfig),
        reached("smartcloudops", "kubernetes", kubeconfig=str(kubeconfig)),
    ):
        yield {}


@scenario("the metrics of metrics.k8s.io are of last winter", situation="garbage", group="nodes")
def old_metrics() -> Iterator[Changes]:
    winter = faults.hostile("timestamp", path="/apis/metrics.k8s.io/", text="2026-01-21T03:00:00Z")
    with (
        proxy.before_kubernetes(winter) as (_, kubeconfig),
        reached("accelerapp", "kubernetes", kubeconfig=str(kubeconfig)),
    ):
        old = "*last measurement is *d* old; needed: at most 2m"
        nodes = (f"node node-{name}" for name in ("a1", "a2", "b1", "b2"))
        yield {
            "AC-015": unknown("medium", *nodes, message=old),
            "AC-016": fail("low", "pod accelerapp/*", message=old),
        }


@scenario("the API server is busy for a moment: 429 with Retry-After", situation="ordinary", group=ILL)
def busy() -> Iterator[Changes]:
    with (
        proxy.before_kubernetes(faults.too_many(4)) as (gate, kubeconfig),
        reached("accelerapp", "kubernetes", kubeconfig=str(kubeconfig)),
    ):
        yield {}
        assert sum(one["status"] == 429 for one in gate.passed()) == 4


@scenario("a part of the control plane is not ready", group=ILL)
def not_ready() -> Iterator[Changes]:
    body = "[+]ping ok\n[-]etcd failed: reason withheld\n[+]poststarthook/start-informers ok\nreadyz check failed\n"
    with (
        proxy.before_kubernetes(faults.status(500, "^/readyz", body=body)) as (_, kubeconfig),
        reached("repo-scanner", "kubernetes", kubeconfig=str(kubeconfig)),
    ):
        yield {
            "RS-017": fail(
                "critical",
                "cluster control plane",
                measured="HTTP 500, 1 of 3 parts failing",
                message="/readyz is not ok: etcd",
            )
        }


@scenario("the cluster is new: no node has joined, nothing is installed", situation="empty", group=ILL)
def new_cluster() -> Iterator[Changes]:
    with (
        kubernetes_new.new_cluster("opsforge") as server,
        reached("opsforge", "kubernetes", server=server),
    ):
        own = {name: one for name, one in expected().items() if name.startswith("OF-")}
        rules = ("OF-045", "OF-102")  # nothing there to compare with: no PrometheusRule is defined at all
        yield {
            **{name: one for name, one in own.items() if name not in rules},
            "OF-003": fail("critical", "apiservice v1beta1.metrics.k8s.io", "deployment kube-system/coredns"),
            "OF-022": unknown(
                "critical",
                "requirement OF-022",
                message="nothing found, and no control query proves that the source is alive",
            ),
            "OF-066": unknown("low", "requirement OF-066", message="nothing there to examine*"),
        }


@scenario("another cluster answers than the environment declares", situation="garbage", group=PARTIAL)
def another_cluster() -> Iterator[Changes]:
    """A server proves all that any environment declares of it: the others that share it are as undecided."""
    declared = {"kube-system-uid": "11111111-2222-3333-4444-555555555555"}
    said = "declared kube-system-uid '1111*', found '*': this is another server *"
    with reached("repo-scanner", "kubernetes", identity=declared):
        systems = ("repo-scanner", "enterprise-platform", "opsforge")
        yield {name: one for system in systems for name, one in undecided(system, said).items()}


@scenario("a whole namespace is forbidden", situation="forbidden", group=PARTIAL)
def namespace_forbidden() -> Iterator[Changes]:
    """What lies outside namespaces is still decided."""
    with reached("accelerapp", "kubernetes", kubeconfig=credentials("partial")):
        yield undecided("accelerapp", "the permission to * in * is missing", OF_THE_CLUSTER)


@scenario(
    "one of two namespaces is forbidden, and a pod of the other is unready",
    situation="partly forbidden",
    group=PARTIAL,
)
def one_of_two() -> Iterator[Changes]:
    """What is forbidden is UNKNOWN, and hides no failure elsewhere."""

    def both(document: Any) -> None:
        document["names"]["namespaces"] = ["smartcloudops", "accelerapp"]

    with (
        reached("smartcloudops", "kubernetes", kubeconfig=credentials("partial")),
        edited("systems/smartcloudops/environments/testbed.yaml", both),
        pod_faults.pods("smartcloudops", "backend", "not-ready", count=1) as (pod,),
    ):
        age.unavailable("smartcloudops", "backend", pod)
        unready = fail("critical", f"pod smartcloudops/{pod}", measured="0/1 containers ready")
        deployment, short = "deployment smartcloudops/backend", "2 of 3 pods are available"
        yield {
            **undecided(
                "smartcloudops", "the permission to * in namespace accelerapp is missing", OF_THE_CLUSTER
            ),
            **dict.fromkeys(("SC-018", "SC-060", "SC-100"), unready),
            "SC-004": fail("critical", deployment, measured="2", message=short),
            "SC-070": fail("medium", deployment, measured="2", message=short),
            "SC-098": fail("high", deployment, measured="0"),
            "SC-116": fail("medium", "service smartcloudops/backend", measured="2"),
        }


@scenario("the database is another cluster than the environment declares", situation="garbage", group=PARTIAL)
def another_database() -> Iterator[Changes]:
    identity = {"system-identifier": "7000000000000000001"}
    with reached("enterprise-platform", "postgres", identity=identity):
        said = f"declared system-identifier '7000000000000000001', found '{postgres.system_identifier()}': *"
        database = unknown("critical", "*", message=said)
        yield {"EP-055": database, "EP-065": database}


@scenario(
    "the web server shows another certificate than the environment declares",
    situation="garbage",
    group=PARTIAL,
)
def another_certificate() -> Iterator[Changes]:
    with reached("accelerapp", "http", identity={"certificate-sha256": "0" * 64}):
        said = "declared certificate-sha256 '0000*', found '*': this is another server *"
        yield {
            "AC-039": unknown("critical", "endpoint https://api.accelerapp.io/health", message=said),
            "AC-075": unknown("high", "endpoint https://api.accelerapp.io/health/detailed", message=said),
        }
