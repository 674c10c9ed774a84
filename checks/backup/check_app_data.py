"""Whether what users have stored is in the backup, as much of it as there always was; and whether it came back."""

from __future__ import annotations

from statistics import median
from typing import Annotated

from pydantic import model_validator
from typing_extensions import Self

from opsproof import HIGH, AtLeast, AtMost, Count, Duration, Examination, Percent, Scoped, Subject, check
from opsproof.examine.backups.decided import aged, each
from opsproof.examine.backups.kept import Kept
from opsproof.examine.backups.limits import BackupLimits
from opsproof.examine.backups.places import Backups, Shelves
from opsproof.model.stored import Stored
from opsproof.model.words import several

_FEWEST = 3


class AppDataLimits(BackupLimits):
    """`objects`, `files`: folders of the backup, with their dates. `age`: of the newest one.

    `share`: of the usual number of files in it. `recent`: of how many before it the median is the usual one.

    `restored`: folders of the host to which those of the backup were restored, in the same order and with the same
    dates; then only whether they are equal is decided, and `age` is that of the backup that was restored last.
    """

    restored: Scoped[tuple[str, ...]] = ()
    age: AtMost[Duration] = AtMost.parse("26h", Duration)
    share: AtLeast[Percent] = AtLeast.parse("95%", Percent)
    recent: Count = Count(7)

    @model_validator(mode="after")
    def _are_pairs(self) -> Self:
        if self.restored and len(self.restored) != len(self.objects or self.files):
            raise ValueError("name in restored one folder for each of objects, in the same order")
        return self


@check("backup/app-data", title="Uploaded files are in the backup, all of them", level=HIGH)
def check_app_data(
    objects: Annotated[Shelves, Backups("s3")],
    files: Annotated[Shelves, Backups("files")],
    restored: Annotated[Shelves, Backups("files", field="restored")],
    limits: AppDataLimits,
    examine: Examination,
) -> None:
    """A database that comes back without its files points to nothing."""
    if limits.restored:
        examine_restored(objects if limits.objects else files, restored, limits, examine)
        return
    for kept in each(examine, objects=objects, files=files):
        examine_folder(kept, limits, examine)


def examine_restored(
    backups: Shelves, restored: Shelves, limits: AppDataLimits, examine: Examination
) -> None:
    """Each folder beside the backup of the same date: as many files, as many of them empty, as many bytes."""
    found = list(each(examine, restored=restored))
    stored = list(each(examine, objects=backups))
    known = {kept.pattern.pattern: kept for kept in stored}
    names = dict(zip(limits.restored, limits.objects or limits.files, strict=True))
    for there in found:
        backup = known.get(names[there.pattern.pattern])
        if backup is not None:
            _examine_pair(there, backup, limits, examine)


def _examine_pair(there: Kept, backup: Kept, limits: AppDataLimits, examine: Examination) -> None:
    """There is no grace: what is still being restored has not come back yet."""
    newest = there.backups[-1] if there.backups else None
    with examine(Subject("restored", there.pattern.pattern), limit="the files of the backup") as it:
        assert newest is not None, f"nothing was restored: {there.nothing()}"
        of = next((one for one in backup.backups if one.named.begins == newest.named.begins), None)
        assert of is not None, (
            f"{newest.stored.name} is restored, and {backup.place} has no backup of that date"
        )
        it.measured = _amount(newest.stored)
        assert _amount(newest.stored) == _amount(of.stored), (
            f"{newest.stored.name} has {_amount(newest.stored)}; the backup has {_amount(of.stored)}"
        )
        assert newest.stored.count > newest.stored.empty, (
            f"{newest.stored.name}: nothing is in it, nor in its backup"
        )
        age = there.clock.age(of.made)
        it.holds(limits.age, age, f"the backup that was restored is of {newest.named.text}")


def _amount(one: Stored) -> str:
    """Files and bytes in words, which are equal where the numbers are."""
    empty = f" ({one.empty} empty)" if one.empty else ""
    return f"{several(one.count, 'file')}{empty} of {one.size} bytes"


def examine_folder(kept: Kept, limits: AppDataLimits, examine: Examination) -> None:
    """The newest one, beside those before it."""
    aged(kept, limits.age, limits, examine)
    finished = kept.finished(limits.running)
    if not finished:
        return
    newest = finished[-1]
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
