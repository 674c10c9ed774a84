"""Whether a backup of Velero has all that it was to have: its items, and the data of volumes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from opsproof.sources.kubernetes.facts.storage import VolumeClaim
from opsproof.sources.kubernetes.facts.velero import (
    CLAIM,
    COMPLETED,
    Backup,
    BackupSpec,
    BackupStatus,
    DataUpload,
    VolumeOfPod,
    in_backup,
)


class StoredVolumes(NamedTuple):
    """`claims`: the UIDs of those whose data are stored. `snapshots`: further ones that Velero counts and does not name."""

    claims: frozenset[str]
    failed: int
    snapshots: int


def unfinished(backup: Backup) -> list[str]:
    """What an ended backup lacks, in words."""
    return [*_of_items(backup), *_of_parts(backup.status)]


def _of_items(backup: Backup) -> Iterator[str]:
    status = backup.status
    if backup.phase != COMPLETED:
        yield f"it is {backup.phase}"
    if status.errors:
        yield f"{status.errors} errors"
    if backup.hollow:
        yield "nothing is in it: its filters fit nothing"
    elif status.progress is not None and status.progress.items_backed_up < status.progress.total_items:
        yield f"{status.progress.items_backed_up} of {status.progress.total_items} items are in it"


def _of_parts(status: BackupStatus) -> Iterator[str]:
    if status.hook_status is not None and status.hook_status.hooks_failed:
        yield f"{status.hook_status.hooks_failed} of {status.hook_status.hooks_attempted} hooks failed"
    for word, done, of in (
        ("snapshots", status.volume_snapshots_completed, status.volume_snapshots_attempted),
        ("CSI snapshots", status.csi_volume_snapshots_completed, status.csi_volume_snapshots_attempted),
        ("operations", status.backup_item_operations_completed, status.backup_item_operations_attempted),
    ):
        if done < of:
            yield f"{done} of {of} {word} were completed"


def stored(
    backup: Backup, claims: Iterable[VolumeClaim], volumes: Iterable[VolumeOfPod | DataUpload]
) -> StoredVolumes:
    """The data of volumes in a backup that has ended: what is not completed by now never will be."""
    own = [one for one in volumes if in_backup(one.metadata, backup.name)]
    good = [one for one in own if one.status.phase == COMPLETED]
    return StoredVolumes(
        frozenset(claim.uid for claim in claims if any(_is_of(one, claim) for one in good)),
        len(own) - len(good),
        backup.status.volume_snapshots_completed + backup.status.csi_volume_snapshots_completed,
    )


def _is_of(volume: VolumeOfPod | DataUpload, claim: VolumeClaim) -> bool:
    if isinstance(volume, DataUpload):
        return (volume.spec.source_namespace, volume.spec.source_claim) == (claim.namespace, claim.name)
    return bool(claim.uid) and volume.labels.get(CLAIM) == claim.uid


def alone(spec: BackupSpec, namespace: str) -> bool:
    """Whether it holds this namespace and no other."""
    return spec.included_namespaces == (namespace,)
