"""The server that is restored into, before anybody is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from psycopg import pq

from opsproof.drill import scratch
from opsproof.drill.cluster import proven_cluster
from opsproof.environment.environment import Environment
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


def production(tmp_path: Path, kind: str, name: str = "production", **settings: Any) -> Environment:
    identity = settings.pop("identity", {})
    return Environment(
        name, "shop", tmp_path / "x.yaml", targets={"main": target_of(kind, identity=identity, **settings)}
    )


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("postgres", {**SERVER, "host": "SCRATCH.example.com."}),
        ("postgres", {**SERVER, "host": "db.example.com", "identity": {"system-identifier": "7"}}),
        ("pgbouncer", {"host": "scratch.example.com", "port": 5432, "user": "stats"}),
        (
            "pgbouncer",
            {
                "host": "pool.example.com",
                "user": "stats",
                "identity": {"database.shop": "scratch.example.com:5432/shop"},
            },
        ),
    ],
)
@pytest.mark.parametrize("name", ["production", "PRD", "eu-live", "prod2"])
def test_production_is_refused_by_whatever_leads_to_it(
    tmp_path: Path, kind: str, settings: dict[str, Any], name: str
) -> None:
    at = target(tmp_path, identity={"system-identifier": "7"})
    with pytest.raises(scratch.Refused, match=f"is targets.main of shop/{name}"):
        scratch.proven(at, [production(tmp_path, kind, name, **settings)])


@pytest.mark.parametrize(
    ("server", "identity", "refused"),
    [
        ("https://localhost:1", {}, True),  # another name of the same
        ("https://localhost:1", {"kube-system-uid": "2"}, False),  # several clusters behind one address
        ("https://127.0.0.1:1", {"kube-system-uid": "2"}, True),
        ("https://127.0.0.2:1", {"kube-system-uid": "1"}, True),
    ],
)
def test_a_cluster_of_production_is_refused_likewise(
    tmp_path: Path, server: str, identity: dict[str, str], refused: bool
) -> None:
    cluster = {"server": "https://127.0.0.1:1", "identity": {"kube-system-uid": "1"}}
    at = target_of("drill", records=str(tmp_path), velero={"cluster": cluster, "namespace": "shop"})
    other = production(tmp_path, "kubernetes", server=server, identity=identity)
    with pytest.raises(scratch.Refused) as why:
        proven_cluster(at, [other])
    assert ("is targets.main of shop/production" in str(why.value)) is refused
