"""Certificates that clients must accept, today and for long enough."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from opsproof import (
    HIGH,
    AtLeast,
    Clock,
    Duration,
    Examination,
    Limits,
    Listing,
    Percent,
    Scoped,
    Subject,
    check,
)
from opsproof.examine.beside import Beside
from opsproof.model.failure import Failure
from opsproof.sources.kubernetes.asks import Kubernetes
from opsproof.sources.kubernetes.facts.certmanager import IssuedCertificate
from opsproof.sources.kubernetes.facts.cluster import ApiService
from opsproof.sources.kubernetes.reading.issuance import not_served
from opsproof.sources.tls.facts import Certificate, Served, ServedCertificates, Unserved

ServicesBeside = Annotated[
    Listing[ApiService] | Failure | None, Beside(Kubernetes("apiservices"), when="issued")
]
IssuedBeside = Annotated[
    Listing[IssuedCertificate] | Failure | None, Beside(Kubernetes("certificates"), when="issued")
]


class ExpiryLimits(Limits):
    """`issued`: Certificates of cert-manager are looked at, too, where there is one.

    `share`: of its life that is left of one that lives shortly: not twice as long as `lowest` asks for.
    """

    hosts: Scoped[tuple[str, ...]]
    issued: Scoped[bool] = False
    lowest: AtLeast[Duration] = AtLeast.parse({"medium": "30d", "high": "14d"}, Duration)
    share: AtLeast[Percent] = AtLeast.parse("15%", Percent)


@check("certificates/expiry", title="Served certificates are accepted and valid for long enough", level=HIGH)
def check_expiry(
    servers: Annotated[tuple[Served | Unserved, ...], ServedCertificates()],
    services: ServicesBeside,
    issued: IssuedBeside,
    limits: ExpiryLimits,
    examine: Examination,
) -> None:
    """Every client refuses the server from the moment its certificate expires."""
    for server in servers:
        if isinstance(server, Served) and not (server.failure and server.failure.own):
            examine_server(server, limits, examine)
        elif server.failure is not None:
            examine.unknown(server.subject, server.failure)
    if not_served(services):
        examine.note("there is no cert-manager, so that only what is served was looked at")
    elif isinstance(issued, Failure):
        examine.unknown(Subject("source", "Certificates"), issued)
    elif issued is not None:
        examine_issued(issued, limits, examine)


def examine_issued(issued: Listing[IssuedCertificate], limits: ExpiryLimits, examine: Examination) -> None:
    """By what cert-manager says of them: those that no server of `hosts` shows count, too."""
    for one in issued:
        ends, lifetime = one.status.not_after, one.lifetime
        if ends is None or not lifetime:
            examine.exclude(one, "nothing is issued, which certificates/manager-ready decides")
            continue
        left = Duration((ends - issued.clock.latest).total_seconds())
        text = f"what it issued {'expired' if left <= 0 else 'expires'} {_day(ends)}"
        brief = 0 < left < lifetime < 2 * max(bound for _, bound, _ in limits.lowest.steps)
        with examine(one) as it:
            if brief:
                it.holds(limits.share, Percent(left / lifetime), f"{text}, of a life of {lifetime}")
            else:
                it.holds(limits.lowest, left, text)


def examine_server(server: Served, limits: ExpiryLimits, examine: Examination) -> None:
    """Dates of the whole chain, the name and the trust of one server."""
    first = min((server.leaf, *server.chain), key=_expiry) if server.leaf else None
    left = Duration((first.not_after - server.at).total_seconds()) if first else None
    expired = first.not_after if first and first.not_after <= server.at else None
    since = Clock(server.at).moment(expired, "certificate notAfter")
    with examine(server, measured=left, limit=limits.lowest, since=since) as it:
        problems = list(_problems(server, first, server.at))
        assert first is not None and left is not None and server.leaf is not None, "; ".join(problems)
        ends = f"{_which(first, server.leaf)} {'expired' if left <= 0 else 'expires'} {_day(first.not_after)}"
        it.holds(limits.lowest, left, ends, beside=problems)


def _expiry(certificate: Certificate | None) -> datetime:
    assert certificate is not None
    return certificate.not_after


def _problems(server: Served, first: Certificate | None, now: datetime) -> Iterator[str]:
    """What is wrong whatever the days left."""
    leaf = server.leaf
    if leaf is None or first is None:
        yield f"no handshake: {server.failure.message if server.failure else 'no certificate'}"
        return
    if not leaf.covers(server.host):
        yield f"valid for {_names(leaf)}, not for {server.host}"
    if not server.trusted:
        yield f"not trusted: {server.distrust}"
    for certificate in dict.fromkeys((leaf, *server.chain)):
        if certificate.not_before > now:
            yield f"{_which(certificate, leaf)} is not valid before {_day(certificate.not_before)}"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _which(certificate: Certificate, leaf: Certificate) -> str:
    return "it" if certificate == leaf else f"the chain's {certificate.subject!r}"


def _names(leaf: Certificate) -> str:
    shown = ", ".join(leaf.names[:3]) or "no name"
    return f"{shown} and {len(leaf.names) - 3} more" if len(leaf.names) > 3 else shown
