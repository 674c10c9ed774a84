"""cache/reachable where ElastiCache runs the cache: beside PING, or alone."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from checks.cache.check_reachable import CacheLimits, check_cache_reachable
from opsproof import Examination
from opsproof.model.failure import Failure, NotConfigured
from opsproof.model.target import Target
from opsproof.sources.aws.facts.asked import Aws
from opsproof.sources.aws.facts.caches import CacheNode, ReplicationGroup, ReplicationGroupOf, Shard
from opsproof.sources.redis.facts import CacheProbe, CacheProbes, RedisProbes
from opsproof.testing.facts import examined

PROBE = CacheProbe(at=datetime(2026, 1, 31, tzinfo=timezone.utc), seconds=0.01, role="master")
PING = CacheProbes(role="redis", probes=(PROBE,), wanted=1)


def shard(*zones: str, name: str = "0001") -> Shard:
    nodes = tuple(CacheNode(name=f"shop-{number}", zone=zone) for number, zone in enumerate(zones))
    return Shard(name=name, status="available", nodes=nodes)


def group(**more: Any) -> ReplicationGroup:
    healthy = {"name": "shop", "status": "available", "failover": "enabled", "shards": (shard("a", "b"),)}
    return ReplicationGroup(**{**healthy, **more})


def of(*groups: Any, cache: CacheProbes | None = PING) -> Examination:
    return examined(check_cache_reachable, cache, groups, replication_groups=("shop",))


def told(examine: Examination) -> list[str]:
    return [f"{one.outcome.value}: {one.subject}: {one.message}" for one in examine.findings]


def test_a_group_that_is_available_and_fails_over_passes() -> None:
    found = of(group())
    assert (4, [], []) == (found.passed, told(found), found.notes)


@pytest.mark.parametrize("status", ["modifying", "snapshotting"])
def test_a_replica_that_is_being_added_is_ordinary(status: str) -> None:
    found = of(group(status=status))
    assert ([], [f"shop: its status is {status}"]) == (told(found), found.notes)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"status": "deleting"}, "fail: replication group shop: its status is deleting"),
        ({"status": "levitating"}, "unknown: replication group shop: its status is levitating"),
        ({"failover": "disabled"}, "fail: failover shop: automatic failover is disabled"),
        ({"failover": "enabling"}, "unknown: failover shop: automatic failover is enabling"),
        ({"failover": ""}, "unknown: failover shop: automatic failover is not told"),
        ({"found": False}, "fail: replication group shop: there is no replication group shop"),
        ({"shards": ()}, "unknown: shard shop: the API names no shard"),
    ],
)
def test_what_is_wrong_with_a_group(more: dict[str, Any], message: str) -> None:
    (finding,) = told(of(group(**more)))
    assert finding.startswith(message)


def test_a_shard_without_a_replica_fails_though_failover_is_said_to_be_enabled() -> None:
    """As a cluster says, whatever its shards have."""
    found = told(of(group(shards=(shard("a", "b"), shard("a", name="0002")))))
    assert ["fail: shard shop/0002: 1 node: there is no replica to fail over to"] == found


def test_nodes_in_one_zone_are_noted() -> None:
    assert ["shop: all nodes of shard 0001 are in one zone"] == of(group(shards=(shard("a", "a"),))).notes


def test_ping_decides_beside_it() -> None:
    refused = CacheProbe(
        at=PROBE.at, failure=Failure("Unreachable", "connection refused", "redis:x"), step="connect"
    )
    found = of(group(), cache=CacheProbes(role="redis", probes=(refused,), wanted=1))
    assert ["fail: cache redis: 1 of 1 probes: connection refused"] == told(found)


def test_where_nobody_can_ping_it_aws_decides() -> None:
    found = of(group(), cache=None)
    assert (3, ["PING is not asked: the environment has no target of kind redis"]) == (
        found.passed,
        found.notes,
    )


def test_ping_alone_does_not_prove_that_it_fails_over() -> None:
    """A row that names a group is undecided where nobody asks AWS."""
    found = told(examined(check_cache_reachable, PING, None, replication_groups=("shop",)))
    assert [
        "unknown: source elasticache: whether ElastiCache fails over by itself AWS alone tells: targets.aws is not set"
    ] == found


def test_a_group_that_may_not_be_seen_is_undecided() -> None:
    missing = Failure("Forbidden", "the right elasticache:DescribeReplicationGroups is missing", "aws:test")
    (finding,) = told(of(missing))
    assert finding.startswith("unknown: source elasticache: the right ")


class Targets:
    """An environment with targets of these kinds."""

    def __init__(self, limits: CacheLimits, *kinds: str) -> None:
        self.limits, self._kinds = limits, kinds

    def target(self, kind: str) -> Target:
        if kind not in self._kinds:
            raise NotConfigured(f"targets.{kind} is not set")
        return Target(kind, kind, f"{kind}:x", None)


NAMED, UNNAMED = CacheLimits(replication_groups=("shop",)), CacheLimits()


def test_a_row_without_a_group_needs_a_redis() -> None:
    with pytest.raises(NotConfigured, match=r"targets\.redis"):
        RedisProbes("replication_groups").asks(Targets(UNNAMED, "aws"))  # type: ignore[arg-type]


def test_a_row_with_a_group_does_without() -> None:
    source = RedisProbes("replication_groups")
    context: Any = Targets(NAMED, "aws")
    assert ((), None) == (source.asks(context), source.assemble((), context))


def test_aws_is_asked_where_there_is_one_and_the_row_names_something() -> None:
    source = Aws(ReplicationGroupOf, "replication_groups")
    found = [source.asks(Targets(*each)) for each in ((NAMED, "aws"), (UNNAMED, "aws"), (NAMED, "redis"))]  # type: ignore[arg-type]
    assert [(ReplicationGroupOf(target="aws:x", name="shop"),), (), ()] == found
    alone: Any = Targets(NAMED, "redis")
    assert None is source.assemble((), alone)
    with pytest.raises(NotConfigured, match=r"targets\.aws"):
        Aws(ReplicationGroupOf, "replication_groups", alone=True).asks(alone)
