"""Whether every day's backup is still there, and whether old ones go."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from pydantic import field_validator

from opsproof import HIGH, AtMost, Count, Duration, Examination, Scoped, Subject, Undecided, check
from opsproof.examine.backups.decided import each
from opsproof.examine.backups.kept import Kept
from opsproof.examine.backups.limits import BackupLimits
from opsproof.examine.backups.places import Backups, BucketSettings, Shelves
from opsproof.examine.velero import Vault, Vaults, VeleroIn, VeleroLimits
from opsproof.model.dated import Dated
from opsproof.model.failure import Failure
from opsproof.sources.kubernetes.facts.velero import Backup, BackupSpec
from opsproof.sources.kubernetes.reading.velero_runs import newest_ended
from opsproof.sources.s3.facts import Bucket, Expiry

_SHOWN = 5


class RetentionLimits(BackupLimits, VeleroLimits):
    """`keep`: for how long each day's backup has to be there. `longest`: how old the oldest may be.

    `since`: the day of the first backup ever, where that is not so long ago. `least`: how many have to be left.
    `overdue`: for how long one of Velero may still be there after its expiration.
    """

    keep: Duration | None = None
    longest: AtMost[Duration] | None = None
    since: Scoped[str] = ""
    least: Count = Count(1)
    overdue: AtMost[Duration] = AtMost.parse("6h", Duration)

    @field_validator("since")
    @classmethod
    def _is_a_day(cls, given: str) -> str:
        return date.fromisoformat(given).isoformat() if given and "${" not in given else given


@check(
    "backup/retention", title="Each day's backup is kept as long as it has to be, and no longer", level=HIGH
)
def check_retention(
    objects: Annotated[Shelves, Backups("s3")],
    files: Annotated[Shelves, Backups("files")],
    bucket: Annotated[Bucket | Failure | None, BucketSettings()],
    velero: Annotated[Vaults, VeleroIn("backups", "schedules")],
    limits: RetentionLimits,
    examine: Examination,
) -> None:
    """A mistake is often found weeks later; and what is never deleted fills the disk, and keeps what must go."""
    empty = []
    for kept in each(examine, objects=objects, files=files, velero=velero):
        if isinstance(kept, Vault):
            examine_vault(kept, limits, examine)
        elif not kept.backups:
            empty.append(kept)
        else:
            examine_days(kept, limits, examine)
            examine_oldest(kept, limits, examine)
    examine_empty(empty, examine)
    if not examine.nothing_examined:
        examine_rules(bucket, objects, limits, examine)


def examine_empty(places: Iterable[Kept], examine: Examination) -> None:
    """What it means that nothing is there at all says the row; beside others, an empty place is a fault of its own."""
    alone = examine.nothing_examined
    for kept in places:
        if alone:
            examine.exclude(kept.subject, f"no backup: {kept.nothing()}")
            continue
        with examine(kept.subject, measured="none", limit="a backup"):
            raise AssertionError(f"no backup: {kept.nothing()}")


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
        kept.require_begun(limits.since)
        shown = ", ".join(str(day) for day in missing[:_SHOWN]) + (" ..." if len(missing) > _SHOWN else "")
        assert not missing, f"{len(missing)} of {len(days)} days have no backup: {shown}"


def examine_vault(vault: Vault, limits: RetentionLimits, examine: Examination) -> None:
    """How long Velero is told to keep them, how many are left, and that those are gone whose time is over."""
    making = {one.name: one for namespace in vault.namespaces for one in vault.making(namespace)}
    for schedule in making.values():
        last = newest_ended(vault.made_by(schedule))
        _examine_told(schedule.subject, schedule.spec.template, last, limits, examine)
    for namespace in vault.namespaces:
        good = vault.good(namespace)
        with examine(
            Subject("backups", namespace), measured=f"{len(good)} left", limit=f"at least {limits.least}"
        ):
            assert len(good) >= limits.least, (
                f"{len(good)} backups are left that can be restored: {vault.nothing(namespace)}"
                if not good
                else f"{len(good)} backups are left that can be restored"
            )
        if good and not vault.making(namespace):  # somebody else starts them
            _examine_told(Subject("newest backup", namespace), good[-1].spec, good[-1], limits, examine)
        _examine_expired(vault, namespace, limits, examine)


def _examine_told(
    subject: Subject, said: BackupSpec, last: Backup | None, limits: RetentionLimits, examine: Examination
) -> None:
    """What the schedule says, and what its last backup was made with, which is the server's default without."""
    told = [said.kept_for, last.spec.kept_for if last is not None else None]
    known = [Duration(seconds) for seconds in told if seconds is not None]
    with examine(subject, measured=min(known, default=None), limit=f"at least {limits.keep}"):
        if limits.keep is None or not known:
            raise Undecided("for how long is not said: set keep" if known else "neither it nor a backup says")
        assert min(known) >= limits.keep, f"its backups are taken away after {min(known)}"
    if limits.longest is not None and known:
        with examine(Subject("oldest", subject.name), measured=max(known), limit=limits.longest) as it:
            it.holds(limits.longest, max(known), f"the backups of {subject.name} stay for {max(known)}")


def _examine_expired(vault: Vault, namespace: str, limits: RetentionLimits, examine: Examination) -> None:
    """Those that Velero has to take away, and has not."""
    oldest, name = min(((ends, one.name) for ends, one in vault.overdue(namespace)), default=(None, ""))
    age = vault.backups.age(oldest) if oldest is not None else Duration(0)
    with examine(Subject("expired", namespace), measured=age, limit=limits.overdue) as it:
        it.holds(limits.overdue, age, f"{name} expired {age} ago, and is still there")


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
    patterns = [one.pattern for one in objects or () if isinstance(one, Kept)]
    rules = [rule for rule in bucket.expiries if _covers(rule, patterns)]
    for rule in rules:
        days = Duration((rule.days or 0) * 86400)
        with examine(rule, measured=days, limit=f"at least {limits.keep}"):
            if rule.filtered and days < limits.keep:
                raise Undecided(
                    f"it takes away after {days} what its filter chooses by tags or size: whether backups are, is not known"
                )
            assert days >= limits.keep, f"it takes backups away after {days}"
    if all(rule.filtered for rule in rules):
        examine.note("no rule of the bucket takes old backups away: something else has to")


def _covers(rule: Expiry, patterns: Iterable[Dated]) -> bool:
    """Whether some of its objects could be called as backups are."""
    return rule.days is not None and any(pattern.may_begin(rule.prefix) for pattern in patterns)
