"""Ways for PostgreSQL to be wrong: each undoes itself exactly."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from psycopg import sql

from tests.testbed import process
from tests.testbed.services import postgres


@contextmanager
def connections_filled(to: int, database: str = "reposcanner") -> Iterator[int]:
    """`to` sessions of an application are open (at most `max_connections` less the reserved ones).

    Only sessions that will stay are counted: none of opsproof's, and none of those that count.
    """
    passing = ("opsproof", "postgres")
    before = postgres.sessions(besides=passing)
    with ExitStack() as held:
        for _ in range(to - before):
            # What is about to end may still hold the last slot.
            process.await_that(
                "a slot", lambda: held.enter_context(postgres.connect(f"{database}_app", database))
            )
        process.await_that(f"{to} sessions", lambda: postgres.sessions(besides=passing) == to)
        yield to
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
