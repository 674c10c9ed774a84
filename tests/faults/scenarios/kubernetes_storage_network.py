"""Volumes without claims, claims without volumes, Ingresses nobody serves, pods that are not isolated."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.scenario import Changes, fail, scenario
from tests.testbed import kubernetes_age as age
from tests.testbed import kubernetes_object_faults as objects
from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_undo as undo
from tests.testbed.kubernetes_api import Object, admin


@scenario("claims are pending and lost, a volume failed", group="scaling, storage and network")
def volumes() -> Iterator[Changes]:
    space = "repo-scanner"
    with (
        objects.claim_pending(space, "pending-data"),
        objects.claim_lost(space, "lost-data"),
        objects.volume_failed(space, "failed-data") as failed,
    ):
        age.made_earlier("PersistentVolumeClaim", space, "pending-data")
        claim = f"persistentvolumeclaim {space}"
        yield {
            "RS-009": fail(
                "high", f"{claim}/pending-data", f"{claim}/lost-data", f"persistentvolume {failed}"
            )
        }


@scenario("an Ingress has no address, another leads nowhere", group="scaling, storage and network")
def ingresses() -> Iterator[Changes]:
    space = "repo-scanner"
    lost = make.ingress(space, "lost", {"lost.yourcompany.com": ("nowhere", 80)}, "repo-scanner-tls")
    with objects.ingress_without_address(space, "repo-scanner"), undo.added(lost):
        for name in ("repo-scanner", "lost"):
            age.made_earlier("Ingress", space, name)
        yield {
            "RS-022": fail(
                "high", f"ingress {space}/repo-scanner", f"ingress {space}/lost", measured="no address"
            )
        }


@scenario("no policy selects the pods of a workload", group="scaling, storage and network")
def uncovered_pods() -> Iterator[Changes]:
    api, of = admin(), undo.workload("repo-scanner", "repo-scanner-worker")
    pods = undo.names(undo.pods_of(api, of))
    with objects.uncovered(of.namespace, of.name):
        subjects = (*(f"pod {of.namespace}/{pod}" for pod in pods), f"namespace {of.namespace}")
        yield {"RS-010": fail("high", *subjects, message="no policy *")}


@scenario("policies block what is declared and allow what is not", group="scaling, storage and network")
def wrong_policies() -> Iterator[Changes]:
    queue = [{"from": [{"podSelector": {"matchLabels": {"app": "worker"}}}], "ports": [{"port": 6379}]}]
    grafana, prometheus = (_of(name) for name in ("grafana", "prometheus"))
    port = [{"port": 9090}]
    opened = (
        _policy("allow-grafana", grafana, "Egress", egress=[{"to": [prometheus], "ports": port}]),
        _policy("allow-queries", prometheus, "Ingress", ingress=[{"from": [grafana], "ports": port}]),
    )
    with (
        undo.changed("NetworkPolicy", "opsforge", "allow-queue", {"spec": {"ingress": queue}}),
        undo.added(*opened),
    ):
        yield {
            "OF-054": fail(
                "high",
                "relation api->redis:6379",
                "relations not declared",
                message="the policies *",
            )
        }


def _of(app: str) -> Object:
    return {"podSelector": {"matchLabels": {"app": app}}}


def _policy(name: str, pods: Object, way: str, **spec: object) -> Object:
    whole = {**pods, "policyTypes": [way], **spec}
    return make.thing("networking.k8s.io/v1", "NetworkPolicy", name, "opsforge", spec=whole)
