"""A Redis server: whether it answers, and its memory."""

from opsproof.model.source import SourceKind

SOURCE = SourceKind(
    title="Redis",
    settings="opsproof.sources.redis.settings:RedisSettings",
    collector="opsproof.sources.redis.collector:RedisCollector",
    tags="redis/",
    rights="opsproof.sources.redis.rights:RIGHTS",
    install="opsproof[redis]",
)
