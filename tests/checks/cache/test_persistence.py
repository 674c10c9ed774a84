"""cache/persistence on plain facts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from checks.cache.check_persistence import PersistenceLimits, check_persistence
from opsproof import CRITICAL, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.redis.server import SavePoints
from tests.checks.cache.states import NOW, kept, sample, server
from tests.checks.measured import only

STATED = "900 1 300 10 60 10000"
POINTS = SavePoints(points=((900, 1), (300, 10), (60, 10000)))
NONE = SavePoints(points=())


def examined(
    told: dict[str, Any] | None = None,
    points: SavePoints | Failure | None = None,
    limits: dict[str, Any] | None = None,
    **more: Any,
) -> Examination:
    examine = Examination(level=CRITICAL)
    state = server(sample(persistence=kept(**(told or {})), **more))
    check_persistence(state, points, PersistenceLimits(**(limits or {})), examine)
    return examine


def test_an_append_only_file_passes_without_any_snapshot() -> None:
    assert examined({"last_save": NOW - timedelta(days=90)}, NONE).passed == 1


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"saved": False}, "the last snapshot failed (rdb_last_bgsave_status)"),
        ({"aof_written": False}, "the append-only file could not be written (aof_last_write_status)"),
        ({"aof_rewritten": False}, "the append-only file could not be rewritten (aof_last_bgrewrite_status)"),
    ],
)
def test_what_could_not_be_written_fails(told: Any, message: str) -> None:
    finding = only(examined(told))
    assert (finding.outcome, finding.message) == (Outcome.FAIL, message)


def test_statuses_of_a_file_that_is_switched_off_say_nothing() -> None:
    assert examined({"aof": False, "aof_written": False}).passed == 1


def test_neither_a_file_nor_save_points_fails() -> None:
    """The last snapshot may be young: somebody made it by hand."""
    finding = only(examined({"aof": False}, NONE))
    assert (finding.outcome, finding.message) == (
        Outcome.FAIL,
        "neither an append-only file nor save points: a restart loses everything",
    )


def test_an_old_snapshot_with_changes_since_fails() -> None:
    finding = only(examined({"aof": False, "last_save": NOW - timedelta(hours=30)}, POINTS))
    assert (finding.outcome, finding.measured.text, finding.limit.text) == (
        Outcome.FAIL,
        "1d6h",
        "at most 1d",
    )
    assert finding.message == "40 changes wait since a snapshot 1d6h ago"


@pytest.mark.parametrize("untold", [{"changes": None}, {"last_save": None}])
def test_a_server_that_does_not_tell_its_snapshots_is_unknown(untold: Any) -> None:
    assert only(examined({"aof": False, **untold}, POINTS)).outcome is Outcome.UNKNOWN


def test_a_snapshot_of_the_future_is_not_young() -> None:
    """The server's clock was set back since."""
    found = only(examined({"aof": False, "changes": 5, "last_save": NOW + timedelta(days=90)}, POINTS))
    assert (Outcome.UNKNOWN, True) == (found.outcome, "the newest snapshot is dated 90d" in found.message)


def test_an_old_snapshot_of_an_idle_server_is_whole() -> None:
    assert examined({"aof": False, "last_save": NOW - timedelta(days=30), "changes": 0}, POINTS).passed == 1


def test_a_snapshot_that_is_being_made_is_ordinary() -> None:
    assert examined({"aof": False, "saving": True}, POINTS).passed == 1


@pytest.mark.parametrize("seconds", [0, 1])
def test_the_servers_start_is_no_snapshot(seconds: int) -> None:
    """At its start it takes that moment for the last snapshot: nothing may ever have been saved."""
    started = {"last_save": NOW - timedelta(days=2, seconds=-seconds)}
    finding = only(examined({"aof": False, **started}, limits={"age": "7d"}))
    assert (finding.outcome, "no snapshot was made since the start" in finding.message) == (
        Outcome.UNKNOWN,
        True,
    )
    assert "allow: [configuration]" in finding.message


def test_a_snapshot_since_the_start_shows_that_something_saves() -> None:
    assert examined({"aof": False}).passed == 1


def test_the_stated_save_points_pass_in_any_order() -> None:
    assert examined(None, POINTS, {"save": "60 10000 900 1 300 10"}).passed == 1


@pytest.mark.parametrize(
    ("points", "found"), [(SavePoints(points=((900, 1),)), "900 1"), (NONE, "empty")], ids=["fewer", "none"]
)
def test_other_save_points_fail_beside_an_append_only_file(points: SavePoints, found: str) -> None:
    finding = only(examined(None, points, {"save": STATED}))
    assert (finding.outcome, finding.message) == (Outcome.FAIL, f"save is {found}; needed {STATED}")


def test_save_points_that_may_not_be_asked_for_are_unknown() -> None:
    finding = only(examined(None, None, {"save": STATED}))
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.message.startswith("the save points are not known: set `allow: [configuration]`")


def test_a_right_that_is_missing_is_named() -> None:
    missing = Failure("Forbidden", "CONFIG GET save: the ACL of opsproof lacks it", "redis:x")
    finding = only(examined(None, missing, {"save": STATED}))
    assert (finding.outcome, finding.message) == (Outcome.UNKNOWN, missing.message)


def test_a_missing_right_hides_no_failed_snapshot() -> None:
    missing = Failure("Forbidden", "CONFIG GET save: the ACL of opsproof lacks it", "redis:x")
    assert only(examined({"saved": False}, missing, {"save": STATED})).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("told", "more", "message"),
    [
        ({}, {"part": "slave"}, "a replica answers"),
        ({}, {"loading": True}, "still loading"),
        ({"aof": None}, {}, "INFO persistence tells nothing"),
    ],
)
def test_what_cannot_be_told_is_unknown(told: Any, more: Any, message: str) -> None:
    finding = only(examined(told, POINTS, **more))
    assert (finding.outcome, message in finding.message) == (Outcome.UNKNOWN, True)


@pytest.mark.parametrize("text", ["900", "often 1", "900 1 300"])
def test_save_points_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="pairs of seconds and changes"):
        PersistenceLimits(save=text)
