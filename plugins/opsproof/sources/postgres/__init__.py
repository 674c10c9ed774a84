"""A PostgreSQL server: whether it answers, its sessions, statements, tables and replicas; and the pooler before it.

A pgbouncer's console is a kind of its own: it speaks the protocol, and no SQL. What is asked through a pooler is asked
of the server behind it.
"""

from opsproof.model.source import SourceKind

SOURCE = SourceKind(
    title="PostgreSQL",
    settings="opsproof.sources.postgres.settings:PostgresSettings",
    collector="opsproof.sources.postgres.collector:PostgresCollector",
    tags="postgres/",
    rights="opsproof.sources.postgres.rights:RIGHTS",
    install="opsproof[postgres]",
)
PGBOUNCER = SourceKind(
    title="PgBouncer",
    settings="opsproof.sources.postgres.settings:PgbouncerSettings",
    collector="opsproof.sources.postgres.pooler_collector:PoolerCollector",
    tags="pgbouncer/",
    rights="opsproof.sources.postgres.rights.pooler:RIGHTS",
    install="opsproof[postgres]",
)
