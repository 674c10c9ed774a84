"""health/services-have-endpoints on plain facts."""

from __future__ import annotations

from typing import Any

from checks.health.check_services_have_endpoints import ServiceLimits, check_service_endpoints
from opsproof import CRITICAL, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.model.scope import in_namespace
from opsproof.sources.kubernetes.facts.network import EndpointSlice, Service
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.workloads import Deployment
from tests.checks.cluster import (
    REFUSED,
    SHOP,
    ago,
    condition,
    container,
    deployment,
    endpoint,
    endpoint_slice,
    examination,
    listing,
    pod,
    service,
)


def examined(
    *services: Service,
    slices: tuple[EndpointSlice, ...] = (),
    pods: tuple[Pod, ...] = (),
    deployments: tuple[Deployment, ...] = (),
    gaps: Any = (),
    **limits: Any,
) -> Examination:
    examine = examination(CRITICAL)
    check_service_endpoints(
        listing(*services),
        listing(*slices, gaps=gaps),
        listing(*pods),
        listing(*deployments),
        ServiceLimits(**limits),
        examine,
    )
    return examine


def test_ready_endpoints_pass() -> None:
    assert examined(service(), slices=(endpoint_slice(endpoint("api-1")),), pods=(pod("api-1"),)).passed == 1


def test_null_conditions_mean_ready() -> None:
    assert examined(
        service(), slices=(endpoint_slice(endpoint("api-1", ready=None)),), pods=(pod("api-1"),)
    ).passed


def test_a_service_all_of_whose_pods_are_unready_fails() -> None:
    unready = pod("api-1", ready=False, since=9), pod("api-2", ready=False, since=7)
    slices = (endpoint_slice(endpoint("api-1", ready=False), endpoint("api-2", ready=False)),)
    (finding,) = examined(service(), slices=slices, pods=unready).findings
    assert (finding.outcome, finding.level) == (Outcome.FAIL, CRITICAL)
    assert (finding.measured.text, finding.limit.text, str(finding.subject)) == (
        "0",
        "at least 1",
        "service shop/api",
    )
    assert finding.message == "0 ready endpoints, at least 1 needed; 0 of its 2 pods are ready"
    assert finding.since is not None
    assert finding.since.isoformat() == ago(7)  # the moment when the last one went


def test_losing_the_last_endpoint_just_now_is_in_transition() -> None:
    unready = pod("api-1", ready=False, since=900), pod("api-2", ready=False, since=2)
    slices = (endpoint_slice(endpoint("api-1", ready=False), endpoint("api-2", ready=False)),)
    assert examined(service(), slices=slices, pods=unready).findings[0].in_transition


def test_young_pods_do_not_hide_the_workloads_outage() -> None:
    down = deployment(conditions=[condition("Available", False, age=30)])
    unready = (pod("api-1", ready=False, since=2),)
    slices = (endpoint_slice(endpoint("api-1", ready=False)),)
    (finding,) = examined(service(), slices=slices, pods=unready, deployments=(down,)).findings
    assert finding.outcome is Outcome.FAIL


def test_a_terminating_endpoint_does_not_count() -> None:
    going = pod("api-1", metadata={"deletionTimestamp": ago(20)})
    slices = (endpoint_slice(endpoint("api-1", ready=True, terminating=True)),)
    assert examined(service(), slices=slices, pods=(going,)).findings[0].measured.text == "0"


def test_a_pod_in_two_address_families_is_one_endpoint() -> None:
    both = endpoint_slice(endpoint("api-1")), endpoint_slice(endpoint("api-1"), addressType="IPv6")
    (finding,) = examined(service(), slices=both, pods=(pod("api-1"),), endpoints=2).findings
    assert finding.measured.text == "1"


def test_a_service_that_selects_nothing_fails() -> None:
    (finding,) = examined(service()).findings
    assert (finding.outcome, finding.message) == (Outcome.FAIL, "its selector selects no pod")
    assert examined(service(age=1)).findings[0].in_transition


def test_published_unready_addresses_are_not_ready() -> None:
    """The slice calls every address ready; the pods know better."""
    slices = (endpoint_slice(endpoint("api-1"), endpoint("api-2")),)
    pods = pod("api-1", ready=False, since=60), pod("api-2", ready=False, since=60)
    (finding,) = examined(service(publishNotReadyAddresses=True), slices=slices, pods=pods).findings
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "0")


def declaring(*ports: dict[str, Any]) -> Pod:
    return pod("api-1", spec={"containers": [container(ports=list(ports))]})


def test_a_named_target_port_that_no_pod_declares_fails() -> None:
    slices = (endpoint_slice(endpoint("api-1")),)
    named = service(ports=[{"name": "http", "port": 80, "targetPort": "web"}])
    for one in (declaring({"containerPort": 9000, "name": "main"}), declaring()):
        (finding,) = examined(named, slices=slices, pods=(one,)).findings
        assert (finding.outcome, finding.message) == (
            Outcome.FAIL,
            "port 80: no pod declares its targetPort web",
        )
    there = declaring({"containerPort": 9000, "name": "web"})
    assert examined(named, slices=slices, pods=(there,)).passed == 1


def test_a_number_needs_no_declaration() -> None:
    """`containerPort` is informational: what listens is reached all the same."""
    slices = (endpoint_slice(endpoint("api-1")),)
    other = declaring({"containerPort": 9000, "name": "main"})
    assert examined(service(), slices=slices, pods=(other,)).passed == 1


def test_each_port_needs_endpoints() -> None:
    """A port whose named targetPort is nowhere is missing from the slices."""
    two = service(ports=[{"name": "http", "port": 80}, {"name": "metrics", "port": 9100}])
    (finding,) = examined(two, slices=(endpoint_slice(endpoint("api-1")),), pods=(pod("api-1"),)).findings
    assert finding.measured.text == "0"


def test_services_without_endpoints_of_their_own_are_set_aside() -> None:
    external = service("mail", type="ExternalName", externalName="mail.example.com")
    by_hand = service("legacy", selector={})
    examine = examined(external, by_hand)
    assert [one.why for one in examine.excluded] == [
        "an ExternalName Service, which has no endpoints",
        "a Service without selector: its endpoints are written by others",
    ]


def test_named_services_and_ports_must_exist() -> None:
    slices = (endpoint_slice(endpoint("api-1")),)
    examine = examined(service(), slices=slices, pods=(pod("api-1"),), services=("api:8443", "grafana:3000"))
    wrong_port, missing = examine.findings
    assert (wrong_port.outcome, wrong_port.message) == (Outcome.FAIL, "it does not offer port 8443")
    assert (str(missing.subject), missing.message) == ("service grafana", "there is no Service grafana")
    assert examined(service(), slices=slices, pods=(pod("api-1"),), ports=(80,)).passed == 1
    assert examined(service(), slices=slices, pods=(pod("api-1"),), ports=("http", 81)).findings


def test_a_wrong_port_is_no_change_under_way() -> None:
    """Not even while the pods behind it have just started."""
    starting = (pod("api-1", ready=False, since=1),)
    slices = (endpoint_slice(endpoint("api-1", ready=False)),)
    (finding,) = examined(service(), slices=slices, pods=starting, ports=(8443,)).findings
    assert finding.outcome is Outcome.FAIL


def test_a_namespace_whose_slices_are_silent_is_undecided() -> None:
    gap = Failure("Forbidden", REFUSED.message, REFUSED.target, in_namespace(SHOP))
    (finding,) = examined(service(), pods=(pod("api-1"),), gaps=[gap]).findings
    assert finding.outcome is Outcome.UNKNOWN
