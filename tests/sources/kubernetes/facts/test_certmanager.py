"""cert-manager's objects as the API server sends them: what is kept, and what never is."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import msgspec
import pytest

from opsproof.sources.kubernetes.facts.certmanager import (
    CertificateRequest,
    Challenge,
    IssuedCertificate,
    Order,
)
from opsproof.sources.kubernetes.facts.helm import ReleaseRecord

_CERTIFICATE = {
    "apiVersion": "cert-manager.io/v1",
    "kind": "Certificate",
    "metadata": {
        "name": "shop-tls", "namespace": "shop", "generation": 2, "creationTimestamp": "2026-11-20T08:00:00Z",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "planted"},
    },
    "spec": {
        "secretName": "shop-tls", "dnsNames": ["shop.example.com"], "duration": "2160h",
        "issuerRef": {"name": "letsencrypt", "kind": "ClusterIssuer"},
        "keystores": {"jks": {"create": True, "passwordSecretRef": {"name": "jks", "key": "planted"}}},
        "renewal": {"policy": "Disabled"},
    },
    "status": {
        "conditions": [
            {"type": "Ready", "status": "True", "reason": "Ready", "observedGeneration": 1,
             "lastTransitionTime": "2026-11-20T08:00:05Z", "message": "planted"},
        ],
        "notBefore": "2026-11-20T07:00:00Z", "notAfter": "2027-02-18T07:00:00Z",
        "renewalTime": "2027-01-19T07:00:00Z", "revision": 3, "failedIssuanceAttempts": 2,
        "lastFailureTime": "2026-11-20T08:00:00Z", "nextPrivateKeySecretName": "shop-tls-x1",
    },
}  # fmt: skip


def read(document: Any, kind: Any) -> Any:
    return msgspec.json.decode(json.dumps(document), type=kind)


def test_a_certificate_tells_its_life_and_its_renewal() -> None:
    one = read(_CERTIFICATE, IssuedCertificate)
    ready = one.condition("Ready")
    assert (ready.is_true, ready.observed_generation, one.metadata.generation) == (True, 1, 2)
    assert one.status.renewal_time == datetime(2027, 1, 19, 7, tzinfo=timezone.utc)
    assert (str(one.lifetime), one.status.revision, one.status.failed_issuance_attempts) == ("90d", 3, 2)
    assert not one.renews_itself
    assert str(one.subject) == "certificate shop/shop-tls"


def test_a_new_one_has_neither_status_nor_spec_of_renewal() -> None:
    new = read(
        {"metadata": {"name": "shop-tls"}, "spec": {"dnsNames": None}, "status": {}}, IssuedCertificate
    )
    assert (new.condition("Ready"), new.lifetime, new.renews_itself) == (None, None, True)


def test_a_request_tells_what_it_is_for() -> None:
    annotations = {
        "cert-manager.io/certificate-name": "shop-tls",
        "cert-manager.io/certificate-revision": "3",
        "cert-manager.io/private-key-secret-name": "planted",
    }
    document = {
        "metadata": {"name": "shop-tls-3", "annotations": annotations},
        "spec": {"request": "planted", "username": "planted", "extra": {"a": ["planted"]}},
        "status": {"certificate": "cHVibGlj", "ca": "planted"},
    }
    one = read(document, CertificateRequest)
    assert (one.of, one.revision, one.status.certificate) == ("shop-tls", 3, "cHVibGlj")
    assert b"planted" not in msgspec.json.encode(one)


@pytest.mark.parametrize("revision", ["", "three", "-1", "9" * 40, "\u0663"])
def test_a_revision_that_is_no_number_is_none(revision: str) -> None:
    annotations = {"cert-manager.io/certificate-revision": revision}
    assert read({"metadata": {"annotations": annotations}}, CertificateRequest).revision is None


@pytest.mark.parametrize("kind", [IssuedCertificate, Order, Challenge])
def test_no_message_annotation_or_key_is_kept(kind: Any) -> None:
    document = {
        **_CERTIFICATE,
        "spec": {"token": "planted", "key": "planted", "request": "planted", "dnsName": "shop.example.com"},
        "status": {"state": "pending", "reason": "planted", "authorizations": [{"url": "planted"}]},
    }
    assert b"planted" not in msgspec.json.encode(read(document, kind))
    assert b"planted" not in msgspec.json.encode(read(_CERTIFICATE, IssuedCertificate))


def test_a_release_is_what_helm_has_labelled() -> None:
    labels = {"owner": "helm", "name": "shop", "status": "deployed", "version": "12", "modifiedAt": "planted"}
    metadata = {"name": "sh.helm.release.v1.shop.v12", "namespace": "shop", "labels": labels}
    one = read({"metadata": metadata}, ReleaseRecord)
    assert (one.is_release, one.release, one.status, one.revision) == (True, "shop", "deployed", 12)
    assert b"planted" not in msgspec.json.encode(one)
    other = read({"metadata": {"name": "api-key", "labels": {"app": "planted"}}}, ReleaseRecord)
    assert (other.is_release, other.revision) == (False, 0)
    assert b"planted" not in msgspec.json.encode(other)
