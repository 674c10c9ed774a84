"""A certificate authority of the testbed's own, and the certificates it gives out."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = dt.timedelta(days=365)


@dataclass(frozen=True)
class KeyPair:
    """A certificate file and its private key file."""

    cert: Path
    key: Path

    def exists(self) -> bool:
        return self.cert.exists() and self.key.exists()


@dataclass(frozen=True)
class Authority:
    """Signs certificates into one folder; its own certificate is `ca.crt` there."""

    folder: Path

    @property
    def pair(self) -> KeyPair:
        return _pair(self.folder, "ca")

    @property
    def cert(self) -> Path:
        return self.pair.cert

    @classmethod
    def at(cls, folder: Path, name: str = "opsproof testbed CA") -> Authority:
        """The authority kept in `folder`, made there on first use."""
        authority = cls(folder)
        if not authority.pair.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            subject = _name(name, ())
            builder = _builder(subject, subject, key).add_extension(x509.BasicConstraints(True, None), True)
            _write(authority.pair, builder.sign(key, hashes.SHA256()), key)
        return authority

    def server(self, name: str, hosts: Sequence[str], lifetime: dt.timedelta = LIFETIME) -> KeyPair:
        """A certificate a server shows for `hosts` (DNS names or addresses)."""
        names = x509.SubjectAlternativeName([_host(host) for host in hosts])
        return self._issue(name, (), [names, _usage(ExtendedKeyUsageOID.SERVER_AUTH)], lifetime)

    def client(self, name: str, groups: Sequence[str] = ()) -> KeyPair:
        """A certificate that makes its holder the user `name`, a member of `groups`."""
        return self._issue(name, groups, [_usage(ExtendedKeyUsageOID.CLIENT_AUTH)], LIFETIME)

    def _issue(
        self,
        name: str,
        groups: Sequence[str],
        extensions: Sequence[x509.ExtensionType],
        lifetime: dt.timedelta,
    ) -> KeyPair:
        pair = _pair(self.folder, name.replace(":", "-"))
        if pair.exists():
            return pair
        ca_key = serialization.load_pem_private_key(self.pair.key.read_bytes(), None)
        ca_cert = x509.load_pem_x509_certificate(self.cert.read_bytes())
        assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(name, groups), ca_cert.subject, key, lifetime)
        for extension in extensions:
            builder = builder.add_extension(extension, False)
        _write(pair, builder.sign(ca_key, hashes.SHA256()), key)
        return pair


def signing_key(path: Path) -> Path:
    """A private key for service account tokens, made on first use."""
    if not path.exists():
        _write_private(path, _pem(ec.generate_private_key(ec.SECP256R1())))
    return path


def _pair(folder: Path, name: str) -> KeyPair:
    return KeyPair(folder / f"{name}.crt", folder / f"{name}.key")


def _name(common: str, groups: Sequence[str]) -> x509.Name:
    members = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*members, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(purpose: x509.ObjectIdentifier) -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage([purpose])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, lifetime: dt.timedelta = LIFETIME
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.timezone.utc)
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - dt.timedelta(hours=1),
        not_valid_after=now + lifetime,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    # The service account token signer of Kubernetes reads the traditional form.
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _write(pair: KeyPair, cert: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    _write_private(pair.key, _pem(key))
    pair.cert.write_bytes(cert.public_bytes(serialization.Encoding.PEM))


def _write_private(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
