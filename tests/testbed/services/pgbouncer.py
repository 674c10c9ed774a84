"""A pgbouncer before the testbed's PostgreSQL: a pool of two sessions, which an application's client has used."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from tests.testbed import place, process
from tests.testbed.services import postgres, secrets

NAME = "pgbouncer"
DATABASE, ROLE, SIZE = "reposcanner", "reposcanner_app", 2
# What it has of the server it gives back at once: who counts the server's sessions does not find them.
SETTINGS = {
    "max_client_conn": "20",
    "default_pool_size": f"{SIZE}",
    "pool_mode": "transaction",
    "server_idle_timeout": "1",
}
ADMIN = "pooler"


def up() -> None:
    _start()
    process.await_that("pgbouncer", used)


def _start(**more: str) -> None:
    if process.running(NAME) is None:
        file = _configured(**more)
        process.start(NAME, command(file), user=postgres.owner(), cwd=file.parent)


def _configured(**more: str) -> Path:
    users = {
        ROLE: secrets.password(f"postgres-{ROLE}"),
        "opsproof": secrets.password("postgres-opsproof"),
        ADMIN: secrets.password("pgbouncer-admin"),
    }
    databases = {DATABASE: place.PORTS["postgres"]}
    folder = postgres.home().parent / NAME
    return laid_out(folder, place.PORTS[NAME], databases, users, {**SETTINGS, **more})


def down() -> None:
    process.stop(NAME)


def reset() -> None:
    """Whatever was done to it is undone by another one; the pool that it has then is new."""
    pid = process.running(NAME)
    if pid is not None:
        os.kill(pid, signal.SIGCONT)
    down()
    up()


def laid_out(
    folder: Path,
    port: int,
    databases: Mapping[str, int],
    users: Mapping[str, str],
    settings: Mapping[str, str],
) -> Path:
    """Its configuration: databases of the same name at servers of this machine, by their ports.

    It refuses to run as root, and so reads its files as PostgreSQL's user. `opsproof` may look, `ADMIN` all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    usual = {
        "listen_addr": place.HOST,
        "listen_port": f"{port}",
        "unix_socket_dir": "",
        "auth_type": "scram-sha-256",
        "auth_file": f"{folder}/users.txt",
        "stats_users": "opsproof",
        "admin_users": ADMIN,
    }
    lines = [
        "[databases]",
        *(f"{name} = host={place.HOST} port={at}" for name, at in databases.items()),
        "[pgbouncer]",
        *(f"{name} = {value}" for name, value in {**usual, **settings}.items()),
    ]
    for name, text in {
        "users.txt": [f'"{user}" "{password}"' for user, password in users.items()],
        "pgbouncer.ini": lines,
    }.items():
        file = folder / name
        file.touch(mode=0o600)
        file.write_text("\n".join(text) + "\n")
        postgres.own_file(file)
    postgres.own_file(folder)
    return folder / "pgbouncer.ini"


def command(file: Path) -> list[str | Path]:
    return ["/usr/sbin/pgbouncer", file]


def used() -> bool:
    """An application has had a session of its pool."""
    with client() as session:
        return session.execute("SELECT 1").fetchone() == (1,)


def client(user: str = ROLE, database: str = DATABASE) -> psycopg.Connection[tuple[object, ...]]:
    secret = "pgbouncer-admin" if user == ADMIN else f"postgres-{user}"
    return psycopg.connect(
        host=place.HOST, port=place.PORTS[NAME], user=user, dbname=database, autocommit=True,
        password=secrets.password(secret), connect_timeout=5,
    )  # fmt: skip


def console() -> psycopg.Connection[tuple[object, ...]]:
    return client(ADMIN, "pgbouncer")


def waiting() -> int:
    """The clients that wait for a session of the application's pool."""
    with console() as session:
        cursor = session.execute("SHOW POOLS")
        names = [column.name for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return sum(int(str(row["cl_waiting"])) for row in rows if row["database"] == DATABASE)


@contextmanager
def exhausted(clients: int = 3) -> Iterator[None]:
    """Transactions that do not end hold every session of the pool; more clients wait behind them."""
    with ExitStack() as held:
        for _ in range(SIZE):
            session = held.enter_context(client())
            session.execute("BEGIN")
            session.execute("SELECT 1")
        for _ in range(clients):
            session = held.enter_context(client())
            session.pgconn.send_query(b"SELECT 1")
            held.callback(session.pgconn.finish)
        process.await_that("clients that wait", lambda: waiting() == clients)
        yield


@contextmanager
def disabled() -> Iterator[None]:
    """Somebody disabled the database, and forgot it: new clients are refused, those that are there stay."""
    with console() as session:
        session.execute(f"DISABLE {DATABASE}".encode())
    try:
        yield
    finally:
        with console() as session:
            session.execute(f"ENABLE {DATABASE}".encode())


@contextmanager
def unlisted() -> Iterator[None]:
    """opsproof is none of its stats_users any more."""
    _reload(stats_users="")
    try:
        yield
    finally:
        _reload()


def _reload(**more: str) -> None:
    _configured(**more)
    with console() as session:
        session.execute("RELOAD")


@contextmanager
def unused() -> Iterator[None]:
    """It was started anew, and no application has asked it for a session since."""
    down()
    _start()
    process.await_that("pgbouncer", lambda: waiting() == 0)
    try:
        yield
    finally:
        up()


@contextmanager
def stopped() -> Iterator[None]:
    """Nothing listens on the port."""
    down()
    try:
        yield
    finally:
        up()
