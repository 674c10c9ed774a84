"""The server that is restored into, before anybody is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from psycopg import pq

from opsproof.drill import scratch
from opsproof.model.target import Target
from opsproof.testing.links import target_of

SERVER = {"host": "scratch.example.com", "database": "postgres", "user": "drill"}


def target(folder: Path, **into: Any) -> Target:
    dumps = {"folder": str(folder), "pattern": "shop-%Y%m%d.sql.gz"}
    return target_of("drill", records=str(folder), dumps=dumps, into={**SERVER, **into}, newest="SELECT 1")


def test_a_password_is_given_to_nobody_who_only_asks_for_it(tmp_path: Path) -> None:
    """Whoever answers in the server's place would have it, where TLS does not prove who that is."""
    assert pq.version() >= 160000
    (tmp_path / "password").write_text("planted-4711")
    given = {"password": {"file": str(tmp_path / "password")}, "sslmode": "require"}
    made = scratch.parameters(target(tmp_path, **given).settings.into)
    assert made["require_auth"] == "scram-sha-256"


def test_tls_is_proven_by_the_authorities_that_everybody_knows_unless_said_otherwise(tmp_path: Path) -> None:
    """As for a target of kind postgres: libpq alone looks for a file in somebody's home."""
    assert Path(scratch.parameters(target(tmp_path).settings.into)["sslrootcert"]).is_file()
