"""A PostgreSQL cluster of the testbed's own: four databases, their applications' roles, and opsproof's."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tests.testbed import place, process
from tests.testbed.services import certificates, secrets

NAME = "postgres"
REPOSITORY = Path(__file__).parents[3]
DATABASES = ("reposcanner", "anomaly_detection", "accelerapp", "smartcloudops")
TABLES = {
    "reposcanner": "scans",
    "anomaly_detection": "anomaly_detections",
    "accelerapp": "models",
    "smartcloudops": "incidents",
}
MAX_CONNECTIONS, RESERVED = 100, 3
SETTINGS = {
    "listen_addresses": place.HOST,
    "port": str(place.PORTS["postgres"]),
    "max_connections": str(MAX_CONNECTIONS),
    "superuser_reserved_connections": str(RESERVED),
    "shared_buffers": "32MB",
    "fsync": "off",
    "ssl": "on",
    "log_statement": "all",
    "log_connections": "on",
    "log_line_prefix": "%m [%p] user=%u,db=%d,app=%a,host=%h ",
    "log_timezone": "UTC",
    "max_wal_senders": "0",
    "wal_level": "replica",
    "autovacuum": "off",
}
HBA = """\
local all postgres peer
host all all 127.0.0.1/32 scram-sha-256
"""


def log() -> Path:
    """Every connection and statement, with role, database and application name."""
    return process.log_file(NAME)


def home() -> Path:
    """The cluster's folder; root's cache is closed to the user that PostgreSQL insists on."""
    if os.geteuid():
        return place.state() / "postgres"
    digest = hashlib.sha256(str(place.state()).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"opsproof-testbed-{digest}" / "postgres"


def program(name: str) -> Path:
    """A program of the newest installed PostgreSQL."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which(name)
    if not found and not on_path:
        raise process.TestbedError(f"PostgreSQL's {name} is missing: install postgresql")
    return found[-1] if found else Path(str(on_path))


def owner() -> str | None:
    """The user that the server runs as: PostgreSQL refuses root."""
    return None if os.geteuid() else "postgres"


def up() -> None:
    fresh = not (home() / "seeded").exists()
    if fresh:
        _initialise()
    start()
    if fresh:
        _seed()
        (home() / "seeded").touch()


def down() -> None:
    stop()


def reset() -> None:
    """Healthy again: settings, roles and recovery state as they were made."""
    up()
    if _in_recovery():
        _leave_recovery()
    with _admin() as admin:
        admin.execute("ALTER SYSTEM RESET ALL")
        admin.execute("SELECT pg_reload_conf()")
        _restore_role(admin)


def start() -> None:
    process.start(NAME, [program("postgres"), "-D", home() / "data"], user=owner(), cwd=home())
    process.await_that("PostgreSQL", lambda: _admin().close() is None)


def stop() -> None:
    """Fast shutdown: sessions are ended."""
    process.stop(NAME, how=signal.SIGINT)


def connect(
    role: str = "opsproof", database: str = "reposcanner", *, secret: str | None = None
) -> psycopg.Connection[tuple[object, ...]]:
    """A session of a role of the testbed with its generated password."""
    return psycopg.connect(
        host=place.HOST,
        port=place.PORTS["postgres"],
        user=role,
        dbname=database,
        password=secrets.password(f"postgres-{role}") if secret is None else secret,
        connect_timeout=5,
        autocommit=True,
        application_name="testbed",
    )


def system_identifier() -> str:
    """Who the cluster is: what an environment declares as its identity."""
    with _admin() as admin:
        row = admin.execute("SELECT system_identifier::text FROM pg_control_system()").fetchone()
    assert row is not None
    return str(row[0])


def _admin() -> psycopg.Connection[tuple[object, ...]]:
    return connect("postgres", "postgres")


def _own(path: Path) -> None:
    if owner():
        shutil.chown(path, owner(), pwd.getpwnam("postgres").pw_gid)


def _initialise() -> None:
    shutil.rmtree(home(), ignore_errors=True)
    home().mkdir(parents=True)
    home().parent.chmod(0o711)
    _own(home())
    password_file = home() / "password"
    password_file.write_text(secrets.password("postgres-postgres"))
    _own(password_file)
    options = ["-A", "scram-sha-256", "-U", "postgres", "--pwfile", password_file, "-E", "UTF8", "--no-sync"]
    command = [program("initdb"), "-D", home() / "data", "--locale=C", *options]
    made = subprocess.run(command, user=owner(), cwd=home(), capture_output=True, text=True)
    password_file.unlink()
    if made.returncode:
        raise process.TestbedError(f"initdb: {made.stderr.strip()}")
    _configure()


def _configure() -> None:
    data = home() / "data"
    settings = {**SETTINGS, "unix_socket_directories": str(home())}
    lines = (f"{key} = '{value}'\n" for key, value in settings.items())
    with (data / "postgresql.conf").open("a") as file:
        file.writelines(lines)
    (data / "pg_hba.conf").write_text(HBA)
    chain, key = certificates.issue("postgres.testbed.example.com", addresses=[place.HOST]).pem()
    for name, content in {"server.crt": chain, "server.key": key}.items():
        (data / name).write_bytes(content)
        (data / name).chmod(0o600)
        _own(data / name)


def _seed() -> None:
    for database in DATABASES:
        role = f"{database}_app"
        with _admin() as admin:
            _create_role(admin, role)
            named = sql.Identifier(database)
            admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(named, sql.Identifier(role)))
            admin.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(named))
        with connect(role, database) as application:
            table = sql.Identifier(TABLES[database])
            columns = sql.SQL("CREATE TABLE {} (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), note text)")
            application.execute(columns.format(table))
            rows = sql.SQL("INSERT INTO {} (note) SELECT 'row ' || n FROM generate_series(1, 200) AS n")
            application.execute(rows.format(table))
    _run_deployed_grants()


def _create_role(admin: psycopg.Connection[tuple[object, ...]], role: str) -> None:
    made = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
    secret = sql.Literal(secrets.password(f"postgres-{role}"))
    admin.execute(made.format(sql.Identifier(role), secret))


def _run_deployed_grants() -> None:
    """opsproof's role exactly as an operator would make it, from the file in deploy/."""
    command = [
        *("psql", "-X", "-q", "-h", place.HOST, "-p", str(place.PORTS["postgres"]), "-U", "postgres"),
        *("-v", f"password={secrets.password('postgres-opsproof')}", "-v", f"databases={','.join(DATABASES)}"),
        *("-f", str(REPOSITORY / "deploy/sql/opsproof.sql")),
    ]
    env = {**os.environ, "PGPASSWORD": secrets.password("postgres-postgres")}
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        raise process.TestbedError(f"deploy/sql/opsproof.sql: {done.stderr.strip()}")


def _restore_role(admin: psycopg.Connection[tuple[object, ...]]) -> None:
    secret = sql.Literal(secrets.password("postgres-opsproof"))
    admin.execute(sql.SQL("ALTER ROLE opsproof LOGIN CONNECTION LIMIT {} PASSWORD {}").format(role_limit(), secret))
    admin.execute("GRANT pg_read_all_stats TO opsproof")
    for database in DATABASES:
        admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO opsproof").format(sql.Identifier(database)))


def role_limit() -> int:
    """The CONNECTION LIMIT that deploy/sql/opsproof.sql sets."""
    found = re.search(r"CONNECTION LIMIT (\d+)", (REPOSITORY / "deploy/sql/opsproof.sql").read_text())
    assert found is not None
    return int(found[1])


def _in_recovery() -> bool:
    with _admin() as admin:
        return admin.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)


def _leave_recovery() -> None:
    stop()
    (home() / "data" / "standby.signal").unlink(missing_ok=True)
    start()


def sessions() -> int:
    """Client sessions, the counting one excluded."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    with _admin() as admin:
        row = admin.execute(query).fetchone()
    assert row is not None
    return int(str(row[0]))


# Ways to be wrong: each undoes itself exactly.


@contextmanager
def connections_filled(to: int, database: str = "reposcanner") -> Iterator[int]:
    """`to` sessions of an application are open (at most `max_connections` less the reserved ones)."""
    with ExitStack() as held:
        for _ in range(to - sessions()):
            held.enter_context(connect(f"{database}_app", database))
        yield sessions()
    process.await_that("sessions to end", lambda: sessions() < to / 2)


@contextmanager
def role_at_limit() -> Iterator[None]:
    """opsproof's own role holds as many sessions as its CONNECTION LIMIT allows."""
    with ExitStack() as held:
        for _ in range(role_limit()):
            held.enter_context(connect())
        yield
    process.await_that("opsproof's sessions to end", lambda: connect().close() is None)


@contextmanager
def stopped() -> Iterator[None]:
    """Nothing listens on the port."""
    stop()
    try:
        yield
    finally:
        start()


@contextmanager
def frozen() -> Iterator[None]:
    """The server accepts connections and never answers."""
    pid = process.running(NAME)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
        process.await_that("PostgreSQL", lambda: _admin().close() is None)


@contextmanager
def in_recovery() -> Iterator[None]:
    """A hot standby: it answers queries and takes no writes."""
    stop()
    (home() / "data" / "standby.signal").touch()
    _own(home() / "data" / "standby.signal")
    start()
    try:
        yield
    finally:
        _leave_recovery()


@contextmanager
def slow_login(seconds: int) -> Iterator[None]:
    """Every new session waits before it may do anything."""
    with _admin() as admin:
        admin.execute(sql.SQL("ALTER SYSTEM SET post_auth_delay = {}").format(seconds))
        admin.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            admin.execute("ALTER SYSTEM RESET post_auth_delay")
            admin.execute("SELECT pg_reload_conf()")


@contextmanager
def _altered(change: str) -> Iterator[None]:
    with _admin() as admin:
        admin.execute(change)
        try:
            yield
        finally:
            _restore_role(admin)


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
    assert database in DATABASES
    return _altered(f"REVOKE CONNECT ON DATABASE {database} FROM opsproof")
