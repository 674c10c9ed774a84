"""Quiet hours: whole days, ends of days, and what says nothing."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from opsproof.model.requirement import QuietHours
from tests.environment.files import lines, load


def hours(folder: Path, times: str, zone: str = "UTC") -> QuietHours:
    text = (
        f"environment: production\nquiet_hours: [{{days: [sat, sun], {times}zone: {zone}, reason: closed}}]\n"
    )
    loaded = load(folder, production=text)
    assert lines(loaded) == []
    return loaded.environments()["shop/production"].quiet_hours[0]


WHOLE = ["", 'from: "00:00", until: "24:00", ', 'until: "24:00", ', 'from: "00:00", ']


@pytest.mark.parametrize("times", WHOLE)
@pytest.mark.parametrize(
    ("moment", "quiet"),
    [
        ("2026-06-19T23:59", False),  # Friday
        ("2026-06-20T00:00", True),
        ("2026-06-20T12:00", True),
        ("2026-06-21T23:59", True),
        ("2026-06-22T00:00", False),
    ],
)
def test_a_whole_day_can_be_said(tmp_path: Path, times: str, moment: str, quiet: bool) -> None:
    """Neither end, or midnight to midnight."""
    at = datetime.fromisoformat(moment).replace(tzinfo=timezone.utc)
    assert hours(tmp_path, times).includes(at) is quiet


@pytest.mark.parametrize("end", ["24:00", "00:00"])
def test_until_midnight_is_until_the_end_of_the_day(tmp_path: Path, end: str) -> None:
    made = hours(tmp_path, f'from: "22:00", until: "{end}", ')
    at = [datetime(2026, 6, day, hour, tzinfo=timezone.utc) for day, hour in ((20, 21), (20, 22), (22, 0))]
    assert [made.includes(one) for one in at] == [False, True, False]


def test_hours_past_midnight_end_on_the_next_day(tmp_path: Path) -> None:
    """Also on Monday morning, which is not listed; and not on Saturday morning."""
    made = hours(tmp_path, 'from: "22:00", until: "06:00", ')
    at = [
        datetime(2026, 6, day, hour, tzinfo=timezone.utc)
        for day, hour in ((20, 5), (21, 5), (22, 5), (22, 6))
    ]
    assert [made.includes(one) for one in at] == [False, True, True, False]


@pytest.mark.parametrize(
    ("moment", "quiet"), [("07:59:59", False), ("08:00:00", True), ("17:59:59", True), ("18:00:00", False)]
)
def test_they_begin_with_their_first_second_and_end_before_the_last(
    tmp_path: Path, moment: str, quiet: bool
) -> None:
    made = hours(tmp_path, 'from: "08:00", until: "18:00", ')
    assert made.includes(datetime.fromisoformat(f"2026-06-20T{moment}+00:00")) is quiet


@pytest.mark.parametrize(
    ("zone", "moment", "quiet"),
    [
        ("Europe/Berlin", "2026-06-20T05:59:00+00:00", False),
        ("Europe/Berlin", "2026-06-20T06:00:00+00:00", True),  # summer
        ("Europe/Berlin", "2026-12-19T06:30:00+00:00", False),  # winter
        ("Europe/Berlin", "2026-12-19T07:00:00+00:00", True),
        ("America/Los_Angeles", "2026-06-22T00:30:00+00:00", True),  # there it is Sunday
        ("Asia/Tokyo", "2026-06-19T23:30:00+00:00", True),  # there it is Saturday
        ("Asia/Tokyo", "2026-06-21T23:30:00+00:00", False),
    ],
)
def test_they_are_those_of_their_zone(tmp_path: Path, zone: str, moment: str, quiet: bool) -> None:
    """Hours and days, whatever the clock of who asks."""
    made = hours(tmp_path, 'from: "08:00", until: "18:00", ', zone)
    assert made.includes(datetime.fromisoformat(moment)) is quiet


@pytest.mark.parametrize(
    ("times", "problem"),
    [
        ('from: "06:00", until: "06:00"', "from and until are the same; for the whole day leave both out"),
        ('from: "24:00", until: "06:00"', "not a time of day; write it like "),
        ('from: "6:00", until: "07:00"', "not a time of day; write it like "),
        ('from: "01:00", until: "24:01"', "not a time of day; write it like "),
    ],
)
def test_hours_that_say_nothing_are_refused(tmp_path: Path, times: str, problem: str) -> None:
    text = f"environment: production\nquiet_hours: [{{days: [sat], {times}, zone: UTC, reason: closed}}]\n"
    (found,) = lines(load(tmp_path, production=text))
    assert problem in found


@pytest.mark.parametrize(
    ("moment", "quiet"),
    [
        ("2026-06-20T21:59", False),  # Saturday
        ("2026-06-20T22:00", True),
        ("2026-06-21T05:59", True),
        ("2026-06-22T05:59", True),  # Monday, of the night that began on Sunday
        ("2026-06-22T06:00", False),
        ("2026-06-22T23:00", False),
        ("2026-06-20T05:59", False),  # Saturday, of the night that began on Friday
    ],
)
def test_hours_past_midnight_belong_to_the_day_on_which_they_begin(
    tmp_path: Path, moment: str, quiet: bool
) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=timezone.utc)
    assert hours(tmp_path, 'from: "22:00", until: "06:00", ').includes(at) is quiet
