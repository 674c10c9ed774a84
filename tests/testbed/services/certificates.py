"""The testbed's web authority: a root, an intermediate, and server certificates of any kind, good or bad."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from opsproof.evidence.files import locked
from tests.testbed.services import secrets

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Authority:
    certificate: x509.Certificate
    key: Key


@dataclass(frozen=True)
class Issued:
    """A certificate with its key and the certificates that the server sends after it."""

    certificate: x509.Certificate
    key: Key
    chain: tuple[x509.Certificate, ...]

    def pem(self) -> tuple[bytes, bytes]:
        """The served chain and the private key."""
        served = (self.certificate, *self.chain)
        return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in served), key_pem(self.key)


def authority_file() -> Path:
    """The root that an environment must trust to reach the testbed's web servers."""
    authorities()
    return secrets.folder() / "web-ca.pem"


def key_pem(key: Key) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption())


def authorities() -> tuple[Authority, Authority]:
    """Root and intermediate, made once and kept with the credentials."""
    return _kept(secrets.folder() / "web-authorities.pem")


@cache
def _kept(file: Path) -> tuple[Authority, Authority]:
    with locked(file.with_suffix(".lock")):  # several processes of tests make it at the same time
        if not file.exists():
            _make(file)
        return _read(file.read_bytes())


def _make(file: Path) -> None:
    root = _authority("Testbed Root", None)
    intermediate = _authority("Testbed Intermediate", root)
    parts = [part for one in (root, intermediate) for part in (_pem(one.certificate), key_pem(one.key))]
    file.touch(mode=0o600)
    file.write_bytes(b"".join(parts))
    file.with_name("web-ca.pem").write_bytes(_pem(root.certificate))


def _read(content: bytes) -> tuple[Authority, Authority]:
    certificates = x509.load_pem_x509_certificates(content)
    begin, end = b"-----BEGIN PRIVATE KEY-----", b"-----END PRIVATE KEY-----\n"
    keys = []
    for piece in content.split(begin)[1:]:
        key = serialization.load_pem_private_key(begin + piece.split(end)[0] + end, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        keys.append(key)
    return Authority(certificates[0], keys[0]), Authority(certificates[1], keys[1])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _authority(common: str, parent: Authority | None) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(timezone.utc)
    builder = (
        _builder(common, key, parent.certificate.subject if parent else _name(common))
        .not_valid_before(now - timedelta(days=365))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(signs=True), critical=True)
    )
    return Authority(
        _signed(builder, parent.certificate if parent else None, parent.key if parent else key), key
    )


def _builder(common: str, key: Key, issuer: x509.Name) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(common))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _signed(builder: x509.CertificateBuilder, issuer: x509.Certificate | None, key: Key) -> x509.Certificate:
    public = issuer.public_key() if issuer else key.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(public)
    return builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())


def issue(
    name: str,
    *,
    addresses: Sequence[str] = (),
    days: float = 90.0,
    began_days_ago: float = 5.0,
    self_signed: bool = False,
    without_intermediate: bool = False,
) -> Issued:
    """A server certificate for `name`, valid for `days` from now (negative: expired that long ago)."""
    intermediate = authorities()[1]
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(timezone.utc)
    parent = None if self_signed else intermediate
    ends = now + timedelta(days=days)
    begins = min(now - timedelta(days=began_days_ago), ends - timedelta(days=30) if days < 0 else ends)
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    builder = (
        _builder(name, key, parent.certificate.subject if parent else _name(name))
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    certificate = _signed(builder, parent.certificate if parent else None, parent.key if parent else key)
    sent = () if self_signed or without_intermediate else (intermediate.certificate,)
    return Issued(certificate, key, sent)
