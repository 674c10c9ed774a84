"""The first bytes of TLS: a handshake with a certificate of our own making, and what is none."""

from __future__ import annotations

import itertools
import socket
import ssl
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from opsproof.testing.bytewise import others
from opsproof.testing.faulty import Behaviour
from opsproof.testing.spoken import Fault, Said, right

HOST = "shown.example.org"


class Tls:
    """A server that shakes hands and says nothing more; a text is in its certificate's names."""

    def good(self, said: Said) -> Behaviour:
        context = _context(said.text)

        def behave(connection: socket.socket) -> None:
            _shaken(connection, context)

        return behave

    def faults(self) -> Mapping[str, Fault]:
        refusals = {
            "handshake failure": b"\x15\x03\x03\x00\x02\x02\x28",
            "a server hello that is none": b"\x16\x03\x03\x00\x04\x02\x00\x00\x00",
            "a record of garbage": b"\x16\x03\x03\x40\x00" + b"\xff" * 0x4000,
        }
        found = {
            name: Fault(_first(data), right("TlsFailed", "Unreachable", "BadAnswer"))
            for name, data in refusals.items()
        }
        return {**found, **others()}

    def oversized(self) -> Mapping[str, Behaviour]:
        return {"handshake records without end": _endless}


def _first(data: bytes) -> Behaviour:
    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(data)

    return behave


def _endless(connection: socket.socket) -> None:
    connection.recv(65536)
    for _ in itertools.repeat(None):
        connection.sendall(b"\x16\x03\x03\x40\x00" + b"\x0b\xff\xff\xff" + b"\x00" * 0x3FFC)


def _shaken(connection: socket.socket, context: ssl.SSLContext) -> None:
    """Through memory, so that the conversation's bytes can be spoilt on their way."""
    heard, told = ssl.MemoryBIO(), ssl.MemoryBIO()
    secure = context.wrap_bio(heard, told, server_side=True)
    done = False
    while not done:
        try:
            secure.do_handshake()
            done = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            return
        if told.pending:
            connection.sendall(told.read())
        if not done:
            more = connection.recv(65536)
            if not more:
                return
            heard.write(more)
    while connection.recv(65536):
        pass


@cache
def _context(text: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0  # they come after the client has seen all
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        Path(file.name).write_bytes(_certificate(text))
        context.load_cert_chain(file.name)
    return context


def _certificate(text: str) -> bytes:
    """Key and certificate; the issuer's organisation is the text, as far as a certificate can hold it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64] or "x")])
    now = datetime.now(timezone.utc)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(4711)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + built.public_bytes(serialization.Encoding.PEM)
