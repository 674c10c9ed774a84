"""How old the newest backup is, by its name and by its time, and whether its size is plausible."""

from __future__ import annotations

from typing import Annotated

from opsproof import CRITICAL, AtMost, Duration, Examination, Scoped, check
from opsproof.examine.aws_backups import AwsBackups, Managed, examine_young
from opsproof.examine.backups import Backups, Kept, Shelves, SizedLimits, each, sized
from opsproof.model.finding import BACKUP_AGE


class FreshLimits(SizedLimits):
    """`age`: of the newest backup; days on which none is made do not count.

    `db_instances`: of RDS, whose automated snapshots count, `vaults`: of AWS Backup. `restorable`: how long ago the latest
    moment may be that a DB instance can be brought back to.
    """

    db_instances: Scoped[tuple[str, ...]] = ()
    vaults: Scoped[tuple[str, ...]] = ()
    age: AtMost[Duration] = AtMost.parse("26h", Duration)
    restorable: AtMost[Duration] | None = None


@check(
    "backup/fresh",
    title="The newest backup is young enough and has its usual size",
    level=CRITICAL,
    measures=BACKUP_AGE,
)
def check_fresh(
    objects: Annotated[Shelves, Backups("s3")],
    files: Annotated[Shelves, Backups("files")],
    managed: Annotated[Managed, AwsBackups()],
    limits: FreshLimits,
    examine: Examination,
) -> None:
    """What was written since the last backup is lost with the disk; a schedule stops without a word."""
    for kept in each(examine, objects=objects, files=files, aws=managed):
        if not isinstance(kept, Kept):
            examine_young(kept, limits.age, limits.restorable, examine)
            continue
        examine_age(kept, limits, examine)
        if finished := kept.finished(limits.running):
            sized(kept, finished[-1], limits, examine)


def examine_age(kept: Kept, limits: FreshLimits, examine: Examination) -> None:
    """The newest one that is whole; while another is being written, that one is about to be the newest."""
    finished = kept.finished(limits.running)
    writing = kept.backups[-1] if kept.backups[len(finished) :] else None
    since = kept.since(writing) if writing is not None else None
    if not finished:
        with examine(kept.subject, limit=limits.age, since=since, grace=limits.running):
            raise AssertionError(
                f"no backup: {kept.nothing() if writing is None else 'the first is being written'}"
            )
        return
    newest = finished[-1]
    off = kept.off(newest.made, limits.weekdays)
    age = kept.clock.age(newest.made + off)
    with examine(
        kept.subject, measured=Duration(max(0.0, age)), limit=limits.age, since=since, grace=limits.running
    ) as it:
        assert not newest.hollow, f"{newest.stored.name} is empty"
        it.holds(
            limits.age, age, f"the newest is {newest.stored.name}, made {newest.made:%Y-%m-%d %H:%M} UTC"
        )
