"""cert-manager's objects for the tests of checks, written as the API writes them."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from opsproof import Listing
from opsproof.sources.kubernetes.facts.certmanager import (
    API,
    CertificateRequest,
    Challenge,
    IssuedCertificate,
    Order,
)
from opsproof.sources.kubernetes.facts.cluster import ApiService
from tests.checks.cluster import NOW, SHOP, ago, condition, listing, meta

DAY = 24 * 60.0  # minutes
NAME = "shop-tls"
_ISSUANCE = {"cert-manager.io/certificate-name": NAME}


def served(name: str = API) -> Listing[ApiService]:
    """What the API server says that it serves."""
    return listing(msgspec.convert({"metadata": {"name": name}}, ApiService))


def certificate(
    name: str = NAME,
    *,
    begins: float = 10 * DAY,
    life: float = 90 * DAY,
    renews_in: float | None = 50 * DAY,
    ready: bool | None = True,
    since: float = 10 * DAY,
    issuing: float | None = None,
    spec: Any = None,
    generation: int = 1,
    **more: Any,
) -> IssuedCertificate:
    """Issued ten days ago for ninety; times in minutes. `issuing`: for so long; `since`: of Ready."""
    conditions = [condition("Ready", ready, age=since, reason="Ready", observedGeneration=1)]
    conditions = [] if ready is None else conditions
    if issuing is not None:
        conditions.append(condition("Issuing", True, age=issuing, reason="Renewing"))
    status = {
        "conditions": conditions,
        "notBefore": ago(begins),
        "notAfter": ago(begins - life),
        "renewalTime": ago(-renews_in) if renews_in is not None else None,
        "revision": 1,
        **more,
    }
    made = {
        "metadata": meta(name, generation=generation, age=begins),
        "spec": {"secretName": name, "issuerRef": {"name": "ca"}, **(spec or {})},
        "status": {key: value for key, value in status.items() if value is not None},
    }
    return msgspec.convert(made, IssuedCertificate)


@cache
def pem(serial: int = 1) -> bytes:
    """A certificate of that number."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    begins = NOW - timedelta(days=10)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=90))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def request(
    revision: int = 1, *, of: str = NAME, at: float = 10 * DAY, content: str | None = ""
) -> CertificateRequest:
    """The request that made a revision; "" for its content is a certificate of that number."""
    text = base64.b64encode(pem(revision)).decode() if content == "" else content
    made = {
        "metadata": meta(
            f"{of}-{revision}",
            annotations={
                "cert-manager.io/certificate-name": of,
                "cert-manager.io/certificate-revision": str(revision),
            },
        ),
        "status": {"conditions": [condition("Ready", True, age=at, reason="Issued")], "certificate": text},
    }
    return msgspec.convert(made, CertificateRequest)


def order(state: str, *, age: float = 60, name: str = "shop-tls-1-1") -> Order:
    made = {"metadata": meta(name, age=age, annotations=_ISSUANCE), "status": {"state": state}}
    return msgspec.convert(made, Order)


def challenge(state: str, *, age: float, owner: str = "Order/shop-tls-1-1") -> Challenge:
    made = {
        "metadata": meta("shop-tls-1-1-1", age=age, owner=owner),
        "spec": {"dnsName": "shop.example.com", "type": "HTTP-01", "token": "planted", "key": "planted"},
        "status": {"state": state},
    }
    return msgspec.convert(made, Challenge)


def moment(minutes_ago: float) -> datetime:
    return NOW - timedelta(minutes=minutes_ago)


__all__ = ["NOW", "SHOP", "certificate", "challenge", "moment", "order", "pem", "request", "served"]
