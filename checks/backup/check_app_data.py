"""Whether what users have stored is in the backup, as much of it as there always was."""

from __future__ import annotations

from statistics import median
from typing import Annotated

from opsproof import HIGH, AtLeast, AtMost, Count, Duration, Examination, Percent, Subject, check
from opsproof.examine.backups import BackupLimits, Backups, Kept, Shelves, each

_FEWEST = 3


class AppDataLimits(BackupLimits):
    """`objects`, `files`: folders of the backup, with their dates. `age`: of the newest one.

    `share`: of the usual number of files in it. `recent`: of how many before it the median is the usual one.
    """

    age: AtMost[Duration] = AtMost.parse("26h", Duration)
    share: AtLeast[Percent] = AtLeast.parse("95%", Percent)
    recent: Count = Count(7)


@check("backup/app-data", title="Uploaded files are in the backup, all of them", level=HIGH)
def check_app_data(
    objects: Annotated[Shelves, Backups("s3")],
    files: Annotated[Shelves, Backups("files")],
    limits: AppDataLimits,
    examine: Examination,
) -> None:
    """A database that comes back without its files points to nothing."""
    for kept in each(examine, objects=objects, files=files):
        examine_folder(kept, limits, examine)


def examine_folder(kept: Kept, limits: AppDataLimits, examine: Examination) -> None:
    """The newest one, beside those before it."""
    finished = kept.finished(limits.running)
    if not finished:
        with examine(kept.subject, limit=limits.age):
            raise AssertionError(f"no backup: {kept.nothing()}")
        return
    newest = finished[-1]
    age = kept.clock.age(newest.made + kept.off(newest.made, limits.weekdays))
    with examine(kept.subject, measured=Duration(max(0.0, age)), limit=limits.age) as it:
        assert not newest.hollow, (
            f"{newest.stored.name}: none of its {newest.stored.count} files has anything in it"
        )
        it.holds(
            limits.age, age, f"the newest is {newest.stored.name}, made {newest.made:%Y-%m-%d %H:%M} UTC"
        )
    before = [one.stored.count for one in finished[:-1]][-int(limits.recent) :]
    if len(before) < _FEWEST:
        examine.note(
            f"{kept.pattern.pattern}: fewer than {_FEWEST} earlier backups, so no number of files is usual"
        )
        return
    full = newest.stored.count - newest.stored.empty
    share = Percent(full / median(before))
    with examine(Subject("files", kept.pattern.pattern), measured=share, limit=limits.share) as it:
        it.holds(
            limits.share, share, f"{full} files have something in them, and {median(before):.0f} are usual"
        )
