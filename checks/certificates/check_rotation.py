"""Whether servers show the certificate that was issued last, by what cert-manager says of it: no Secret is read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import field_validator

from opsproof import MEDIUM, Duration, Examination, Limits, Listing, Scoped, Undecided, check
from opsproof.examine.beside import Beside, known
from opsproof.model.failure import Failure
from opsproof.model.moment import Moment
from opsproof.sources.kubernetes.asks import Kubernetes
from opsproof.sources.kubernetes.facts.certmanager import CertificateRequest, IssuedCertificate
from opsproof.sources.kubernetes.reading.choice import absent, named, referred
from opsproof.sources.kubernetes.reading.issuance import issued, leaf_of
from opsproof.sources.tls.facts import Certificate, Served, ServedCertificates, Unserved

CertificatesBeside = Annotated[
    Listing[IssuedCertificate] | Failure | None, Beside(Kubernetes("certificates"))
]
RequestsBeside = Annotated[
    Listing[CertificateRequest] | Failure | None, Beside(Kubernetes("certificaterequests"))
]


class RotationLimits(Limits):
    """`hosts`: servers that show what `certificate` issues, a reference like `certificate/shop-tls`.

    `reload`: how long after an issuance they may still show the one before it.
    """

    hosts: Scoped[tuple[str, ...]]
    certificate: Scoped[str]
    reload: Duration = Duration.parse("1h")

    @field_validator("certificate")
    @classmethod
    def _is_a_reference(cls, given: str) -> str:
        if "${" not in given and not given.startswith("certificate/"):
            raise ValueError("write it like certificate/shop-tls")
        return given


@check("certificates/rotation", title="Servers show the certificate that was issued last", level=MEDIUM)
def check_rotation(
    servers: Annotated[tuple[Served | Unserved, ...], ServedCertificates()],
    certificates: CertificatesBeside,
    requests: RequestsBeside,
    limits: RotationLimits,
    examine: Examination,
) -> None:
    """A server that was never told of the renewal shows the old certificate until it expires."""
    if isinstance(certificates, Failure) or certificates is None:
        examine.unknown(referred(limits.certificate), certificates or Undecided("nothing was asked"))
        return
    chosen, missing = named(certificates, (limits.certificate,))
    for text in missing:
        with examine(referred(text), measured="absent", limit="present"):
            raise AssertionError(absent(certificates, text))
    if len(chosen) > 1:
        places = ", ".join(one.namespace for one in chosen)
        examine.unknown(referred(limits.certificate), Undecided(f"there are several, in {places}"))
        return
    for one in chosen:
        for server in servers:
            _examine(server, one, certificates, requests, limits, examine)


def _examine(
    server: Served | Unserved,
    one: IssuedCertificate,
    certificates: Listing[IssuedCertificate],
    requests: Listing[CertificateRequest] | Failure | None,
    limits: RotationLimits,
    examine: Examination,
) -> None:
    if isinstance(server, Unserved) or (server.failure is not None and server.failure.own):
        examine.unknown(server.subject, server.failure or Undecided("it was not asked"))
        return
    made = issued(one, requests) if isinstance(requests, Listing) else []
    with examine(
        server,
        measured=server.leaf.serial if server.leaf is not None else "no certificate",
        limit=f"what {one.name} issued last",
        since=_since(one, made, certificates) if _is_older(server.leaf, one) else None,
        grace=limits.reload,
    ):
        assert one.status.revision is not None, f"certificate {one.name} was never issued"
        ends = one.status.not_after
        assert ends is None or ends > certificates.clock.latest, f"what {one.name} issued last has expired"
        assert server.leaf is not None, (
            f"no handshake: {server.failure.message if server.failure is not None else 'no certificate'}"
        )
        known(requests).within(one.namespace)  # raises where they are not known
        if not _is_of(server.leaf, one, made):
            examine.note(f"{server.subject}: by its dates alone, as the request that made it is gone")


def _is_older(leaf: Certificate | None, one: IssuedCertificate) -> bool:
    """Whether it may be the one before: a stranger's that is newer is excused by no renewal."""
    begins = one.status.not_before
    return leaf is not None and begins is not None and leaf.not_before <= begins


def _is_of(leaf: Certificate, one: IssuedCertificate, made: Sequence[CertificateRequest]) -> bool:
    """Whether it is what a request got; False where no request is left, and its dates are those of the newest.

    Raises AssertionError for another one.
    """
    status, shown = one.status, f"it shows serial {leaf.serial}, valid from {_minute(leaf.not_before)}"
    leaves = [leaf_of(request) for request in made]
    if leaves:
        needed = f"{shown}; revision {status.revision} has {leaves[-1].serial}"
        assert leaf.sha256 in {each.sha256 for each in leaves}, needed
        return True
    dates = f"{shown}; revision {status.revision} begins {_minute(status.not_before)}"
    assert (leaf.not_before, leaf.not_after) == (status.not_before, status.not_after), dates
    return False


def _since(
    one: IssuedCertificate, made: Sequence[CertificateRequest], certificates: Listing[IssuedCertificate]
) -> Moment | None:
    """When the newest was issued, by the request that made it; a notBefore may be set back."""
    ready = [found.last_transition_time for each in made if (found := each.condition("Ready"))]
    newest = max((at for at in ready if at is not None), default=None)
    return certificates.moment(newest, f"the request of {one.name}")


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment is not None else "at no time that is told"
