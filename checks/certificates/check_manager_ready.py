"""cert-manager renews what it has issued, in time and by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from opsproof import (
    HIGH,
    Count,
    Duration,
    Examination,
    Limits,
    Listing,
    Percent,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside
from opsproof.model.failure import Failure
from opsproof.model.words import several
from opsproof.sources.kubernetes.asks import Kubernetes, Named
from opsproof.sources.kubernetes.facts.certmanager import API, Challenge, IssuedCertificate, Order
from opsproof.sources.kubernetes.facts.cluster import ApiService
from opsproof.sources.kubernetes.facts.workloads import Deployment
from opsproof.sources.kubernetes.reading.choice import absent, named, referred
from opsproof.sources.kubernetes.reading.issuance import Patience, doubt, faults, not_served, worst

_SERVED = Subject("API", API)
_FAILED = frozenset({"invalid", "errored", "expired"})

ServicesBeside = Annotated[Listing[ApiService] | Failure | None, Beside(Kubernetes("apiservices"))]
CertificatesBeside = Annotated[
    Listing[IssuedCertificate] | Failure | None, Beside(Kubernetes("certificates"))
]
ControllerBeside = Annotated[Listing[Deployment] | Failure | None, Beside(Named("deployments", "controller"))]
OrdersBeside = Annotated[Listing[Order] | Failure | None, Beside(Kubernetes("orders"))]
ChallengesBeside = Annotated[Listing[Challenge] | Failure | None, Beside(Kubernetes("challenges"))]


class ManagerLimits(Limits):
    """`certificates`: references like `certificate/shop-tls`, each of which must exist; empty means all.

    `controller`: the Deployment that renews them, as namespace/name. `overdue`: how late a renewal may begin;
    `issuing`: how long an issuance or a challenge may last; `settling`: how long a Certificate may not be Ready.
    `share`: of its life, for one that lives shortly: none of these is longer. `failures`: issuances that may have
    failed since the last that did not.
    """

    certificates: Scoped[tuple[str, ...]] = ()
    controller: Scoped[str] = "cert-manager/cert-manager"
    overdue: Duration = Duration.parse("1h")
    issuing: Duration = Duration.parse("1h")
    settling: Duration = Duration.parse("10m")
    share: Percent = Percent.parse("5%")
    failures: Count = Count(0)


@check("certificates/manager-ready", title="cert-manager renews every Certificate in time", level=HIGH)
def check_manager_ready(
    services: ServicesBeside,
    certificates: CertificatesBeside,
    controller: ControllerBeside,
    orders: OrdersBeside,
    challenges: ChallengesBeside,
    limits: ManagerLimits,
    examine: Examination,
) -> None:
    """A certificate that nobody renews is accepted until the day on which nothing is."""
    if not_served(services):
        _examine_none(limits, examine)
        return
    if isinstance(certificates, Failure) or certificates is None:
        examine.unknown(_SERVED, certificates or Undecided("nothing was asked"))
        return
    chosen, missing = named(certificates, limits.certificates)
    for one in chosen:
        _examine(one, certificates, limits, examine)
    for text in missing:
        with examine(referred(text), measured="absent", limit="present"):
            raise AssertionError(absent(certificates, text))
    if chosen or missing:
        _examine_controller(controller, limits, examine)
        _examine_orders(orders, chosen, examine)
        _examine_challenges(challenges, _own_orders(orders, chosen), limits, examine)


def _examine_none(limits: ManagerLimits, examine: Examination) -> None:
    """Without cert-manager: a row that names Certificates of it cannot be kept, any other is not about this cluster."""
    none = f"the API server does not serve {API}: there is no cert-manager"
    if not limits.certificates:
        examine.not_applicable(_SERVED, none)
    for text in limits.certificates:
        examine.unknown(referred(text), Undecided(none))


def _examine(
    one: IssuedCertificate,
    known: Listing[IssuedCertificate],
    limits: ManagerLimits,
    examine: Examination,
) -> None:
    patience = Patience(limits.overdue, limits.issuing, limits.settling, limits.share)
    messages, fault = worst(faults(one, known, patience, int(limits.failures)))
    ends = one.status.not_after
    with examine(
        one,
        measured=Duration((ends - known.clock.latest).total_seconds()) if ends is not None else "not issued",
        limit="Ready, and renewed in time",
        since=fault.since if fault is not None else None,
        grace=fault.grace if fault is not None else None,
    ):
        assert not messages, "; ".join(messages)
        if why := doubt(one):
            raise Undecided(why)


def _examine_controller(
    found: Listing[Deployment] | Failure | None, limits: ManagerLimits, examine: Examination
) -> None:
    """A status that nobody writes any more stays Ready for ever."""
    namespace, _, name = limits.controller.rpartition("/")
    who = Subject("deployment", name, namespace)
    if isinstance(found, Failure):
        examine.unknown(who, found)
    elif found is not None:
        one = next(iter(found), None)
        available = one.condition("Available") if one is not None else None
        fell = available.last_transition_time if available is not None and not available.is_true else None
        with examine(
            who,
            measured=Count(one.available if one is not None else 0),
            limit="at least 1 available",
            since=found.moment(fell, "condition Available"),
            grace=limits.settling,
        ):
            assert one is not None, f"there is no Deployment {limits.controller}: nothing renews certificates"
            if not one.observed:
                raise Undecided(
                    "its controller has not seen the newest change: the status tells about an older one"
                )
            assert one.replicas, "it is scaled to 0: nothing renews certificates"
            assert one.available, f"none of {several(one.replicas, 'pod')} is available"


def _examine_orders(
    found: Listing[Order] | Failure | None, chosen: Iterable[IssuedCertificate], examine: Examination
) -> None:
    """The newest of each Certificate, where it came after what was issued: older ones stay for a while."""
    if isinstance(found, Failure):
        if found.kind != "NotFound":
            examine.unknown(Subject("orders", "all"), found)
        return
    for one in chosen:
        own = [each for each in found or () if (each.namespace, each.of) == (one.namespace, one.name)]
        newest = max((each for each in own if each.created is not None), key=_created, default=None)
        begins = one.status.not_before
        if newest is None or (begins is not None and newest.created is not None and newest.created < begins):
            continue
        with examine(newest, measured=newest.status.state or "not begun", limit="not failed"):
            assert newest.status.state not in _FAILED, (
                f"the newest order of {one.name} is {newest.status.state}: nothing was issued by it"
            )


def _created(order: Order) -> float:
    return order.created.timestamp() if order.created is not None else 0.0


def _own_orders(
    found: Listing[Order] | Failure | None, chosen: Iterable[IssuedCertificate]
) -> frozenset[tuple[str, str]] | None:
    """Namespaces and names of the orders that the Certificates made; None where they are not known."""
    if not isinstance(found, Listing):
        return None
    wanted = {(one.namespace, one.name) for one in chosen}
    return frozenset((each.namespace, each.name) for each in found if (each.namespace, each.of) in wanted)


def _examine_challenges(
    found: Listing[Challenge] | Failure | None,
    orders: frozenset[tuple[str, str]] | None,
    limits: ManagerLimits,
    examine: Examination,
) -> None:
    """They go as soon as they are passed: one that stays is one that nobody can pass."""
    if isinstance(found, Failure):
        if found.kind != "NotFound":
            examine.unknown(Subject("challenges", "all"), found)
        return
    for one in found or ():
        owner = one.owner.name if one.owner is not None else ""
        foreign = orders is not None and (one.namespace, owner) not in orders
        if one.terminating or one.status.state == "valid" or foreign:
            continue
        with examine(
            one,
            measured=one.status.state or "not begun",
            limit=f"valid within {limits.issuing}",
            since=found.moment(one.created, "its creation") if found is not None else None,
            grace=limits.issuing,
        ):
            raise AssertionError(
                f"{one.spec.type or 'the'} challenge for {one.spec.dns_name} is {one.status.state or 'not begun'}"
            )
