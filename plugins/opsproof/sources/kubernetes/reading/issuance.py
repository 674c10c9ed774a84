"""What cert-manager says of a Certificate: what is wrong with it, since when, and what it issued last."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from opsproof.model.failure import Failure, Undecided
from opsproof.model.listing import Listing
from opsproof.model.moment import Moment
from opsproof.model.units import Duration, Percent
from opsproof.sources.kubernetes.facts.certmanager import API, CertificateRequest, IssuedCertificate
from opsproof.sources.kubernetes.facts.cluster import ApiService


def not_served(services: Listing[ApiService] | Failure | None) -> bool:
    """Whether the API server has said what it serves, and cert-manager is not in it.

    A namespace that does not exist answers as if nothing was served.
    """
    return isinstance(services, Listing) and bool(services) and all(one.name != API for one in services)


class Patience(NamedTuple):
    """How long what is ordinary may last; of a Certificate that lives shortly no longer than `share` of its life."""

    overdue: Duration
    issuing: Duration
    settling: Duration
    share: Percent

    def of(self, certificate: IssuedCertificate) -> Patience:
        lifetime = certificate.lifetime
        if lifetime is None:
            return self
        most = Duration(max(0.0, lifetime * self.share))
        return Patience(
            min(self.overdue, most), min(self.issuing, most), min(self.settling, most), self.share
        )


class Fault(NamedTuple):
    """What is wrong. With `since` it is ordinary while it is younger than `grace`."""

    message: str
    since: Moment | None = None
    grace: Duration | None = None


def faults(
    one: IssuedCertificate, known: Listing[IssuedCertificate], patience: Patience, failures: int
) -> Iterator[Fault]:
    """All that is wrong with a Certificate by its own status; `failures` are allowed since it was issued."""
    within = patience.of(one)
    yield from _validity(one, known, within)
    attempts = one.status.failed_issuance_attempts or 0
    if attempts > failures:
        failed = one.status.last_failure_time
        when = f", the newest at {_minute(failed)}" if failed is not None else ""
        yield Fault(
            f"its last {attempts} issuances failed{when}" if attempts > 1 else f"its issuance failed{when}"
        )
    yield from _conditions(one, known, within)
    yield from _renewal(one, known, within)


def _validity(one: IssuedCertificate, known: Listing[IssuedCertificate], within: Patience) -> Iterator[Fault]:
    """Whatever Ready says: it is reported to stay True beyond the end of a certificate."""
    begins, ends, clock = one.status.not_before, one.status.not_after, known.clock
    if ends is None:
        yield Fault(*_nothing(one, known), within.issuing)
    elif ends <= clock.latest:
        yield Fault(f"what was issued expired {_minute(ends)}")
    elif begins is not None and begins > clock.latest:
        yield Fault(f"what was issued is not valid before {_minute(begins)}")


def _nothing(one: IssuedCertificate, known: Listing[IssuedCertificate]) -> tuple[str, Moment | None]:
    """There is no certificate yet, or none any more: its Secret was taken away."""
    ready = one.condition("Ready")
    if one.status.revision is None or ready is None:
        return "it was never issued", known.moment(one.created, "its creation")
    return "what was issued is gone", known.moment(ready.last_transition_time, "condition Ready")


def _conditions(
    one: IssuedCertificate, known: Listing[IssuedCertificate], within: Patience
) -> Iterator[Fault]:
    ready, issuing = one.condition("Ready"), one.condition("Issuing")
    under_way = issuing is not None and issuing.is_true
    if ready is None:
        yield Fault(
            "cert-manager has not said whether it is Ready",
            known.moment(one.created, "its creation"),
            within.settling,
        )
    elif not ready.is_true:
        yield Fault(
            f"Ready is {ready.status} ({ready.reason})",
            known.moment(ready.last_transition_time, "condition Ready"),
            within.issuing if under_way else within.settling,
        )
    if issuing is not None and under_way:
        since = issuing.last_transition_time
        yield Fault(
            f"it is being issued for {known.age(since)}" if since is not None else "it is being issued",
            known.moment(since, "condition Issuing"),
            within.issuing,
        )


def _renewal(one: IssuedCertificate, known: Listing[IssuedCertificate], within: Patience) -> Iterator[Fault]:
    due = one.status.renewal_time
    if not one.renews_itself:
        yield Fault("its renewal is Disabled: nobody renews it but by hand")
    elif due is not None and due <= known.clock.latest:
        yield Fault(
            f"its renewal was due {known.age(due)} ago", known.moment(due, "renewalTime"), within.overdue
        )


def doubt(one: IssuedCertificate) -> str:
    """What its status leaves open where nothing is wrong by it; empty: nothing."""
    ready = one.condition("Ready")
    if ready is not None and 0 < ready.observed_generation < one.metadata.generation:
        return "cert-manager has not seen its newest change: the status tells about an older one"
    return "" if one.status.renewal_time is not None else "it does not tell when it will be renewed"


def worst(found: Iterable[Fault]) -> tuple[list[str], Fault | None]:
    """Those that nothing excuses, else those that a moment excuses; and the one that speaks for them."""
    ranked: dict[int, list[Fault]] = {}
    for fault in found:
        ranked.setdefault(_rank(fault), []).append(fault)
    if not ranked:
        return [], None
    chosen = ranked[min(ranked)]
    return [fault.message for fault in chosen], chosen[0]


def _rank(fault: Fault) -> int:
    if fault.since is None or fault.grace is None:
        return 0
    lasts = fault.since.lasts(timedelta(seconds=fault.grace))
    return {False: 1, None: 2, True: 3}[lasts]


class Leaf(NamedTuple):
    """What was issued: the number in hex, and the digest of the whole certificate, which no other one has."""

    serial: str
    sha256: str
    not_before: datetime
    not_after: datetime


def issued(one: IssuedCertificate, requests: Iterable[CertificateRequest]) -> list[CertificateRequest]:
    """The requests that made its revision of now, or later ones that its status does not tell yet; the newest last."""
    revision = one.status.revision
    found = [
        request
        for request in requests
        if request.namespace == one.namespace
        and request.of == one.name
        and revision is not None
        and (request.revision or 0) >= revision
        and request.status.certificate
    ]
    return sorted(found, key=lambda request: request.revision or 0)


def leaf_of(request: CertificateRequest) -> Leaf:
    """The certificate that a request got. Raises Undecided: it cannot be read."""
    try:
        pem = base64.b64decode(request.status.certificate or "", validate=True)
        leaf = x509.load_pem_x509_certificate(pem)
        return Leaf(
            f"{leaf.serial_number:x}",
            leaf.fingerprint(hashes.SHA256()).hex(),
            leaf.not_valid_before_utc,
            leaf.not_valid_after_utc,
        )
    except (ValueError, TypeError, x509.InvalidVersion):  # binascii.Error is a ValueError
        raise Undecided(f"the certificate in request {request.name} cannot be read") from None


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
