"""URLs, probed; and the certificates that their hosts show."""

from opsproof.model.source import SourceKind

SOURCE = SourceKind(
    title="HTTP",
    settings="opsproof.sources.http.settings:HttpSettings",
    collector="opsproof.sources.http.collector:HttpCollector",
    tags="http/",
    install="opsproof",
)
