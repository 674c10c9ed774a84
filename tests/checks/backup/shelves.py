"""Backups of thirty nights, as checks get them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

from opsproof import Examination
from opsproof.examine.backups.kept import Kept, Looked
from opsproof.model.dated import dated
from opsproof.model.moment import Clock
from opsproof.model.stored import Content, Shelf, Stored

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=timezone.utc)  # a Thursday
DUMP = "db-%Y%m%d.sql.gz"


def night(back: int, hour: int = 3) -> datetime:
    return NOW.replace(hour=hour) - timedelta(days=back)


def stored(back: int, pattern: str = DUMP, **more: Any) -> Stored:
    """The backup of a night, so many days ago."""
    at = night(back)
    name = at.strftime(pattern)
    return Stored(**{"name": name, "size": 1000, "modified": at, **more})


def shelf(*found: Stored, **more: Any) -> Shelf:
    return Shelf(stored=found, **more)


def nights(*without: int, count: int = 30, pattern: str = DUMP) -> tuple[Stored, ...]:
    return tuple(stored(back, pattern) for back in range(count) if back not in without)


def kept(
    *found: Stored, pattern: str = DUMP, now: datetime = NOW, whole: bool = True, zone: tzinfo = timezone.utc,
    skew: float | None = None, **more: Any,
) -> Kept:  # fmt: skip
    """What a bucket keeps; with `whole` false, a folder of a host."""
    clock = Clock(now, "s3:test", skew)
    return Kept(dated(pattern), "the bucket shop", zone, clock, shelf(*found, **more), whole=whole)


def looked(content: Content, pattern: str = DUMP, *, which: str = "newest", there: bool = False) -> Looked:
    """What reading one told, from a bucket; `there`: in a folder of a host."""
    beside = None if there else kept(pattern=pattern)
    return Looked(dated(pattern), which, "the bucket shop", timezone.utc, Clock(NOW), content, beside)


def told(examine: Examination) -> list[str]:
    """Every finding: outcome, subject and message."""
    return [
        f"{'transition' if one.in_transition else one.outcome.value}: {one.subject}: {one.message}"
        for one in examine.findings
    ]
