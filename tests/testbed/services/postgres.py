"""A PostgreSQL cluster of the testbed's own: four databases, their applications' roles, and opsproof's."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from opsproof.model.rights import Account, Need
from opsproof.model.target import Target
from opsproof.sources.postgres.rights import RIGHTS
from opsproof.sources.postgres.settings import PostgresSettings
from tests.testbed import place, process
from tests.testbed.services import certificates, secrets

NAME = "postgres"
_DAY, _EPOCH = 86400.0, 946684800.0  # PostgreSQL counts from 2000 on
DATABASES = ("reposcanner", "anomaly_detection", "accelerapp", "smartcloudops")
TABLES = {
    "reposcanner": "scans",
    "anomaly_detection": "anomaly_detections",
    "accelerapp": "models",
    "smartcloudops": "incidents",
}
# As many as the pools of the largest backend may want; FEW for those who fill them.
MAX_CONNECTIONS, RESERVED, FEW = 700, 3, 100
_EXTENSION = "pg_stat_statements"
# What the runbooks name beside the tables above.
OBJECTS = {
    "anomaly_detection": (
        "CREATE INDEX idx_anomaly_timestamp ON anomaly_detections (at)",
        "SET enable_seqscan = off",
        "SELECT count(*) FROM anomaly_detections WHERE at > now()",
    ),
    "smartcloudops": (
        'CREATE TABLE anomalies (id bigserial PRIMARY KEY, "timestamp" timestamptz DEFAULT now(), note text)',
        "CREATE TABLE users (id bigserial PRIMARY KEY, is_active bool DEFAULT true)",
        "INSERT INTO anomalies (note) SELECT 'anomaly ' || n FROM generate_series(1, 200) AS n",
        "INSERT INTO users (is_active) SELECT n % 3 > 0 FROM generate_series(1, 200) AS n",
        'CREATE INDEX idx_anomalies_timestamp ON anomalies ("timestamp" DESC)',
        "CREATE INDEX idx_users_active ON users (is_active) WHERE is_active = true",
    ),
}
SETTINGS = {
    "listen_addresses": place.HOST,
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
    "shared_preload_libraries": _EXTENSION,
    "log_min_duration_statement": "1000",
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
    # Beside the passwords: data whose passwords have been deleted is of no use.
    seeded, made_by = place.state() / "postgres.seeded", _made_by()
    fresh = not (seeded.exists() and seeded.read_text() == made_by and (home() / "data").exists())
    if fresh:
        stop()
        _initialise()
    start()
    if fresh:
        _seed()
        _age_statements()
        seeded.write_text(made_by)
    elif time.time() - seeded.stat().st_mtime > _DAY:
        for database in DATABASES:
            maintain(database)
        seeded.touch()


def _made_by() -> str:
    """What decides what is in the data: that of another version of this module is made anew."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def down() -> None:
    stop()


def reset() -> None:
    """Healthy again: settings, roles and recovery state as they were made."""
    pid = process.running(NAME)
    if pid is not None:
        os.kill(pid, signal.SIGCONT)
    up()
    if _in_recovery():
        leave_recovery()
    with admin() as session:
        session.execute("ALTER SYSTEM RESET ALL")
        session.execute("SELECT pg_reload_conf()")
        restore_role(session)
    if small():
        stop()
        start()


def small() -> bool:
    """Whether it has fewer sessions than it was made for."""
    with admin() as session:
        return session.execute("SHOW max_connections").fetchone() != (str(MAX_CONNECTIONS),)


def start() -> None:
    process.start(NAME, [program("postgres"), "-D", home() / "data"], user=owner(), cwd=home())
    process.await_that("PostgreSQL", answers)


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
    with admin() as session:
        row = session.execute("SELECT system_identifier::text FROM pg_control_system()").fetchone()
    assert row is not None
    return str(row[0])


def admin() -> psycopg.Connection[tuple[object, ...]]:
    return connect("postgres", "postgres")


def archive(database: str = "accelerapp") -> bytes:
    """A dump in PostgreSQL's custom format."""
    command = [
        program("pg_dump"),
        "-Fc",
        "-h",
        place.HOST,
        "-p",
        str(place.PORTS["postgres"]),
        "-U",
        "postgres",
    ]
    env = {**os.environ, "PGPASSWORD": secrets.password("postgres-postgres")}
    return subprocess.run([*command, database], env=env, capture_output=True, check=True).stdout


def answers() -> bool:
    with admin():
        return True


def lets_in() -> bool:
    with connect():
        return True


def own_file(path: Path) -> None:
    if owner():
        shutil.chown(path, owner(), pwd.getpwnam("postgres").pw_gid)


def _initialise() -> None:
    shutil.rmtree(home(), ignore_errors=True)
    home().mkdir(parents=True)
    home().parent.chmod(0o711)
    own_file(home())
    password_file = home() / "password"
    password_file.write_text(secrets.password("postgres-postgres"))
    own_file(password_file)
    options: list[str | Path] = [
        "-A",
        "scram-sha-256",
        "-U",
        "postgres",
        "--pwfile",
        password_file,
        "-E",
        "UTF8",
        "--no-sync",
    ]
    command: list[str | Path] = [program("initdb"), "-D", home() / "data", "--locale=C", *options]
    made = subprocess.run(command, user=owner(), cwd=home(), capture_output=True, text=True)
    password_file.unlink()
    if made.returncode:
        raise process.TestbedError(f"initdb: {made.stderr.strip()}")
    _configure()


def _configure() -> None:
    data = home() / "data"
    own = {"port": str(place.PORTS["postgres"]), "unix_socket_directories": str(home())}
    settings = {**SETTINGS, **own}
    lines = (f"{key} = '{value}'\n" for key, value in settings.items())
    with (data / "postgresql.conf").open("a") as file:
        file.writelines(lines)
    (data / "pg_hba.conf").write_text(HBA)
    chain, key = certificates.issue("postgres.testbed.example.com", addresses=[place.HOST]).pem()
    for name, content in {"server.crt": chain, "server.key": key}.items():
        (data / name).write_bytes(content)
        (data / name).chmod(0o600)
        own_file(data / name)


def _seed() -> None:
    for database in DATABASES:
        role = f"{database}_app"
        with admin() as session:
            _create_role(session, role)
            named = sql.Identifier(database)
            session.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(named, sql.Identifier(role)))
            session.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(named))
        with connect(role, database) as application:
            table = sql.Identifier(TABLES[database])
            columns = sql.SQL(
                "CREATE TABLE {} (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), note text)"
            )
            application.execute(columns.format(table))
            rows = sql.SQL("INSERT INTO {} (note) SELECT 'row ' || n FROM generate_series(1, 200) AS n")
            application.execute(rows.format(table))
            for statement in OBJECTS.get(database, ()):
                application.execute(statement.encode())
            for _ in range(12):
                application.execute(sql.SQL("SELECT count(*) FROM {}").format(table))
        maintain(database)
    _run_rights()


def maintain(database: str) -> None:
    """As somebody does every week: VACUUM and ANALYZE of every table; statements are recorded."""
    with connect("postgres", database) as session:
        session.execute(f"CREATE EXTENSION IF NOT EXISTS {_EXTENSION}".encode())
        session.execute("VACUUM ANALYZE")


def _age_statements() -> None:
    """pg_stat_statements was reset a month ago: what it writes at its end says so in its last eight bytes."""
    stop()
    file = home() / "data" / "pg_stat" / f"{_EXTENSION}.stat"
    content = file.read_bytes()
    microseconds = round((time.time() - _EPOCH - 30 * _DAY) * 1e6)
    file.write_bytes(content[:-8] + struct.pack("=q", microseconds))
    start()


def _create_role(session: psycopg.Connection[tuple[object, ...]], role: str) -> None:
    made = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
    secret = sql.Literal(secrets.password(f"postgres-{role}"))
    session.execute(made.format(sql.Identifier(role), secret))


def _run_rights() -> None:
    """opsproof's role exactly as an operator would make it, with the SQL of `opsproof rights`."""
    for database in DATABASES:
        _run_grants(_rights(database))


def _rights(database: str) -> str:
    settings = PostgresSettings(host=place.HOST, database=database, user="opsproof")
    target = Target("postgres", "postgres", "postgres", settings)
    needs = (Need("CONNECT"), Need("USAGE", "pg_read_all_stats"))
    return "".join(file.text for file in RIGHTS.files(needs, target, Account()))


def _run_grants(text: str) -> None:
    command = [
        *("psql", "-X", "-q", "-h", place.HOST, "-p", str(place.PORTS["postgres"]), "-U", "postgres"),
        *(
            "-v",
            f"password={secrets.password('postgres-opsproof')}",
        ),
        *("-f", "-"),
    ]
    env = {**os.environ, "PGPASSWORD": secrets.password("postgres-postgres")}
    done = subprocess.run(command, input=text, env=env, capture_output=True, text=True)
    if done.returncode:
        raise process.TestbedError(f"opsproof's rights: {done.stderr.strip()}")


def restore_role(session: psycopg.Connection[tuple[object, ...]]) -> None:
    secret = sql.Literal(secrets.password("postgres-opsproof"))
    session.execute(
        sql.SQL("ALTER ROLE opsproof LOGIN CONNECTION LIMIT {} PASSWORD {}").format(role_limit(), secret)
    )
    session.execute("GRANT pg_read_all_stats TO opsproof")
    for database in DATABASES:
        session.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO opsproof").format(sql.Identifier(database)))


def role_limit() -> int:
    """The CONNECTION LIMIT that `opsproof rights` sets."""
    found = re.search(r"CONNECTION LIMIT (\d+)", _rights(DATABASES[0]))
    assert found is not None
    return int(found[1])


def _in_recovery() -> bool:
    with admin() as session:
        return session.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)


def leave_recovery() -> None:
    stop()
    (home() / "data" / "standby.signal").unlink(missing_ok=True)
    start()


def sessions(*, besides: Sequence[str] = ()) -> int:
    """Client sessions, the counting one and those of some roles excluded."""
    others = "backend_type = 'client backend' AND pid <> pg_backend_pid()"
    query = sql.SQL("SELECT count(*) FROM pg_stat_activity WHERE {} AND usename <> ALL (%s)")
    with admin() as session:
        row = session.execute(query.format(sql.SQL(others)), [list(besides)]).fetchone()
    assert row is not None
    return int(str(row[0]))
