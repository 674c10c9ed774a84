"""A machine, over ssh or this one: file systems, services, sockets, files, updates, time, settings."""

from opsproof.model.source import SourceKind

SOURCE = SourceKind(
    title="a host",
    settings="opsproof.sources.host.settings:HostSettings",
    collector="opsproof.sources.host.collector:HostCollector",
    tags="host/",
    rights="opsproof.sources.host.rights:RIGHTS",
    install="opsproof[hosts]",
)
