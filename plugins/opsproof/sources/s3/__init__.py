"""A bucket of Amazon S3 or of a server that speaks like it: what lies in it by name, and how it is kept."""

from opsproof.model.source import SourceKind

SOURCE = SourceKind(
    title="an S3 bucket",
    settings="opsproof.sources.s3.settings:S3Settings",
    collector="opsproof.sources.s3.collector:S3Collector",
    tags="s3/",
    rights="opsproof.sources.s3.rights:RIGHTS",
    install="opsproof[s3]",
)
