"""Alertmanager's time intervals: when a route keeps its notifications back."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

Range = tuple[int, int]
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = tuple(name.lower() for name in calendar.month_name[1:])
_A_YEAR = 366
_MIDNIGHT = 1440


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """All of these hold, and of each the ranges are alternatives; an empty one holds always.

    `times` are minutes of the day without the end, `weekdays` begin at Sunday = 0, negative days of the month
    count from its end. `zone` is where all that is meant.
    """

    times: tuple[Range, ...] = ()
    weekdays: tuple[Range, ...] = ()
    days: tuple[Range, ...] = ()
    months: tuple[Range, ...] = ()
    years: tuple[Range, ...] = ()
    zone: str = "UTC"

    def contains(self, moment: datetime) -> bool:
        local = moment.astimezone(_zone(self.zone))
        minute = local.hour * 60 + local.minute
        return (
            _within(self.years, local.year)
            and _within(self.months, local.month)
            and _within(self.weekdays, local.isoweekday() % 7)
            and self._on_day(local)
            and (not self.times or any(begin <= minute < end for begin, end in self.times))
        )

    def _on_day(self, local: datetime) -> bool:
        last = calendar.monthrange(local.year, local.month)[1]
        ends = ((_counted(begin, last), _counted(end, last)) for begin, end in self.days)
        return not self.days or any(begin <= local.day <= end for begin, end in ends)

    def changes(self, day: datetime) -> Iterator[datetime]:
        """The moments of that day at which it may begin or end."""
        edges = {0} | {edge % _MIDNIGHT for times in self.times for edge in times}
        midnight = day.astimezone(_zone(self.zone)).replace(hour=0, minute=0, second=0, microsecond=0)
        for edge in edges:
            yield midnight.replace(hour=edge // 60, minute=edge % 60).astimezone(timezone.utc)


class NamedIntervals(msgspec.Struct, frozen=True, kw_only=True):
    """What a route names; each of the intervals is an alternative."""

    name: str
    intervals: tuple[Interval, ...]

    def contains(self, moment: datetime) -> bool:
        return any(one.contains(moment) for one in self.intervals)


def silent(moment: datetime, muting: Sequence[NamedIntervals], active: Sequence[NamedIntervals]) -> bool:
    """Whether a route keeps its notifications back: muted, or outside of all the times it is active in."""
    muted = any(one.contains(moment) for one in muting)
    return muted or (bool(active) and not any(one.contains(moment) for one in active))


def speaks_from(
    moment: datetime, muting: Sequence[NamedIntervals], active: Sequence[NamedIntervals]
) -> datetime | None:
    """The first moment of the year from `moment` on at which a route is not silent; None: there is none."""
    intervals = [one for named in (*muting, *active) for one in named.intervals]
    for number in range(_A_YEAR):
        day = moment + timedelta(days=number)
        for at in sorted({moment, *(at for one in intervals for at in one.changes(day))}):
            if at >= moment and not silent(at, muting, active):
                return at
    return None


def interval(raw: Mapping[str, Any]) -> Interval:
    """An interval as the configuration writes it.

    Raises:
        ValueError: of a form that is not known.
    """
    try:
        times = tuple(
            (_minute(one["start_time"]), _minute(one["end_time"])) for one in raw.get("times") or ()
        )
        zone = str(raw.get("location") or "UTC")
        _zone(zone)
        return Interval(
            times=times,
            weekdays=tuple(_range(one, _DAYS, 0) for one in raw.get("weekdays") or ()),
            days=tuple(_range(one, (), 31) for one in raw.get("days_of_month") or ()),
            months=tuple(_range(one, _MONTHS, 12, first=1) for one in raw.get("months") or ()),
            years=tuple(_range(one, (), 9999) for one in raw.get("years") or ()),
            zone=zone,
        )
    except (KeyError, TypeError, AttributeError, ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(f"an interval of an unknown form ({type(error).__name__})") from None


def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _within(ranges: Sequence[Range], value: int) -> bool:
    return not ranges or any(begin <= value <= end for begin, end in ranges)


def _counted(day: int, last: int) -> int:
    return last + day + 1 if day < 0 else day


def _minute(given: object) -> int:
    """`09:00`; YAML reads an unquoted 17:00 as the number of its minutes."""
    if isinstance(given, int):
        minute = given
    else:
        hours, minutes = str(given).split(":")
        minute = int(hours) * 60 + int(minutes)
    if not 0 <= minute <= _MIDNIGHT:
        raise ValueError("no time of day")
    return minute


def _range(given: object, names: Sequence[str], most: int, *, first: int = 0) -> Range:
    """`monday:friday`, `5`, `-3:-1`; YAML reads an unquoted 1:5 as the number 65."""
    if isinstance(given, int) and given > most > 0:
        return divmod(given, 60)
    parts = str(given).lower().split(":")
    begin, end = (_number(parts[0], names, first), _number(parts[-1], names, first))
    if len(parts) > 2:
        raise ValueError("no range")
    return begin, end


def _number(text: str, names: Sequence[str], first: int) -> int:
    return names.index(text.strip()) + first if text.strip() in names else int(text)
