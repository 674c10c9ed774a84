"""When a CronJob's runs are due: its schedule by the wall clock of its time zone, as its controller reads it.

The controller runs nothing at an hour that a change to summer time skips, and what falls into an hour that
comes twice at both; `cronsim` alone would do as cron does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from opsproof.model.failure import Undecided
from opsproof.model.units import Duration

_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY = re.compile(r"@every (.+)")
_ZONED = re.compile(r"(?:CRON_)?TZ=(\S+)\s+(.+)")
_STEP_OF_ONE, _STEPS = re.compile(r"\*/0*1(?=,|$)"), re.compile(r"^\*/(\d+)$")
_LOOKED_AT = 10  # runs back, to tell how far apart they are


class Schedule:
    """A schedule, readable or not: what it says is worked out when it is asked.

    Args:
        text: as `spec.schedule` has it.
        zone: `spec.timeZone`; without one the controller takes its own, which mostly is UTC.
    """

    def __init__(self, text: str, zone: str | None = None) -> None:
        zoned = _ZONED.fullmatch(text.strip())
        self.text = (zoned[2] if zoned else text).strip()
        self.zone = zone or (zoned[1] if zoned else "")

    @property
    def zoned(self) -> bool:
        """Whether it says by whose clock it is meant."""
        return bool(self.zone)

    def due(self, now: datetime) -> datetime | None:
        """The newest moment at or before `now` at which a run was due; None when there is none in years.

        Raises:
            Undecided: the schedule, or its time zone, is none.
        """
        return next(self._back(now), None)

    def first_after(self, moment: datetime) -> datetime | None:
        """The next moment after another at which a run is due. Raises Undecided."""
        if every := self._every():
            return moment + timedelta(seconds=every)
        zone = self._zone()
        for wall in self._walk(moment.astimezone(zone).replace(tzinfo=None), reverse=False):
            found = wall.replace(tzinfo=zone).astimezone(timezone.utc)
            if _exists(wall, zone) and found > moment:
                return found
        return None

    def longest_gap(self, now: datetime) -> Duration:
        """The longest time between two of its last runs: what one has to wait in any time zone. Raises Undecided."""
        if every := self._every():
            return every
        last = [moment for moment, _ in zip(self._back(now), range(_LOOKED_AT), strict=False)]
        return Duration(
            max(((newer - older).total_seconds() for newer, older in pairwise(last)), default=0.0)
        )

    def holds(self, moment: datetime) -> bool:
        """Whether a run was due at this very minute. Raises Undecided."""
        found = self.due(moment)
        return found is not None and abs((moment - found).total_seconds()) < 60

    def _every(self) -> Duration | None:
        """The period of `@every 90m`, which counts from the last run and knows no wall clock."""
        match = _EVERY.fullmatch(self.text)
        if match is None:
            return None
        try:
            return Duration.parse(match[1])
        except ValueError:
            raise Undecided(f"its schedule cannot be read ({self.text[:40]!r})") from None

    def _back(self, now: datetime) -> Iterator[datetime]:
        """The moments at which runs were due, newest first; of an hour that came twice the first one."""
        zone = self._zone()
        for wall in self._walk(
            now.astimezone(zone).replace(tzinfo=None) + timedelta(seconds=1), reverse=True
        ):
            found = wall.replace(tzinfo=zone).astimezone(timezone.utc)
            if _exists(wall, zone) and found <= now:
                yield found

    def _walk(self, wall: datetime, *, reverse: bool) -> Iterator[datetime]:
        """By a wall clock that knows no summer time. Raises Undecided."""
        if self._every() is not None:
            return
        fields = _NAMED.get(self.text, self.text).replace("?", "*").split()
        try:
            if len(fields) != 5:
                raise CronSimError("not five fields")
            days, weekdays = _of_days(fields[2], "1-31"), _of_days(fields[4], "0-6")
            text = " ".join((*fields[:2], days, fields[3], weekdays))
            yield from CronSim(text, wall, reverse=reverse)
        except CronSimError:
            raise Undecided(f"its schedule cannot be read ({self.text[:40]!r})") from None

    def _zone(self) -> tzinfo:
        try:
            return ZoneInfo(self.zone or "UTC")
        except (KeyError, OSError, ValueError):
            raise Undecided(f"its time zone is not known here ({self.zone[:40]!r})") from None


def _of_days(field: str, whole: str) -> str:
    """As the controller means it: only without a step is a star no restriction of its own. cron takes each for one."""
    parts = [_STEPS.sub(rf"{whole}/\1", part) for part in _STEP_OF_ONE.sub("*", field).split(",")]
    return "*" if "*" in parts else ",".join(parts)


def _exists(wall: datetime, zone: tzinfo) -> bool:
    """Whether clocks showed it: a change to summer time skips an hour."""
    there = wall.replace(tzinfo=zone).astimezone(timezone.utc).astimezone(zone)
    return there.replace(tzinfo=None) == wall
