"""When a time interval holds, and when a route speaks next."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from opsproof.sources.alertmanager.intervals import Interval, NamedIntervals, speaks_from


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("says", "at", "holds"),
    [
        ({}, "2026-03-02T09:00", True),
        ({"times": ((540, 1020),)}, "2026-03-02T09:00", True),
        ({"times": ((540, 1020),)}, "2026-03-02T17:00", False),
        ({"times": ((540, 1020),), "zone": "Europe/Berlin"}, "2026-03-02T16:30", False),
        ({"times": ((540, 1020),), "zone": "Europe/Berlin"}, "2026-07-02T07:30", True),
        ({"weekdays": ((1, 5),)}, "2026-03-02T09:00", True),
        ({"weekdays": ((0, 0),)}, "2026-03-01T09:00", True),
        ({"weekdays": ((6, 6),)}, "2026-03-01T09:00", False),
        ({"days": ((-3, -1),)}, "2026-02-26T09:00", True),
        ({"days": ((-3, -1),)}, "2026-02-25T09:00", False),
        ({"days": ((31, 31),)}, "2026-02-28T09:00", False),
        ({"months": ((1, 2),)}, "2026-03-01T09:00", False),
        ({"years": ((2020, 2025),)}, "2026-03-01T09:00", False),
        ({"weekdays": ((1, 5),), "times": ((0, 60),)}, "2026-03-02T09:00", False),
    ],
)
def test_all_that_an_interval_says_must_hold(says: Any, at: str, holds: bool) -> None:
    assert holds is Interval(**says).contains(utc(at))


def test_a_route_speaks_again_after_the_last_silent_day() -> None:
    """Silent until the end of the year."""
    year = NamedIntervals(name="a", intervals=(Interval(years=((2026, 2026),)),))
    assert utc("2027-01-01T00:00") == speaks_from(utc("2026-03-02T09:00"), [year], [])
    assert speaks_from(utc("2026-03-02T09:00"), [], [NamedIntervals(name="b", intervals=())]) is None


def test_the_end_of_a_silence_is_of_its_own_zone() -> None:
    nights = NamedIntervals(name="a", intervals=(Interval(times=((0, 420),), zone="Asia/Kolkata"),))
    assert utc("2026-03-02T01:30") == speaks_from(utc("2026-03-01T20:00"), [nights], [])
