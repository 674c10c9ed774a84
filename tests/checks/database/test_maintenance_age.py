"""database/maintenance-age on plain facts."""

from __future__ import annotations

from typing import Any

import msgspec

from checks.database.check_maintenance_age import MaintenanceLimits, check_maintenance_age
from opsproof import Examination
from opsproof.sources.postgres.tables import Table, Tables
from tests.checks.database.told import AS, ago, examined, outcomes, told

TABLES = Tables(**AS, counted=True, autovacuum=True, since=ago(days=90), total=1, tables=())


def table(vacuumed: float | None = 1, analyzed: float | None = 1, changes: int = 5000, **more: Any) -> Table:
    """Days since the last ones; None for never."""
    given: dict[str, Any] = {"schema": "public", "name": "orders", "live": 100_000, "written": changes}
    ages = {
        name: None if days is None else ago(days=days)
        for name, days in (("vacuumed", vacuumed), ("analyzed", analyzed))
    }
    return Table(**{**given, "changed": changes, "unanalyzed": changes, **ages, **more})


def decided(*tables: Table, limits: dict[str, Any] | None = None, **more: Any) -> Examination:
    facts = msgspec.structs.replace(TABLES, tables=tables, **{"total": len(tables), **more})
    return examined(check_maintenance_age, facts, limits=MaintenanceLimits(**{"age": "7d", **(limits or {})}))


def test_a_partitioned_table_is_meant_by_its_name_and_decided_by_its_parts() -> None:
    """It has no rows of its own, and is listed by none but its parts."""
    parts = [table(age, age, name=f"orders_{age}", part_of="public.orders") for age in (1, 8)]
    for name in ("orders", "public.orders"):
        found = told(decided(*parts, limits={"tables": (name,)}))
        assert [one[:2] for one in found] == [
            ("fail", "vacuum public/orders_8"),
            ("fail", "analyze public/orders_8"),
        ]


def test_tables_that_were_maintained_pass() -> None:
    examine = decided(table(6.9, 6.9))
    assert (outcomes(examine), examine.passed) == ([], 2)


def test_each_of_the_two_fails_by_its_own_age() -> None:
    assert told(decided(table(8, 1))) == [
        ("fail", "vacuum public/orders", "the last one was 8d ago; 5000 rows changed since")
    ]
    (found,) = told(decided(table(1, 8), autovacuum=False))
    assert found == (
        "fail", "analyze public/orders", "the last one was 8d ago; 5000 rows changed since; autovacuum is off",
    )  # fmt: skip


def test_a_table_that_never_was_maintained_fails_where_the_statistics_are_old_enough_to_know() -> None:
    found = told(decided(table(None, 1)))
    assert found == [("fail", "vacuum public/orders", "never since the statistics began; 5000 rows changed")]


def test_after_a_crash_or_a_reset_nobody_knows() -> None:
    """Its counters are gone, too: few changes are no proof."""
    (found,) = told(decided(table(None, None, changes=0), since=ago(hours=2)))
    said = "the statistics began 2h ago and know of no run for public.orders: run VACUUM ANALYZE, or wait"
    assert found == ("unknown", "database postgres", said)
    assert outcomes(decided(table(None, None), since=None)) == ["unknown"]


def test_a_vacuum_after_the_crash_is_known_again() -> None:
    assert outcomes(decided(table(0.01, 0.01, changes=0), since=ago(hours=2))) == []


def test_a_table_without_writes_needs_none() -> None:
    examine = decided(table(400, 400, changes=0), table(1, 1, name="busy"))
    assert (outcomes(examine), examine.passed) == ([], 2)
    assert [one.count for one in examine.excluded] == [2]


def test_that_all_tables_were_quiet_for_as_long_as_the_limit_is_an_answer() -> None:
    examine = decided(table(None, None, changes=999))
    assert (outcomes(examine), examine.passed) == ([], 1)


def test_a_database_without_tables_is_none() -> None:
    assert decided().nothing_examined


def test_a_table_made_today_is_not_overdue() -> None:
    assert outcomes(decided(table(None, None, created=ago(hours=5)))) == []
    assert outcomes(decided(table(None, None, created=ago(hours=5)), since=ago(hours=6))) == []
    assert outcomes(decided(table(None, None, created=ago(days=8)))) == ["fail", "fail"]


def test_what_runs_now_is_under_way() -> None:
    running = table(8, 8, vacuuming=ago(hours=2))
    assert outcomes(decided(running)) == ["transition", "transition"]
    assert outcomes(decided(table(8, 1, vacuuming=ago(days=2)))) == ["fail"]


def test_dead_tuples_are_compared_with_live_ones() -> None:
    wanted = {"dead": "10%"}
    assert outcomes(decided(table(dead=10_000), limits=wanted)) == []
    (found,) = told(decided(table(dead=10_001), limits=wanted))
    assert found == ("fail", "dead tuples public/orders", "10001 dead tuples to 100000 live ones")
    assert outcomes(decided(table(dead=1000, live=0), limits=wanted)) == ["fail"]
    assert outcomes(decided(table(dead=999, live=0), limits=wanted)) == []
    assert outcomes(decided(table(dead=20_000, vacuuming=ago(hours=1)), limits=wanted)) == ["transition"]


def test_a_row_about_one_table_needs_that_table() -> None:
    one = {"tables": ("public.orders",)}
    assert outcomes(decided(table(), table(40, 40, name="other"), limits=one)) == []
    (found,) = told(decided(table(name="other"), limits=one))
    assert found == ("fail", "table public.orders", "the database shop has no such table")
    (found,) = told(decided(table(name="other"), limits=one, total=9000))
    assert found[0] == "unknown"
    assert decided(limits=one).nothing_examined


def test_tables_may_be_left_out_by_name() -> None:
    examine = decided(table(40, 40, name="scratch_1"), table(), limits={"without": ("public.scratch_*",)})
    assert outcomes(examine) == []


def test_tables_that_are_not_listed_are_undecided_where_they_are_written_to() -> None:
    assert outcomes(decided(table(), total=9000)) == ["unknown"]
    assert outcomes(decided(table(changes=10), total=9000)) == []


def test_nothing_is_decided_of_a_standby_or_without_counts_or_rights() -> None:
    for state in ({"standby": True}, {"counted": False}, {"complete": False}):
        assert outcomes(decided(table(40, 40), **state)) == ["unknown"]
