"""Ingresses: programmed, and their backends exist."""

from __future__ import annotations

from opsproof import HIGH, Duration, Examination, Limits, Listing, Scoped, Subject, check
from opsproof.sources.kubernetes.asks import IngressClasses, Ingresses, Services
from opsproof.sources.kubernetes.facts.network import Ingress, IngressClass, Service, ServiceBackend
from opsproof.sources.kubernetes.reading.choice import absent, named

# A backend with this port is an action that annotations define, such as a redirect; there is no Service.
ACTION = "use-annotation"


class IngressLimits(Limits):
    """`ingresses`: names, each of which must exist; empty means all."""

    ingresses: Scoped[tuple[str, ...]] = ()
    grace: Duration = Duration.parse("10m")


@check(
    "health/ingress-has-address", title="Every Ingress has an address, a class and valid backends", level=HIGH
)
def check_ingress_addresses(
    ingresses: Ingresses,
    classes: IngressClasses,
    services: Services,
    limits: IngressLimits,
    examine: Examination,
) -> None:
    """Nobody outside the cluster reaches a system whose Ingress is not programmed."""
    chosen, missing = named(ingresses, limits.ingresses, by=lambda ingress: ingress.name)
    for ingress in chosen:
        with examine(
            ingress,
            measured=", ".join(ingress.addresses) or "no address",
            limit="an address",
            since=ingresses.moment(ingress.created, "its creation"),
            grace=limits.grace,
        ):
            _decide_class(ingress, classes)
            wrong = [text for backend in ingress.backends if (text := _wrong(backend, ingress, services))]
            assert not wrong, "; ".join(dict.fromkeys(wrong))
            assert ingress.spec.rules or ingress.spec.default_backend, "it has neither a rule nor a backend"
            assert ingress.addresses, "its controller has given it no address"
    for name in missing:
        with examine(Subject("ingress", name), measured="absent", limit="an address"):
            raise AssertionError(absent(ingresses, f"Ingress {name}"))


def _decide_class(ingress: Ingress, classes: Listing[IngressClass]) -> None:
    """The older annotation needs no IngressClass. `within` raises when the classes are not known.

    One that names none and has an address was programmed by a controller that takes such.
    """
    wanted = ingress.spec.ingress_class_name
    known = classes.within("")
    if wanted:
        assert any(one.name == wanted for one in known), f"there is no IngressClass {wanted}"
    elif not ingress.class_name and not ingress.addresses:
        assert any(one.is_default for one in known), "it names no IngressClass, and none is the default"


def _wrong(backend: ServiceBackend, ingress: Ingress, services: Listing[Service]) -> str:
    if backend.port.name == ACTION:
        return ""
    service = next((one for one in services.within(ingress.namespace) if one.name == backend.name), None)
    if service is None:
        return f"its backend Service {backend.name} does not exist"
    port = backend.port.name or backend.port.number
    return "" if service.has_port(port) else f"its backend Service {backend.name} has no port {port}"
