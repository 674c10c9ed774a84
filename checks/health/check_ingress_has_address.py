"""Ingresses: programmed, and their backends exist."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from opsproof import HIGH, Duration, Examination, Limits, Listing, Scoped, Subject, Undecided, check
from opsproof.examine.beside import Beside, known
from opsproof.model.failure import Failure
from opsproof.sources.kubernetes.asks import IngressClasses, Ingresses, SecretNames, Services
from opsproof.sources.kubernetes.facts.cluster import NameAndAge
from opsproof.sources.kubernetes.facts.network import Ingress, IngressClass, Service, ServiceBackend
from opsproof.sources.kubernetes.reading.choice import absent, named

# A backend with this port is an action that annotations define, such as a redirect; there is no Service.
ACTION = "use-annotation"


_NOT_ALLOWED = "the target does not say allow: [secret-names]"
SecretsBeside = Annotated[Listing[NameAndAge] | Failure | None, Beside(SecretNames())]


class IngressLimits(Limits):
    """`ingresses`: names, each of which must exist; empty means all.

    `tls_secrets`: the row demands that their TLS Secrets exist; else they are looked at where that is allowed.
    """

    ingresses: Scoped[tuple[str, ...]] = ()
    tls_secrets: Scoped[bool] = False
    grace: Duration = Duration.parse("10m")


@check(
    "health/ingress-has-address", title="Every Ingress has an address, a class and valid backends", level=HIGH
)
def check_ingress_addresses(
    ingresses: Ingresses,
    classes: IngressClasses,
    services: Services,
    secrets: SecretsBeside,
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
    _examine_secrets([one for one in chosen if one.tls_secrets], secrets, limits, examine)
    for name in missing:
        with examine(Subject("ingress", name), measured="absent", limit="an address"):
            raise AssertionError(absent(ingresses, f"Ingress {name}"))


def _examine_secrets(
    ingresses: Sequence[Ingress],
    secrets: Listing[NameAndAge] | Failure | None,
    limits: IngressLimits,
    examine: Examination,
) -> None:
    """Without its Secret a controller serves a certificate of its own, which nobody trusts."""
    if secrets is None and not limits.tls_secrets:
        if ingresses:
            examine.note(f"whether the TLS Secrets of Ingresses exist was not looked at: {_NOT_ALLOWED}")
        return
    for ingress in ingresses:
        subject = Subject("ingress", ingress.name, ingress.namespace, f"{ingress.name}/tls")
        with examine(subject, measured=", ".join(ingress.tls_secrets), limit="Secrets that exist"):
            if secrets is None:
                raise Undecided(f"the names of Secrets are not known: {_NOT_ALLOWED}")
            there = {one.name for one in known(secrets).within(ingress.namespace)}
            absent_ones = [name for name in ingress.tls_secrets if name not in there]
            assert not absent_ones, f"its TLS Secret {', '.join(absent_ones)} does not exist"


def _decide_class(ingress: Ingress, classes: Listing[IngressClass]) -> None:
    """The older annotation needs no IngressClass. `within` raises when the classes are not known.

    One that names none and has an address was programmed by a controller that takes such.
    """
    wanted = ingress.spec.ingress_class_name
    every = classes.within("")
    if wanted:
        assert any(one.name == wanted for one in every), f"there is no IngressClass {wanted}"
    elif not ingress.class_name and not ingress.addresses:
        assert any(one.is_default for one in every), "it names no IngressClass, and none is the default"


def _wrong(backend: ServiceBackend, ingress: Ingress, services: Listing[Service]) -> str:
    if backend.port.name == ACTION:
        return ""
    service = next((one for one in services.within(ingress.namespace) if one.name == backend.name), None)
    if service is None:
        return f"its backend Service {backend.name} does not exist"
    port = backend.port.name or backend.port.number
    return "" if service.has_port(port) else f"its backend Service {backend.name} has no port {port}"
