"""Whether every day's backup is still there, and whether old ones go."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import field_validator

from opsproof import HIGH, AtMost, Count, Duration, Examination, Scoped, Subject, check
from opsproof.examine.backups import BackupLimits, Backups, BucketSettings, Kept, Shelves, each
from opsproof.model.failure import Failure
from opsproof.sources.s3.facts import Bucket, Expiry

_SHOWN = 5


class RetentionLimits(BackupLimits):
    """`keep`: for how long each day's backup has to be there. `longest`: how old the oldest may be.

    `since`: the day of the first backup ever, where that is not so long ago. `least`: how many have to be left.
    """

    keep: Duration | None = None
    longest: AtMost[Duration] | None = None
    since: Scoped[str] = ""
    least: Count = Count(1)

    @field_validator("since")
    @classmethod
    def _is_a_day(cls, given: str) -> str:
        if given and "${" not in given:
            date.fromisoformat(given)
        return given


@check(
    "backup/retention", title="Each day's backup is kept as long as it has to be, and no longer", level=HIGH
)
def check_retention(
    objects: Annotated[Shelves, Backups("s3")],
    files: Annotated[Shelves, Backups("files")],
    bucket: Annotated[Bucket | Failure | None, BucketSettings()],
    limits: RetentionLimits,
    examine: Examination,
) -> None:
    """A mistake is often found weeks later; and what is never deleted fills the disk, and keeps what must go."""
    for kept in each(examine, objects=objects, files=files):
        if not kept.backups:
            examine.exclude(kept.subject, f"no backup: {kept.nothing()}")
            continue
        examine_days(kept, limits, examine)
        examine_oldest(kept, limits, examine)
    examine_rules(bucket, objects, limits, examine)


def examine_days(kept: Kept, limits: RetentionLimits, examine: Examination) -> None:
    """Each day that is over has a backup with something in it."""
    left = sum(not one.hollow for one in kept.backups)
    with examine(
        Subject("backups", kept.pattern.pattern), measured=f"{left} left", limit=f"at least {limits.least}"
    ):
        assert left >= limits.least, f"{left} backups with something in them are left"
    if limits.keep is None:
        return
    days = kept.days(int(limits.keep // 86400) - 1, limits.weekdays, limits.since)
    missing = kept.without(days)
    subject = Subject("days", kept.pattern.pattern)
    with examine(subject, measured=Count(len(missing)), limit=f"none of {len(days)} days missing"):
        shown = ", ".join(str(day) for day in missing[:_SHOWN]) + (" ..." if len(missing) > _SHOWN else "")
        assert not missing, f"{len(missing)} of {len(days)} days have no backup: {shown}"


def examine_oldest(kept: Kept, limits: RetentionLimits, examine: Examination) -> None:
    """The oldest goes in time. The newest never goes, however old it is: then no backup was made since."""
    if limits.longest is None:
        return
    old = kept.backups[:-1]
    if not old:
        examine.exclude(Subject("oldest", kept.pattern.pattern), "it is the only one, and so has to stay")
        return
    oldest = min(old, key=lambda one: one.named.begins)
    age = kept.clock.age(oldest.named.ends)
    with examine(
        Subject("oldest", kept.pattern.pattern), measured=Duration(max(0.0, age)), limit=limits.longest
    ) as it:
        it.holds(limits.longest, age, f"{oldest.stored.name} is still there: old backups are not taken away")


def examine_rules(
    bucket: Bucket | Failure | None, objects: Shelves, limits: RetentionLimits, examine: Examination
) -> None:
    """No rule of the bucket takes a backup away too early, even if it has not yet had the time to."""
    if bucket is None or limits.keep is None:
        return
    if isinstance(bucket, Failure):
        examine.note(f"the rules of the bucket are not known: {bucket.message}")
        return
    if bucket.expiries is None:
        examine.note("the rules of the bucket are not known: its server has none, or they may not be seen")
        return
    prefixes = [one.pattern.prefix for one in objects or () if isinstance(one, Kept)]
    rules = [rule for rule in bucket.expiries if _covers(rule, prefixes)]
    for rule in rules:
        days = Duration((rule.days or 0) * 86400)
        with examine(rule, measured=days, limit=f"at least {limits.keep}"):
            assert days >= limits.keep, f"it takes backups away after {days}"
    if not rules:
        examine.note("no rule of the bucket takes old backups away: something else has to")


def _covers(rule: Expiry, prefixes: list[str]) -> bool:
    """Whether it is about one of the places where backups lie, or about what lies below or above it."""
    return rule.days is not None and any(
        rule.prefix.startswith(prefix) or prefix.startswith(rule.prefix) for prefix in prefixes
    )
