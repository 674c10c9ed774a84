"""Databases that AWS runs: available, and with a standby in another zone."""

from __future__ import annotations

from typing import Annotated

from opsproof import CRITICAL, Duration, Examination, Limits, Scoped, Subject, Undecided, check
from opsproof.model.failure import Failure
from opsproof.model.moment import Moment
from opsproof.sources.aws.facts.asked import Aws
from opsproof.sources.aws.facts.databases import Cluster, Database, DatabaseOf
from opsproof.sources.aws.reading.window import begun

# It goes on answering.
SERVING = frozenset({
    "available", "backing-up", "configuring-associated-roles", "configuring-enhanced-monitoring",
    "configuring-iam-database-auth", "configuring-log-exports", "modifying", "resetting-master-credentials",
    "storage-config-upgrade", "storage-initialization", "storage-optimization", "update-iam-db-auth",
})  # fmt: skip
# It may be away, and comes back by itself.
UNDER_WAY = frozenset({
    "converting-to-vpc", "creating", "failing-over", "maintenance", "moving-to-vpc", "promoting", "rebooting",
    "renaming", "starting", "upgrading",
})  # fmt: skip
AWAY = frozenset({
    "cloning-failed", "delete-precheck", "deleting", "failed", "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable", "incompatible-create", "incompatible-network",
    "incompatible-option-group", "incompatible-parameters", "incompatible-restore", "insufficient-capacity",
    "migration-failed", "restore-error", "stopped", "stopping", "storage-full",
})  # fmt: skip


class HighAvailabilityLimits(Limits):
    """`db_instances`: identifiers of RDS; of a cluster, one of its instances.

    `grace`: as long may maintenance, a reboot or a failover last, from the begin of the maintenance window or the newest
    event on.
    """

    db_instances: Scoped[tuple[str, ...]]
    grace: Duration = Duration.parse("30m")


@check(
    "database/high-availability",
    title="The managed database is available, with a standby in another zone",
    level=CRITICAL,
)
def check_high_availability(
    databases: Annotated[tuple[Database | Failure, ...], Aws(DatabaseOf, "db_instances", alone=True)],
    limits: HighAvailabilityLimits,
    examine: Examination,
) -> None:
    """Without a standby, the loss of one zone takes the database away until somebody restores it."""
    if not limits.db_instances:
        raise Undecided("nothing says which DB instances there are; set db_instances")
    for database in databases:
        if isinstance(database, Failure):
            examine.unknown(Subject("source", "rds"), database)
        elif not database.found:
            with examine(database, measured="absent", limit="available"):
                raise AssertionError(f"there is no DB instance {database.name} in the region")
        else:
            examine_status(database, database, limits, examine)
            if database.cluster is not None:
                examine_status(database.cluster, database, limits, examine)
            examine_standby(database, examine)


def examine_status(
    one: Database | Cluster, database: Database, limits: HighAvailabilityLimits, examine: Examination
) -> None:
    """What is under way ends by itself: it is excused from a moment on that the API told."""
    subject = database.subject if one is database else Subject("DB cluster", one.name)
    since = _since(database) if one.status in UNDER_WAY else None
    with examine(subject, measured=one.status, limit="available", since=since, grace=limits.grace):
        known = SERVING | UNDER_WAY | AWAY
        if one.status not in known:
            raise Undecided(f"its status is {one.status}, of which is not known whether it serves")
        assert one.status in SERVING, f"its status is {one.status}"
    if one.status != "available" and one.status in SERVING:
        examine.note(f"{one.name}: its status is {one.status}")


def _since(database: Database) -> Moment | None:
    """The begin of the maintenance window that it is in, or its newest event; the later one."""
    if database.clock is None:
        return None
    window = begun(database.maintenance, database.clock.as_of)
    found = {"its maintenance window": window, "its newest event": database.changed}
    told = {at: read_from for read_from, at in found.items() if at is not None}
    return database.moment(max(told), told[max(told)]) if told else None


def examine_standby(database: Database, examine: Examination) -> None:
    """Multi-AZ, as it is in force; what is to change is told."""
    kept = database.backed_up
    if database.pending:
        examine.note(f"{database.name}: changed and not yet in force: {', '.join(database.pending)}")
    measured = "" if kept.multi_az is None else "Multi-AZ" if kept.multi_az else "one zone"
    with examine(Subject("standby", database.name), measured=measured, limit="Multi-AZ"):
        if database.replica_of:
            raise Undecided(f"it is a read replica of {database.replica_of}: name the primary")
        if kept.multi_az is None:
            raise Undecided("the API does not tell whether it is Multi-AZ")
        turning = "; it is being turned on" if database.pending_multi_az else ""
        assert kept.multi_az, f"it has no standby in another zone: Multi-AZ is off{turning}"
        if database.cluster is not None:
            count = len(database.cluster.members)
            assert count > 1, (
                f"its cluster {database.cluster.name} has {count} instance and nobody to take over"
            )
    if database.pending_multi_az is False and kept.multi_az:
        examine.note(f"{database.name}: Multi-AZ is on, and about to be turned off")
