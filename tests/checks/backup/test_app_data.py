"""backup/app-data: the folders of what users stored, and how many files are in them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from checks.backup.check_app_data import AppDataLimits, check_app_data
from opsproof import Examination
from opsproof.examine.backups.kept import Kept
from opsproof.model.failure import Failure
from opsproof.model.stored import Stored
from opsproof.testing.facts import examined
from tests.checks.backup.shelves import NOW, kept, stored, told

UPLOADS = "%Y%m%d_%H%M%S/uploads/"


def of(*places: Kept, **limits: Any) -> Examination:
    return examined(check_app_data, places, None, None, **limits)


def folders(newest: int, *, empty: int = 0, usual: int = 100, **more: Any) -> Kept:
    before = tuple(stored(back, UPLOADS, count=usual) for back in range(1, 10))
    return kept(stored(0, UPLOADS, count=newest, empty=empty, **more), *before, pattern=UPLOADS, whole=False)


def test_as_many_as_ever_pass() -> None:
    found = of(folders(100))
    assert (2, []) == (found.passed, told(found))


@pytest.mark.parametrize(
    ("newest", "empty", "fails"), [(95, 0, False), (94, 0, True), (100, 6, True), (500, 0, False)]
)
def test_fewer_than_usual_fail_and_empty_ones_do_not_count(newest: int, empty: int, fails: bool) -> None:
    assert fails == bool(told(of(folders(newest, empty=empty))))


def test_a_folder_of_empty_files_fails() -> None:
    found = told(of(folders(3, empty=3, size=0)))
    assert any(one.endswith("20261126_030000/uploads/ is empty") for one in found)


def test_a_folder_that_is_too_old_fails() -> None:
    old = kept(*(stored(back, UPLOADS, count=9) for back in range(3, 9)), pattern=UPLOADS, whole=False)
    assert "the newest is 20261123_030000/uploads/" in told(of(old))[0]


def test_a_first_folder_that_is_being_uploaded_is_waited_for() -> None:
    first = kept(stored(0, UPLOADS, modified=NOW - timedelta(minutes=5)), pattern=UPLOADS, whole=False)
    assert ["transition: backup %Y%m%d_%H%M%S/uploads/: no backup: the first is being written"] == told(
        of(first)
    )


def test_no_folder_fails() -> None:
    assert "no backup: the bucket shop is empty" in told(of(kept(pattern=UPLOADS)))[0]


# -- restored --------------------------------------------------------------------------------------------

BACK = "restored/%Y%m%d_%H%M%S/uploads/"


def restored(*there: Stored, beside: Kept | None = None, **limits: Any) -> list[str]:
    """What a folder of a host holds, beside ten nights of a hundred files."""
    nights = tuple(stored(back, UPLOADS, count=100) for back in range(10))
    backups = kept(*nights, pattern=UPLOADS, whole=False) if beside is None else beside
    given = {"objects": (UPLOADS,), "restored": (BACK,), **limits}
    return told(
        examined(check_app_data, (backups,), None, (kept(*there, pattern=BACK, whole=False),), **given)
    )


def test_what_came_back_whole_passes() -> None:
    assert [] == restored(stored(0, BACK, count=100, modified=NOW))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"count": 99}, "has 99 files of 1000 bytes; the backup has 100 files of 1000 bytes"),
        ({"count": 100, "size": 999}, "has 100 files of 999 bytes"),
        ({"count": 100, "empty": 1}, "has 100 files (1 empty) of 1000 bytes"),
        ({"count": 101}, "has 101 files"),
    ],
)
def test_what_came_back_in_part_fails_even_while_it_is_written(more: dict[str, Any], message: str) -> None:
    (finding,) = restored(stored(0, BACK, modified=NOW, **more))
    assert finding.startswith(f"fail: restored {BACK}: ")
    assert message in finding


def test_nothing_restored_fails() -> None:
    assert "nothing was restored: the bucket shop is empty" in restored()[0]


def test_a_date_that_no_backup_has_fails() -> None:
    """Whatever was restored, it is not from there."""
    only_old = kept(stored(5, UPLOADS, count=100), pattern=UPLOADS, whole=False)
    assert "has no backup of that date" in restored(stored(0, BACK, count=100), beside=only_old)[0]


def test_an_old_backup_that_came_back_is_too_old() -> None:
    assert "the backup that was restored is of 2026-11-22 03:00:00" in restored(stored(4, BACK, count=100))[0]


def test_empty_folders_on_both_sides_prove_nothing() -> None:
    hollow = kept(stored(0, UPLOADS, count=3, empty=3, size=0), pattern=UPLOADS, whole=False)
    (finding,) = restored(stored(0, BACK, count=3, empty=3, size=0), beside=hollow)
    assert "nothing is in it, nor in its backup" in finding


def test_a_place_that_does_not_answer_is_undecided() -> None:
    refused = Failure("Forbidden", "the right s3:ListBucket is missing", "s3:test")
    back = kept(stored(0, BACK, count=100), pattern=BACK, whole=False)
    found = examined(check_app_data, (refused,), None, (back,), objects=(UPLOADS,), restored=(BACK,))
    assert ["unknown: source objects: the right s3:ListBucket is missing"] == told(found)
    without = examined(check_app_data, None, None, None, objects=(UPLOADS,), restored=(BACK,))
    assert all(one.startswith("unknown: ") for one in told(without)) and told(without)


def test_each_folder_of_the_backup_has_its_own() -> None:
    with pytest.raises(ValueError, match="one folder for each"):
        AppDataLimits.model_validate({"objects": (UPLOADS, UPLOADS), "restored": (BACK,)})
