"""Ways for PostgreSQL to be wrong: each undoes itself exactly."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress

import psycopg
from psycopg import sql

from tests.testbed import process
from tests.testbed.services import postgres


@contextmanager
def few_connections() -> Iterator[None]:
    """The server is smaller than the pools of its applications: started anew, unless it is so already."""
    if postgres.small():
        yield
        return
    with postgres.admin() as session:
        session.execute(f"ALTER SYSTEM SET max_connections = {postgres.FEW}".encode())
    restarted()
    try:
        yield
    finally:
        with postgres.connect("postgres", "postgres") as session:
            session.execute("ALTER SYSTEM RESET max_connections")
        restarted()


def restarted() -> None:
    postgres.stop()
    postgres.start()


@contextmanager
def connections_filled(to: int, database: str = "reposcanner") -> Iterator[int]:
    """`to` sessions of an application are open (at most FEW less the reserved ones).

    Only sessions that will stay are counted: none of opsproof's, and none of those that count.
    """
    passing = ("opsproof", "postgres")
    with few_connections(), ExitStack() as held:
        before = postgres.sessions(besides=passing)
        for _ in range(to - before):
            # What is about to end may still hold the last slot.
            process.await_that(
                "a slot", lambda: held.enter_context(postgres.connect(f"{database}_app", database))
            )
        process.await_that(f"{to} sessions", lambda: postgres.sessions(besides=passing) == to)
        yield to
        held.close()
        # All of them, else the next filling counts some that are about to end.
        process.await_that("sessions to end", lambda: postgres.sessions(besides=passing) <= before)


@contextmanager
def role_at_limit() -> Iterator[None]:
    """opsproof's own role holds as many sessions as its CONNECTION LIMIT allows."""
    with ExitStack() as held:
        for _ in range(postgres.role_limit()):
            held.enter_context(postgres.connect())
        yield
    process.await_that("opsproof's sessions to end", postgres.lets_in)


@contextmanager
def stopped() -> Iterator[None]:
    """Nothing listens on the port."""
    postgres.stop()
    try:
        yield
    finally:
        postgres.start()


@contextmanager
def frozen() -> Iterator[None]:
    """The server accepts connections and never answers."""
    pid = process.running(postgres.NAME)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
        process.await_that("PostgreSQL", postgres.answers)


@contextmanager
def in_recovery() -> Iterator[None]:
    """A hot standby: it answers queries and takes no writes."""
    postgres.stop()
    (postgres.home() / "data" / "standby.signal").touch()
    postgres.own_file(postgres.home() / "data" / "standby.signal")
    postgres.start()
    try:
        yield
    finally:
        postgres.leave_recovery()


@contextmanager
def slow_login(seconds: int) -> Iterator[None]:
    """Every new session waits before it may do anything."""
    with postgres.admin() as session:
        session.execute(sql.SQL("ALTER SYSTEM SET post_auth_delay = {}").format(seconds))
        session.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            session.execute("ALTER SYSTEM RESET post_auth_delay")
            session.execute("SELECT pg_reload_conf()")


@contextmanager
def _altered(change: str) -> Iterator[None]:
    with postgres.admin() as session:
        session.execute(change)
    try:
        yield
    finally:
        with postgres.admin() as session:  # another one: the server may have been restarted meanwhile
            postgres.restore_role(session)


def password_changed() -> AbstractContextManager[None]:
    """opsproof's password is no longer right."""
    return _altered("ALTER ROLE opsproof PASSWORD 'another'")


def login_forbidden() -> AbstractContextManager[None]:
    """opsproof's role may not log in."""
    return _altered("ALTER ROLE opsproof NOLOGIN")


def statistics_forbidden() -> AbstractContextManager[None]:
    """opsproof no longer sees other roles' sessions: what it would count is too little."""
    return _altered("REVOKE pg_read_all_stats FROM opsproof")


def database_forbidden(database: str) -> AbstractContextManager[None]:
    """opsproof may not connect to one of the databases."""
    assert database in postgres.DATABASES
    return _altered(f"REVOKE CONNECT ON DATABASE {database} FROM opsproof")


@contextmanager
def busy(database: str, *, older: float = 0, statement: str = "SELECT pg_sleep(600)") -> Iterator[int]:
    """A session of the application is at a statement, for `older` seconds already. Gives its pid."""
    with postgres.connect(f"{database}_app", database) as session:
        pid = session.info.backend_pid
        session.pgconn.send_query(statement.encode())
        _await_age(pid, "query_start", "active", older)
        try:
            yield pid
        finally:
            session.close()
            _end(pid)


@contextmanager
def left_open(database: str, *, older: float = 0) -> Iterator[int]:
    """A session of the application has begun a transaction, and does nothing since. Gives its pid."""
    with postgres.connect(f"{database}_app", database) as session:
        session.execute("BEGIN")
        session.execute("SELECT 1")
        _await_age(session.info.backend_pid, "state_change", "idle in transaction", older)
        try:
            yield session.info.backend_pid
        finally:
            session.execute("ROLLBACK")


def _await_age(pid: int, since: str, state: str, seconds: float) -> None:
    aged = sql.SQL(
        "SELECT clock_timestamp() - {} >= make_interval(secs => {}) FROM pg_stat_activity "
        "WHERE pid = {} AND state = {}"
    ).format(sql.Identifier(since), sql.Literal(seconds), sql.Literal(pid), sql.Literal(state))
    with postgres.admin() as admin:
        process.await_that("the session to be old", lambda: admin.execute(aged).fetchone() == (True,))


def _end(pid: int) -> None:
    gone = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = {}").format(pid)
    with postgres.admin() as admin:
        process.await_that("the session to end", lambda: not admin.execute(gone).fetchall())


@contextmanager
def slow_statements(database: str, *, calls: int, seconds: float) -> Iterator[None]:
    """The application has called one statement that often, each time for so long: all at once, to save time."""
    with ExitStack() as held:
        sessions = [held.enter_context(postgres.connect(f"{database}_app", database)) for _ in range(calls)]
        for session in sessions:
            session.pgconn.send_query(f"SELECT pg_sleep({seconds})".encode())
        for session in sessions:
            while session.pgconn.get_result() is not None:
                pass
    try:
        yield
    finally:
        with postgres.connect("postgres", database) as admin:
            admin.execute(
                "SELECT pg_stat_statements_reset(userid, dbid, queryid) FROM pg_stat_statements "
                "WHERE query LIKE '%pg_sleep%'"
            )


@contextmanager
def churned(database: str, rows: int = 2000) -> Iterator[None]:
    """Rows came and went since the last VACUUM ANALYZE: a third of all versions are dead."""
    table = sql.Identifier(postgres.TABLES[database])
    more = sql.SQL("INSERT INTO {} (note) SELECT 'more' FROM generate_series(1, {})").format(table, rows)
    less = sql.SQL("DELETE FROM {} WHERE note = 'more' AND id % 2 = 0").format(table)
    with postgres.connect(f"{database}_app", database) as application:
        application.execute(more)
        application.execute(less)
    try:
        yield
    finally:
        with postgres.connect(f"{database}_app", database) as application:
            application.execute(sql.SQL("DELETE FROM {} WHERE note = 'more'").format(table))
        postgres.maintain(database)


@contextmanager
def index_failed(database: str, table: str) -> Iterator[None]:
    """CREATE UNIQUE INDEX CONCURRENTLY met rows that are alike, and left what is not valid: `TABLE_failed`."""
    name = f"{table}_failed"
    with postgres.connect(f"{database}_app", database) as application:
        with suppress(psycopg.errors.UniqueViolation):
            application.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ((id % 2))".encode())
        try:
            yield
        finally:
            application.execute(f"DROP INDEX {name}".encode())


@contextmanager
def index_dropped(database: str, name: str) -> Iterator[None]:
    with postgres.connect(f"{database}_app", database) as application:
        application.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
        try:
            yield
        finally:
            for statement in postgres.OBJECTS[database]:
                if name in statement or not statement.startswith(("CREATE", "INSERT")):
                    application.execute(statement.encode())


@contextmanager
def index_replaced(database: str, name: str, statement: str) -> Iterator[None]:
    """Another index has its name."""
    with index_dropped(database, name), postgres.connect(f"{database}_app", database) as application:
        application.execute(statement.encode())
        try:
            yield
        finally:
            application.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))


@contextmanager
def setting(name: str, value: str) -> Iterator[None]:
    """Changed by ALTER SYSTEM, and in force."""
    changed = sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(*name.split(".")), sql.Literal(value))
    with postgres.admin() as session:
        session.execute(changed)
        session.execute("SELECT pg_reload_conf()")
        in_force = f"SHOW {name}".encode()
        process.await_that("the setting", lambda: session.execute(in_force).fetchone() == (value,))
        try:
            yield
        finally:
            session.execute(sql.SQL("ALTER SYSTEM RESET {}").format(sql.Identifier(*name.split("."))))
            session.execute("SELECT pg_reload_conf()")


@contextmanager
def role_setting(role: str, name: str, value: str) -> Iterator[None]:
    """ALTER ROLE has set it otherwise."""
    who, what = sql.Identifier(role), sql.Identifier(name)
    with postgres.admin() as session:
        session.execute(sql.SQL("ALTER ROLE {} SET {} = {}").format(who, what, sql.Literal(value)))
        try:
            yield
        finally:
            session.execute(sql.SQL("ALTER ROLE {} RESET {}").format(who, what))


@contextmanager
def extension_dropped(database: str) -> Iterator[None]:
    """Its statistics outlive it: they are the server's."""
    with postgres.connect("postgres", database) as session:
        session.execute("DROP EXTENSION pg_stat_statements")
        try:
            yield
        finally:
            session.execute("CREATE EXTENSION pg_stat_statements")


@contextmanager
def vacuuming(database: str) -> Iterator[None]:
    """VACUUM is at work on the application's table, slowly, and has been for some seconds."""
    with churned(database, 200_000), postgres.connect("postgres", database) as session:
        session.execute("SET vacuum_cost_delay = 100")
        session.execute("SET vacuum_cost_limit = 1")
        pid = session.info.backend_pid
        session.pgconn.send_query(f"VACUUM ANALYZE {postgres.TABLES[database]}".encode())
        _await_age(pid, "query_start", "active", 3)
        try:
            yield
        finally:
            session.close()
            _end(pid)


@contextmanager
def dumping(database: str, *, older: float = 0) -> Iterator[None]:
    """A session that calls itself pg_dump copies, for `older` seconds already."""
    with postgres.connect("postgres", database) as session:
        session.execute("SET application_name = 'pg_dump'")
        pid = session.info.backend_pid
        session.pgconn.send_query(b"SELECT pg_sleep(600)")
        _await_age(pid, "query_start", "active", older)
        try:
            yield
        finally:
            session.close()
            _end(pid)


@contextmanager
def indexing(database: str, table: str, *, older: float = 0) -> Iterator[None]:
    """CREATE INDEX CONCURRENTLY waits for a transaction that writes to the table: `TABLE_coming`."""
    name = f"{table}_coming"
    with (
        postgres.connect(f"{database}_app", database) as writer,
        postgres.connect(f"{database}_app", database) as builder,
    ):
        writer.execute("BEGIN")
        writer.execute(f"UPDATE {table} SET note = note WHERE id = 1".encode())
        pid = builder.info.backend_pid
        builder.pgconn.send_query(f"CREATE INDEX CONCURRENTLY {name} ON {table} (note)".encode())
        _await_age(pid, "query_start", "active", older)
        try:
            yield
        finally:
            builder.close()
            _end(pid)
            writer.execute("ROLLBACK")
            writer.execute(f"DROP INDEX {name}".encode())


@contextmanager
def new_table(database: str) -> Iterator[None]:
    """Loaded a moment ago, and not maintained yet."""
    with postgres.connect(f"{database}_app", database) as application:
        application.execute("CREATE TABLE arrived AS SELECT n FROM generate_series(1, 5000) AS n")
        try:
            yield
        finally:
            application.execute("DROP TABLE arrived")
