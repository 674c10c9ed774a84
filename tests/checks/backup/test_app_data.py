"""backup/app-data: the folders of what users stored, and how many files are in them."""

from __future__ import annotations

from typing import Any

import pytest

from checks.backup.check_app_data import check_app_data
from opsproof import Examination
from opsproof.examine.backups import Kept
from opsproof.testing.facts import examined
from tests.checks.backup.shelves import kept, stored, told

UPLOADS = "%Y%m%d_%H%M%S/uploads/"


def of(*places: Kept, **limits: Any) -> Examination:
    return examined(check_app_data, places, None, **limits)


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
    assert any("none of its 3 files has anything in it" in one for one in found)


def test_a_folder_that_is_too_old_fails() -> None:
    old = kept(*(stored(back, UPLOADS, count=9) for back in range(3, 9)), pattern=UPLOADS, whole=False)
    assert "the newest is 20261123_030000/uploads/" in told(of(old))[0]


def test_no_folder_fails() -> None:
    assert "no backup: the bucket shop is empty" in told(of(kept(pattern=UPLOADS)))[0]
