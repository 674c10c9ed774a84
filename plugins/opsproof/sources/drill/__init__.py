"""Restore drills: the records that `opsproof drill` leaves, read as facts."""

from opsproof.model.source import SourceKind

SOURCE = SourceKind(
    title="restore drills",
    settings="opsproof.sources.drill.settings:DrillSettings",
    collector="opsproof.sources.drill.collector:DrillCollector",
    tags="drill/",
    rights="opsproof.sources.drill.rights:RIGHTS",
)
