"""A PostgreSQL of a test's own, from Debian's programs: on a port of its own, with TLS, and gone afterwards."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from opsproof.model.target import Target
from opsproof.testing import faulty
from opsproof.testing.links import target_of
from tests.testbed import place, process
from tests.testbed.services import certificates, postgres

PASSWORD = "planted-hunter2"
_HBA = "local all all trust\nlocal replication all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


@dataclass(frozen=True)
class Server:
    """`pin` is the SHA-256 of its certificate."""

    folder: Path
    port: int
    pin: str

    def target(self, **more: Any) -> Target:
        """As an environment declares it; with TLS, of the role opsproof."""
        settings = {
            "host": place.HOST,
            "port": self.port,
            "database": "postgres",
            "user": "opsproof",
            "password": {"file": str(self.folder / "password")},
            "sslmode": "verify-full",
            "ca": str(certificates.authority_file()),
        }
        identity = more.pop("identity", {})
        return target_of("postgres", identity=identity, **{**settings, **more})

    def connect(self, user: str = "postgres", database: str = "postgres") -> psycopg.Connection[Any]:
        """A session of anybody, who is let in through its socket."""
        return psycopg.connect(
            host=str(self.folder), port=self.port, user=user, dbname=database, autocommit=True,
            application_name="test",
        )  # fmt: skip

    def run(self, *statements: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """As its superuser; the rows of the last one, where it gives any."""
        with self.connect(database=database) as session:
            for statement in statements:
                found = session.execute(statement.encode())
            return found.fetchall() if found.description else []

    def psql(self, text: str, **variables: str) -> None:
        """Run a file as its superuser, as an operator would."""
        words = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
        place_of = ("-h", str(self.folder), "-p", str(self.port), "-U", "postgres", "-d", "postgres")
        command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *place_of, *words, "-f", "-"]
        subprocess.run(command, input=text, text=True, check=True, capture_output=True)


@contextmanager
def server() -> Iterator[Server]:
    """Up, with a role opsproof that may connect."""
    folder = Path(tempfile.mkdtemp(prefix="opsproof-postgres-"))
    try:
        chain, key = certificates.issue("postgres.example.org", addresses=[place.HOST]).pem()
        made = Server(folder, faulty.unused_port(), _digest(chain))
        _laid_out(made, chain, key)
        running = _started(made)
        try:
            process.await_that("PostgreSQL", lambda: made.run("SELECT 1"))
            made.run(f"CREATE ROLE opsproof LOGIN PASSWORD '{PASSWORD}'")
            yield made
        finally:
            running.send_signal(signal.SIGINT)  # sessions are ended, not waited for
            running.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def standby(primary: Server, slot: str) -> Iterator[Server]:
    """A real one, by pg_basebackup, which streams by a slot of its own; the slot outlives it."""
    folder = Path(tempfile.mkdtemp(prefix="opsproof-standby-"))
    try:
        folder.chmod(0o755)
        postgres.own_file(folder)
        made = Server(folder, faulty.unused_port(), primary.pin)
        there = ["-h", primary.folder, "-p", str(primary.port), "-U", "postgres"]
        copy = [postgres.program("pg_basebackup"), "-D", folder / "data", *there]
        subprocess.run(
            [*copy, "-R", "-C", "-S", slot, "-X", "stream", "-c", "fast", "--no-sync"],
            user=postgres.owner(), cwd=folder, check=True, capture_output=True,
        )  # fmt: skip
        shutil.copy(primary.folder / "password", folder / "password")
        running = _started(made)
        try:
            process.await_that("the standby", lambda: made.run("SELECT 1"))
            yield made
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _digest(chain: bytes) -> str:
    return hashlib.sha256(load_pem_x509_certificate(chain).public_bytes(Encoding.DER)).hexdigest()


def _laid_out(made: Server, chain: bytes, key: bytes) -> None:
    made.folder.chmod(0o755)
    postgres.own_file(made.folder)
    data = made.folder / "data"
    options = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(
        [postgres.program("initdb"), "-D", data, *options],
        user=postgres.owner(), cwd=made.folder, check=True, capture_output=True,
    )  # fmt: skip
    (made.folder / "password").write_text(PASSWORD)
    (data / "pg_hba.conf").write_text(_HBA)
    for name, content in {"server.crt": chain, "server.key": key}.items():
        (data / name).write_bytes(content)
        (data / name).chmod(0o600)
        postgres.own_file(data / name)


def _started(made: Server) -> subprocess.Popen[bytes]:
    settings = {
        "listen_addresses": place.HOST, "port": made.port, "unix_socket_directories": made.folder, "ssl": "on",
        "fsync": "off", "shared_buffers": "8MB", "autovacuum": "off",
        "shared_preload_libraries": "pg_stat_statements", "max_wal_senders": 4, "wal_level": "replica",
    }  # fmt: skip
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return subprocess.Popen(
        [postgres.program("postgres"), "-D", made.folder / "data", *words],
        user=postgres.owner(), cwd=made.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
