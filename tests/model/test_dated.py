"""Dates in names: which names fit, and what time they tell."""

from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from opsproof.model.dated import dated

BERLIN = ZoneInfo("Europe/Berlin")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pattern", "name", "text"),
    [
        ("%Y/%m/db-%Y%m%d.sql.gz", "2026/11/db-20261126.sql.gz", "2026-11-26"),
        ("%Y/%m/db-%Y%m%d.sql.gz", "2026/12/db-20261126.sql.gz", "2026-11-26"),  # copied to another month
        ("backup-{date:%Y%m%d}.sql.gz", "backup-20261126.sql.gz", "2026-11-26"),
        ("%Y%m%d_%H%M%S/", "20261126_030405/uploads/a.png", "2026-11-26 03:04:05"),
        ("shop/*-%Y-%m-%d.gz", "shop/eu-2026-11-26.gz", "2026-11-26"),
        ("100%%-%Y%m%d", "100%-20261126", "2026-11-26"),
    ],
)
def test_a_name_that_fits_tells_its_time(pattern: str, name: str, text: str) -> None:
    """Where the folder says another month than the name, the name counts."""
    named = dated(pattern).named(name)
    assert named is not None
    assert text == named.text


@pytest.mark.parametrize(
    "name",
    [
        "2026/11/db-20260231.sql.gz",  # no such day
        "2026/11/db-20261126.sql.gz.part",
        "old/2026/11/db-20261126.sql.gz",
        "2026/11/db-20261126xsql.gz",
        "2026/11/db-20261126.sql.gz\n",
        "2026/11/db-2026112\u0666.sql.gz",  # a digit of another alphabet
        "",
    ],
)
def test_a_name_that_does_not_fit_tells_none(name: str) -> None:
    pattern = dated("%Y/%m/db-%Y%m%d.sql.gz")
    assert (None, "") == (pattern.named(name), pattern.fitting(name))


def test_what_lies_below_a_folder_belongs_to_it() -> None:
    folder = dated("%Y%m%d_%H%M%S/uploads/")
    assert "20261126_030000/uploads/" == folder.fitting("20261126_030000/uploads/a/b.png")
    assert "" == folder.fitting("20261126_030000/models/a.bin")


@pytest.mark.parametrize(
    "pattern", ["latest.sql.gz", "db-%Y%m.sql", "%m%d", "%Y%m%d_%M", "%Y%m%d-%Q", "%d%H"]
)
def test_a_pattern_without_a_whole_date_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"whole date|only %Y"):
        dated(pattern)


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [("%Y/%m/db-%Y%m%d", ""), ("a/b-%Y%m%d", "a/b-"), ("a/*-%Y%m%d", "a/"), ("50%%-%Y%m%d", "50%-")],
)
def test_what_stands_before_the_date_is_listed_by(pattern: str, prefix: str) -> None:
    assert prefix == dated(pattern).prefix


def test_a_day_is_as_long_as_it_is_there() -> None:
    """23 hours where clocks go forward, 25 where they go back."""
    pattern = dated("db-%Y%m%d")
    spring, autumn = (pattern.named(name, BERLIN) for name in ("db-20260329", "db-20261025"))
    assert spring is not None and autumn is not None
    assert (23, 25) == tuple((one.ends - one.begins).total_seconds() / 3600 for one in (spring, autumn))


def test_a_time_that_a_change_of_clocks_repeats_may_be_either() -> None:
    named = dated("%Y%m%d_%H%M").named("20261025_0230", BERLIN)
    assert named is not None
    assert (utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 31)) == (named.begins, named.ends)


def test_a_time_that_a_change_of_clocks_skips_is_one_all_the_same() -> None:
    named = dated("%Y%m%d_%H%M").named("20260329_0230", BERLIN)
    assert named is not None
    assert named.begins <= utc(2026, 3, 29, 1, 31) and named.begins <= named.ends


@pytest.mark.parametrize(
    ("pattern", "start", "expected"),
    [
        ("db-%Y%m%d.gz", "", True),
        ("db-%Y%m%d.gz", "db-", True),
        ("db-%Y%m%d.gz", "db-2025", True),
        ("db-%Y%m%d.gz", "db-20261126.gz", True),
        ("db-%Y%m%d.gz", "db-20261126.gz.part", False),
        ("db-%Y%m%d.gz", "db-latest", False),
        ("%Y/%m/db-%Y%m%d.gz", "2026/", True),
        ("%Y/%m/db-%Y%m%d.gz", "logs/", False),
        ("shop/*-%Y%m%d.gz", "shop/eu-", True),
        ("shop/*-%Y%m%d.gz", "shop/eu/", False),
        ("shop/*%Y%m%d.gz", "shop/2026", True),
        ("%Y%m%d/", "20261126/uploads/", True),
        ("%Y%m%d/", "daily/", False),
    ],
)
def test_how_a_name_that_fits_may_begin(pattern: str, start: str, expected: bool) -> None:
    assert expected == dated(pattern).may_begin(start)
