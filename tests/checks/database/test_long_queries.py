"""database/long-queries on plain facts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.database.check_long_queries import LongQueryLimits, check_long_queries
from opsproof import Examination
from opsproof.model.moment import Clock
from opsproof.sources.postgres.activity import Activity, Backend
from tests.checks.database.told import AS, NOW, ago, examined, outcomes, told

ACTIVITY = Activity(**AS, states={"active": 1, "idle": 4}, active=(1, 1, 1), backends=())


def backend(minutes: float, state: str = "active", **more: Any) -> Backend:
    given = {"role": "app", "application": "web", "database": "shop", "query_id": "42"}
    began = {"query_start": ago(minutes=minutes), "state_change": ago(minutes=minutes)}
    return Backend(**{"pid": 7, "state": state, **given, **began, **more})


def decided(*backends: Backend, facts: Activity = ACTIVITY, **limits: Any) -> Examination:
    given = LongQueryLimits(**(limits or {"query": "5m", "idle": "5m"}))
    return examined(check_long_queries, msgspec.structs.replace(facts, backends=backends), limits=given)


def test_short_work_passes_and_the_states_are_told() -> None:
    examine = decided(backend(4), backend(4, "idle in transaction"))
    assert (outcomes(examine), examine.passed) == ([], 3)
    assert examine.notes == ["client sessions of the whole server: 1 active, 4 idle"]


def test_a_server_without_any_session_but_ours_passes() -> None:
    nothing = msgspec.structs.replace(ACTIVITY, states={}, active=(0,))
    examine = decided(facts=nothing)
    assert (outcomes(examine), examine.passed) == ([], 1)
    assert examine.notes == ["client sessions of the whole server: none but opsproof itself"]


def test_a_query_that_runs_too_long_fails_by_its_id() -> None:
    (found,) = told(decided(backend(6)))
    said = "role app (application web) is active, query id 42, for 6m"
    assert found == ("fail", "session shop/7", said)


@pytest.mark.parametrize("state", ["idle in transaction", "idle in transaction (aborted)"])
def test_a_transaction_left_open_fails_since_its_last_statement(state: str) -> None:
    (found,) = told(decided(backend(6, state, query_start=ago(minutes=1), doing="")))
    assert (found[0], found[1]) == ("fail", "session shop/7")


def test_a_row_about_queries_says_nothing_of_open_transactions() -> None:
    examine = decided(backend(600, "idle in transaction"), query="5m")
    assert (outcomes(examine), examine.passed) == ([], 1)


def test_a_session_keeps_its_identity_over_its_process() -> None:
    (one,), (other,) = decided(backend(6)).findings, decided(backend(6, pid=8)).findings
    assert one.subject.stable == other.subject.stable


@pytest.mark.parametrize("doing", ["VACUUM", "CREATE INDEX CONCURRENTLY"])
def test_maintenance_takes_its_time(doing: str) -> None:
    assert outcomes(decided(backend(300, doing=doing))) == []
    assert outcomes(decided(backend(1500, doing=doing))) == ["fail"]


def test_a_dump_takes_its_time_too_and_holds_a_transaction_meanwhile() -> None:
    dump = backend(300, application="pg_dump")
    assert outcomes(decided(dump, backend(300, "idle in transaction", application="pg_dump"))) == []
    assert outcomes(decided(backend(1500, application="pg_dump"))) == ["fail"]


def test_what_runs_in_the_background_is_declared_by_role_and_application() -> None:
    limits = {"query": "5m", "background": ("report/*",)}
    assert outcomes(decided(backend(300, role="report"), **limits)) == []
    assert outcomes(decided(backend(300, role="reporter"), **limits)) == ["fail"]
    assert outcomes(decided(backend(300, application="pg_dump"), **limits)) == ["fail"]


def test_a_burst_is_no_crowd() -> None:
    burst = msgspec.structs.replace(ACTIVITY, active=(60, 49, 60))
    crowd = msgspec.structs.replace(ACTIVITY, active=(60, 51, 60))
    assert outcomes(decided(facts=burst, active=50)) == []
    (found,) = told(decided(facts=crowd, active=50))
    assert found == ("fail", "database postgres", "51 sessions are active at least (samples: 60, 51, 60)")


def test_a_role_that_sees_only_itself_decides_nothing() -> None:
    (found,) = told(decided(facts=msgspec.structs.replace(ACTIVITY, complete=False)))
    said = "GRANT pg_read_all_stats TO opsproof is missing: other sessions are hidden"
    assert found == ("unknown", "database postgres", said)


def test_a_session_that_does_not_tell_what_it_does_is_undecided() -> None:
    (found,) = told(decided(backend(6, "disabled")))
    assert found == (
        "unknown", "session shop/7", "track_activities is off for it: what it does is not told",
    )  # fmt: skip


def test_a_standby_has_sessions_of_its_own() -> None:
    standby = msgspec.structs.replace(ACTIVITY, standby=True)
    assert outcomes(decided(facts=standby)) == ["unknown"]
    assert outcomes(decided(backend(6), facts=standby, query="5m", standby=True)) == ["fail"]
    assert outcomes(decided(standby=True, query="5m")) == ["unknown"]


def test_no_sample_is_no_answer() -> None:
    assert outcomes(decided(facts=msgspec.structs.replace(ACTIVITY, active=()))) == ["unknown"]


def test_clocks_that_disagree_on_the_age_leave_it_undecided() -> None:
    behind = msgspec.structs.replace(ACTIVITY, clock=Clock(NOW, "postgres:x", skew=-3600))
    assert outcomes(decided(backend(1), facts=behind)) == ["unknown"]
    assert outcomes(decided(backend(6), facts=behind)) == ["fail"]
