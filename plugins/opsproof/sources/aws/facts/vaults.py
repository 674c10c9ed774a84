"""AWS Backup: what lies in a vault, and the jobs that put it there."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import msgspec

from opsproof.model.moment import Age, Clocked
from opsproof.model.rights import Need
from opsproof.model.subject import Subject
from opsproof.sources.aws.facts.asked import Named

DAYS = 35  # so far back it is looked


class RecoveryPoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One recovery point. `status`: COMPLETED and AVAILABLE can be restored from; others are partial, or go away."""

    resource: str
    status: str = ""
    made: datetime | None = None
    encrypted: bool | None = None

    @property
    def whole(self) -> bool:
        return self.status in {"COMPLETED", "AVAILABLE"} and self.made is not None


class BackupJob(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One job. `state`: CREATED, PENDING, RUNNING, ABORTING, ABORTED, COMPLETED, FAILED, EXPIRED or PARTIAL."""

    resource: str
    state: str = ""
    began: datetime | None = None

    @property
    def failed(self) -> bool:
        return self.state in {"FAILED", "ABORTED", "EXPIRED", "PARTIAL"}

    @property
    def ended(self) -> bool:
        return self.failed or self.state == "COMPLETED"


class Vault(Clocked, frozen=True, kw_only=True):
    """A vault's recovery points and jobs of the last DAYS days, the oldest first.

    What has had none for as long is not known any more.
    """

    name: str
    points: tuple[RecoveryPoint, ...] = ()
    jobs: tuple[BackupJob, ...] = ()

    @property
    def subject(self) -> Subject:
        return Subject("backup vault", self.name)

    @property
    def resources(self) -> tuple[str, ...]:
        """What anything is known of."""
        return tuple(sorted({one.resource for one in self.points} | {one.resource for one in self.jobs}))

    def newest(self, resource: str) -> RecoveryPoint | None:
        """The newest recovery point of a resource that it can be restored from."""
        return next((one for one in reversed(self.points) if one.whole and one.resource == resource), None)

    def last_job(self, resource: str) -> BackupJob | None:
        """The last job of a resource that has ended."""
        return next((one for one in reversed(self.jobs) if one.ended and one.resource == resource), None)

    def age(self, at: datetime) -> Age | None:
        """How long ago that was by the API's clock; None where it tells none."""
        return self.clock.age(at) if self.clock is not None else None


class VaultOf(Named, frozen=True, kw_only=True, tag="aws/vault"):
    """A vault of AWS Backup."""

    answer: ClassVar[Any] = Vault
    needs: ClassVar[tuple[Need, ...]] = (
        Need("backup:ListRecoveryPointsByBackupVault"),
        Need("backup:ListBackupJobs"),
    )
