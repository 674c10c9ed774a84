"""Limits of checks about backups: what names they have, when they are made, how large they are."""

from __future__ import annotations

from datetime import timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import field_validator

from opsproof.model.dated import dated
from opsproof.model.limits import AtMost, Limits, Scoped
from opsproof.model.units import Count, Duration, Percent

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


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
