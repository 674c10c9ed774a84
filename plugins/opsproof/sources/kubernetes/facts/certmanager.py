"""cert-manager's objects: Certificates, the requests that issue them, and ACME's Orders and Challenges.

No Secret is among them: what was issued is in the request's status, which holds the public certificate alone. Of
Challenges neither token nor key is kept, and of no object a message.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec

from opsproof.model.units import Duration
from opsproof.sources.kubernetes.facts.meta import Condition, KubernetesObject, Meta, Wire, find_condition

GROUP, ACME = "cert-manager.io", "acme.cert-manager.io"
API = f"v1.{GROUP}"  # as the API server names what it serves


class SeenCondition(Condition, frozen=True):
    """One that says for which generation of the object it holds; 0: it does not say."""

    observed_generation: int = 0


class Issuer(Wire, frozen=True):
    """Without kind it is an Issuer of the same namespace."""

    name: str = ""
    kind: str = ""


class Renewal(Wire, frozen=True):
    """`policy` is RenewBefore or Disabled; "" is the first."""

    policy: str = ""


class CertificateSpec(Wire, frozen=True):
    secret_name: str = ""
    dns_names: tuple[str, ...] | None = None
    issuer_ref: Issuer = Issuer()
    renewal: Renewal | None = None


class CertificateStatus(Wire, frozen=True):
    """`revision`: how often it was issued. `failed_issuance_attempts`: since it last was."""

    conditions: tuple[SeenCondition, ...] | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    renewal_time: datetime | None = None
    revision: int | None = None
    last_failure_time: datetime | None = None
    failed_issuance_attempts: int | None = None


class IssuedCertificate(KubernetesObject, frozen=True):
    """A Certificate: which one is wanted, and what its controller says of the newest that it issued."""

    kind: ClassVar[str] = "Certificate"
    spec: CertificateSpec = CertificateSpec()
    status: CertificateStatus = CertificateStatus()

    def condition(self, kind: str) -> SeenCondition | None:
        """Ready or Issuing."""
        found = find_condition(self.status.conditions, kind)
        return found if isinstance(found, SeenCondition) else None

    @property
    def lifetime(self) -> Duration | None:
        """For how long it was issued; None before it was."""
        begins, ends = self.status.not_before, self.status.not_after
        return Duration((ends - begins).total_seconds()) if begins is not None and ends is not None else None

    @property
    def renews_itself(self) -> bool:
        return self.spec.renewal is None or self.spec.renewal.policy != "Disabled"


class Issuance(Wire, frozen=True):
    """The two annotations that are kept: the Certificate that it is for, and which of its revisions it made."""

    certificate: str = msgspec.field(default="", name="cert-manager.io/certificate-name")
    revision: str = msgspec.field(default="", name="cert-manager.io/certificate-revision")


class IssuanceMeta(Meta, frozen=True):
    annotations: Issuance = Issuance()


class RequestStatus(Wire, frozen=True):
    """`certificate`: PEM in base64, the leaf first; it is public."""

    conditions: tuple[Condition, ...] | None = None
    certificate: str | None = None


class CertificateRequest(KubernetesObject, frozen=True):
    """One issuance; of the request itself and of who made it nothing is kept."""

    kind: ClassVar[str] = "CertificateRequest"
    metadata: IssuanceMeta
    status: RequestStatus = RequestStatus()

    @property
    def of(self) -> str:
        """The name of its Certificate."""
        return self.metadata.annotations.certificate

    @property
    def revision(self) -> int | None:
        """Which revision of its Certificate it made; None where that is no number."""
        text = self.metadata.annotations.revision
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None

    def condition(self, kind: str) -> Condition | None:
        return find_condition(self.status.conditions, kind)


class AcmeStatus(Wire, frozen=True):
    """`state`: pending, ready, processing, valid, invalid, expired, errored; "" before ACME was asked."""

    state: str = ""


class Order(KubernetesObject, frozen=True):
    """One issuance as ACME has it; its annotations are those of its request."""

    kind: ClassVar[str] = "Order"
    metadata: IssuanceMeta
    status: AcmeStatus = AcmeStatus()

    @property
    def of(self) -> str:
        """The name of its Certificate."""
        return self.metadata.annotations.certificate


class ChallengeSpec(Wire, frozen=True):
    dns_name: str = ""
    type: str = ""


class Challenge(KubernetesObject, frozen=True):
    """The proof that ACME asks for one name; it goes once it is given."""

    kind: ClassVar[str] = "Challenge"
    spec: ChallengeSpec = ChallengeSpec()
    status: AcmeStatus = AcmeStatus()
