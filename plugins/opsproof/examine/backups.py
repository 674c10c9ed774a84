"""Backups as checks look at them: what lies in which place by which pattern, dated by name and by time.

objects: Annotated[Shelves, Backups("s3")], files: Annotated[Shelves, Backups("files")]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import cached_property
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import field_validator

from opsproof.examine.examination import Block, Examination
from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.dated import Dated, Named, dated
from opsproof.model.failure import Failure, NotConfigured, Undecided
from opsproof.model.limits import AtMost, Limits, Scoped
from opsproof.model.moment import Clock, Moment
from opsproof.model.stored import Content, Shelf, Stored
from opsproof.model.subject import Subject
from opsproof.model.target import Target
from opsproof.model.units import Count, Duration, Percent
from opsproof.sources.files.facts import ListedOf, ReadOf
from opsproof.sources.s3.facts import Bucket, BucketOf, ContentOf, ObjectsOf

PLACES = {"s3": "objects", "files": "files"}  # the kind of target -> the field of a row's scope
# What an environment and a row have to say for each way.
_WAYS = {
    **{field: f"targets.{kind} with scope.{field}" for kind, field in PLACES.items()},
    "restored": "targets.files with scope.restored",
    "velero": "targets.kubernetes with scope.velero",
    "redis": "targets.redis with scope.redis",
    "aws": "targets.aws with scope.db_instances",
}
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FEWEST = 3  # earlier backups that tell a usual size
_AHEAD = timedelta(days=1)  # a name may be so far ahead: its clock may be in another zone than is declared


class BackupLimits(Limits):
    """`objects`: names of backups in the bucket, `files`: those in the folder of a host, with their dates in them.

    `zone`: of the clocks that the names were written by. `weekdays`: when backups are made. `running`: as long may
    one that is being written be unfinished.
    """

    objects: Scoped[tuple[str, ...]] = ()
    files: Scoped[tuple[str, ...]] = ()
    zone: Scoped[str] = "UTC"
    weekdays: Scoped[tuple[str, ...]] = WEEK
    running: Duration = Duration(1800)

    @field_validator("objects", "files")
    @classmethod
    def _are_dated(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in given:
            if "${" not in pattern:
                dated(pattern)
        return given

    @field_validator("zone")
    @classmethod
    def _is_known(cls, given: str) -> str:
        if "${" not in given:
            zone_of(given)
        return given

    @field_validator("weekdays")
    @classmethod
    def _are_weekdays(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if not given or not set(given) <= set(WEEK):
            raise ValueError(f"write weekdays as {', '.join(WEEK)}")
        return given


class SizedLimits(BackupLimits):
    """`size`: how far from the usual size. `recent`: of how many before it the median is the usual one."""

    size: AtMost[Percent] = AtMost.parse("50%", Percent)
    recent: Count = Count(7)


def zone_of(name: str) -> tzinfo:
    """Raises ValueError for a zone that nobody knows."""
    try:
        return timezone.utc if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; write it like Europe/Berlin") from None


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

    def finished(self, running: Duration) -> tuple[Backup, ...]:
        """Those that nobody writes to any more."""
        return tuple(one for one in self.backups if not self.unfinished(one, running))

    def unfinished(self, one: Backup, running: Duration) -> bool:
        """Whether it was written to a moment ago; a single object is there when it is whole."""
        return not self.whole and bool(self.since(one).lasts(timedelta(seconds=running)))

    def since(self, one: Backup) -> Moment:
        return Moment(one.stored.modified, "the time of its newest part", self.clock)

    def days(self, count: int, weekdays: Sequence[str], since: str = "") -> tuple[date, ...]:
        """Of so many days before today, by the clock that may be behind, those on which one is made; not before `since`."""
        today = self.clock.earliest.astimezone(self.zone).date()
        before = (today - timedelta(days=back) for back in range(count, 0, -1))
        return tuple(
            day for day in before if WEEK[day.weekday()] in weekdays and not (since and str(day) < since)
        )

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
        age = self.clock.age(made + off(made, self.clock, self.zone, weekdays))
        it.holds(limit, age, f"the newest is {self.content.name}, made {made:%Y-%m-%d %H:%M} UTC")


Shelves = tuple[Kept | Failure, ...] | None
Read = tuple[Looked | Failure, ...] | None


@dataclass(frozen=True)
class Backups:
    """Source: what a place keeps, by each pattern of the row. None: the environment has no such place, or the row
    names nothing for it, so that another way decides. `field`: of the limits that names them, where it is another."""

    kind: str
    field: str = ""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        target = self._target(context)
        return () if target is None else tuple(listed(target, one) for one in self.patterns(context))

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Shelves:
        target = self._target(context)
        if target is None or not self.patterns(context):
            return None
        return tuple(kept(target, answer, context) for answer in answers)

    def patterns(self, context: Context) -> tuple[str, ...]:
        found: tuple[str, ...] = getattr(context.limits, self.field or PLACES[self.kind], ())
        return tuple(dict.fromkeys(found))

    def problems(self, context: Context) -> tuple[str, ...]:
        """Patterns and zone, once the names in them are known."""
        try:
            for pattern in self.patterns(context):
                dated(pattern)
            zone_of(getattr(context.limits, "zone", "UTC"))
        except ValueError as error:
            return (str(error),)
        return ()

    def _target(self, context: Context) -> Target | None:
        return target_of(self.kind, context) if self.patterns(context) else None


def target_of(kind: str, context: Context) -> Target | None:
    """The row's target of a kind; None where the environment has none."""
    try:
        return context.target(kind)
    except NotConfigured:
        return None


def listed(target: Target, pattern: str) -> Ask:
    if target.kind == "s3":
        return ObjectsOf(target=target.id, pattern=pattern)
    return ListedOf(target=target.id, pattern=pattern)


def kept(target: Target, answer: Answer[Any], context: Context) -> Kept | Failure:
    if answer.failure is not None:
        return answer.failure
    pattern = dated(answer.ask.pattern)  # type: ignore[attr-defined]
    return Kept(
        pattern=pattern,
        place=place_of(target),
        zone=zone_of(getattr(context.limits, "zone", "UTC")),
        clock=answer.clock,
        shelf=answer.value(),
        whole=target.kind == "s3" and not pattern.folder,
    )


def place_of(target: Target) -> str:
    if target.kind == "s3":
        return f"the bucket {target.settings.bucket}"
    return f"{target.settings.folder} of {target.settings.host or 'this machine'}"


@dataclass(frozen=True)
class Contents(Backups):
    """Source: what reading the newest backup of each pattern to its end tells, and others that `which` names.

    From a bucket it is streamed, once its listing is known; in a folder it is read where it lies.
    """

    def asks(self, context: Context) -> tuple[Ask, ...]:
        target = self._target(context)
        if target is None:
            return ()
        if target.kind == "s3":
            return super().asks(context)
        return tuple(
            ReadOf(
                target=target.id, pattern=one, which=which,
                most=target.budget.max_bytes,
            )
            for one in self.patterns(context) for which in _which(context)
        )  # fmt: skip

    def follow(self, answers: Sequence[Answer[Any]], context: Context) -> tuple[Ask, ...]:
        target = self._target(context)
        if target is None or target.kind != "s3":
            return ()
        return tuple(
            ContentOf(target=target.id, key=one.stored.name)
            for answer in answers
            for _, one in _chosen(target, answer, context)
        )

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Any:
        target = self._target(context)
        if target is None or not self.patterns(context):
            return None
        if target.kind != "s3":
            return tuple(_read_there(target, answer, context) for answer in answers)
        told = {one.ask.key: one for one in answers if isinstance(one.ask, ContentOf)}
        return tuple(
            found
            for answer in answers
            if isinstance(answer.ask, ObjectsOf)
            for found in _streamed(target, answer, told, context)
        )


def _which(context: Context) -> tuple[str, ...]:
    found: tuple[str, ...] = getattr(context.limits, "which", ("newest",))
    return found


def _chosen(target: Target, answer: Answer[Any], context: Context) -> Iterator[tuple[str, Backup]]:
    found = kept(target, answer, context)
    if isinstance(found, Failure) or not found.backups:
        return
    for which in _which(context):
        yield which, found.backups[0 if which == "oldest" else -1]


def _streamed(
    target: Target, answer: Answer[Any], told: dict[str, Answer[Any]], context: Context
) -> Iterator[Looked | Failure]:
    found = kept(target, answer, context)
    if isinstance(found, Failure):
        yield found
        return
    chosen = list(_chosen(target, answer, context))
    if not chosen:
        yield Looked(found.pattern, "newest", found.place, found.zone, found.clock, Content(), found)
    for which, one in chosen:
        content = told[one.stored.name]
        if content.failure is not None:
            yield content.failure
        else:
            yield Looked(found.pattern, which, found.place, found.zone, content.clock, content.value(), found)


def _read_there(target: Target, answer: Answer[Any], context: Context) -> Looked | Failure:
    if answer.failure is not None:
        return answer.failure
    ask: Any = answer.ask
    zone = zone_of(getattr(context.limits, "zone", "UTC"))
    return Looked(dated(ask.pattern), ask.which, place_of(target), zone, answer.clock, answer.value())


@dataclass(frozen=True)
class BucketSettings:
    """Source: the settings of the row's bucket; None where there is none, the Failure where they are refused."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        target = target_of("s3", context) if getattr(context.limits, "objects", ()) else None
        return () if target is None else (BucketOf(target=target.id),)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Bucket | Failure | None:
        if not answers:
            return None
        return answers[0].failure if answers[0].failure is not None else answers[0].value()


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
    found = kept.clock.age(newest.made + kept.off(newest.made, limits.weekdays))
    with examine(
        kept.subject, measured=Duration(max(0.0, found)), limit=age, since=since, grace=limits.running
    ) as it:
        assert not newest.hollow, f"{newest.stored.name} is empty"
        it.holds(age, found, f"the newest is {newest.stored.name}, made {newest.made:%Y-%m-%d %H:%M} UTC")


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


__all__ = [
    "Backup",
    "BackupLimits",
    "Backups",
    "BucketSettings",
    "Contents",
    "Kept",
    "Looked",
    "Undecided",
    "aged",
    "each",
]
