"""`opsproof rights --check` by a real PostgreSQL's own answer: the printed grants are enough, and each is missed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from opsproof.cli.rights import Wanted, checked
from opsproof.model.failure import Forbidden
from opsproof.model.rights import Account, Need
from opsproof.sources.postgres.activity import ActivityOf
from opsproof.sources.postgres.collector import PostgresCollector
from opsproof.sources.postgres.configured import ConfiguredOf
from opsproof.sources.postgres.facts import DatabaseProbesOf, SessionsOf
from opsproof.sources.postgres.indexes import IndexesOf
from opsproof.sources.postgres.replication import ReplicationOf
from opsproof.sources.postgres.rights import RIGHTS
from opsproof.sources.postgres.statements import SCHEMA, StatementsOf
from opsproof.sources.postgres.tables import TableSizesOf, TablesOf
from opsproof.testing.links import RecordingLink
from tests.sources.postgres import own
from tests.sources.postgres.own import Server

CONNECT, IDENTITY, STATISTICS = (
    Need("CONNECT"),
    Need("EXECUTE", "pg_control_system()"),
    Need("USAGE", "pg_read_all_stats"),
)
CHECKPOINT = Need("EXECUTE", "pg_control_checkpoint()")
ASKS = (
    ActivityOf(target="postgres:test", role="postgres", samples=1),
    StatementsOf(target="postgres:test", role="postgres"),
    TablesOf(target="postgres:test", role="postgres"),
    TableSizesOf(target="postgres:test", role="postgres"),
    IndexesOf(target="postgres:test", role="postgres", named=("orders_pkey",)),
    ConfiguredOf(target="postgres:test", role="postgres", names=("work_mem",)),
    ReplicationOf(target="postgres:test", role="postgres"),
)
NEEDS = tuple(
    sorted({
        *DatabaseProbesOf.needs, *SessionsOf.needs, *(need for ask in ASKS for need in ask.needs), *RIGHTS.identity,
    })
)  # fmt: skip


@pytest.fixture(scope="module")
def server(apart: None, own_server: Server) -> Server:
    return own_server


@pytest.fixture(autouse=True)
def granted(server: Server) -> Iterator[None]:
    """What `opsproof rights` prints for the role, run by the superuser; gone afterwards."""
    (file,) = RIGHTS.files(NEEDS, server.target(), Account())
    server.psql(file.text, password=own.PASSWORD)
    yield
    server.run(
        "REVOKE pg_read_all_stats FROM opsproof",
        "REVOKE EXECUTE ON FUNCTION pg_control_system(), pg_control_checkpoint() FROM opsproof",
        "ALTER ROLE opsproof RESET ALL",
    )


def missing(server: Server) -> tuple[Need, ...]:
    found = checked(Wanted(server.target(), RIGHTS, NEEDS))
    assert found.failure == ""
    return found.missing


def test_all_five_are_needed() -> None:
    assert set(NEEDS) == {CONNECT, IDENTITY, STATISTICS, CHECKPOINT, SCHEMA}


@pytest.fixture
def closed(server: Server) -> Iterator[None]:
    """A server whose public rights were taken away, with the extension in a schema of its own."""
    hidden = "pg_control_system(), pg_control_checkpoint()"
    server.run(
        'CREATE SCHEMA IF NOT EXISTS "Stats"',
        "DROP EXTENSION IF EXISTS pg_stat_statements",
        'CREATE EXTENSION pg_stat_statements SCHEMA "Stats"',
        f"REVOKE EXECUTE ON FUNCTION {hidden} FROM PUBLIC",
        "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC",
        "CREATE TABLE IF NOT EXISTS orders (id int PRIMARY KEY)",
    )
    yield
    server.run(
        "DROP EXTENSION pg_stat_statements",
        'DROP SCHEMA "Stats"',
        "DROP TABLE orders",
        f"GRANT EXECUTE ON FUNCTION {hidden} TO PUBLIC",
        "GRANT CONNECT ON DATABASE postgres TO PUBLIC",
    )


@pytest.mark.parametrize("lacking", [None, SCHEMA, CHECKPOINT, STATISTICS])
def test_what_is_printed_is_enough_to_ask_all_of_it_and_each_is_missed(
    server: Server, closed: None, lacking: Need | None
) -> None:
    """Where nothing is open to everybody: every ask has all its facts, or lacks the one right."""
    (file,) = RIGHTS.files(NEEDS, server.target(), Account())
    server.psql(file.text, password=own.PASSWORD)
    revokes = {
        SCHEMA: 'REVOKE USAGE ON SCHEMA "Stats" FROM opsproof',
        CHECKPOINT: "REVOKE EXECUTE ON FUNCTION pg_control_checkpoint() FROM opsproof",
        STATISTICS: "REVOKE pg_read_all_stats FROM opsproof",
    }
    if lacking is not None:
        server.run(revokes[lacking])
    assert missing(server) == ((lacking,) if lacking else ())
    target = server.target()
    said = []
    for ask in ASKS:
        try:
            facts = PostgresCollector(target).collect(ask, RecordingLink(target))
        except Forbidden as refused:
            said.append(refused.message)
        else:
            assert facts.complete is (lacking != STATISTICS), ask
    assert said == (["GRANT USAGE ON SCHEMA Stats TO opsproof is missing"] if lacking == SCHEMA else [])


def test_what_is_printed_is_enough(server: Server) -> None:
    assert missing(server) == ()


def test_a_role_that_may_not_see_others_lacks_just_that(server: Server) -> None:
    server.run("REVOKE pg_read_all_stats FROM opsproof")
    assert missing(server) == (STATISTICS,)


def test_what_pg_monitor_brings_is_there(server: Server) -> None:
    server.run("REVOKE pg_read_all_stats FROM opsproof", "GRANT pg_monitor TO opsproof")
    try:
        assert missing(server) == ()
    finally:
        server.run("REVOKE pg_monitor FROM opsproof")


def test_who_the_server_is_may_be_all_that_is_missing(server: Server) -> None:
    """PUBLIC may execute it by default, which hides what the role itself lacks."""
    server.run(
        "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC",
        "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM opsproof",
    )
    try:
        assert missing(server) == (IDENTITY,)
        assert PostgresCollector(server.target()).identify(RecordingLink(server.target())).identity == {}
    finally:
        server.run("GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC")


def test_a_database_that_is_closed_to_the_role_is_a_failure_by_name(server: Server) -> None:
    """Nothing can be asked of it then."""
    server.run(
        "CREATE DATABASE closed",
        "REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
    )
    found = checked(Wanted(server.target(database="closed"), RIGHTS, NEEDS))
    assert (found.good, found.missing) == (False, ())
    assert found.failure == "GRANT CONNECT ON DATABASE closed TO opsproof is missing"
