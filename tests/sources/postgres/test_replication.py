"""A real primary and its real standby, made by pg_basebackup."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import msgspec
import pytest

from checks.database.check_replication import ReplicationLimits, check_replication
from opsproof import HIGH, Examination
from opsproof.model.moment import Clock, clocked
from opsproof.sources.postgres.collector import PostgresCollector
from opsproof.sources.postgres.indexes import IndexesOf
from opsproof.sources.postgres.replication import Replication, ReplicationOf
from opsproof.testing.links import RecordingLink
from tests.sources.postgres import own
from tests.sources.postgres.own import Server
from tests.testbed.process import await_that

pytestmark = pytest.mark.slow
SLOT = "s1"


@pytest.fixture(scope="module")
def primary(apart: None, own_server: Server) -> Iterator[Server]:
    own_server.run("GRANT pg_read_all_stats TO opsproof", "CREATE TABLE replicated (n int)")
    yield own_server
    own_server.run("DROP TABLE replicated", "REVOKE pg_read_all_stats FROM opsproof")
    own_server.run(f"SELECT pg_drop_replication_slot('{SLOT}')")


@pytest.fixture(scope="module")
def standby(primary: Server) -> Iterator[Server]:
    with own.standby(primary, SLOT) as made:
        await_that(
            "streaming", lambda: primary.run("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'")
        )
        yield made


def decided(facts: Replication, **limits: Any) -> list[tuple[str, str]]:
    """What database/replication finds."""
    examine = Examination(level=HIGH)
    clocked_facts = clocked(facts, Clock(datetime.now(timezone.utc), "postgres"))
    check_replication(clocked_facts, ReplicationLimits(**limits), examine)
    return [(one.outcome.value, one.message) for one in examine.findings]


def told(server: Server) -> Replication:
    target = server.target()
    facts = PostgresCollector(target).collect(
        ReplicationOf(target=target.id, role="postgres"), RecordingLink(target)
    )
    assert isinstance(facts, Replication)
    assert msgspec.json.decode(msgspec.json.encode(facts), type=Replication) == facts
    return facts


def test_a_primary_tells_who_follows_it(primary: Server, standby: Server) -> None:
    primary.run("INSERT INTO replicated VALUES (1)")
    await_that("catching up", lambda: told(primary).senders[0].behind == 0)
    facts = told(primary)
    (sender,), (slot,) = facts.senders, facts.slots
    assert (facts.standby, facts.receiver) == (False, None)
    assert (sender.state, sender.sync_state, sender.logical) == ("streaming", "async", False)
    assert (slot.name, slot.kind, slot.active, slot.status) == (SLOT, "physical", True, "reserved")
    assert facts.archiver.mode == "off"
    assert facts.archiver.since is not None
    assert decided(facts) == []
    assert decided(facts, standbys=2) == [("fail", "1 standby following")]


def test_a_standby_tells_of_its_own_side(primary: Server, standby: Server) -> None:
    primary.run("INSERT INTO replicated VALUES (2)")
    await_that("replaying", lambda: getattr(told(standby).receiver, "replayed", None))
    facts = told(standby)
    assert facts.standby
    assert facts.receiver is not None
    assert (facts.receiver.status, facts.receiver.paused) == ("streaming", False)
    assert facts.receiver.told is not None
    assert decided(facts, standby=True) == []
    assert [outcome for outcome, _ in decided(facts)] == ["unknown"]


def test_a_standby_that_does_not_replay_falls_behind_and_catches_up(primary: Server, standby: Server) -> None:
    standby.run("SELECT pg_wal_replay_pause()")
    primary.run("INSERT INTO replicated SELECT n FROM generate_series(1, 10000) n")
    await_that("the lag", lambda: (told(primary).senders[0].behind or 0) > 100_000)
    at_primary, at_standby = told(primary), told(standby)
    behind = at_standby.receiver
    standby.run("SELECT pg_wal_replay_resume()")
    await_that("catching up", lambda: told(primary).senders[0].behind == 0)
    ((outcome, message),) = decided(at_primary, behind="64Ki")
    assert (outcome, message.startswith("it lacks ")) == ("fail", True)
    ((outcome, message),) = decided(at_standby, standby=True)
    assert (outcome, message) == ("fail", "replay is paused: what it receives is not in its data")
    assert decided(told(primary), behind="64Ki") == []
    assert behind is not None
    assert behind.paused
    assert (behind.behind or 0) > 100_000


def test_indexes_know_that_a_standby_may_use_them(primary: Server, standby: Server) -> None:
    target = primary.target()
    facts = PostgresCollector(target).collect(
        IndexesOf(target=target.id, role="postgres"), RecordingLink(target)
    )
    assert facts.standbys == 1


def test_a_receiver_that_is_cut_off_is_none_however_little_is_left_to_replay(
    primary: Server, standby: Server
) -> None:
    standby.run("ALTER SYSTEM SET primary_conninfo = 'host=/nowhere'", "SELECT pg_reload_conf()")
    await_that("the cut", lambda: told(primary).senders == ())
    primary.run("INSERT INTO replicated SELECT n FROM generate_series(1, 1000) n")
    at_primary, at_standby = told(primary), told(standby)
    cut, left = at_standby.receiver, at_primary.slots[0]
    standby.run("ALTER SYSTEM RESET primary_conninfo", "SELECT pg_reload_conf()")
    assert cut is not None
    assert (cut.status, cut.behind) == ("", 0)
    assert not left.active
    assert (left.retained or 0) > 0
    assert decided(at_standby, standby=True) == [
        ("fail", "it receives nothing: the link to its primary is cut")
    ]
    (nobody, held) = decided(at_primary, retained="1Ki")
    assert nobody == ("fail", "0 standbys following")
    assert (held[0], held[1].endswith("of WAL, and nobody reads it")) == ("fail", True)
