"""Velero's: backups, schedules, the places where they are stored, restores, and the volumes in them.

Of a backup filters, counts and moments are kept: no reason, no message and no validation error, which repeat what
servers said.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import ClassVar

import msgspec

from opsproof.sources.kubernetes.facts.meta import KubernetesObject, Meta, Wire
from opsproof.sources.kubernetes.facts.selectors import LabelSelector

SCHEDULE, BACKUP, CLAIM = "velero.io/schedule-name", "velero.io/backup-name", "velero.io/pvc-uid"
COMPLETED = "Completed"
_ENDED = frozenset({COMPLETED, "PartiallyFailed", "Failed", "FailedValidation"})
_GONE = frozenset({"Deleting"})
_LONGEST = 63  # characters of a label's value
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)")


class BackupSpec(Wire, frozen=True):
    """What is to be in a backup; empty lists of what is included mean everything. `ttl` is of the form `720h0m0s`."""

    included_namespaces: tuple[str, ...] | None = None
    excluded_namespaces: tuple[str, ...] | None = None
    included_resources: tuple[str, ...] | None = None
    excluded_resources: tuple[str, ...] | None = None
    included_namespace_scoped_resources: tuple[str, ...] | None = None
    excluded_namespace_scoped_resources: tuple[str, ...] | None = None
    label_selector: LabelSelector | None = None
    or_label_selectors: tuple[LabelSelector, ...] | None = None
    storage_location: str = ""
    ttl: str = ""

    @property
    def kept_for(self) -> float | None:
        """Seconds from its beginning to its deletion; None where it does not say."""
        return seconds(self.ttl) or None


class Progress(Wire, frozen=True):
    """`items_backed_up` of backups, `items_restored` of restores."""

    total_items: int = 0
    items_backed_up: int = 0
    items_restored: int = 0


class Hooks(Wire, frozen=True):
    hooks_attempted: int = 0
    hooks_failed: int = 0


class BackupStatus(Wire, frozen=True):
    phase: str = ""
    start_timestamp: datetime | None = None
    completion_timestamp: datetime | None = None
    expiration: datetime | None = None
    errors: int = 0
    warnings: int = 0
    progress: Progress | None = None
    hook_status: Hooks | None = None
    volume_snapshots_attempted: int = 0
    volume_snapshots_completed: int = 0
    csi_volume_snapshots_attempted: int = 0
    csi_volume_snapshots_completed: int = 0
    backup_item_operations_attempted: int = 0
    backup_item_operations_completed: int = 0
    backup_item_operations_failed: int = 0


class Backup(KubernetesObject, frozen=True):
    """One backup. `phase` is Completed, or it is not to be relied on."""

    kind: ClassVar[str] = "Backup"
    spec: BackupSpec = BackupSpec()
    status: BackupStatus = BackupStatus()

    @property
    def phase(self) -> str:
        return self.status.phase

    @property
    def schedule(self) -> str:
        """The schedule that it was made by, or from; "" for one by hand."""
        return self.labels.get(SCHEDULE, "")

    @property
    def ended(self) -> bool:
        """Well or not."""
        return self.phase in _ENDED

    @property
    def under_way(self) -> bool:
        return self.phase not in _ENDED and self.phase not in _GONE and not self.terminating

    @property
    def begun(self) -> datetime | None:
        """What is in it is as old as that."""
        return self.status.start_timestamp

    @property
    def hollow(self) -> bool:
        """Whether nothing is in it: its filters fitted nothing."""
        return self.status.progress is not None and self.status.progress.total_items <= 0

    @property
    def key(self) -> str:
        return f"schedule/{self.schedule}" if self.schedule else ""


class ScheduleSpec(Wire, frozen=True):
    schedule: str = ""
    paused: bool = False
    template: BackupSpec = BackupSpec()


class ScheduleStatus(Wire, frozen=True):
    """`last_backup`: when a backup was last begun; it says nothing of how that ended."""

    phase: str = ""
    last_backup: datetime | None = None


class Schedule(KubernetesObject, frozen=True):
    """`phase` is New, Enabled or FailedValidation."""

    kind: ClassVar[str] = "Schedule"
    spec: ScheduleSpec = ScheduleSpec()
    status: ScheduleStatus = ScheduleStatus()

    def made(self, backup: Backup) -> bool:
        return backup.schedule == label_value(self.name)


class Bucket(Wire, frozen=True):
    bucket: str = ""
    prefix: str = ""


class LocationSpec(Wire, frozen=True):
    """`validation_frequency`: None is what the server was started with, a minute by default."""

    object_storage: Bucket | None = None
    default: bool = False
    access_mode: str = ""
    validation_frequency: str | None = None


class LocationStatus(Wire, frozen=True):
    phase: str = ""
    last_validation_time: datetime | None = None
    last_synced_time: datetime | None = None


class StorageLocation(KubernetesObject, frozen=True):
    """Where backups are stored. `phase` is Available or Unavailable, as of the last validation."""

    kind: ClassVar[str] = "BackupStorageLocation"
    spec: LocationSpec = LocationSpec()
    status: LocationStatus = LocationStatus()

    def path(self, backup: str) -> str:
        """The key of a backup's archive in the bucket."""
        prefix = self.spec.object_storage.prefix.strip("/") if self.spec.object_storage else ""
        return f"{prefix}/backups/{backup}/{backup}.tar.gz".lstrip("/")


class RestoreSpec(Wire, frozen=True):
    backup_name: str = ""
    schedule_name: str = ""
    namespace_mapping: dict[str, str] | None = None


class RestoreStatus(Wire, frozen=True):
    phase: str = ""
    start_timestamp: datetime | None = None
    completion_timestamp: datetime | None = None
    errors: int = 0
    warnings: int = 0
    progress: Progress | None = None


class Restore(KubernetesObject, frozen=True):
    kind: ClassVar[str] = "Restore"
    spec: RestoreSpec = RestoreSpec()
    status: RestoreStatus = RestoreStatus()


class VolumeStatus(Wire, frozen=True):
    phase: str = ""


class VolumeOfPod(KubernetesObject, frozen=True):
    """The files of one volume of a pod, in one backup."""

    kind: ClassVar[str] = "PodVolumeBackup"
    status: VolumeStatus = VolumeStatus()


class UploadSpec(Wire, frozen=True):
    source_namespace: str = ""
    source_claim: str = msgspec.field(default="", name="sourcePVC")


class DataUpload(KubernetesObject, frozen=True):
    """A snapshot of one volume on its way to the bucket, in one backup."""

    kind: ClassVar[str] = "DataUpload"
    spec: UploadSpec = UploadSpec()
    status: VolumeStatus = VolumeStatus()


def in_backup(meta: Meta, backup: str) -> bool:
    """Whether something belongs to the backup of that name."""
    return meta.labels.get(BACKUP) == label_value(backup)


def label_value(name: str) -> str:
    """A name as Velero writes it into a label: a long one is cut, and ends with a digest."""
    if len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return name[: _LONGEST - len(digest)] + digest


def seconds(text: str) -> float | None:
    """A duration as Go writes it, `720h0m0s`; None for another text."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return 0.0 if text == "0" else None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
