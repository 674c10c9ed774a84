"""What a TLS server serves: its certificate and chain, and whether a client would accept them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure, NotConfigured
from opsproof.model.hosts import address_of, ascii_host, with_port
from opsproof.model.subject import Subject


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What one certificate says. Names are DNS names and addresses of the subjectAltName."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    serial: str
    key: str
    sha256: str

    def covers(self, host: str) -> bool:
        """Whether a client that asked for `host` accepts this certificate's names (RFC 6125)."""
        address = address_of(host)
        if address is not None:
            return any(address_of(name) == address for name in self.names)
        wanted = ascii_host(host)
        return any(_matches(ascii_host(name), wanted) for name in self.names)


def _matches(pattern: str, host: str) -> bool:
    """A `*` stands for exactly one whole leftmost label, under a name of at least two labels."""
    if not pattern.startswith("*."):
        return pattern == host
    first, _, rest = host.partition(".")
    return bool(first) and "." in rest and rest == pattern[2:]


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """One server's certificates, the leaf first.

    `failure` is set when no handshake was possible; then there is no leaf. `trusted` says whether the
    chain leads to a trusted root, apart from dates and names; `verdict` is what an ordinary client
    says: empty when it accepts the chain. `chain` is the verified one where there is one (it is what
    clients use), else what the server sent. `wants_certificate`: it asks its clients for one of their own.
    """

    host: str
    port: int
    at: datetime
    failure: Failure | None = None
    protocol: str = ""
    leaf: Certificate | None = None
    chain: tuple[Certificate, ...] = ()
    sent: int = 0
    trusted: bool = False
    distrust: str = ""
    verdict: str = ""
    wants_certificate: bool = False

    @property
    def address(self) -> str:
        return with_port(self.host, self.port)

    @property
    def subject(self) -> Subject:
        return Subject("certificate", self.address)


class ServedOf(Ask, frozen=True, kw_only=True, tag="tls/served"):
    """Handshakes with `host:port`, the host as SNI."""

    host: str
    port: int = 443
    probing: ClassVar[bool] = True
    answer: ClassVar[Any] = Served


class Unserved(msgspec.Struct, frozen=True):
    """A server that could not be asked at all."""

    address: str
    failure: Failure

    @property
    def subject(self) -> Subject:
        return Subject("certificate", self.address)


class ServedCertificates(msgspec.Struct, frozen=True):
    """Source: a tuple of `Served | Unserved`, one per `host:port` of the limits' field `hosts`."""

    field: str = "hosts"

    def asks(self, context: Context) -> tuple[Ask, ...]:
        limits: Any = context.limits
        given = getattr(limits, self.field)
        target = context.target("http").id
        places = (_filled(text, context) for text in ([given] if isinstance(given, str) else given))
        return tuple(ServedOf(target=target, host=host, port=port) for host, port in dict.fromkeys(places))

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> tuple[Served | Unserved, ...]:
        return tuple(_served(answer) for answer in answers)


def _served(answer: Answer[Any]) -> Served | Unserved:
    if answer.failure is not None and isinstance(answer.ask, ServedOf):
        return Unserved(with_port(answer.ask.host, answer.ask.port), answer.failure)
    served: Served = answer.value()
    return served


def _filled(text: str, context: Context) -> tuple[str, int]:
    try:
        return host_and_port(context.fill(text))
    except ValueError as error:
        raise NotConfigured(str(error)) from None


def host_and_port(text: str) -> tuple[str, int]:
    """`example.org:8443`, `[::1]:8443`, `::1`; the port is 443 when none is given.

    Raises:
        ValueError: not of this form.
    """
    given = text.strip()
    host, colon, port = given.rpartition(":")
    if not colon or given.endswith("]") or address_of(given) is not None:
        host, port = given, "443"
    bare = host.strip("[]")
    fits = ":" not in bare or (address_of(bare) is not None and host == f"[{bare}]") or host == given
    if not bare or "/" in bare or not fits or not _is_port(port):
        raise ValueError(f"{text!r} is not a host and port; write it like example.org:443")
    return bare, int(port)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536
