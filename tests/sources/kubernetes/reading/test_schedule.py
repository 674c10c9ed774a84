"""When a CronJob's runs are due: by the wall clock of its zone, also on the days on which that is changed."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from opsproof.model.failure import Undecided
from opsproof.model.units import Duration
from opsproof.sources.kubernetes.reading.schedule import Schedule

BERLIN = "Europe/Berlin"


def utc(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=timezone.utc)


def due(schedule: str, now: str, zone: str | None = None) -> str:
    found = Schedule(schedule, zone).due(utc(now))
    return f"{found:%Y-%m-%d %H:%M}" if found else ""


@pytest.mark.parametrize(
    ("schedule", "last"),
    [
        ("0 2 * * *", "2026-03-02 02:00"),
        ("0 9 * * *", "2026-03-02 09:00"),
        ("1 9 * * *", "2026-03-01 09:01"),
        ("*/20 * * * *", "2026-03-02 09:00"),
        ("0 22 * * MON-FRI", "2026-02-27 22:00"),
        ("0 0 ? * SUN", "2026-03-01 00:00"),
        ("@monthly", "2026-03-01 00:00"),
        ("@hourly", "2026-03-02 09:00"),
        ("CRON_TZ=Asia/Tokyo 0 12 * * *", "2026-03-02 03:00"),
        ("0 2 */2 * *", "2026-03-01 02:00"),
        ("0 2 */2 * MON", "2026-03-02 02:00"),
        ("0 2 2 * */3", "2026-03-02 02:00"),
        ("0 2 */1 * SUN", "2026-03-01 02:00"),
    ],
)
def test_the_newest_run_that_was_due(schedule: str, last: str) -> None:
    assert due(schedule, "2026-03-02 09:00") == last


def test_days_in_steps_are_joined_to_days_of_the_week() -> None:
    """Its controller holds a lone star against them only: on odd days, and on Mondays."""
    assert due("0 2 */2 * MON", "2026-03-03 09:00") == "2026-03-03 02:00"
    assert due("0 2 * * MON", "2026-03-03 09:00") == "2026-03-02 02:00"


def test_the_hour_that_summer_time_skips_has_no_run() -> None:
    """On 29 March 2026 Berlin has no 02:30; its controller runs nothing then."""
    assert due("30 2 * * *", "2026-03-29 08:00", BERLIN) == "2026-03-28 01:30"
    assert due("30 3 * * *", "2026-03-29 08:00", BERLIN) == "2026-03-29 01:30"


def test_of_the_hour_that_comes_twice_the_first_run_counts() -> None:
    """On 25 October 2026 Berlin has 02:30 twice: at 00:30 and at 01:30 UTC."""
    assert due("30 2 * * *", "2026-10-25 08:00", BERLIN) == "2026-10-25 00:30"


def test_the_day_after_is_as_any_other() -> None:
    assert due("30 2 * * *", "2026-03-30 08:00", BERLIN) == "2026-03-30 00:30"
    assert due("30 2 * * *", "2026-10-26 08:00", BERLIN) == "2026-10-26 01:30"


def test_the_first_run_after_a_moment() -> None:
    schedule = Schedule("30 2 * * *", BERLIN)
    assert schedule.first_after(utc("2026-03-28 08:00")) == utc("2026-03-30 00:30")
    assert Schedule("@every 90m").first_after(utc("2026-03-28 08:00")) == utc("2026-03-28 09:30")


def test_how_far_runs_are_apart() -> None:
    assert Schedule("0 22 * * 1-5").longest_gap(utc("2026-03-02 09:00")) == Duration.parse("3d")
    assert Schedule("@every 90m").longest_gap(utc("2026-03-02 09:00")) == Duration.parse("90m")


@pytest.mark.parametrize("text", ["", "soon", "0 25 * * *", "0 0 30 2 *", "@every day", "0 2 * * * *"])
def test_what_is_no_schedule_is_undecided(text: str) -> None:
    with pytest.raises(Undecided):
        Schedule(text).longest_gap(utc("2026-03-02 09:00"))


@pytest.mark.parametrize("zone", ["Mars/Base", "../etc/passwd", "/etc/localtime", "x" * 5000])
def test_an_unknown_zone_is_undecided(zone: str) -> None:
    with pytest.raises(Undecided, match="its time zone is not known here"):
        Schedule("0 2 * * *", zone).due(utc("2026-03-02 09:00"))
