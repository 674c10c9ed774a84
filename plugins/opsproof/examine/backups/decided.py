"""What is decided of each place alike: that there is one, how old its newest backup is, and how large."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

from opsproof.examine.backups.kept import Backup, Kept
from opsproof.examine.backups.limits import BackupLimits, SizedLimits
from opsproof.examine.backups.places import PLACES
from opsproof.examine.examination import Examination
from opsproof.model.failure import Failure, NotConfigured
from opsproof.model.limits import AtMost
from opsproof.model.subject import Subject
from opsproof.model.units import Duration, Percent

# What an environment and a row have to say for each way.
_WAYS = {
    **{field: f"targets.{kind} with scope.{field}" for kind, field in PLACES.items()},
    "restored": "targets.files with scope.restored",
    "velero": "targets.kubernetes with scope.velero",
    "redis": "targets.redis with scope.redis",
    "aws": "targets.aws with scope.db_instances",
}


_FEWEST = 3  # earlier backups that tell a usual size


def each(examine: Examination, **ways: Any) -> Iterator[Any]:
    """What every way tells; failures become findings. A row that has no way at all is undecided.

    The ways are named as the fields of a row's scope.
    """
    if all(found is None for found in ways.values()):
        kinds = " or ".join(_WAYS[field] for field in ways)
        examine.unknown(
            Subject("source", "backups"), NotConfigured(f"nothing tells where backups are: {kinds}")
        )
    for name, found in ways.items():
        for one in found or ():
            if isinstance(one, Failure):
                examine.unknown(Subject("source", name), one)
            else:
                yield one


def aged(kept: Kept, age: AtMost[Duration], limits: BackupLimits, examine: Examination) -> None:
    """The newest one that is whole; while another is being written, that one is about to be the newest."""
    finished = kept.finished(limits.running)
    writing = kept.backups[-1] if kept.backups[len(finished) :] else None
    since = kept.since(writing) if writing is not None else None
    if not finished:
        with examine(kept.subject, limit=age, since=since, grace=limits.running):
            raise AssertionError(
                f"no backup: {kept.nothing() if writing is None else 'the first is being written'}"
            )
        return
    newest = finished[-1]
    if (same := kept.of_one_time(newest)) > 1 and "*" in kept.pattern.pattern:
        examine.note(
            f"{same} of {newest.named.text} fit {kept.pattern.pattern}, and only the largest is looked at: "
            "name what is not the same in a pattern of its own"
        )
    found = kept.clock.age(newest.made + kept.off(newest.made, limits.weekdays))
    if newest.hollow or not waits(age, found, limits.running):
        since = None
    with examine(
        kept.subject, measured=Duration(max(0.0, found)), limit=age, since=since, grace=limits.running
    ) as it:
        assert not newest.hollow, f"{newest.stored.name} is empty"
        kept.require_past(newest.made)
        it.holds(age, found, f"the newest is {newest.stored.name}, made {newest.made:%Y-%m-%d %H:%M} UTC")


def waits(limit: AtMost[Duration], age: float, running: Duration) -> bool:
    """Whether one that is being made may excuse the age of the one before it: it was young enough when that was begun.

    Else one that fails every night would be excused in every night.
    """
    return limit.allows(age - running)


def usual(kept: Kept, one: Backup, limits: SizedLimits) -> float | None:
    """The median size of those before it; None where too few are there to tell."""
    before = [other.stored.size for other in kept.backups if other.made < one.made and not other.hollow]
    before = before[-int(limits.recent) :]
    return float(median(before)) if len(before) >= _FEWEST else None


def sized(kept: Kept, one: Backup, limits: SizedLimits, examine: Examination) -> None:
    """A size that is far from the usual one: a dump that ended early, or that holds something else."""
    expected = usual(kept, one, limits)
    if expected is None:
        examine.note(f"{kept.pattern.pattern}: fewer than {_FEWEST} earlier backups, so no size is usual")
        return
    share = Percent(abs(one.stored.size / expected - 1))
    subject = Subject("size", kept.pattern.pattern)
    with examine(subject, measured=share, limit=limits.size) as it:
        it.holds(
            limits.size, share,
            f"{one.stored.name} has {one.stored.size} bytes, and {expected:.0f} are usual there",
        )  # fmt: skip
