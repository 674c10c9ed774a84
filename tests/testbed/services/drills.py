"""Backups of the testbed's databases, and a restore drill of each: real dumps, restored by the real command's code."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path

import psycopg
from psycopg import sql

from opsproof.drill import scratch
from opsproof.drill.perform import perform
from opsproof.model.target import Target
from opsproof.sources.drill.facts import Drill
from opsproof.testing.links import target_of
from tests.testbed import place, process
from tests.testbed.services import postgres, s3, secrets

SYSTEMS: Mapping[str, str] = {
    "repo-scanner": "reposcanner",
    "enterprise-platform": "anomaly_detection",
    "accelerapp": "accelerapp",
    "smartcloudops": "smartcloudops",
}
ROLE, TEMPLATE = "drill", "drill_template"
_PATTERN = "%Y%m%dT%H%M%S.sql.gz"
BUCKETS: Mapping[str, str] = {"enterprise-platform": "enterprise-platform-backups"}  # where dumps lie in one
_PREFIX = "drills/"


def folder(system: str) -> Path:
    return place.state() / "drills" / system


def records(system: str) -> Path:
    return folder(system) / "records"


def up() -> None:
    """Each system has a dump, and a drill that restored it."""
    _server_side()
    for system in SYSTEMS:
        if not list(records(system).glob("*.json")):
            backup(system)
            drill(system)


def reset() -> None:
    """As it was made: without what scenarios added to dumps and records."""
    for system in SYSTEMS:
        shutil.rmtree(folder(system), ignore_errors=True)
    for bucket in BUCKETS.values():
        shutil.rmtree(s3.file(bucket, _PREFIX), ignore_errors=True)
    up()


def backup(system: str, *, content: bytes | None = None, counts: Mapping[str, int] | None = None) -> None:
    """A dump of the system's database as of now, with its counts beside it."""
    now = datetime.now(timezone.utc)
    name = f"{now:{_PATTERN}}"
    told = counted(system) if counts is None else counts
    _keep(system, name, gzip.compress(dump(system)) if content is None else content, now)
    _keep(system, f"{name}.counts.json", json.dumps(told).encode(), now)


def _keep(system: str, name: str, content: bytes, now: datetime) -> None:
    if system in BUCKETS:
        s3.put(BUCKETS[system], f"{_PREFIX}{name}", content, now)
        return
    dumps = folder(system) / "dumps"
    dumps.mkdir(parents=True, exist_ok=True)
    (dumps / name).write_bytes(content)


def dump(system: str) -> bytes:
    """Plain SQL, by pg_dump."""
    command = [
        postgres.program("pg_dump"),
        *("-h", place.HOST, "-p", str(place.PORTS["postgres"]), "-U", "postgres", "-d", SYSTEMS[system]),
    ]
    env = {"PGPASSWORD": secrets.password("postgres-postgres"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=env, capture_output=True)
    if done.returncode:
        raise process.TestbedError(f"pg_dump {system}: {done.stderr.decode().strip()}")
    return done.stdout


def counted(system: str) -> dict[str, int]:
    """Rows by table."""
    with postgres.connect("postgres", SYSTEMS[system]) as session:
        names = session.execute(
            "SELECT schemaname::text, relname::text FROM pg_stat_user_tables ORDER BY 1, 2"
        ).fetchall()
        return {f"{schema}.{table}": _rows(session, str(schema), str(table)) for schema, table in names}


def _rows(session: psycopg.Connection[tuple[object, ...]], schema: str, table: str) -> int:
    found = session.execute(
        sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))
    ).fetchone()
    return int(str(found[0])) if found else 0


def drill(system: str) -> Drill:
    """As `opsproof drill` does it."""
    at = target(system)
    return perform(at, scratch.proven(at, ()), lambda step: None)


def target(system: str) -> Target:
    """As the environment declares it, and with the identity that this machine's server has."""
    table = postgres.TABLES[SYSTEMS[system]]
    into = {
        "host": place.HOST,
        "port": place.PORTS["postgres"],
        "database": "postgres",
        "user": ROLE,
        "password": {"file": str(secrets.folder() / f"postgres-{ROLE}.password")},
        "identity": {scratch.SYSTEM: postgres.system_identifier()},
    }
    return target_of(
        "drill",
        records=str(records(system)),
        dumps=_dumps(system),
        into=into,
        owner=f"{SYSTEMS[system]}_app",
        template=TEMPLATE,
        newest=f"SELECT max(at) FROM {table}",
        counts="{name}.counts.json",
    )


def _dumps(system: str) -> dict[str, object]:
    bucket = BUCKETS.get(system)
    if bucket is None:
        return {"folder": str(folder(system) / "dumps"), "pattern": _PATTERN}
    identity = {"account": s3.ADMIN}
    return {"bucket": s3.settings(bucket, identity=identity), "pattern": _PREFIX + _PATTERN}


def _server_side() -> None:
    """The role that restores, and the database with the extensions that only a superuser makes."""
    with postgres.admin() as session:
        if session.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
            return
        password = sql.Literal(secrets.password(f"postgres-{ROLE}"))
        session.execute(sql.SQL("CREATE ROLE drill LOGIN CREATEDB PASSWORD {}").format(password))
        session.execute("GRANT EXECUTE ON FUNCTION pg_control_system() TO drill")
        for database in SYSTEMS.values():
            session.execute(sql.SQL("GRANT {} TO drill").format(sql.Identifier(f"{database}_app")))
        session.execute("CREATE DATABASE drill_template IS_TEMPLATE true")
        session.execute("REVOKE CONNECT ON DATABASE drill_template FROM PUBLIC")
    with postgres.connect("postgres", TEMPLATE) as session:
        for name in _extensions():
            session.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name)))


def _extensions() -> Iterable[str]:
    for database in SYSTEMS.values():
        with postgres.connect("postgres", database) as session:
            yield from (
                str(row[0]) for row in session.execute("SELECT extname::text FROM pg_extension").fetchall()
            )
