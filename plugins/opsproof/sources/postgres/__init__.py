"""A PostgreSQL server: whether it answers, and its sessions."""

from opsproof.model.source import SourceKind

SOURCE = SourceKind(
    title="PostgreSQL",
    settings="opsproof.sources.postgres.settings:PostgresSettings",
    collector="opsproof.sources.postgres.collector:PostgresCollector",
    tags="postgres/",
    rights="opsproof.sources.postgres.rights:RIGHTS",
    install="opsproof[postgres]",
)
