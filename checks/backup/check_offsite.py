"""Whether all parts of the newest backup have reached the bucket."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

from opsproof import CRITICAL, AtMost, Duration, Examination, Subject, check
from opsproof.examine.backups.decided import each
from opsproof.examine.backups.kept import Backup, Kept
from opsproof.examine.backups.limits import BackupLimits
from opsproof.examine.backups.places import Backups, Shelves
from opsproof.model.finding import BACKUP_AGE
from opsproof.model.moment import Moment

Parts = Mapping[str, Backup]  # by the pattern of each part


class OffsiteLimits(BackupLimits):
    """`objects`: the parts of one backup, which have the same date. `age`: of the newest one that is whole."""

    age: AtMost[Duration] = AtMost.parse("26h", Duration)


@check(
    "backup/offsite",
    title="Every part of the newest backup is in the bucket",
    level=CRITICAL,
    measures=BACKUP_AGE,
)
def check_offsite(
    objects: Annotated[Shelves, Backups("s3")], limits: OffsiteLimits, examine: Examination
) -> None:
    """What burns with the server is no backup."""
    shelves = [one for one in each(examine, objects=objects) if isinstance(one, Kept)]
    if not shelves or objects is None or len(shelves) < len(objects):
        return
    subject = Subject("backup set", shelves[0].place)
    sets = _sets(shelves)
    if not sets:
        with examine(subject, limit=limits.age):
            raise AssertionError(f"no backup: {shelves[0].nothing()}")
        return
    newest = max(sets)
    since = _since(sets[newest], shelves[0]) if _missing(sets[newest], shelves) else None
    whole = [time for time in sets if not _missing(sets[time], shelves)]
    with examine(subject, limit=limits.age, since=since, grace=limits.running) as it:
        lacking = _missing(sets[newest], shelves)
        assert not lacking, f"{_name(sets[newest])} lacks {', '.join(lacking)}"
        made = min(one.made for one in sets[newest].values())
        shelves[0].require_past(made)
        off = shelves[0].off(made, limits.weekdays)
        age = shelves[0].clock.age(made + off)
        it.holds(limits.age, age, f"the newest is {_name(sets[newest])}, made {made:%Y-%m-%d %H:%M} UTC")
    if since is not None and since.lasts(timedelta(seconds=limits.running)) and whole:
        _examine_last_whole(sets[max(whole)], shelves[0], limits, examine)


def _examine_last_whole(parts: Parts, kept: Kept, limits: OffsiteLimits, examine: Examination) -> None:
    """While the newest arrives, the one before it has to be there, and may be as much older."""
    made = min(one.made for one in parts.values())
    age = kept.clock.age(made + kept.off(made, limits.weekdays) + timedelta(seconds=limits.running))
    with examine(Subject("last whole set", kept.place), limit=limits.age) as it:
        it.holds(limits.age, age, f"the last whole one is {_name(parts)}, made {made:%Y-%m-%d %H:%M} UTC")


def _sets(shelves: list[Kept]) -> dict[datetime, dict[str, Backup]]:
    """The parts of each backup, by the time in their names."""
    found: dict[datetime, dict[str, Backup]] = {}
    for kept in shelves:
        for one in kept.backups:
            found.setdefault(one.named.begins, {})[kept.pattern.pattern] = one
    return found


def _missing(parts: Parts, shelves: list[Kept]) -> list[str]:
    """The patterns of the parts that are not there, or have nothing in them."""
    patterns = [kept.pattern.pattern for kept in shelves]
    return [
        f"{one}{'' if one not in parts else ' (it is empty)'}"
        for one in patterns
        if one not in parts or parts[one].hollow
    ]


def _since(parts: Parts, kept: Kept) -> Moment:
    """When the last of its parts arrived."""
    return max((kept.since(one) for one in parts.values()), key=lambda moment: moment.at)


def _name(parts: Parts) -> str:
    return f"that of {next(iter(parts.values())).named.text}"
