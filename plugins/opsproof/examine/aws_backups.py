"""Backups that AWS makes by itself: those of RDS, and what lies in the vaults of AWS Backup.

managed: Annotated[Managed, AwsBackups()]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opsproof.examine.examination import Examination
from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure, Undecided
from opsproof.model.limits import AtMost
from opsproof.model.moment import Moment
from opsproof.model.subject import Subject
from opsproof.model.units import Duration
from opsproof.sources.aws.facts.asked import Aws, Named
from opsproof.sources.aws.facts.databases import DatabaseBackups, DatabaseBackupsOf, Snapshot
from opsproof.sources.aws.facts.vaults import DAYS, Vault, VaultOf

FIELDS: Mapping[str, type[Named]] = {"db_instances": DatabaseBackupsOf, "vaults": VaultOf}
_FIRST = Duration.parse("1d")  # a new one has its first backup after that
_BEING_MADE = frozenset({"creating", "copying"})
Managed = tuple[DatabaseBackups | Vault | Failure, ...] | None


@dataclass(frozen=True)
class AwsBackups:
    """Source: the backups of each DB instance and vault that the row names. None: the environment has no target of
    kind aws, or the row names nothing for it, so that another way decides."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        return tuple(ask for part in _parts(context) for ask in part.asks(context))

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Managed:
        rest = iter(answers)
        found = [part.assemble([next(rest) for _ in part.asks(context)], context) for part in _parts(context)]
        told = [one for one in found if one is not None]
        return tuple(each for one in told for each in one) if told else None


def _parts(context: Context) -> Iterator[Aws]:
    """The fields that the check's limits have."""
    yield from (Aws(ask, field) for field, ask in FIELDS.items() if getattr(context.limits, field, ()))


def examine_young(
    found: DatabaseBackups | Vault,
    age: AtMost[Duration],
    restorable: AtMost[Duration] | None,
    examine: Examination,
) -> None:
    """The newest one is no older than `age`, and a database can be brought back to `restorable` ago, if that is given."""
    if isinstance(found, Vault):
        _examine_vault(found, age, examine)
        return
    _examine_restorable(found, restorable, examine)
    if found.database.found:
        _examine_newest(found, age, examine)


def _created(found: DatabaseBackups) -> Moment | None:
    return found.moment(found.database.created, "InstanceCreateTime")


def _examine_restorable(found: DatabaseBackups, limit: AtMost[Duration] | None, examine: Examination) -> None:
    """Automated backups are on, and the log of changes arrives: LatestRestorableTime."""
    database, kept = found.database, found.database.backed_up
    at = kept.restorable
    age = found.age(at) if at is not None else None
    subject = Subject("point in time", database.name)
    since = _created(found) if at is None and kept.retention != 0 else None  # without any no first one comes
    with examine(subject, measured=age, limit=limit, since=since, grace=_FIRST) as it:
        assert database.found, f"there is no DB instance {database.name} in the region"
        if kept.retention is None:
            raise Undecided("the API does not tell for how long automated backups are kept")
        assert kept.retention > 0, "automated backups are off: they are kept for 0 days"
        assert at is not None, "it cannot be brought back to any moment yet"
        if limit is not None:
            it.holds(limit, age, f"it can be brought back to {at:%Y-%m-%d %H:%M} UTC at the latest")


def _examine_newest(found: DatabaseBackups, limit: AtMost[Duration], examine: Examination) -> None:
    """The newest snapshot that was made by itself and is whole."""
    newest = found.whole[-1] if found.whole else None
    age = found.age(newest.made) if newest is not None and newest.made is not None else None
    since = None if newest is not None else _created(found)
    with examine(found, measured=age, limit=limit, since=since, grace=_FIRST) as it:
        others = len(found.snapshots)
        assert newest is not None and newest.made is not None, (
            f"no automated snapshot is available, of {others}"
        )
        it.holds(limit, age, f"the newest is {newest.name}, made {newest.made:%Y-%m-%d %H:%M} UTC")


def _examine_vault(vault: Vault, limit: AtMost[Duration], examine: Examination) -> None:
    """Each resource that the vault knows; one that nobody backs up any more is found by its age."""
    if not vault.resources:
        with examine(vault, measured="0", limit="a recovery point"):
            raise AssertionError(f"nothing was put into the vault for {DAYS} days")
    for resource in vault.resources:
        newest, job = vault.newest(resource), vault.last_job(resource)
        age = vault.age(newest.made) if newest is not None and newest.made is not None else None
        subject = Subject("recovery point", resource, namespace=vault.name)
        since = _first_job(vault, resource) if newest is None and job is None else None
        with examine(subject, measured=age, limit=limit, since=since, grace=_FIRST) as it:
            assert job is None or not job.failed, f"its last job is {job.state if job else ''}"
            assert newest is not None and newest.made is not None, (
                "there is no recovery point to restore from"
            )
            it.holds(limit, age, f"the newest was made {newest.made:%Y-%m-%d %H:%M} UTC")


def _first_job(vault: Vault, resource: str) -> Moment | None:
    """When the first job of a resource was begun of which none has ended."""
    begun = (one.began for one in vault.jobs if one.resource == resource)
    return vault.moment(next(begun, None), "its first job")


def examine_whole(found: DatabaseBackups, examine: Examination) -> None:
    """The newest snapshot is available and encrypted; one that is being made is not the newest yet."""
    made = [one for one in found.scheduled if one.status not in _BEING_MADE]
    newest: Snapshot | None = made[-1] if made else None
    since = None if newest is not None else _created(found)
    subject = Subject("newest snapshot", found.database.name)
    measured = newest.status if newest is not None else "absent"
    with examine(subject, measured=measured, limit="available, encrypted", since=since, grace=_FIRST):
        assert found.database.found, f"there is no DB instance {found.database.name} in the region"
        assert newest is not None, f"no automated snapshot is there, of {len(found.snapshots)}"
        assert newest.status == "available", f"{newest.name}: its status is {newest.status}"
        if newest.encrypted is None:
            raise Undecided(f"{newest.name}: the API does not tell whether it is encrypted")
        assert newest.encrypted, f"{newest.name} is not encrypted"
