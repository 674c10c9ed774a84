"""Certificates that hosts show: facts on a target of kind http."""

from opsproof.model.source import SourceKind

SOURCE = SourceKind(
    title="TLS",
    tags="tls/",
    install="opsproof",
)
