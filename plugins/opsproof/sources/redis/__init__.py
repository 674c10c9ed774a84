"""A Redis server: whether it answers, its memory, clients and persistence, the queues in it, who takes over from it.

A node of a cluster is a Redis server that says so. A Sentinel is a kind of its own: another port, another login, no
data; so a row about Redis need not tell it apart from the server that it watches.
"""

from opsproof.model.source import SourceKind

SOURCE = SourceKind(
    title="Redis",
    settings="opsproof.sources.redis.settings:RedisSettings",
    collector="opsproof.sources.redis.collector:RedisCollector",
    tags="redis/",
    rights="opsproof.sources.redis.rights:RIGHTS",
    install="opsproof[redis]",
)
SENTINEL = SourceKind(
    title="Redis Sentinel",
    settings="opsproof.sources.redis.settings:SentinelSettings",
    collector="opsproof.sources.redis.sentinel_collector:SentinelCollector",
    tags="sentinel/",
    rights="opsproof.sources.redis.rights:RIGHTS",
    install="opsproof[redis]",
)
