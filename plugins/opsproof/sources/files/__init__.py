"""Backups in a folder, on this machine or over ssh: names, sizes and times, and whether they can be read to their end."""

from opsproof.model.source import SourceKind

SOURCE = SourceKind(
    title="files of a host",
    settings="opsproof.sources.files.settings:FilesSettings",
    collector="opsproof.sources.files.collector:FilesCollector",
    tags="files/",
    rights="opsproof.sources.files.rights:RIGHTS",
    install="opsproof[hosts]",
)
