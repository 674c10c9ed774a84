"""recovery/data-integrity on plain facts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.recovery.check_data_integrity import IntegrityLimits, check_data_integrity
from opsproof import CRITICAL, Examination
from opsproof.model.outcome import Outcome
from opsproof.sources.drill.facts import COUNT, LOAD, LOOK, MAKE, Drills, TableRows
from tests.checks.drills import ago, drill, drills


def examined(found: Drills, *proves: str, **limits: Any) -> Examination:
    examine = Examination(level=CRITICAL)
    given = {"proves": proves, **limits} if proves else limits
    with examine.whole("recovery/data-integrity"):
        check_data_integrity(found, IntegrityLimits(**given), examine)
    return examine


def only(examine: Examination) -> tuple[Outcome, str]:
    (finding,) = examine.findings
    return finding.outcome, finding.message


def test_a_whole_restore_passes() -> None:
    examine = examined(drills(drill()))
    assert (examine.passed, examine.findings) == (4, [])


def test_a_record_of_the_future_proves_nothing() -> None:
    found = examined(drills(drill(-300)))
    assert 0 == found.passed
    assert {Outcome.UNKNOWN} == {one.outcome for one in found.findings}


def test_a_load_that_failed_fails_what_needs_it() -> None:
    failed = drills(drill(fails=LOAD, why="the disk is full"))
    assert only(examined(failed, "loads")) == (Outcome.FAIL, "load the dump: the disk is full")
    assert only(examined(failed, "rows")) == (Outcome.FAIL, "load the dump: the disk is full")
    assert only(examined(failed, "alone"))[0] is Outcome.UNKNOWN


def test_one_that_never_came_to_loading_loaded_nothing() -> None:
    before = drills(drill(fails=MAKE, why="the server refused or was lost"))
    assert only(examined(before, "loads")) == (
        Outcome.FAIL,
        "it ended before: make a database: the server refused or was lost",
    )


def test_other_rows_than_were_counted_fail_by_table() -> None:
    rows = (
        TableRows(table="public.orders", wanted=3, found=2),
        TableRows(table="public.items", wanted=5, found=None),
        TableRows(table="public.users", wanted=1, found=1),
    )
    found = drills(drill(fails=COUNT, rows=rows, counted=True))
    assert only(examined(found, "rows")) == (
        Outcome.FAIL,
        "2 of 3 tables differ: public.orders has 2 of 3, public.items has no such table of 5",
    )
    assert examined(found, "loads").passed == 2


@pytest.mark.parametrize("more", [{"counted": False, "rows": ()}, {"rows": ()}])
def test_what_nobody_counted_is_not_known(more: dict[str, Any]) -> None:
    assert only(examined(drills(drill(**more)), "rows"))[0] is Outcome.UNKNOWN


def test_tables_without_a_count_are_not_known() -> None:
    """One table that is whole says nothing about fifty others."""
    outcome, message = only(examined(drills(drill(uncounted=2)), "rows"))
    assert outcome is Outcome.UNKNOWN
    assert message.startswith("the counts beside the dump do not name 2 tables of the restored data")


def test_counts_that_could_not_be_read_are_not_known() -> None:
    found = drills(drill(fails=COUNT, why="x.json cannot be read"))
    assert only(examined(found, "rows")) == (Outcome.UNKNOWN, "count the rows: x.json cannot be read")


def test_sessions_of_others_fail() -> None:
    assert only(examined(drills(drill(others=2)), "alone")) == (
        Outcome.FAIL,
        "2 sessions of others in the restored database",
    )


def test_data_that_could_not_be_looked_at_loaded_all_the_same() -> None:
    found = drills(drill(fails=LOOK, others=None))
    assert examined(found, "loads").passed == 2
    assert only(examined(found, "alone"))[0] is Outcome.UNKNOWN


def test_an_old_drill_proves_nothing_of_today() -> None:
    assert only(examined(drills(drill(8)), "loads", within="7d")) == (
        Outcome.FAIL,
        "the newest drill is 8d old",
    )


def test_none_fails_and_no_folder_is_not_known() -> None:
    assert only(examined(drills())) == (Outcome.FAIL, "no drill was ever made")
    assert only(examined(drills(folder=False)))[0] is Outcome.UNKNOWN


def test_one_under_way_is_in_transition_and_a_killed_one_fails() -> None:
    running = examined(drills(drill(0, began=ago(hours=1), ended=None)), "loads")
    assert [one.outcome for one in running.findings] == [Outcome.PASS]
    killed = examined(drills(drill(0, began=ago(hours=9), ended=None)), "loads")
    assert only(killed) == (Outcome.FAIL, "it has not ended: it was killed")


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(ValueError, match="proves"):
        IntegrityLimits(proves=("everything",))
