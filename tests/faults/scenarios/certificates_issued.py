"""Certificates of cert-manager that nobody renews, that cannot be issued, or that no server was given."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tests.faults.scenario import Changes, fail, scenario
from tests.testbed import kubernetes_age as age
from tests.testbed import kubernetes_world as world
from tests.testbed.services import cert_manager

DEAD, UNISSUED = "cert-manager is dead", "certificates are not issued"
LONG_AGO, LATE, PAST = timedelta(days=-70), timedelta(hours=-2), timedelta(hours=-1)


@scenario("cert-manager hangs: renewals are overdue, and what expired is still called Ready", group=DEAD)
def dead() -> Iterator[Changes]:
    """Its Deployment is available all the time; a status that nobody writes stays as it was."""
    with (
        cert_manager.stopped(),
        cert_manager.telling("smartcloudops", renewalTime=LATE),
        cert_manager.telling("opsforge", notBefore=LONG_AGO, notAfter=PAST),
        cert_manager.telling("accelerapp", notBefore=LONG_AGO, notAfter=timedelta(days=20)),
    ):
        yield {
            "SC-102": fail(
                "high", "certificate smartcloudops/smartcloudops-tls", message="its renewal was due 2h* ago"
            ),
            "OF-096": fail(
                "medium",
                "certificate opsforge/opsforge-tls",
                measured="-1h*",
                message="what was issued expired * UTC",
            ),
            "OF-095": fail(
                "high", "certificate opsforge/opsforge-tls", message="what it issued expired * UTC*"
            ),
            "AC-107": fail(
                "medium",
                "certificate accelerapp/accelerapp-tls",
                measured="19d*",
                message="what it issued expires * UTC",
            ),
        }


@scenario("a Certificate names an issuer that does not exist", group="backups spoilt")
def nobody() -> Iterator[Changes]:
    with cert_manager.unissuable("opsforge") as name:
        age.lasting("Certificate", "opsforge", name, seconds=2 * age.HOUR)
        yield {
            "OF-096": fail(
                "medium",
                f"certificate opsforge/{name}",
                measured="not issued",
                message="*Ready is False (*); it is being issued for 2h*",
            )
        }


@scenario("cert-manager's Deployment is scaled to nothing", group=UNISSUED)
def scaled_away() -> Iterator[Changes]:
    with cert_manager.scaled_away():
        who, message = f"deployment {world.CERT_MANAGER}/cert-manager", "it is scaled to 0: *"
        yield {
            "SC-102": fail("high", who, measured="0", message=message),
            "OF-096": fail("medium", who, measured="0", message=message),
        }


@scenario("a certificate was renewed, and the server was never told", group=UNISSUED)
def never_told() -> Iterator[Changes]:
    """All that cert-manager says is well; the wire tells."""
    with cert_manager.renewed() as serial:
        cert_manager.issued_earlier()
        message = f"it shows serial *, valid from * UTC; revision * has {serial}"
        yield {"SC-103": fail("medium", "certificate smartcloudops.ai:443", message=message)}
