"""database/slow-queries on plain facts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.database.check_slow_queries import SlowQueryLimits, check_slow_queries
from opsproof import Examination
from opsproof.sources.postgres.statements import Statement, Statements
from tests.checks.database.told import AS, ago, examined, outcomes, told

STATEMENTS = Statements(**AS, installed=True, loaded=True, track="top", since=ago(days=20), total=1)


def statement(mean: float, calls: int = 100, **more: Any) -> Statement:
    return Statement(**{"query_id": "42", "role": "app", "longest": mean * 2, **more}, mean=mean, calls=calls)


def decided(*slowest: Statement, **more: Any) -> Examination:
    limits = {name: more.pop(name) for name in ("calls", "without_roles") if name in more}
    facts = msgspec.structs.replace(STATEMENTS, slowest=slowest, **{"total": len(slowest), **more})
    return examined(check_slow_queries, facts, limits=SlowQueryLimits(mean="1s", **limits))


def test_fast_statements_pass() -> None:
    examine = decided(statement(1000), statement(3))
    assert (outcomes(examine), examine.passed) == ([], 2)


def test_a_slow_statement_fails_by_its_id() -> None:
    (found,) = told(decided(statement(1001), statement(3)))
    said = "1s on average of 100 calls, the longest took 2s"
    assert found == ("fail", "statement app/42", said)


def test_what_was_called_a_few_times_has_no_average() -> None:
    examine = decided(statement(5000, calls=9), statement(3))
    assert (outcomes(examine), examine.passed) == ([], 1)
    assert outcomes(decided(statement(5000, calls=9), calls=1)) == ["fail"]


def test_that_nothing_was_called_often_is_an_answer_and_that_nothing_was_recorded_is_none() -> None:
    assert decided(statement(3, calls=1)).passed == 1
    assert decided().nothing_examined


def test_maintenance_takes_its_time_and_so_do_roles_that_the_row_leaves_out() -> None:
    examine = decided(
        statement(90_000, command="VACUUM"), statement(90_000, role="backup"), statement(3),
        without_roles=("back*",),
    )  # fmt: skip
    assert (outcomes(examine), examine.passed) == ([], 1)
    assert [one.count for one in examine.excluded] == [1, 1]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (
            {"loaded": False, "installed": True},
            "pg_stat_statements is not loaded: add it to shared_preload_libraries and restart the server",
        ),
        ({"installed": False}, "run CREATE EXTENSION pg_stat_statements in the database shop"),
        ({"track": "none"}, "pg_stat_statements.track is none: what it holds is old; set it to top"),
        (
            {"track": "no ids"},
            "compute_query_id is off: what pg_stat_statements holds is old; set it to auto",
        ),
        (
            {"since": None},
            "since when is not told: run ALTER EXTENSION pg_stat_statements UPDATE (1.9 or later)",
        ),
        (
            {"since": ago(minutes=3)},
            "its statistics were reset 3m ago: a mean needs 1d; decide again then",
        ),
        ({"complete": False}, "GRANT pg_read_all_stats TO opsproof is missing: other sessions are hidden"),
        (
            {"standby": True},
            "in recovery: a standby answers, whose statistics are its own; name the primary",
        ),
    ],
)
def test_what_cannot_tell_says_what_to_do(state: dict[str, Any], said: str) -> None:
    assert told(decided(statement(3), **state)) == [("unknown", "database postgres", said)]


def test_a_slow_statement_is_slow_however_young_the_statistics_are() -> None:
    assert outcomes(decided(statement(1500), since=ago(minutes=3))) == ["fail"]


def test_opsproofs_own_statements_prove_nothing() -> None:
    (found,) = told(decided(statement(3, role="opsproof")))
    assert found[2] == "only statements of opsproof, as whom opsproof comes, are recorded"


def test_statements_that_are_not_listed_are_faster_than_the_last_that_is() -> None:
    assert outcomes(decided(statement(900), total=9000)) == []
    (_, found) = told(decided(statement(1500), total=9000))
    assert found == ("unknown", "statements others", "8999 more are not listed")
