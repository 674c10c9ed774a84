"""The certificate that a server shows, as an identity to declare."""

from __future__ import annotations

import hashlib
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from opsproof.collectors.link import Link
from opsproof.collectors.web_failure import translated
from opsproof.model.failure import BadAnswer

IDENTITY = "certificate-sha256"


def shown_by(url: str, link: Link, *, ca: Path | None = None, server_name: str = "") -> str:
    """SHA-256 of the certificate that the server of an https URL shows: 64 hex digits.

    Raises:
        CollectionError: no TLS connection that is verified against `ca`, else the system's authorities.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    with link.request("TLS", f"{host}:{port}") as entry:
        try:
            context = ssl.create_default_context(cafile=str(ca) if ca else None)
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
