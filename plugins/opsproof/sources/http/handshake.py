"""Examines certificates by handshake: one that accepts anything to read them, others for the verdict."""

from __future__ import annotations

import hashlib
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

import certifi
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, CollectionError, NotConfigured
from opsproof.model.hosts import ascii_host, with_port
from opsproof.model.target import CERTIFICATE, Target, TargetReport
from opsproof.model.text import cut
from opsproof.sources.tls.facts import Certificate, Served, ServedOf, host_and_port
from opsproof.transport.link import Link
from opsproof.transport.web_connection import routed
from opsproof.transport.web_failure import translated

_LONGEST_HANDSHAKE = 10.0
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME
_EXPIRED, _NOT_YET = 10, 9
_HANDSHAKE, _CERTIFICATE_REQUEST, _SERVER_HELLO_DONE = 22, 13, 14  # RFC 5246
_REASONS = {
    9: "not yet valid",
    10: "expired",
    18: "self-signed",
    19: "issued by an unknown authority",
    20: "unknown issuer: an intermediate is missing, or the authority is not trusted",
    21: "unknown issuer: an intermediate is missing, or the authority is not trusted",
}


class TlsCollector:
    """Handshakes with any host, through the target's `connect_to`, against its `ca`."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def collect(self, ask: Ask, link: Link) -> Served:
        if not isinstance(ask, ServedOf):
            raise BadAnswer(f"a TLS target cannot answer {type(ask).__name__}", target=self.target.id)
        at = datetime.now(timezone.utc)
        try:
            return self._examined(ask.host, ask.port, at, link)
        except NotConfigured:
            raise
        except CollectionError as error:
            return Served(host=ask.host, port=ask.port, at=at, failure=error.as_failure())

    def identify(self, link: Link) -> TargetReport:
        """The certificate, where the target's `connect_to` leaves one host to identify."""
        found, hosts = {}, list(self.target.settings.connect_to)
        if CERTIFICATE in self.target.identity and len(hosts) == 1:
            host, port = host_and_port(hosts[0])
            found = {CERTIFICATE: self._shake(host, port, _accepting(), link, 1).digest}
        return TargetReport(
            target=self.target.id,
            kind=self.target.kind,
            role=self.target.role,
            identity=found,
            declared=dict(self.target.identity),
        )

    def close(self) -> None:
        """Nothing stays open."""

    def _examined(self, host: str, port: int, at: datetime, link: Link) -> Served:
        seen = self._shake(host, port, _accepting(), link, 1)
        verdict, chain = self._verdict(host, port, link, 2, check_time=True)
        distrust = verdict
        if verdict in {_REASONS[_EXPIRED], _REASONS[_NOT_YET]}:
            distrust, chain = self._verdict(host, port, link, 3, check_time=False)
        certificates = [_described(data) for data in chain or seen.chain]
        leaf = _described(seen.leaf)
        self_signed = leaf.subject == leaf.issuer and bool(distrust)
        return Served(
            host=host,
            port=port,
            at=at,
            protocol=seen.protocol,
            leaf=leaf,
            chain=tuple(certificates),
            sent=len(seen.chain),
            trusted=not distrust,
            distrust=_REASONS[18] if self_signed else distrust,
            verdict=verdict,
            wants_certificate=seen.wants_certificate,
        )

    def _verdict(
        self, host: str, port: int, link: Link, attempt: int, *, check_time: bool
    ) -> tuple[str, list[bytes]]:
        """Why the chain is not accepted (empty: it is), and the verified chain."""
        context = self._verifying(check_time=check_time)
        try:
            return "", self._shake(host, port, context, link, attempt).chain
        except _Refused as refused:
            return _REASONS.get(refused.code, refused.reason), []

    def _verifying(self, *, check_time: bool) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False  # names are judged from the certificate itself
        ca = self.target.settings.ca
        try:
            context.load_verify_locations(str(ca) if ca else certifi.where())
        except (OSError, ssl.SSLError):
            raise NotConfigured(f"the CA file {ca} cannot be read", target=self.target.id) from None
        if not check_time:
            context.verify_flags |= _NO_CHECK_TIME
        return context

    def _shake(self, host: str, port: int, context: ssl.SSLContext, link: Link, attempt: int) -> _Shaken:
        place = routed(self.target.settings.connect_to, host, port)
        with link.request("TLS", with_port(host, port), attempt=attempt) as entry:
            seconds = min(_LONGEST_HANDSHAKE, link.remaining() / 2)
            heard = _Heard(context)
            try:
                # Python bounds the handshake as a whole by the timeout, not each read of it.
                with (
                    socket.create_connection(place, timeout=seconds) as plain,
                    context.wrap_socket(
                        plain, server_hostname=ascii_host(host), do_handshake_on_connect=False
                    ) as secure,
                ):
                    shaken = _shaken(secure, heard)
                    entry.status = shaken.protocol or "refused"
                    return shaken
            except ssl.SSLCertVerificationError as error:
                raise _Refused(error.verify_code, error.verify_message) from None
            except (OSError, ValueError) as error:
                raise translated(error, self.target.id) from None


class _Refused(Exception):
    """OpenSSL does not accept the certificates."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class _Heard:
    """What the server says in a handshake: whether it wants a certificate of ours, and has said all it has to."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.wants_certificate = False
        self.done = False
        # Python shows a handshake's messages in no other way.
        context._msg_callback = self._hear  # type: ignore[attr-defined]

    def _hear(
        self, connection: object, way: str, version: int, content: int, message: int, data: bytes
    ) -> None:
        if way == "read" and content == _HANDSHAKE:
            self.wants_certificate |= message == _CERTIFICATE_REQUEST
            self.done |= message == _SERVER_HELLO_DONE

    @property
    def refused_us(self) -> bool:
        """Up to TLS 1.2 a server refuses clients without certificate after it has shown its own."""
        return self.wants_certificate and self.done


class _Shaken:
    """What one handshake showed, in DER."""

    def __init__(self, chain: list[bytes], protocol: str, *, wants_certificate: bool) -> None:
        self.leaf = chain[0]
        self.chain = chain
        self.protocol = protocol
        self.wants_certificate = wants_certificate

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.leaf).hexdigest()


def _shaken(secure: ssl.SSLSocket, heard: _Heard) -> _Shaken:
    """Shake hands, as far as the server goes with a client that has no certificate."""
    protocol = ""
    try:
        secure.do_handshake()
        protocol = secure.version() or ""
    except ssl.SSLCertVerificationError:
        raise
    except OSError:
        if not heard.refused_us:
            raise
    verified = secure.context.verify_mode is ssl.CERT_REQUIRED
    chain = _chain(secure, verified=verified) or _chain(secure, verified=False)
    if not chain:
        raise BadAnswer("the server shows no certificate")
    return _Shaken(chain, protocol, wants_certificate=heard.wants_certificate)


def _chain(secure: ssl.SSLSocket, *, verified: bool) -> list[bytes]:
    """Public since Python 3.13; before, only the underlying object has it."""
    name = "get_verified_chain" if verified else "get_unverified_chain"
    public = getattr(secure, name, None)
    if public is not None:
        return [bytes(data) for data in public()]
    hidden: Sequence[Any] = getattr(secure._sslobj, name)() or ()  # type: ignore[attr-defined]
    return [ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in hidden]


def _accepting() -> ssl.SSLContext:
    """For reading certificates only: no data follows, so that anything the server offers will do."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with suppress(ssl.SSLError):
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _described(der: bytes) -> Certificate:
    try:
        certificate = x509.load_der_x509_certificate(der)
        return Certificate(
            subject=cut(_common_name(certificate.subject)),
            issuer=cut(_common_name(certificate.issuer)),
            names=tuple(cut(name) for name in _names(certificate)),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            serial=cut(f"{certificate.serial_number:x}", 64),
            key=_key(certificate),
            sha256=hashlib.sha256(der).hexdigest(),
        )
    except (ValueError, TypeError, x509.DuplicateExtension):
        raise BadAnswer("the server shows a certificate that cannot be read") from None


def _common_name(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = [str(address) for address in extension.get_values_for_type(x509.IPAddress)]
    return (*extension.get_values_for_type(x509.DNSName), *addresses)


def _key(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.key_size}"
    if isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
        return "EdDSA"
    return f"DSA {key.key_size}" if isinstance(key, dsa.DSAPublicKey) else "other"
