"""A pgbouncer of a test's own before a real PostgreSQL, on a free port."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from opsproof.model.target import Target
from opsproof.sources.postgres.pooler import PoolerState, PoolsOf
from opsproof.sources.postgres.pooler_collector import PoolerCollector
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, target_of
from tests.sources.postgres import own
from tests.testbed import place, process
from tests.testbed.services import pgbouncer, postgres

PASSWORD = own.PASSWORD


@dataclass(frozen=True)
class PgBouncer:
    """`running` is its process."""

    folder: Path
    port: int
    running: subprocess.Popen[bytes]

    def connect(self, user: str = "opsproof", database: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=place.HOST, port=self.port, user=user, dbname=database, password=PASSWORD, autocommit=True
        )

    def command(self, text: str) -> None:
        """As its administrator."""
        with self.connect(pgbouncer.ADMIN, "pgbouncer") as session:
            session.execute(text.encode())

    def target(self, **more: Any) -> Target:
        (self.folder / "password").write_text(PASSWORD)
        identity = more.pop("identity", {})
        settings = {
            "host": place.HOST,
            "port": self.port,
            "user": "opsproof",
            "password": {"file": str(self.folder / "password")},
        }
        return target_of("pgbouncer", identity=identity, **{**settings, **more})

    def told(self, samples: int = 1, spacing: float = 0, **more: Any) -> PoolerState:
        target = self.target(**more)
        ask = PoolsOf(target=target.id, role="pgbouncer", samples=samples, spacing=spacing)
        return PoolerCollector(target).collect(ask, RecordingLink(target))


@contextmanager
def pooler(server: int, *more: str, **settings: str) -> Iterator[PgBouncer]:
    """Up, before the PostgreSQL of that port, for its database `postgres` and for others of the names `more`."""
    folder, port = Path(tempfile.mkdtemp(prefix="opsproof-pgbouncer-")), faulty.unused_port()
    try:
        folder.chmod(0o755)
        databases = dict.fromkeys(("postgres", *more), server)
        users = dict.fromkeys(("opsproof", "stranger", pgbouncer.ADMIN), PASSWORD)
        file = pgbouncer.laid_out(folder, port, databases, users, settings)
        running = subprocess.Popen(
            [str(word) for word in pgbouncer.command(file)],
            user=postgres.owner(), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        made = PgBouncer(folder, port, running)
        try:
            process.await_that("pgbouncer", lambda: made.command("SHOW VERSION") is None)
            yield made
        finally:
            running.kill()
            running.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
