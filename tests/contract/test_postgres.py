"""PostgreSQL keeps the collector contract."""

from __future__ import annotations

from typing import Any

from opsproof.model.failure import Failure
from opsproof.sources.postgres.facts import DatabaseProbesOf, SessionsOf
from opsproof.testing.contract import CollectorContract
from tests.contract.postgres_wire import Postgres


class _Postgres(CollectorContract):
    kind = "postgres"

    spoken = Postgres()

    def settings(self, port: int, secret: str) -> dict[str, Any]:
        server = {"host": "127.0.0.1", "port": port, "database": "shop", "user": "opsproof"}
        return {**server, "password": {"file": secret}, "sslmode": "disable", "require_auth": ["none"]}


class TestProbes(_Postgres):
    ask = DatabaseProbesOf(target="postgres:test", role="postgres", probes=1, spacing=0)

    def failure_in(self, facts: Any) -> Failure | None:
        failure: Failure | None = facts.probes[0].failure
        return failure


class TestSessions(_Postgres):
    ask = SessionsOf(target="postgres:test", role="postgres")
