"""health/ingress-has-address on plain facts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.health.check_ingress_has_address import IngressLimits, check_ingress_addresses
from opsproof import Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.model.scope import in_namespace
from opsproof.sources.kubernetes.facts.cluster import NameAndAge
from opsproof.sources.kubernetes.facts.network import Ingress, IngressClass
from tests.checks.cluster import SHOP, examination, listing, meta, service

DEFAULT = {"ingressclass.kubernetes.io/is-default-class": "true"}


def ingress_class(name: str = "nginx", **annotations: str) -> IngressClass:
    return msgspec.convert({"metadata": {"name": name, "annotations": annotations}, "spec": {}}, IngressClass)


def ingress(*, age: float = 600, address: str = "192.0.2.7", backend: Any = None, **spec: Any) -> Ingress:
    path = {"path": "/", "backend": {"service": backend or {"name": "api", "port": {"number": 80}}}}
    given = {
        "ingressClassName": "nginx",
        "rules": [{"host": "shop.example.com", "http": {"paths": [path]}}],
        **spec,
    }
    status = {"loadBalancer": {"ingress": [{"ip": address}] if address else []}}
    return msgspec.convert({"metadata": meta("web", age=age), "spec": given, "status": status}, Ingress)


def examined(
    *ingresses: Ingress,
    classes: Any = None,
    secrets: Any = None,
    service_gaps: Any = (),
    class_gaps: Any = (),
    **limits: Any,
) -> Examination:
    examine = examination()
    known = [ingress_class()] if classes is None else classes
    check_ingress_addresses(
        listing(*ingresses),
        listing(*known, gaps=class_gaps),
        listing(service(), gaps=service_gaps),
        secrets,
        IngressLimits(**limits),
        examine,
    )
    return examine


def test_a_programmed_ingress_passes() -> None:
    assert examined(ingress()).passed == 1


def test_without_address_it_fails_after_the_grace() -> None:
    (finding,) = examined(ingress(address="")).findings
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "no address")
    assert finding.message == "its controller has given it no address"
    assert str(finding.subject) == "ingress shop/web"
    assert examined(ingress(address="", age=3)).findings[0].in_transition


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        ({"name": "gone", "port": {"number": 80}}, "its backend Service gone does not exist"),
        ({"name": "api", "port": {"number": 81}}, "its backend Service api has no port 81"),
        ({"name": "api", "port": {"name": "grpc"}}, "its backend Service api has no port grpc"),
    ],
)
def test_a_backend_must_exist_with_its_port(backend: Any, message: str) -> None:
    (finding,) = examined(ingress(backend=backend)).findings
    assert (finding.outcome, finding.message) == (Outcome.FAIL, message)


def test_a_named_port_is_found() -> None:
    assert examined(ingress(backend={"name": "api", "port": {"name": "http"}})).passed == 1


def test_its_class_must_exist() -> None:
    (finding,) = examined(ingress(ingressClassName="traefik")).findings
    assert finding.message == "there is no IngressClass traefik"


def test_without_class_there_must_be_a_default_or_somebody_who_takes_it() -> None:
    """Its address shows that a controller has programmed it; some clusters have no IngressClass at all."""
    (finding,) = examined(ingress(ingressClassName=None, address="")).findings
    assert finding.message == "it names no IngressClass, and none is the default"
    (finding,) = examined(
        ingress(ingressClassName=None, address=""), classes=[ingress_class(**DEFAULT)]
    ).findings
    assert finding.message == "its controller has given it no address"
    assert examined(ingress(ingressClassName=None), classes=()).passed == 1


def test_an_action_of_the_controller_is_no_service() -> None:
    redirect = {"name": "ssl-redirect", "port": {"name": "use-annotation"}}
    assert examined(ingress(backend=redirect)).passed == 1


def test_unknown_services_or_classes_decide_nothing() -> None:
    gap = Failure(
        "Forbidden", "list services in namespace shop is not allowed", "kubernetes:test", in_namespace(SHOP)
    )
    assert examined(ingress(), service_gaps=[gap]).findings[0].outcome is Outcome.UNKNOWN
    gap = Failure("Forbidden", "list ingressclasses is not allowed", "kubernetes:test")
    assert examined(ingress(), classes=[], class_gaps=[gap]).findings[0].outcome is Outcome.UNKNOWN


def test_a_named_ingress_must_exist() -> None:
    (finding,) = examined(ingress(), ingresses=("web", "admin")).findings
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "ingress admin")


def secret(name: str) -> NameAndAge:
    return msgspec.convert({"metadata": {"name": name, "namespace": SHOP}}, NameAndAge)


TLS = ingress(
    tls=[{"hosts": ["shop.example.com"], "secretName": "web-tls"}, {"hosts": ["other.example.com"]}]
)


def test_its_tls_secret_must_exist() -> None:
    examine = examined(TLS, secrets=listing(secret("other")))
    (finding,) = examine.findings
    assert (finding.outcome, finding.message) == (Outcome.FAIL, "its TLS Secret web-tls does not exist")
    assert (finding.subject.stable, finding.measured.text) == ("ingress/shop/web/tls", "web-tls")
    assert examine.passed == 1
    assert examined(TLS, secrets=listing(secret("web-tls"))).passed == 2


def test_secrets_are_looked_at_only_where_that_is_allowed() -> None:
    """A note says that they were not, unless the row demands them."""
    examine = examined(TLS)
    assert (examine.findings, examine.passed) == ([], 1)
    assert examine.notes == [
        "whether the TLS Secrets of Ingresses exist was not looked at: the target does not say allow: [secret-names]"
    ]
    assert examined(ingress()).notes == []
    (finding,) = examined(TLS, tls_secrets=True).findings
    assert finding.outcome is Outcome.UNKNOWN


def test_secrets_that_are_refused_leave_their_part_undecided() -> None:
    refused = Failure(
        "Forbidden", "the permission to list secrets in namespace shop is missing", "k", in_namespace(SHOP)
    )
    for secrets in (refused, listing(gaps=[refused])):
        examine = examined(TLS, secrets=secrets)
        assert [one.outcome for one in examine.findings] == [Outcome.UNKNOWN]
        assert examine.passed == 1
