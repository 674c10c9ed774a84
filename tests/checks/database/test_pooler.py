"""database/pooler on plain facts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.database.check_pooler import PoolerLimits, check_pooler
from opsproof import HIGH, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.postgres.pooler import Pool, PooledDatabase, PoolerSample, PoolerState
from tests.checks.measured import only

MISSING = Failure("NotConfigured", "targets.pgbouncer is not set; add it to production.yaml")
REFUSED = Failure("Unreachable", "connection refused", "pgbouncer:x")


def pool(**more: Any) -> Pool:
    return Pool(**{"database": "shop", "user": "app", "active": 3, "servers": 2, **more})


def sample(*pools: Pool, database: dict[str, Any] | None = None, **more: Any) -> PoolerSample:
    shop = PooledDatabase(**{"name": "shop", "size": 2, "servers": 2, **(database or {})})
    return PoolerSample(**{"clients": 10, "most": 100, "pools": pools, "databases": (shop,), **more})


def examined(*samples: PoolerSample | Failure, several: bool = False, **limits: Any) -> Examination:
    examine = Examination(level=HIGH)
    found = [one for one in samples if isinstance(one, PoolerSample)]
    state = PoolerState(role="pgbouncer", user="opsproof", samples=tuple(found), one_of_several=several)
    (failure,) = [one for one in samples if isinstance(one, Failure)] or (None,)
    check_pooler(failure or state, PoolerLimits(**limits), examine)
    return examine


def told(examine: Examination) -> tuple[str, Outcome, str]:
    finding = only(examine)
    return str(finding.subject), finding.outcome, finding.message


def test_a_pooler_with_free_sessions_passes() -> None:
    """The pooler, its database and its pool."""
    assert examined(*[sample(pool(servers=1))] * 3).passed == 3


def test_who_waits_too_long_fails_by_one_sample() -> None:
    finding = only(examined(sample(pool()), sample(pool(waiting=4, longest=1.5)), sample(pool())))
    assert (str(finding.subject), finding.outcome) == ("pool shop/app", Outcome.FAIL)
    assert finding.measured is not None and finding.limit is not None
    assert (finding.measured.text, finding.limit.text) == ("1.5s", "at most 1s")
    assert finding.message == "4 clients waiting, the first for 1.5s"


@pytest.mark.parametrize(
    "samples",
    [
        [sample(pool(waiting=1, longest=0.2)), sample(pool()), sample(pool(waiting=1, longest=0.2))],
        [sample(pool(waiting=1, longest=0.2, servers=1))] * 3,
        [sample(pool()), sample(pool(waiting=1, servers=0)), sample(pool())],
        [sample(pool(database="books")), *[sample(pool(waiting=1, servers=0))] * 2],
    ],
    ids=["not always", "the pool may grow", "a login that was slow once", "a pool that is new"],
)
def test_a_short_wait_passes(samples: list[PoolerSample]) -> None:
    assert examined(*samples).findings == []


def test_a_full_pool_behind_which_somebody_always_waits_fails() -> None:
    """Each of them for less than the limit."""
    assert told(examined(*[sample(pool(waiting=2, longest=0.4))] * 3)) == (
        "pool shop/app",
        Outcome.FAIL,
        "clients wait in each of 3 samples, and 2 of 2 server sessions of the pool are there",
    )


def test_the_limit_of_the_database_uses_pools_up_too() -> None:
    waiting = sample(pool(waiting=2, longest=0.4, servers=1), database={"servers": 5, "most": 5, "size": 9})
    assert told(examined(*[waiting] * 3)) == (
        "pool shop/app",
        Outcome.FAIL,
        "clients wait in each of 3 samples, and 1 of 9 server sessions of the pool are there, 5 of 5 of the database",
    )


def test_clients_that_wait_at_their_login_fail_though_no_time_is_told() -> None:
    """The server is away: there is no session to be taken, and the pooler tells no wait."""
    assert told(examined(*[sample(pool(waiting=3, longest=0, servers=0))] * 3)) == (
        "pool shop/app",
        Outcome.FAIL,
        "clients wait in each of 3 samples, and 0 of 2 server sessions of the pool are there",
    )


def test_one_look_at_such_clients_is_too_few() -> None:
    assert told(examined(sample(pool(waiting=3, longest=0, servers=0))))[1] is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"paused": True}, "it is paused: clients wait until somebody says RESUME"),
        ({"disabled": True}, "it is disabled: clients are refused"),
    ],
)
def test_a_database_that_takes_no_session_fails(state: dict[str, bool], said: str) -> None:
    shut = sample(pool(), database=state)
    assert told(examined(*[shut] * 3)) == ("pooled database shop", Outcome.FAIL, said)


def test_a_pause_that_ends_meanwhile_passes() -> None:
    assert examined(sample(pool(), database={"paused": True}), sample(pool())).passed == 3


@pytest.mark.parametrize("activity", ["paused", "suspended"])
def test_a_pooler_that_is_paused_as_a_whole_fails(activity: str) -> None:
    resting = sample(pool(), activity=activity)
    assert told(examined(*[resting] * 3)) == (
        "pooler pgbouncer",
        Outcome.FAIL,
        f"the whole pooler is {activity}",
    )
    assert examined(resting, sample(pool(), activity="active")).passed == 3


def test_the_mildest_sample_counts_for_the_clients() -> None:
    crowded = sample(pool(), clients=95)
    finding = only(examined(crowded, sample(pool(), clients=90)))
    assert (str(finding.subject), finding.message) == (
        "pooler pgbouncer",
        "90 of 100 clients are connected, in each of 2 samples",
    )
    assert examined(crowded, sample(pool(), clients=80)).passed == 3


def test_a_database_with_hardly_a_client_more_to_take_fails() -> None:
    crowded = sample(pool(), database={"clients": 9, "most_clients": 10})
    assert told(examined(crowded)) == (
        "pooled database shop",
        Outcome.FAIL,
        "9 of its 10 clients are connected",
    )


@pytest.mark.parametrize("pools", [[], [pool(user="opsproof")]], ids=["nobody", "our own probes"])
def test_a_pooler_that_nobody_has_used_is_undecided(pools: list[Pool]) -> None:
    subject, outcome, message = told(examined(*[sample(*pools)] * 3))
    assert (subject, outcome) == ("pools pgbouncer", Outcome.UNKNOWN)
    assert message.startswith("nobody but opsproof has asked for a session since the pooler was started")


def test_a_named_database_that_is_not_there_is_undecided() -> None:
    findings = examined(sample(pool()), databases=("shop", "books")).findings
    assert [(str(one.subject), one.outcome) for one in findings] == [
        ("pooled database books", Outcome.UNKNOWN)
    ]


def test_others_than_the_named_databases_are_left_out() -> None:
    other = PooledDatabase(name="books", size=1, disabled=True)
    both = sample(pool(), pool(database="books", waiting=9, longest=9))
    found = examined(
        PoolerSample(**{**_fields(both), "databases": (*both.databases, other)}), databases=("shop",)
    )
    assert (found.passed, found.findings) == (3, [])


def _fields(one: PoolerSample) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__struct_fields__}


def test_one_of_several_processes_is_not_all_of_them() -> None:
    found = examined(sample(pool()), several=True)
    assert (told(found)[0], told(found)[1]) == ("poolers pgbouncer", Outcome.UNKNOWN)


def test_a_pooler_that_does_not_answer_is_undecided() -> None:
    assert told(examined(REFUSED)) == ("source pooler", Outcome.UNKNOWN, "connection refused")


def test_no_pooler_is_undecided_unless_none_is_needed() -> None:
    assert told(examined(MISSING))[1] is Outcome.UNKNOWN
    assert told(examined(MISSING, needed=False)) == (
        "pooler pgbouncer",
        Outcome.NOT_APPLICABLE,
        "the environment names no pgbouncer",
    )
    ours = Failure("NotConfigured", "its settings cannot be used by this libpq", "pgbouncer:x", own=True)
    assert [told(examined(one, needed=False))[1] for one in (REFUSED, ours)] == [Outcome.UNKNOWN] * 2
