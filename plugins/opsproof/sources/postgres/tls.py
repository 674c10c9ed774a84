"""TLS below the relay, where a certificate is declared: libpq does not tell which one its connection was shown."""

from __future__ import annotations

import socket
import ssl
import struct
from typing import Any

import certifi

from opsproof.model.failure import CollectionError, TlsFailed
from opsproof.model.target import CERTIFICATE, Target
from opsproof.transport.link import Link
from opsproof.transport.pin import digest_of, pin_of, require
from opsproof.transport.secured import Secured

_REQUEST = struct.pack("!ii", 8, 80877103)
_AUTHENTICATION, _SASL = b"R", 10
_LONGEST = 64 * 1024  # bytes of a message before there is a session


def proven(server: socket.socket, host: str, target: Target, link: Link, proofs: dict[str, str]) -> Unbound:
    """A connection as strict as `sslmode`, with the declared certificate; `proofs` gets the one that it shows.

    Raises:
        OSError: no TLS that is accepted.
        TlsFailed: the server offers none.
        IdentityMismatch: another certificate; nothing was sent but the wish for TLS.
    """
    connection = None
    try:
        # Not a byte more is read: what follows in clear text is no TLS.
        server.sendall(_REQUEST)
        if server.recv(1) != b"S":
            raise TlsFailed("the server offers no TLS", target=target.id)
        connection = Unbound(server, _context(target.settings), host)
        proofs[CERTIFICATE] = digest_of(connection)
        if pin := pin_of(target):
            require(connection, pin)
            link.proven.add(CERTIFICATE)
    except (OSError, CollectionError):
        (connection or server).close()
        raise
    return connection


def _context(settings: Any) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(settings.ca or certifi.where()))
    context.check_hostname = settings.sslmode == "verify-full"
    if not settings.verified:
        context.verify_mode = ssl.CERT_NONE
    return context


class Unbound(Secured):
    """Offers no way to authenticate that is bound to TLS: libpq, which does not see ours, would take it for an attack.

    The declared certificate proves the same, and before it.
    """

    def __init__(self, connection: socket.socket, context: ssl.SSLContext, server_name: str) -> None:
        super().__init__(connection, context, server_name)
        self._beginning = Beginning()

    def recv(self, size: int) -> bytes | None:
        data = super().recv(size)
        return (self._beginning.passing(data) or None) if data else data


class Beginning:
    """A server's messages up to the one that says how to authenticate, each passed on when it is whole."""

    def __init__(self) -> None:
        self._waiting = b""
        self._over = False

    def passing(self, data: bytes) -> bytes:
        """What may be passed on now."""
        if self._over:
            return data
        self._waiting += data
        passed = b""
        while not self._over and len(self._waiting) >= 5:
            end = 1 + int(struct.unpack("!i", self._waiting[1:5])[0])
            if 5 <= end <= _LONGEST and len(self._waiting) < end:
                return passed
            self._over = self._waiting[:1] == _AUTHENTICATION or not 5 <= end <= _LONGEST
            end = end if 5 <= end <= _LONGEST else len(self._waiting)
            passed += without_binding(self._waiting[:end])
            self._waiting = self._waiting[end:]
        if self._over:
            passed, self._waiting = passed + self._waiting, b""
        return passed


def without_binding(message: bytes) -> bytes:
    """The message, with those ways to authenticate left out that end in -PLUS; the same where no others are offered."""
    if message[:1] != _AUTHENTICATION or message[5:9] != struct.pack("!i", _SASL):
        return message
    ways = [way for way in message[9:].split(b"\0") if way and not way.endswith(b"-PLUS")]
    if not ways:
        return message
    body = message[5:9] + b"".join(way + b"\0" for way in ways) + b"\0"
    return _AUTHENTICATION + struct.pack("!i", len(body) + 4) + body
