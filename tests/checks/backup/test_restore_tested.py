"""backup/restore-tested on plain facts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.backup.check_restore_tested import RestoreLimits, check_restore_tested
from opsproof import HIGH, Examination
from opsproof.model.outcome import Outcome
from opsproof.sources.drill.facts import LOAD, Drills
from tests.checks.drills import NOW, ago, drill, drills


def examined(found: Drills, **limits: Any) -> Examination:
    examine = Examination(level=HIGH)
    with examine.whole("backup/restore-tested"):
        check_restore_tested(found, RestoreLimits(**limits), examine)
    return examine


def outcomes(examine: Examination) -> dict[str, tuple[Outcome, str]]:
    return {one.subject.name: (one.outcome, one.message) for one in examine.findings}


def test_a_young_drill_that_succeeded_passes() -> None:
    examine = examined(drills(drill()), within="7d", rpo="24h", rto="1h", dump="7d")
    assert not examine.findings
    assert examine.passed == 6


@pytest.mark.parametrize(
    ("more", "why"), [({"counted": False}, "declare `counts`"), ({"rows": ()}, "name no table")]
)
def test_one_that_compared_nothing_is_no_proof_that_all_was_there(more: dict[str, Any], why: str) -> None:
    newest = drill(**more)
    found = outcomes(examined(drills(newest), within="7d"))
    assert [f"{newest.id} rows"] == list(found)
    outcome, message = found[f"{newest.id} rows"]
    assert outcome is Outcome.UNKNOWN and why in message


def test_one_that_is_too_old_fails_with_its_age() -> None:
    found = outcomes(examined(drills(drill(8)), within="7d"))
    assert found == {"drill": (Outcome.FAIL, "the newest drill that succeeded is 8d old")}


def test_no_drill_is_a_failure_and_no_folder_is_not_known() -> None:
    assert outcomes(examined(drills())) == {"drill": (Outcome.FAIL, "no drill was ever made")}
    assert outcomes(examined(drills(folder=False)))["drill"][0] is Outcome.UNKNOWN


def test_a_failure_after_a_success_is_news() -> None:
    newest = drill(1, fails=LOAD, why="the disk is full")
    examine = examined(drills(newest, drill(3)), within="7d")
    assert outcomes(examine) == {newest.id: (Outcome.FAIL, "load the dump: the disk is full")}


def test_only_failures_are_no_test() -> None:
    newest = drill(1, fails=LOAD)
    found = outcomes(examined(drills(newest), within="7d"))
    assert found["drill"] == (Outcome.FAIL, "1 drills, and none succeeded")
    assert found[newest.id][0] is Outcome.FAIL


def test_one_under_way_is_in_transition_and_a_killed_one_fails() -> None:
    running = drill(0, began=ago(hours=1), ended=None, rto=None)
    (finding,) = examined(drills(running, drill(3)), within="7d", lasts="4h").findings
    assert finding.outcome is Outcome.PASS
    assert finding.transition_until == ago(hours=-3)
    killed = drill(0, began=ago(hours=5), ended=None, rto=None)
    found = outcomes(examined(drills(killed, drill(3)), within="7d", lasts="4h"))
    assert found == {killed.id: (Outcome.FAIL, "it has not ended: it was killed")}


def test_one_that_ended_between_two_steps_is_none_that_succeeded() -> None:
    """Somebody pressed Ctrl-C: no step says so."""
    stopped = drill(1, rto=None)
    found = outcomes(examined(drills(stopped, drill(3)), within="7d"))
    assert found == {stopped.id: (Outcome.FAIL, "it ended before all was restored and examined")}


def test_what_it_left_behind_is_told() -> None:
    newest = drill(left="database opsproof_drill_x")
    assert outcomes(examined(drills(newest)))[newest.id] == (
        Outcome.FAIL,
        "it left behind: database opsproof_drill_x",
    )


def test_what_it_measured_has_limits_of_its_own() -> None:
    newest = drill()
    found = outcomes(examined(drills(newest), rpo="6h", rto="1m", dump="5h"))
    assert found == {
        f"{newest.id} RPO": (Outcome.FAIL, "what was written in the last 7h before the drill would be lost"),
        f"{newest.id} RTO": (Outcome.FAIL, "it took 5m until all was restored and examined"),
        f"{newest.id} dump": (Outcome.FAIL, "the dump was 6h old"),
    }


def test_rows_of_the_future_tell_nothing_of_what_would_be_lost() -> None:
    """`max(delivered_on)` is young whatever was lost."""
    newest = drill(newest=ago(days=-30))
    found = outcomes(examined(drills(newest), rpo="24h"))[f"{newest.id} RPO"]
    assert (Outcome.UNKNOWN, True) == (found[0], "2026-04-01 09:00 UTC, after the drill" in found[1])


def test_a_record_of_the_future_is_not_young() -> None:
    """Until then it would be the newest one, and excuse whatever comes."""
    for one in (drill(-300), drill(-300, ended=None, rto=None)):
        told = outcomes(examined(drills(one, drill(3)), within="7d"))
        outcome, message = told["drill"] if one.good else told[one.id]
        assert (Outcome.UNKNOWN, True) == (outcome, message.startswith(f"the record of {one.id} is dated"))


def test_steps_give_their_levels() -> None:
    (finding,) = examined(drills(drill()), rpo={"medium": "1h", "critical": "5h"}).findings
    assert str(finding.level) == "critical"


def test_the_age_is_by_the_records_clock() -> None:
    assert drills(drill()).clock is not None
    assert NOW == drills(drill()).clock.as_of  # type: ignore[union-attr]
