"""Amazon's APIs in one region of an account: databases, caches, load balancers and vaults of backups; read alone."""

from opsproof.model.source import SourceKind

SOURCE = SourceKind(
    title="AWS",
    settings="opsproof.sources.aws.settings:AwsSettings",
    collector="opsproof.sources.aws.collector:AwsCollector",
    tags="aws/",
    rights="opsproof.sources.aws.rights:RIGHTS",
    install="opsproof[aws]",
)
