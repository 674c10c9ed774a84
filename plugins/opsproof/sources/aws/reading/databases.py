"""DB instances, clusters and snapshots, of RDS's answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from opsproof.sources.aws.facts.databases import Cluster, Database, Snapshot
from opsproof.sources.aws.reading.values import flag, inner, moment, names, needed, number, part, parts, text

_FIRST = datetime.min.replace(tzinfo=timezone.utc)


def database(told: Any, cluster: Cluster | None, changed: datetime | None) -> Database:
    """Raises BadAnswer."""
    one = part(told)
    return Database(
        name=needed(one, "DBInstanceIdentifier"),
        status=needed(one, "DBInstanceStatus"),
        engine=text(one, "Engine"),
        zone=text(one, "AvailabilityZone"),
        multi_az=flag(one, "MultiAZ"),
        encrypted=flag(one, "StorageEncrypted"),
        retention=number(one, "BackupRetentionPeriod"),
        created=moment(one, "InstanceCreateTime"),
        restorable=moment(one, "LatestRestorableTime"),
        maintenance=text(one, "PreferredMaintenanceWindow"),
        pending=names(one, "PendingModifiedValues"),
        pending_multi_az=flag(inner(one, "PendingModifiedValues"), "MultiAZ"),
        replica_of=text(one, "ReadReplicaSourceDBInstanceIdentifier"),
        changed=changed,
        cluster=cluster,
    )


def cluster_of(told: Any) -> str:
    """The name of an instance's cluster; empty: it has none. Raises BadAnswer."""
    return text(part(told), "DBClusterIdentifier")


def status_of(told: Any) -> str:
    """Raises BadAnswer."""
    return needed(part(told), "DBInstanceStatus")


def cluster(told: Any) -> Cluster:
    """Raises BadAnswer."""
    one = part(told)
    return Cluster(
        name=needed(one, "DBClusterIdentifier"),
        status=needed(one, "Status"),
        multi_az=flag(one, "MultiAZ"),
        encrypted=flag(one, "StorageEncrypted"),
        retention=number(one, "BackupRetentionPeriod"),
        restorable=moment(one, "LatestRestorableTime"),
        members=tuple(text(member, "DBInstanceIdentifier") for member in parts(one, "DBClusterMembers")),
    )


def newest_event(told: Iterable[Any]) -> datetime | None:
    """When the newest of them was. Raises BadAnswer."""
    found = (moment(part(one), "Date") for one in told)
    return max((at for at in found if at is not None), default=None)


def snapshots(told: Iterable[Any]) -> tuple[Snapshot, ...]:
    """The oldest first; those that are being made come last. Raises BadAnswer."""
    found = [_snapshot(part(one)) for one in told]
    begun = [one for one in found if one.made is not None]
    return (
        *sorted(begun, key=lambda one: (one.made or _FIRST, one.name)),
        *(one for one in found if one.made is None),
    )


def _snapshot(one: Mapping[str, Any]) -> Snapshot:
    """A DB snapshot, or a cluster's, which names itself otherwise."""
    encrypted = flag(one, "Encrypted")
    return Snapshot(
        name=text(one, "DBSnapshotIdentifier") or needed(one, "DBClusterSnapshotIdentifier"),
        kind=text(one, "SnapshotType"),
        status=needed(one, "Status"),
        made=moment(one, "SnapshotCreateTime"),
        encrypted=flag(one, "StorageEncrypted") if encrypted is None else encrypted,
    )
