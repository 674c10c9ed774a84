"""ElastiCache: replication groups, their shards and the nodes in them. No endpoint, no token."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from opsproof.model.moment import Clocked
from opsproof.model.rights import Need
from opsproof.model.subject import Subject
from opsproof.sources.aws.facts.asked import Named


class CacheNode(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One member; `role` is primary, replica, or nothing in a cluster whose shards tell no roles."""

    name: str
    zone: str = ""
    role: str = ""


class Shard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A node group: a primary and what it is copied to."""

    name: str
    status: str = ""
    nodes: tuple[CacheNode, ...] = ()

    @property
    def zones(self) -> frozenset[str]:
        return frozenset(node.zone for node in self.nodes if node.zone)


class ReplicationGroup(Clocked, frozen=True, kw_only=True, omit_defaults=True):
    """One group. `found` False: there is none of that name.

    `failover`: enabled, enabling, disabled or disabling; `multi_az`: enabled or disabled. `pending`: names of what is
    changed and not in force yet.
    """

    name: str
    found: bool = True
    status: str = ""
    failover: str = ""
    multi_az: str = ""
    shards: tuple[Shard, ...] = ()
    pending: tuple[str, ...] = ()

    @property
    def subject(self) -> Subject:
        return Subject("replication group", self.name)


class ReplicationGroupOf(Named, frozen=True, kw_only=True, tag="aws/replication-group"):
    """A replication group of ElastiCache."""

    answer: ClassVar[Any] = ReplicationGroup
    needs: ClassVar[tuple[Need, ...]] = (Need("elasticache:DescribeReplicationGroups"),)
