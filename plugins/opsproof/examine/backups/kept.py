"""What one place keeps, and what reading one backup to its end told, dated by name and by time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import cached_property

from opsproof.examine.backups.limits import WEEK
from opsproof.examine.examination import Block
from opsproof.model.dated import Dated, Named
from opsproof.model.failure import Undecided
from opsproof.model.limits import AtMost
from opsproof.model.moment import Clock, Moment
from opsproof.model.stored import Content, Shelf, Stored
from opsproof.model.subject import Subject
from opsproof.model.units import Duration

_AHEAD = timedelta(days=1)  # a name may be so far ahead: its clock may be in another zone than is declared


@dataclass(frozen=True)
class Backup:
    """One backup: what its name says, and what is stored.

    `made`: when it was made at the latest. A copy has a fresh time and an old name, a file that was touched, too;
    one that was renamed has a fresh name and an old time: the older of both counts.
    """

    named: Named
    stored: Stored

    @property
    def made(self) -> datetime:
        return min(self.named.ends, self.stored.modified)

    @property
    def hollow(self) -> bool:
        """Whether nothing is in it."""
        return self.stored.size == 0


@dataclass(frozen=True)
class Kept:
    """What one place keeps under one pattern. `place`: in words; `whole`: what is there is there at once."""

    pattern: Dated
    place: str
    zone: tzinfo
    clock: Clock
    shelf: Shelf
    whole: bool = False

    @property
    def subject(self) -> Subject:
        return Subject("backup", self.pattern.pattern)

    @cached_property
    def backups(self) -> tuple[Backup, ...]:
        """One for each time that names tell, the oldest first; of copies the largest. Not those of the future."""
        found: dict[datetime, Backup] = {}
        for stored in self.shelf.stored:
            named = self.pattern.named(stored.name, self.zone)
            if named is None or named.begins > self.clock.latest + _AHEAD:
                continue
            one, known = Backup(named, stored), found.get(named.begins)
            if known is None or one.stored.size > known.stored.size:
                found[named.begins] = one
        return tuple(sorted(found.values(), key=lambda one: (one.made, one.named.begins)))

    def of_one_time(self, one: Backup) -> int:
        """How many names tell its time: copies, or backups of something else."""
        times = (self.pattern.named(stored.name, self.zone) for stored in self.shelf.stored)
        return sum(named is not None and named.begins == one.named.begins for named in times)

    def finished(self, running: Duration) -> tuple[Backup, ...]:
        """Those that nobody writes to any more."""
        return tuple(one for one in self.backups if not self.unfinished(one, running))

    def unfinished(self, one: Backup, running: Duration) -> bool:
        """Whether it was written to a moment ago; a single object is there when it is whole."""
        return not self.whole and bool(self.since(one).lasts(timedelta(seconds=running)))

    def require_past(self, made: datetime) -> None:
        """Raises Undecided: by its name and by its time it is of the future, and would be young for as long."""
        self.clock.age(made).require_past("the newest backup")

    def since(self, one: Backup) -> Moment:
        return Moment(one.stored.modified, "the time of its newest part", self.clock)

    def days(self, count: int, weekdays: Sequence[str], since: str = "") -> tuple[date, ...]:
        """Of so many days before today, by the clock that may be behind, those on which one is made; not before `since`."""
        today = self._today
        before = (today - timedelta(days=back) for back in range(count, 0, -1))
        return tuple(
            day for day in before if WEEK[day.weekday()] in weekdays and not (since and str(day) < since)
        )

    def require_begun(self, since: str) -> None:
        """Raises Undecided: the first backup ever is still to come, so that no day could lack one."""
        if since > str(self._today):
            raise Undecided(f"since is {since}, a day that is still to come: no day could lack a backup")

    @property
    def _today(self) -> date:
        return self.clock.earliest.astimezone(self.zone).date()

    def without(self, days: Iterable[date]) -> list[date]:
        """Those of the days on which none was begun that has something in it."""
        there = {one.named.begins for one in self.backups if not one.hollow}
        ends = {day: (midnight(day, self.zone), midnight(day + timedelta(days=1), self.zone)) for day in days}
        return [day for day, (begin, end) in ends.items() if not any(begin <= time < end for time in there)]

    def nothing(self) -> str:
        """What is there where nothing fits the pattern."""
        ahead = len(self.shelf.stored)
        if ahead:
            return f"{ahead} in {self.place}, all dated in the future"
        if self.shelf.others:
            return f"{self.place} has {self.shelf.others} others where it was looked: {self._instead()}"
        if self.shelf.instead:
            return (
                f"nothing begins like that in {self.place}; it has {self._instead()}: is the name mistyped?"
            )
        return f"{self.place} is empty"

    def _instead(self) -> str:
        return ", ".join(self.shelf.instead)

    def off(self, since: datetime, weekdays: Sequence[str]) -> timedelta:
        """How much of the time since then lies on days on which no backup is made."""
        return off(since, self.clock, self.zone, weekdays)


def off(since: datetime, clock: Clock, zone: tzinfo, weekdays: Sequence[str]) -> timedelta:
    """How much of the time since then lies on days on which no backup is made."""
    now, total = clock.latest, timedelta()
    day = since.astimezone(zone).date()
    while set(weekdays) != set(WEEK) and day <= now.astimezone(zone).date():
        if WEEK[day.weekday()] not in weekdays:
            begins, ends = midnight(day, zone), midnight(day + timedelta(days=1), zone)
            total += max(timedelta(), min(ends, now) - max(begins, since))
        day += timedelta(days=1)
    return total


def midnight(day: date, zone: tzinfo) -> datetime:
    """When a day begins there, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(timezone.utc)


@dataclass(frozen=True)
class Looked:
    """What reading one backup to its end told. `kept`: what else there is, where that was asked for."""

    pattern: Dated
    which: str
    place: str
    zone: tzinfo
    clock: Clock
    content: Content
    kept: Kept | None = None

    @property
    def subject(self) -> Subject:
        return Subject("content", f"{self.which} {self.pattern.pattern}")

    @property
    def since(self) -> Moment | None:
        """When it was last written to, where it may be unfinished."""
        if self.kept is not None or self.content.modified is None:
            return None
        return Moment(self.content.modified, "the time of the file", self.clock)

    def nothing(self) -> str:
        """What is there where there is no backup."""
        return self.kept.nothing() if self.kept is not None else f"nothing fits in {self.place}"

    @property
    def made(self) -> datetime | None:
        """When it was made at the latest, as a `Backup` tells it; None where there is none."""
        named = self.pattern.named(self.content.name, self.zone)
        if named is None or self.content.modified is None:
            return None
        return min(named.ends, self.content.modified)

    def require_young(self, limit: AtMost[Duration], weekdays: Sequence[str], it: Block) -> None:
        """Raises AssertionError for one that is too old by its name or its time."""
        made = self.made
        if made is None:
            raise Undecided(f"{self.content.name} tells no time")
        self.clock.age(made).require_past(self.content.name)
        age = self.clock.age(made + off(made, self.clock, self.zone, weekdays))
        it.holds(limit, age, f"the newest is {self.content.name}, made {made:%Y-%m-%d %H:%M} UTC")
