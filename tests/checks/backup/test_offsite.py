"""backup/offsite: all parts of the newest backup, of one date, with something in them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from checks.backup.check_offsite import check_offsite
from opsproof import Examination
from opsproof.examine.backups.kept import Kept
from opsproof.model.failure import Failure
from opsproof.testing.facts import examined
from tests.checks.backup.shelves import NOW, kept, nights, stored, told

DATABASE, UPLOADS = "%Y%m%d_%H%M%S/database.sql.gz", "%Y%m%d_%H%M%S/uploads/"


def of(*parts: Kept, **limits: Any) -> Examination:
    return examined(check_offsite, parts, **limits)


def database(*without: int) -> Kept:
    return kept(*nights(*without, pattern=DATABASE), pattern=DATABASE)


def uploads(*without: int) -> Kept:
    return kept(*nights(*without, pattern=UPLOADS), pattern=UPLOADS, whole=False)


def test_all_parts_of_last_night_pass() -> None:
    found = of(database(), uploads())
    assert (1, []) == (found.passed, told(found))


def test_a_part_that_is_missing_is_named() -> None:
    """That of the night before is no part of this one."""
    assert [
        "fail: backup set the bucket shop: that of 2026-11-26 03:00:00 lacks %Y%m%d_%H%M%S/uploads/"
    ] == told(of(database(), uploads(0)))


def test_a_part_with_nothing_in_it_is_missing() -> None:
    empty = kept(*nights(0, pattern=DATABASE), stored(0, DATABASE, size=0), pattern=DATABASE)
    (finding,) = told(of(empty, uploads()))
    assert finding.endswith("lacks %Y%m%d_%H%M%S/database.sql.gz (it is empty)")


def test_parts_that_are_all_old_fail() -> None:
    (finding,) = told(of(database(0, 1), uploads(0, 1)))
    assert "the newest is that of 2026-11-24 03:00:00, made 2026-11-24 03:00 UTC" in finding


def test_while_parts_arrive_it_is_in_transition() -> None:
    """The first came a minute ago; the last whole one is of this night."""
    at = NOW - timedelta(minutes=1)
    arriving = stored(0, DATABASE, name=f"{at:%Y%m%d_%H%M%S}/database.sql.gz", modified=at)
    found = told(of(kept(*nights(pattern=DATABASE), arriving, pattern=DATABASE), uploads()))
    assert ["transition"] == [one.partition(":")[0] for one in found]


def test_what_arrives_excuses_no_last_one_that_is_too_old() -> None:
    at = NOW - timedelta(minutes=1)
    arriving = stored(0, DATABASE, name=f"{at:%Y%m%d_%H%M%S}/database.sql.gz", modified=at)
    old = kept(*nights(0, 1, pattern=DATABASE), arriving, pattern=DATABASE)
    found = told(of(old, uploads(0, 1)))
    assert ["transition", "fail"] == [one.partition(":")[0] for one in found]


def test_a_part_that_is_missing_for_an_hour_is_no_transition() -> None:
    at = NOW - timedelta(hours=1)
    late = stored(0, DATABASE, name=f"{at:%Y%m%d_%H%M%S}/database.sql.gz", modified=at)
    (finding,) = told(of(kept(*nights(pattern=DATABASE), late, pattern=DATABASE), uploads()))
    assert finding.startswith("fail: ")


def test_a_part_that_does_not_answer_leaves_all_undecided() -> None:
    """Whether the others are whole without it nobody knows."""
    found = told(examined(check_offsite, (database(), Failure("TimedOut", "no answer in time", "s3:x"))))
    assert ["unknown: source objects: no answer in time"] == found


def test_a_set_whose_time_is_still_to_come_has_no_age() -> None:
    coming = kept(stored(-1, DATABASE, modified=NOW + timedelta(days=2)), pattern=DATABASE)
    assert told(of(coming))[0].startswith("unknown: backup set the bucket shop: the newest backup is dated")


def test_an_empty_bucket_fails() -> None:
    (finding,) = told(of(kept(pattern=DATABASE), kept(pattern=UPLOADS)))
    assert "no backup: the bucket shop is empty" in finding
