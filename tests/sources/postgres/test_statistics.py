"""What a real PostgreSQL tells of its sessions, statements, tables, indexes and settings."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec
import psycopg
import pytest

from opsproof.model.ask import Ask
from opsproof.model.failure import Forbidden
from opsproof.sources.postgres.activity import Activity, ActivityOf, Backend
from opsproof.sources.postgres.collector import PostgresCollector
from opsproof.sources.postgres.configured import Configured, ConfiguredOf, Override
from opsproof.sources.postgres.facts import DatabaseProbesOf
from opsproof.sources.postgres.indexes import Index, Indexes, IndexesOf
from opsproof.sources.postgres.statements import Statements, StatementsOf
from opsproof.sources.postgres.tables import Tables, TableSizes, TableSizesOf, TablesOf
from opsproof.testing.links import RecordingLink
from tests.sources.postgres.own import Server
from tests.testbed.process import await_that

F = TypeVar("F")
OF = {"target": "postgres:test", "role": "postgres"}


@pytest.fixture(scope="module")
def server(apart: None, own_server: Server) -> Iterator[Server]:
    own_server.run(
        "GRANT pg_read_all_stats TO opsproof", "CREATE ROLE app LOGIN", "CREATE DATABASE shop OWNER app"
    )
    own_server.run("GRANT CREATE ON SCHEMA public TO app", database="shop")
    yield own_server
    own_server.run(
        "DROP DATABASE shop WITH (FORCE)", "DROP ROLE app", "REVOKE pg_read_all_stats FROM opsproof"
    )


def asked(server: Server, ask: Ask, form: type[F]) -> F:
    """The facts, which outlive a recording."""
    target = server.target(database="shop")
    facts = PostgresCollector(target).collect(ask, RecordingLink(target))
    assert isinstance(facts, form)
    assert msgspec.json.decode(msgspec.json.encode(facts), type=form) == facts
    return facts


def activity(server: Server) -> Activity:
    return asked(server, ActivityOf(**OF, samples=2, spacing=0.01), Activity)


def test_samples_are_attempts_that_follow_each_other(server: Server) -> None:
    target = server.target(database="shop")
    link = RecordingLink(target)
    PostgresCollector(target).collect(ActivityOf(**OF, samples=3, spacing=0.01), link)
    told = [one.attempt for one in link.requests if one.path == "SELECT sessions by state"]
    assert told == [1, 2, 3]


def statements(server: Server) -> Statements:
    return asked(server, StatementsOf(**OF), Statements)


def tables(server: Server) -> Tables:
    return asked(server, TablesOf(**OF), Tables)


def indexes(server: Server, *named: str) -> Indexes:
    return asked(server, IndexesOf(**OF, named=named), Indexes)


def backend(server: Server, pid: int) -> Backend:
    return next(one for one in activity(server).backends if one.pid == pid)


@contextmanager
def begun(server: Server, connection: psycopg.Connection[Any], statement: str) -> Iterator[int]:
    """The statement runs; it is ended afterwards. Gives the session's pid."""
    pid = connection.info.backend_pid
    connection.pgconn.send_query(statement.encode())
    try:
        yield pid
    finally:
        connection.close()
        gone = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = {pid}"
        await_that("the session to end", lambda: not server.run(gone))


def test_a_query_that_runs_is_told_by_its_id_and_not_by_its_text(server: Server) -> None:
    with (
        server.connect("app", "shop") as session,
        begun(server, session, "SELECT pg_sleep(60), 'planted'") as pid,
    ):
        await_that("the query", lambda: backend(server, pid).state == "active")
        facts = activity(server)
        found = backend(server, pid)
    assert (found.role, found.application, found.database) == ("app", "test", "shop")
    assert found.since == found.query_start
    assert found.query_id
    assert (facts.states["active"], facts.active) == (1, (1, 1))
    assert "planted" not in repr(facts)
    assert "pg_sleep" not in repr(facts)


def test_a_transaction_left_open_is_told_with_the_time_of_its_last_statement(server: Server) -> None:
    with server.connect("app", "shop") as session:
        session.execute("BEGIN")
        session.execute("SELECT 1")
        found = backend(server, session.info.backend_pid)
    assert found.state == "idle in transaction"
    assert found.since == found.state_change


def test_an_idle_session_is_counted_and_not_listed(server: Server) -> None:
    with server.connect("app", "shop"):
        facts = activity(server)
    assert (facts.states, facts.backends) == ({"idle": 1}, ())


def test_a_vacuum_in_progress_is_told_by_its_command(server: Server) -> None:
    with server.connect(database="shop") as session:
        session.execute("CREATE TABLE vacuumed AS SELECT n FROM generate_series(1, 20000) n")
        session.execute("SET vacuum_cost_delay = 100")
        session.execute("SET vacuum_cost_limit = 1")
        with begun(server, session, "VACUUM vacuumed") as pid:
            await_that("VACUUM", lambda: backend(server, pid).doing == "VACUUM")
            (table,) = [one for one in tables(server).tables if one.name == "vacuumed"]
    server.run("DROP TABLE vacuumed", database="shop")
    assert table.vacuuming is not None
    assert table.analyzing is None


def test_a_role_that_sees_too_little_says_so(server: Server) -> None:
    server.run("REVOKE pg_read_all_stats FROM opsproof")
    try:
        assert not activity(server).complete
    finally:
        server.run("GRANT pg_read_all_stats TO opsproof")


def test_without_the_extension_there_are_no_statements(server: Server) -> None:
    facts = statements(server)
    assert (facts.loaded, facts.installed, facts.slowest) == (True, False, ())


def test_a_schema_that_is_closed_to_the_role_is_named(server: Server) -> None:
    server.run("CREATE SCHEMA hidden", "CREATE EXTENSION pg_stat_statements SCHEMA hidden", database="shop")
    try:
        with pytest.raises(Forbidden, match="GRANT USAGE ON SCHEMA hidden TO opsproof is missing"):
            statements(server)
    finally:
        server.run("DROP EXTENSION pg_stat_statements", "DROP SCHEMA hidden", database="shop")


def test_statements_have_ids_and_means_and_maintenance_is_told_apart(server: Server) -> None:
    server.run(
        'CREATE SCHEMA "odd ""schema"',
        'CREATE EXTENSION pg_stat_statements SCHEMA "odd ""schema"',
        'GRANT USAGE ON SCHEMA "odd ""schema" TO opsproof',
        database="shop",
    )
    try:
        with server.connect("app", "shop") as session:
            for _ in range(3):
                session.execute("SELECT pg_sleep(0.02), 'planted'")
            session.execute(
                "-- first\n/* then */ create  INDEX ON pg_temp.nothing (n)"
                if False
                else "CREATE TEMP TABLE t (n int)"
            )
            session.execute("-- first\n/* then */ create  INDEX ON t (n)")
            session.execute("ANALYZE t")
        facts = statements(server)
        server.run("ALTER DATABASE shop SET compute_query_id = off")
        unidentified = statements(server)
    finally:
        server.run("ALTER DATABASE shop RESET ALL")
        server.run("DROP EXTENSION pg_stat_statements", 'DROP SCHEMA "odd ""schema"', database="shop")
    own = [one for one in facts.slowest if one.role == "app"]
    assert own[0].calls == 3
    assert 20 <= own[0].mean <= own[0].longest
    assert {one.command for one in own} == {"", "ANALYZE", "CREATE  INDEX"}
    assert facts.total >= len(own)
    assert facts.since is not None
    assert (facts.track, unidentified.track) == ("top", "no ids")
    assert "planted" not in repr(facts)


def test_tables_tell_what_was_written_and_when_they_were_maintained(server: Server) -> None:
    server.run(
        "CREATE TABLE written AS SELECT n FROM generate_series(1, 500) n",
        "CREATE TEMP TABLE temporary (n int)",
        "CREATE TABLE parted (n int) PARTITION BY LIST (n)",
        database="shop",
    )
    try:
        before = tables(server)
        server.run("VACUUM ANALYZE written", "DELETE FROM written WHERE n <= 100", database="shop")
        after = tables(server)
    finally:
        server.run("DROP TABLE written, parted", database="shop")
    (fresh,), (kept,) = before.tables, after.tables
    assert (fresh.written, fresh.changed, fresh.unanalyzed) == (500, 500, 500)
    assert (fresh.vacuumed, fresh.analyzed) == (None, None)
    assert fresh.created is not None  # after the last checkpoint
    assert (kept.live, kept.dead, kept.changed, kept.unanalyzed) == (400, 100, 100, 100)
    assert None not in (kept.vacuumed, kept.analyzed)
    assert (before.total, before.counted, before.autovacuum) == (1, True, False)


def test_a_table_older_than_the_last_checkpoint_has_no_beginning(server: Server) -> None:
    server.run("CREATE TABLE older (n int)", "CHECKPOINT", database="shop")
    try:
        assert [one.created for one in tables(server).tables] == [None]
    finally:
        server.run("DROP TABLE older", database="shop")


def test_the_statistics_begin_anew_with_a_reset_of_the_database(server: Server) -> None:
    before = tables(server).since
    server.run("SELECT pg_stat_reset()", database="shop")
    after = tables(server).since
    assert before is not None
    assert after is not None
    assert before < after


def test_a_crash_loses_the_statistics_and_tells_when(server: Server) -> None:
    """The database's own reset says nothing of it."""
    before = indexes(server).since
    checkpointer = "SELECT backend_start FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
    old = server.run(checkpointer)
    with server.connect(database="shop") as session:
        os.kill(session.info.backend_pid, signal.SIGKILL)
    await_that("the recovery", lambda: server.run(checkpointer) not in ([], old))
    after = indexes(server).since
    assert before is not None
    assert after is not None
    assert before < after
    assert server.run("SELECT stats_reset FROM pg_stat_database WHERE datname = 'shop'") == [(None,)]


def test_sizes_are_of_tables_with_all_that_belongs_to_them(server: Server) -> None:
    server.run(
        "CREATE TABLE large AS SELECT n, repeat('x', 100) t FROM generate_series(1, 5000) n", database="shop"
    )
    server.run("CREATE TABLE small (n int PRIMARY KEY)", database="shop")
    try:
        facts = asked(server, TableSizesOf(**OF), TableSizes)
        (size,) = server.run("SELECT pg_total_relation_size('large')", database="shop")
    finally:
        server.run("DROP TABLE large, small", database="shop")
    assert [one.name for one in facts.tables] == ["large", "small"]
    assert (facts.tables[0].size,) == size
    assert facts.total == 2


def test_the_size_of_a_table_that_somebody_holds_is_not_waited_for(server: Server) -> None:
    server.run("CREATE TABLE held (n int PRIMARY KEY)", "CREATE TABLE free (n int)", database="shop")
    with server.connect(database="shop") as session:
        session.execute("BEGIN")
        session.execute("LOCK TABLE held")
        facts = asked(server, TableSizesOf(**OF), TableSizes)
        named = indexes(server, "held_pkey").named
        session.execute("ROLLBACK")
    server.run("DROP TABLE held, free", database="shop")
    assert [(one.name, one.size) for one in facts.tables] == [("held", None), ("free", 0)]
    assert [one.size for one in named] == [None]


@pytest.fixture
def indexed(server: Server) -> Iterator[Server]:
    server.run(
        'CREATE TABLE items (id int PRIMARY KEY, "timestamp" timestamptz, active bool, twice int)',
        "INSERT INTO items SELECT n, now(), n % 2 = 0, 1 FROM generate_series(1, 2000) n",
        'CREATE INDEX by_time ON items ("timestamp" DESC, id)',
        "CREATE INDEX by_active ON items (active) WHERE active = true",
        database="shop",
    )
    yield server
    server.run("DROP TABLE items", database="shop")


def one_named(server: Server, name: str) -> Index:
    (found,) = indexes(server, name).named
    return found


def test_named_indexes_tell_their_columns_and_their_predicate(indexed: Server) -> None:
    found = indexes(indexed, "by_time", "public.by_active").named
    assert [(one.name, one.columns, one.predicate) for one in found] == [
        ("by_active", ("active",), "active = true"),
        ("by_time", ('"timestamp" DESC', "id"), ""),
    ]
    assert all(one.sound and one.table == "items" for one in found)


def test_only_what_is_scanned_counts_as_used_and_a_key_is_for_more_than_that(indexed: Server) -> None:
    before = {one.name for one in indexes(indexed).unused}
    with indexed.connect(database="shop") as session:
        session.execute("SET enable_seqscan = off")
        session.execute("SET enable_bitmapscan = off")
        session.execute('SELECT count(*) FROM items WHERE "timestamp" > now()')
    after = indexes(indexed, "by_time")
    assert before == {"by_time", "by_active"}
    assert {one.name for one in after.unused} == {"by_active"}
    assert [one.scans for one in after.named] == [1]
    assert after.total == 3


def test_what_a_failed_concurrent_build_leaves_is_not_sound(indexed: Server) -> None:
    with indexed.connect(database="shop") as session, pytest.raises(psycopg.errors.UniqueViolation):
        session.execute("CREATE UNIQUE INDEX CONCURRENTLY failed ON items (twice)")
    (left,) = indexes(indexed).unsound
    assert (left.name, left.valid, left.sound, left.building) == ("failed", False, False, None)


def test_an_index_that_is_being_built_tells_since_when(indexed: Server) -> None:
    """It waits for a transaction that writes to its table."""
    with indexed.connect(database="shop") as writer, indexed.connect(database="shop") as builder:
        writer.execute("BEGIN")
        writer.execute("UPDATE items SET twice = 2 WHERE id = 1")
        with begun(indexed, builder, "CREATE INDEX CONCURRENTLY coming ON items (twice)") as pid:
            await_that("the build", lambda: bool(indexes(indexed).unsound))
            facts = indexes(indexed)
            doing = backend(indexed, pid).doing
            writer.execute("ROLLBACK")
    (coming,) = facts.unsound
    assert coming.name == "coming"
    assert coming.building is not None
    assert [build.table for build in facts.builds] == ["items"]
    assert doing == "CREATE INDEX CONCURRENTLY"


def test_an_index_of_a_partitioned_table_is_scanned_by_its_parts(server: Server) -> None:
    server.run(
        "CREATE TABLE parted (n int) PARTITION BY LIST (n)",
        "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1)",
        "CREATE INDEX by_part ON parted (n)",
        database="shop",
    )
    with server.connect(database="shop") as session:
        session.execute("SET enable_seqscan = off")
        session.execute("SELECT * FROM parted WHERE n = 1")
    found = one_named(server, "by_part")
    server.run("DROP TABLE parted", database="shop")
    assert (found.scans, found.sound) == (1, True)


def test_a_part_tells_the_whole_that_it_is_of_however_deep_it_lies(server: Server) -> None:
    server.run(
        "CREATE TABLE parted (n int) PARTITION BY LIST (n)",
        "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1) PARTITION BY LIST (n)",
        "CREATE TABLE parted_1_1 PARTITION OF parted_1 FOR VALUES IN (1)",
        database="shop",
    )
    found = {table.name: table for table in tables(server).tables}
    server.run("DROP TABLE parted", database="shop")
    assert [name for name, table in found.items() if table.part_of] == ["parted_1_1"]
    assert (found["parted_1_1"].part_of, found["parted_1_1"].called("parted")) == ("public.parted", True)


def test_settings_are_the_servers_and_what_overrides_them_is_told(server: Server) -> None:
    server.run(
        "ALTER ROLE app SET log_min_duration_statement = 5000",
        "ALTER ROLE app SET work_mem = '8MB'",
        "ALTER DATABASE shop SET log_min_duration_statement = 7",
        "ALTER DATABASE postgres SET log_min_duration_statement = 9",
    )
    try:
        names = ("log_min_duration_statement", "no_such_setting")
        facts = asked(server, ConfiguredOf(**OF, names=names), Configured)
    finally:
        server.run(
            "ALTER ROLE app RESET ALL", "ALTER DATABASE shop RESET ALL", "ALTER DATABASE postgres RESET ALL"
        )
    (setting,) = facts.settings
    assert (setting.name, setting.value, setting.unit, setting.source) == (names[0], "7", "ms", "database")
    assert facts.overrides == (
        Override(name=names[0], value="5000", role="app"),
        Override(name=names[0], value="7", database="shop"),
    )


def held_alone(server: Server) -> psycopg.Connection[Any]:
    """The only session that our role may have, once those before it have ended."""
    left = "SELECT 1 FROM pg_stat_activity WHERE usename = 'opsproof'"
    await_that("our sessions to end", lambda: not server.run(left))
    server.run("ALTER ROLE opsproof CONNECTION LIMIT 1")
    return server.connect("opsproof", "shop")


def test_at_its_roles_own_limit_an_ask_waits_for_other_sessions_to_end(server: Server) -> None:
    held = held_alone(server)
    target = server.target(database="shop")
    link = RecordingLink(target)
    link.pause = lambda seconds: held.close()  # type: ignore[method-assign]
    try:
        facts = PostgresCollector(target).collect(ConfiguredOf(**OF, names=("work_mem",)), link)
    finally:
        held.close()
        server.run("ALTER ROLE opsproof CONNECTION LIMIT -1")
    assert len(facts.settings) == 1


def test_a_probe_waits_too_and_its_time_is_that_of_the_last(server: Server) -> None:
    held = held_alone(server)
    target = server.target(database="shop")
    link = RecordingLink(target)
    link.pause = lambda seconds: held.close()  # type: ignore[method-assign]
    try:
        ask = DatabaseProbesOf(**OF, probes=1)
        (probe,) = PostgresCollector(target).collect(ask, link).probes
    finally:
        held.close()
        server.run("ALTER ROLE opsproof CONNECTION LIMIT -1")
    assert probe.failure is None
