"""SQL text, literals and rows are in nothing that a run keeps or says of a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from opsproof.model.ask import Ask
from opsproof.sources.postgres.activity import ActivityOf
from opsproof.sources.postgres.configured import ConfiguredOf
from opsproof.sources.postgres.indexes import IndexesOf
from opsproof.sources.postgres.replication import ReplicationOf
from opsproof.sources.postgres.statements import StatementsOf
from opsproof.sources.postgres.tables import TableSizesOf, TablesOf
from tests.sources.planted import MARK, kept, leaks
from tests.sources.postgres.own import Server
from tests.testbed.process import await_that

OF = {"target": "postgres:test", "role": "postgres"}
ASKS: tuple[Ask, ...] = (
    ActivityOf(**OF, samples=1),
    StatementsOf(**OF),
    TablesOf(**OF),
    TableSizesOf(**OF),
    IndexesOf(**OF, named=("orders_pkey",)),
    ConfiguredOf(**OF, names=("work_mem",)),
    ReplicationOf(**OF),
)


@pytest.fixture(scope="module")
def server(apart: None, own_server: Server) -> Iterator[Server]:
    own_server.run("GRANT pg_read_all_stats TO opsproof", "CREATE DATABASE shop")
    own_server.run(
        "CREATE EXTENSION IF NOT EXISTS pg_stat_statements",
        "CREATE TABLE orders (id int PRIMARY KEY, customer text)",
        f"INSERT INTO orders VALUES (1, '{MARK}')",
        f"CREATE INDEX orders_of_one ON orders (id) WHERE customer = '{MARK}'",
        f'ALTER DATABASE shop SET search_path TO public, "{MARK}"',
        database="shop",
    )
    yield own_server
    own_server.run("DROP DATABASE shop WITH (FORCE)", "REVOKE pg_read_all_stats FROM opsproof")


@pytest.fixture
def planted(server: Server) -> Iterator[Server]:
    """A statement that runs, one that waits, and slow ones that ended, utility commands among them."""
    server.run(
        "SELECT pg_stat_statements_reset()",
        f"SELECT pg_sleep(0.05), '{MARK}' AS \"{MARK}\"",
        f"COMMENT ON TABLE orders IS '{MARK}'",
        f"VACUUM orders /* {MARK} */",
        f"/* {MARK} */ ANALYZE orders",
        database="shop",
    )
    long = f"SELECT pg_sleep(60) /* {MARK} */"
    with closing(server.connect(database="shop")) as running, server.connect(database="shop") as waiting:
        running.pgconn.send_query(long.encode())
        waiting.execute("BEGIN")
        waiting.execute(f"SELECT '{MARK}'".encode())
        await_that("it", lambda: server.run(f"SELECT 1 FROM pg_stat_activity WHERE query = '{long}'"))
        yield server
        running.cancel()


def test_of_statements_tables_and_indexes_no_text_is_kept(planted: Server, tmp_path: Path) -> None:
    """The server shows it to the role: in pg_stat_activity and pg_stat_statements alike."""
    target = planted.target(database="shop")
    seen = planted.run(
        f"SELECT count(*) FROM pg_stat_statements WHERE query LIKE '%{MARK}%'", database="shop"
    )
    assert seen[0][0] >= 3
    assert leaks(tmp_path, target, ASKS) == []
    told = kept(tmp_path, target, ASKS[0])[0].value()
    assert {"active", "idle in transaction"} <= {one.state for one in told.backends}  # type: ignore[attr-defined]


def test_of_a_servers_error_no_text_is_kept(server: Server, tmp_path: Path) -> None:
    """MESSAGE, DETAIL and CONTEXT repeat rows and statements: our words and the SQLSTATE are what is said."""
    server.run(
        "CREATE SCHEMA IF NOT EXISTS trap AUTHORIZATION opsproof",
        f"""CREATE OR REPLACE FUNCTION trap.pg_is_in_recovery() RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{MARK}' USING DETAIL = 'Key (a)=({MARK})', HINT = '{MARK}', ERRCODE = '22P02'; END $$""",
        "ALTER ROLE opsproof SET search_path = trap, pg_catalog",
        database="shop",
    )
    try:
        with (
            server.connect(user="opsproof", database="shop") as session,
            pytest.raises(psycopg.Error, match=MARK),
        ):
            session.execute("SELECT pg_is_in_recovery()")
        assert leaks(tmp_path, server.target(database="shop"), ASKS, fails=True) == []
    finally:
        server.run("ALTER ROLE opsproof RESET search_path", "DROP SCHEMA trap CASCADE", database="shop")
