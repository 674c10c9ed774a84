"""The certificate that a server shows, as an identity to declare."""

from __future__ import annotations

import hashlib
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import certifi

from opsproof.model.failure import BadAnswer
from opsproof.model.target import CERTIFICATE
from opsproof.transport.link import Link
from opsproof.transport.web_failure import translated


def declared(url: str, link: Link, *, ca: Path | None = None, server_name: str = "") -> dict[str, str]:
    """The identity by certificate of an https URL's server; nothing is asked where none is declared.

    Raises:
        CollectionError: see `shown_by`.
    """
    parts = urlsplit(url)
    if CERTIFICATE not in link.target.identity or parts.scheme != "https" or not parts.hostname:
        return {}
    context = ssl.create_default_context(cafile=str(ca or certifi.where()))
    return {CERTIFICATE: shown_by(parts.hostname, parts.port or 443, link, context, server_name=server_name)}


def shown_by(
    host: str,
    port: int,
    link: Link,
    context: ssl.SSLContext,
    *,
    server_name: str = "",
) -> str:
    """SHA-256 of the certificate that a server shows: 64 hex digits.

    Raises:
        CollectionError: no TLS connection that `context` accepts.
    """
    with link.request("TLS", f"{host}:{port}") as entry:
        try:
            with (
                socket.create_connection((host, port), timeout=min(5.0, link.remaining())) as connection,
                context.wrap_socket(connection, server_hostname=server_name or host) as secured,
            ):
                shown = secured.getpeercert(binary_form=True)
        except OSError as error:
            raise translated(error, link.target.id) from None
        entry.status = "ok"
    if shown is None:
        raise BadAnswer("the server shows no certificate", target=link.target.id)
    return hashlib.sha256(shown).hexdigest()
