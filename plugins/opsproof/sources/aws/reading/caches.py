"""Replication groups, of ElastiCache's answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opsproof.sources.aws.facts.caches import CacheNode, ReplicationGroup, Shard
from opsproof.sources.aws.reading.values import names, needed, part, parts, text


def group(told: Any) -> ReplicationGroup:
    """Raises BadAnswer."""
    one = part(told)
    return ReplicationGroup(
        name=needed(one, "ReplicationGroupId"),
        status=needed(one, "Status"),
        failover=text(one, "AutomaticFailover"),
        multi_az=text(one, "MultiAZ"),
        shards=tuple(map(_shard, parts(one, "NodeGroups"))),
        pending=names(one, "PendingModifiedValues"),
    )


def _shard(one: Mapping[str, Any]) -> Shard:
    return Shard(
        name=text(one, "NodeGroupId"),
        status=text(one, "Status"),
        nodes=tuple(map(_node, parts(one, "NodeGroupMembers"))),
    )


def _node(one: Mapping[str, Any]) -> CacheNode:
    return CacheNode(
        name=needed(one, "CacheClusterId"),
        zone=text(one, "PreferredAvailabilityZone"),
        role=text(one, "CurrentRole"),
    )
