"""The other objects: what the API leaves out or writes as null, and what follows from it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from opsproof.sources.kubernetes.facts.cluster import PrometheusRule
from opsproof.sources.kubernetes.facts.network import (
    EndpointSlice,
    Ingress,
    IngressClass,
    NetworkPolicy,
    Service,
)
from opsproof.sources.kubernetes.facts.nodes import Node
from opsproof.sources.kubernetes.facts.scaling import Autoscaler, DisruptionBudget
from opsproof.sources.kubernetes.facts.workloads import CronJob, DaemonSet, Deployment, StatefulSet


def read(kind: Any, **document: Any) -> Any:
    """As the API server would have written it, through JSON and back."""
    meta = {"name": "api", "namespace": "shop", "generation": 3, "creationTimestamp": "2026-11-21T09:00:00Z"}
    found = msgspec.json.decode(msgspec.json.encode({"metadata": meta} | document), type=kind)
    assert msgspec.json.decode(msgspec.json.encode(found), type=kind) == found
    return found


def test_nulls_of_the_api() -> None:
    assert read(EndpointSlice, endpoints=None, ports=None, addressType="IPv4").endpoints is None
    scale = {"scaleTargetRef": {"kind": "Deployment", "name": "api"}, "maxReplicas": 3}
    scaler = read(Autoscaler, spec=scale, status={"currentMetrics": None, "conditions": None})
    assert (scaler.target, scaler.unseen, scaler.condition("ScalingActive")) == (
        "deployment/api",
        (),
        None,
    )
    assert read(PrometheusRule, spec={"groups": None}).by_group == ()


def test_a_deployment_is_complete_only_when_the_controller_has_seen_it() -> None:
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "api"}}}
    whole = {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
    assert read(Deployment, spec=spec, status=whole).complete
    assert not read(Deployment, spec=spec, status=whole | {"observedGeneration": 2}).complete
    assert not read(Deployment, spec=spec, status=whole | {"updatedReplicas": 1}).complete
    assert not read(Deployment, spec=spec, status=whole | {"replicas": 3}).complete


def test_what_is_missing_is_zero_and_not_complete() -> None:
    assert not read(Deployment, spec={"replicas": 2}, status={"observedGeneration": 3}).complete
    assert not read(StatefulSet, spec={"replicas": 1}, status={"observedGeneration": 3}).complete
    assert read(DaemonSet, spec={}, status={"desiredNumberScheduled": 4}).replicas == 4


def test_only_the_revision_is_kept_of_the_annotations() -> None:
    notes = {"deployment.kubernetes.io/revision": "7", "note": "planted-secret"}
    found = read(Deployment, metadata={"name": "api", "annotations": notes})
    assert found.revision == "7"
    assert b"planted-secret" not in msgspec.json.encode(found)


def test_a_budget_with_expressions_covers_what_they_select_in_its_own_namespace() -> None:
    tiers = {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["web", "api"]}]}
    found = read(DisruptionBudget, spec={"selector": tiers, "maxUnavailable": "25%"})
    assert found.covers({"tier": "api"}, "shop")
    assert not found.covers({"tier": "db"}, "shop")
    assert not found.covers({"tier": "api"}, "other")
    assert not read(DisruptionBudget, spec={}).covers({}, "shop")
    assert read(DisruptionBudget, spec={"selector": {}}).covers({"any": "thing"}, "shop")


@pytest.mark.parametrize(
    ("conditions", "ready"),
    [({}, True), ({"ready": None}, True), ({"ready": True}, True), ({"ready": False}, False)],
)
def test_an_endpoint_that_says_nothing_is_ready(conditions: dict[str, Any], ready: bool) -> None:
    (endpoint,) = read(
        EndpointSlice, endpoints=[{"addresses": ["10.0.0.1"], "conditions": conditions}]
    ).endpoints
    assert endpoint.ready is ready


def test_ingress_classes_by_field_and_by_annotation() -> None:
    meta = {"name": "api", "annotations": {"kubernetes.io/ingress.class": "old", "x": "y"}}
    assert read(Ingress, metadata=meta, spec={}).class_name == "old"
    assert read(Ingress, metadata=meta, spec={"ingressClassName": "new"}).class_name == "new"
    default = {"name": "nginx", "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}}
    assert read(IngressClass, metadata=default).is_default


def test_backends_of_an_ingress_include_the_default_one() -> None:
    backend = {"service": {"name": "api", "port": {"number": 80}}}
    rules = [
        {"host": "a", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}},
        {"host": "b"},
    ]
    other = {"service": {"name": "errors", "port": {"name": "http"}}}
    found = read(Ingress, spec={"rules": rules, "defaultBackend": other})
    assert [one.name for one in found.backends] == ["api", "errors"]


@pytest.mark.parametrize(
    ("spec", "directions"),
    [
        ({}, {"Ingress"}),
        ({"ingress": []}, {"Ingress"}),
        ({"egress": [{}]}, {"Ingress", "Egress"}),
        ({"policyTypes": ["Egress"]}, {"Egress"}),
    ],
)
def test_directions_of_a_policy_have_defaults(spec: dict[str, Any], directions: set[str]) -> None:
    assert read(NetworkPolicy, spec={"podSelector": {}} | spec).directions == directions


def test_policies_isolate_by_selector_and_allow_by_rules() -> None:
    spec = {"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{"from": [{"podSelector": {}}]}, {}]}
    found = read(NetworkPolicy, spec=spec)
    assert found.applies({"app": "db"}, "shop")
    assert not found.applies({"app": "api"}, "shop")
    limited, everything = found.rules("Ingress")
    assert limited.peers
    assert not everything.peers
    assert found.rules("Egress") == ()


def test_services_know_their_ports_by_name_and_number() -> None:
    found = read(
        Service, spec={"ports": [{"name": "http", "port": 80, "targetPort": "web"}], "clusterIP": "None"}
    )
    assert found.has_port("http")
    assert found.has_port(80)
    assert not found.has_port(8080)
    assert found.spec.cluster_ip == "None"


def test_nodes_show_pressure_and_that_they_leave() -> None:
    conditions = [
        {"type": "Ready", "status": "Unknown"},
        {"type": "DiskPressure", "status": "True"},
        {"type": "MemoryPressure", "status": "False"},
        {"type": "KernelDeadlock", "status": "True"},
    ]
    taints = [{"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule", "value": "1"}]
    found = read(Node, spec={"taints": taints}, status={"conditions": conditions})
    assert not found.ready
    assert [one.type for one in found.pressures] == ["DiskPressure"]
    assert found.leaving is not None


def test_the_template_of_a_cron_job_is_two_levels_down() -> None:
    pod = {"containers": [{"name": "c", "image": "backup:1"}]}
    found = read(CronJob, spec={"schedule": "@daily", "jobTemplate": {"spec": {"template": {"spec": pod}}}})
    assert found.template.spec.containers[0].image == "backup:1"
