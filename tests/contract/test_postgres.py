"""PostgreSQL keeps the collector contract."""

from __future__ import annotations

from typing import Any

from opsproof.model.failure import Failure
from opsproof.sources.postgres.activity import ActivityOf
from opsproof.sources.postgres.configured import ConfiguredOf
from opsproof.sources.postgres.facts import DatabaseProbesOf, SessionsOf
from opsproof.sources.postgres.indexes import IndexesOf
from opsproof.sources.postgres.pooler import PoolsOf
from opsproof.sources.postgres.replication import ReplicationOf
from opsproof.sources.postgres.statements import StatementsOf
from opsproof.sources.postgres.tables import TableSizesOf, TablesOf
from opsproof.testing.contract import CollectorContract
from opsproof.testing.spoken import right
from tests.contract.postgres_wire import BOUNCER, Postgres


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


class TestActivity(_Postgres):
    ask = ActivityOf(target="postgres:test", role="postgres", samples=1)


class TestStatements(_Postgres):
    ask = StatementsOf(target="postgres:test", role="postgres")


class TestTables(_Postgres):
    ask = TablesOf(target="postgres:test", role="postgres")


class TestTableSizes(_Postgres):
    ask = TableSizesOf(target="postgres:test", role="postgres")


class TestIndexes(_Postgres):
    ask = IndexesOf(target="postgres:test", role="postgres", named=("idx_users_active",))


class TestConfigured(_Postgres):
    ask = ConfiguredOf(target="postgres:test", role="postgres", names=("work_mem",))


class TestReplication(_Postgres):
    ask = ReplicationOf(target="postgres:test", role="postgres")


class TestPools(CollectorContract):
    kind = "pgbouncer"
    spoken = Postgres(BOUNCER)
    ask = PoolsOf(target="pgbouncer:test", role="pgbouncer", samples=1)
    right = {"404: no database": right("BadAnswer")}
    tells_clock = False

    def settings(self, port: int, secret: str) -> dict[str, Any]:
        server = {"host": "127.0.0.1", "port": port, "user": "opsproof"}
        return {**server, "password": {"file": secret}, "sslmode": "disable", "require_auth": ["none"]}
