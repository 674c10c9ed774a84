"""The pinned certificate, checked on the very connection that carries a request, before anything is sent."""

from __future__ import annotations

import hashlib
import re
from typing import Protocol
from urllib.parse import urlsplit

from opsproof.model.failure import BadAnswer, IdentityMismatch
from opsproof.model.hosts import ascii_host
from opsproof.model.target import CERTIFICATE, Target

_DIGEST = re.compile(r"[0-9a-f]{64}")
_PORTS = {"https": 443, "http": 80}


class Secured(Protocol):
    """A connection after its handshake."""

    def getpeercert(self, binary_form: bool = False) -> object: ...


def digest_of(connection: Secured) -> str:
    """SHA-256 of the certificate that the other end shows: 64 hex digits. Raises BadAnswer: it shows none."""
    shown = connection.getpeercert(binary_form=True)
    if not isinstance(shown, bytes):
        raise BadAnswer("the server shows no certificate")
    return hashlib.sha256(shown).hexdigest()


def require(connection: Secured, pin: str) -> None:
    """Look at the certificate that the other end shows.

    Raises:
        IdentityMismatch: another than the declared one; says nothing about the declared server.
    """
    found = digest_of(connection)
    if found != pin:
        raise IdentityMismatch(
            f"declared {CERTIFICATE} {pin!r}, found {found!r} on the connection: "
            "this is another server than the environment names",
            own=True,
        )


def pin_of(target: Target) -> str:
    """The certificate that a target declares; empty where it declares none that could be one."""
    declared = target.identity.get(CERTIFICATE, "")
    return declared if _DIGEST.fullmatch(declared) else ""


def pins_of(target: Target, url: str) -> dict[str, str]:
    """The pin of a URL's server, by host:port, as `web.session` takes it."""
    pin, parts = pin_of(target), urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme, 0)
    return {f"{ascii_host(parts.hostname)}:{port}": pin} if pin and parts.hostname else {}
