"""Debian's real pgbouncer before a real PostgreSQL: paused, full, and without the database."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from opsproof.sources.postgres.collector import PostgresCollector
from opsproof.sources.postgres.facts import DatabaseProbes, DatabaseProbesOf, QueryProbe
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, target_of
from tests.testbed import place, process
from tests.testbed.services import postgres, secrets

pytestmark = pytest.mark.slow
_MOST = 3


@pytest.fixture(scope="module")
def pooler(apart: None) -> Iterator[int]:
    """Its port. It refuses to run as root, and so reads its files as PostgreSQL's user."""
    postgres.up()
    port, folder = faulty.unused_port(), postgres.home().parent / "pgbouncer"
    folder.mkdir(exist_ok=True)
    password = secrets.password("postgres-opsproof")
    for name, content in {
        "users.txt": f'"opsproof" "{password}"\n',
        "pgbouncer.ini": f"""
[databases]
reposcanner = host={place.HOST} port={place.PORTS["postgres"]}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
admin_users = opsproof
max_client_conn = {_MOST}
query_wait_timeout = 1
""",
    }.items():
        (folder / name).write_text(content)
        postgres.own_file(folder / name)
    postgres.own_file(folder)
    running = subprocess.Popen(
        ["/usr/sbin/pgbouncer", str(folder / "pgbouncer.ini")],
        user=postgres.owner(), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        process.await_that("pgbouncer", lambda: admin(port).close() is None)
        yield port
    finally:
        running.terminate()
        running.wait()


def admin(port: int) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host="127.0.0.1", port=port, dbname="pgbouncer", user="opsproof", autocommit=True,
        password=secrets.password("postgres-opsproof"),
    )  # fmt: skip


def probed(port: int, database: str = "reposcanner", password: Path | None = None) -> QueryProbe:
    file = password or secrets.folder() / "postgres-opsproof.password"
    target = target_of(
        "postgres",
        host="127.0.0.1",
        port=port,
        database=database,
        user="opsproof",
        password={"file": str(file)},
    )
    facts = PostgresCollector(target).collect(
        DatabaseProbesOf(target=target.id, role="postgres", probes=1), RecordingLink(target)
    )
    assert isinstance(facts, DatabaseProbes)
    return facts.probes[0]


def failure(probe: QueryProbe) -> tuple[str, str, bool]:
    assert probe.failure is not None
    return probe.failure.kind, probe.failure.message, probe.failure.own


def test_through_a_pooler_that_is_well(pooler: int) -> None:
    assert None is probed(pooler).failure


def test_a_paused_pooler_is_told_as_such(pooler: int) -> None:
    with admin(pooler) as session:
        session.execute("PAUSE")
        try:
            found = failure(probed(pooler))
        finally:
            session.execute("RESUME")
    assert ("Unreachable", False) == (found[0], found[2])
    assert "the pooler has no server connection free: paused, or all are taken" in found[1]


def test_a_full_pooler_is_told_as_such(pooler: int) -> None:
    with ExitStack() as held:
        for _ in range(_MOST):
            held.enter_context(admin(pooler))
        assert ("Unreachable", "too many connections: the pooler takes no more clients", False) == failure(
            probed(pooler)
        )


def test_what_we_ask_wrongly_is_not_the_servers_fault(pooler: int, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text(os.urandom(8).hex())
    assert ["NotFound", "Unauthenticated"] == [
        failure(probed(pooler, database="none"))[0],
        failure(probed(pooler, password=tmp_path / "wrong"))[0],
    ]
