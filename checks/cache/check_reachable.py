"""Caches and brokers that must answer."""

from __future__ import annotations

from typing import Annotated, Literal

from opsproof import HIGH, AtMost, Count, Duration, Examination, Limits, Scoped, Subject, Undecided, check
from opsproof.examine.tally import Fault, tally, too_slow, unanswered
from opsproof.model.failure import Failure, NotConfigured
from opsproof.sources.aws.facts.asked import Aws
from opsproof.sources.aws.facts.caches import ReplicationGroup, ReplicationGroupOf, Shard
from opsproof.sources.redis.facts import CacheProbe, CacheProbes, RedisProbes

_ROLES = {"master": "master", "slave": "replica", "sentinel": "sentinel"}
_SERVING = frozenset({"available", "modifying", "snapshotting"})
_AWAY = frozenset({"creating", "deleting", "create-failed"})
Groups = tuple[ReplicationGroup | Failure, ...]


class CacheLimits(Limits):
    """`replication_groups`: of ElastiCache; each has to be available and to fail over by itself."""

    role: Scoped[Literal["any", "master"]] = "any"
    unanswered: Scoped[Literal["fail", "unknown"]] = "fail"
    replication_groups: Scoped[tuple[str, ...]] = ()
    probes: Count = Count(3)
    spacing: Duration = Duration(1)
    failures: AtMost[Count] = AtMost.parse(0, Count)
    latency: AtMost[Duration] = AtMost.parse("1s", Duration)


@check("cache/reachable", title="The cache answers PING and serves reads in time", level=HIGH)
def check_cache_reachable(
    cache: Annotated[CacheProbes | None, RedisProbes("replication_groups")],
    groups: Annotated[Groups | None, Aws(ReplicationGroupOf, "replication_groups")],
    limits: CacheLimits,
    examine: Examination,
) -> None:
    """A server that answers PING may still refuse everything else while it loads or has lost its master."""
    if cache is None:
        examine.note("PING is not asked: the environment has no target of kind redis")
    else:
        found = tally(cache.probes, cache.wanted, lambda probe: fault_of(probe, limits))
        with examine(cache, measured=found.failed, limit=limits.failures):
            found.decide(limits.failures)
    if groups is None and limits.replication_groups:
        why = NotConfigured(
            "whether ElastiCache fails over by itself AWS alone tells: targets.aws is not set"
        )
        examine.unknown(Subject("source", "elasticache"), why)
    for group in groups or ():
        if isinstance(group, Failure):
            examine.unknown(Subject("source", "elasticache"), group)
        else:
            examine_group(group, examine)


def fault_of(probe: CacheProbe, limits: CacheLimits) -> Fault:
    """Why a probe is not what the row wants."""
    if probe.failure is not None:
        return unanswered(probe.failure, silence=limits.unanswered)
    if probe.loading:
        return "still loading its data"
    if limits.role == "master" and probe.role != "master":
        found = _ROLES.get(probe.role)
        wrong = f"the role is {found}; needed master"
        return wrong if found else Failure("BadAnswer", "INFO replication tells no role")
    return too_slow(probe.seconds, limits.latency)


def examine_group(group: ReplicationGroup, examine: Examination) -> None:
    """Its status, and whether a replica would take over in each shard."""
    if not group.found:
        with examine(group, measured="absent", limit="available"):
            raise AssertionError(f"there is no replication group {group.name} in the region")
        return
    with examine(group, measured=group.status, limit="available"):
        if group.status not in _SERVING | _AWAY:
            raise Undecided(f"its status is {group.status}, of which is not known whether it serves")
        assert group.status in _SERVING, f"its status is {group.status}"
    if group.status != "available" and group.status in _SERVING:
        examine.note(f"{group.name}: its status is {group.status}")
    if group.pending:
        examine.note(f"{group.name}: changed and not yet in force: {', '.join(group.pending)}")
    with examine(Subject("failover", group.name), measured=group.failover, limit="enabled"):
        if group.failover not in {"enabled", "disabled", "disabling"}:
            raise Undecided(
                f"automatic failover is {group.failover or 'not told'}: decide again when that is over"
            )
        assert group.failover == "enabled", f"automatic failover is {group.failover}"
    if not group.shards:
        examine.unknown(Subject("shard", group.name), Undecided("the API names no shard"))
    for shard in group.shards:
        examine_shard(shard, group, examine)


def examine_shard(shard: Shard, group: ReplicationGroup, examine: Examination) -> None:
    """In a cluster failover is said to be enabled though a shard has nobody to fail over to."""
    count = len(shard.nodes)
    subject = Subject("shard", shard.name or group.name, namespace=group.name)
    with examine(subject, measured=Count(max(0, count - 1)), limit="at least 1 replica"):
        assert count > 1, f"{count} node{'' if count == 1 else 's'}: there is no replica to fail over to"
    if count > 1 and len(shard.zones) == 1:
        examine.note(f"{group.name}: all nodes of shard {shard.name} are in one zone")
