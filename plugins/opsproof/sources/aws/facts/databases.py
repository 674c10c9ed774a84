"""RDS: DB instances, the cluster that one belongs to, and their snapshots. No password, no parameter, no content."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import msgspec

from opsproof.model.moment import Age, Clocked
from opsproof.model.rights import Need
from opsproof.model.subject import Subject
from opsproof.sources.aws.facts.asked import Named

_DATABASE = ("rds:DescribeDBInstances", "rds:DescribeDBClusters")


class Cluster(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The cluster of an instance (Aurora, or Multi-AZ with readable standbys). None: the API does not tell."""

    name: str
    status: str = ""
    multi_az: bool | None = None
    encrypted: bool | None = None
    retention: int | None = None
    restorable: datetime | None = None
    members: tuple[str, ...] = ()


class Database(Clocked, frozen=True, kw_only=True, omit_defaults=True):
    """One DB instance. `found` False: there is none of that name. None: the API does not tell.

    `retention`: days that automated backups are kept, 0: there are none. `restorable`: the latest moment that it
    can be brought back to. `maintenance`: its weekly window in UTC, `wed:06:38-wed:07:08`. `pending`: names of what is
    changed and not in force yet, `pending_multi_az` what becomes of that. `replica_of`: it copies this one.
    `changed`: the newest event that the API tells of it within an hour, looked at while it is not available.
    """

    name: str
    found: bool = True
    status: str = ""
    engine: str = ""
    zone: str = ""
    multi_az: bool | None = None
    encrypted: bool | None = None
    retention: int | None = None
    created: datetime | None = None
    restorable: datetime | None = None
    maintenance: str = ""
    pending: tuple[str, ...] = ()
    pending_multi_az: bool | None = None
    replica_of: str = ""
    changed: datetime | None = None
    cluster: Cluster | None = None

    @property
    def subject(self) -> Subject:
        return Subject("DB instance", self.name)

    @property
    def backed_up(self) -> Cluster | Database:
        """What has the backups: its cluster, where it has one."""
        return self.cluster or self

    def age(self, at: datetime) -> Age | None:
        """How long ago that was by the API's clock; None where it tells none."""
        return self.clock.age(at) if self.clock is not None else None


class DatabaseOf(Named, frozen=True, kw_only=True, tag="aws/database"):
    """A DB instance, with its cluster."""

    answer: ClassVar[Any] = Database
    needs: ClassVar[tuple[Need, ...]] = tuple(map(Need, (*_DATABASE, "rds:DescribeEvents")))


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One snapshot. `made` None: it is not there yet. `kind`: automated, manual, awsbackup, shared or public."""

    name: str
    kind: str = ""
    status: str = ""
    made: datetime | None = None
    encrypted: bool | None = None


class DatabaseBackups(Clocked, frozen=True, kw_only=True):
    """The snapshots of a DB instance, or of its cluster, the oldest first."""

    database: Database
    snapshots: tuple[Snapshot, ...] = ()

    @property
    def subject(self) -> Subject:
        return Subject("snapshots", self.database.name)

    def age(self, at: datetime) -> Age | None:
        """How long ago that was by the API's clock; None where it tells none."""
        return self.clock.age(at) if self.clock is not None else None

    @property
    def scheduled(self) -> tuple[Snapshot, ...]:
        """Those that are made by themselves: RDS's own, and AWS Backup's."""
        return tuple(one for one in self.snapshots if one.kind in {"automated", "awsbackup"})

    @property
    def whole(self) -> tuple[Snapshot, ...]:
        """Of those the ones that a database can be restored from."""
        return tuple(one for one in self.scheduled if one.status == "available" and one.made is not None)


class DatabaseBackupsOf(Named, frozen=True, kw_only=True, tag="aws/database-backups"):
    """A DB instance with its snapshots; where it belongs to a cluster, with the cluster's."""

    answer: ClassVar[Any] = DatabaseBackups
    needs: ClassVar[tuple[Need, ...]] = tuple(
        map(Need, (*_DATABASE, "rds:DescribeDBSnapshots", "rds:DescribeDBClusterSnapshots"))
    )
