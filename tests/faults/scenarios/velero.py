"""Velero's ways to be wrong: failed, late, dead, elsewhere, not what it says, not of this namespace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.faults.elsewhere import edited
from tests.faults.scenario import Changes, fail, scenario, unknown
from tests.faults.scenarios.backups import GONE, LATE, SPOILT
from tests.faults.scenarios.kubernetes_room import LATER, SMALL
from tests.testbed import kubernetes_pod_faults as faults
from tests.testbed.services import velero

ARCHIVES = "backups/nightly-%Y%m%d%H%M%S/*.tar.gz"
NIGHTLY, PLACE = "schedule velero/nightly", "backupstoragelocation velero/default"


@scenario("Velero's last backup ended with errors", group=SPOILT)
def partially_failed() -> Iterator[Changes]:
    """The one of the night before is a good one, and young enough."""
    with velero.telling("Backup", velero.names()[0], phase="PartiallyFailed", errors=2):
        message = "nightly-*: it is PartiallyFailed; 2 errors"
        yield {
            "RS-091": fail(
                "critical",
                NIGHTLY,
                measured="PartiallyFailed",
                message="the last backup that ended, nightly-*, is PartiallyFailed, 2 errors",
            ),
            "RS-093": fail("high", "velero repo-scanner", message=message),
            "OF-097": fail("high", "velero opsforge", message=message),
        }


@scenario("Velero's storage is a bucket that is not there", group=SPOILT)
def misplaced() -> Iterator[Changes]:
    with velero.misplaced():
        yield {
            "RS-143": fail("high", PLACE, measured="Unavailable", message="it is Unavailable"),
            "RS-140": unknown(
                "critical",
                "archive repo-scanner",
                message="it is stored in the bucket not-there, and the target is velero-backups",
            ),
        }


@scenario("Velero has been dead for three days, and its storage still looks available", group=LATE)
def dead() -> Iterator[Changes]:
    with (
        velero.stopped(),
        velero.never_made(*velero.names()[:3]),
        velero.telling("Schedule", velero.SCHEDULE, lastBackup=velero.ago(days=3)),
        velero.telling("BackupStorageLocation", velero.LOCATION, lastValidationTime=velero.ago(hours=1)),
    ):
        yield {
            "RS-091": fail(
                "critical",
                NIGHTLY,
                measured="missed",
                message="it missed its backup of *; the last one was begun *",
            ),
            "RS-094": fail(
                "medium", f"days {ARCHIVES}", measured="2", message="2 of 29 days have no backup: *"
            ),
            "RS-140": fail(
                "critical",
                "velero repo-scanner",
                f"backup {ARCHIVES}",
                measured="3d*",
                message="the newest is *nightly-*",
            ),
            "RS-143": fail(
                "high",
                PLACE,
                measured="Available",
                message="it is to be validated every 10s, and was 1h* ago: its status stands still",
            ),
        }


@scenario("the archive of a backup is gone that Velero calls completed", group=GONE)
def unarchived() -> Iterator[Changes]:
    newest = velero.names()[0]
    with (
        velero.unarchived(newest),
        velero.telling("Backup", newest, completionTimestamp=velero.ago(minutes=10)),
    ):
        yield {
            "RS-140": fail(
                "critical",
                "archive repo-scanner",
                message="the bucket velero-backups has no backups/nightly-*.tar.gz",
            )
        }


@scenario("the schedule of Velero is paused", group=GONE)
def paused() -> Iterator[Changes]:
    with velero.saying("Schedule", velero.SCHEDULE, paused=True):
        message = "it is paused: it makes no backups"
        yield {"RS-091": fail("critical", NIGHTLY, measured="paused", message=message)}


@scenario("Velero's last backup lacks items", group=GONE)
def lacking() -> Iterator[Changes]:
    newest = velero.names()[0]
    total = velero.get("Backup", newest)["status"]["progress"]["totalItems"]
    with velero.telling("Backup", newest, progress={"totalItems": total, "itemsBackedUp": total - 3}):
        measured, message = f"{total - 3} of {total}", f"{newest}: {total - 3} of {total} items are in it"
        yield {
            "RS-093": fail("high", "velero repo-scanner", measured=measured, message=message),
            "OF-097": fail("high", "velero opsforge", measured=measured, message=message),
        }


@scenario("Velero is told to keep backups for a week", group=GONE)
def a_week() -> Iterator[Changes]:
    with velero.saying("Schedule", velero.SCHEDULE, template={"ttl": "168h0m0s"}):
        yield {
            "RS-094": fail("medium", NIGHTLY, measured="7d", message="its backups are taken away after 7d")
        }


@scenario("the data of a claim are not in Velero's last backup", group=SMALL)
def a_claim_missing() -> Iterator[Changes]:
    newest = velero.names()[0]
    with velero.removed("PodVolumeBackup", velero.volume(newest, "repo-scanner-models")):
        yield {
            "RS-093": fail(
                "high",
                "volumes repo-scanner",
                message=f"{newest} has no data of 1 of 2 claims: repo-scanner-models",
            )
        }


@scenario("a backup of Velero has expired and was not taken away", group=SMALL)
def expired() -> Iterator[Changes]:
    oldest = velero.names()[-1]
    with velero.telling("Backup", oldest, expiration=velero.ago(days=2)):
        yield {
            "RS-094": fail(
                "medium",
                "expired repo-scanner",
                measured="2d*",
                message=f"{oldest} expired 2d* ago, and is still there",
            )
        }


@scenario("nobody looks after the backups: Velero has no pod", group=SMALL)
def no_server() -> Iterator[Changes]:
    with faults.scaled("velero", "velero", 0):
        yield {
            "RS-143": fail(
                "high",
                "deployment velero/velero",
                measured="0",
                message="0 of 0 pods of Velero are available",
            )
        }


@scenario("a namespace is in no backup of Velero", group=LATER)
def not_held() -> Iterator[Changes]:
    def more(document: Any) -> None:
        document["names"]["velero_namespaces"] = ["repo-scanner", "accelerapp"]

    with edited("systems/repo-scanner/environments/testbed.yaml", more):
        none = f"none of Velero's {velero.NIGHTS} holds the namespace"
        yield {
            "RS-091": fail(
                "critical",
                "namespace accelerapp",
                measured="no schedule",
                message="no schedule of Velero in velero makes backups of all of it",
            ),
            "RS-093": fail("high", "velero accelerapp", message=f"no backup: {none}"),
            "RS-094": fail(
                "medium",
                "backups accelerapp",
                measured="0 left",
                message=f"0 backups are left that can be restored: {none}",
            ),
            "RS-140": fail("critical", "velero accelerapp", message=f"no backup: {none}"),
        }
