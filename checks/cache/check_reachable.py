"""Caches and brokers that must answer."""

from __future__ import annotations

from typing import Annotated, Literal

from opsproof import HIGH, AtMost, Count, Duration, Examination, Limits, Scoped, check
from opsproof.examine.tally import Fault, tally, too_slow, unanswered
from opsproof.model.failure import Failure
from opsproof.sources.redis.facts import CacheProbe, CacheProbes, RedisProbes

_ROLES = {"master": "master", "slave": "replica", "sentinel": "sentinel"}


class CacheLimits(Limits):
    role: Scoped[Literal["any", "master"]] = "any"
    unanswered: Scoped[Literal["fail", "unknown"]] = "fail"
    probes: Count = Count(3)
    spacing: Duration = Duration(1)
    failures: AtMost[Count] = AtMost.parse(0, Count)
    latency: AtMost[Duration] = AtMost.parse("1s", Duration)


@check("cache/reachable", title="The cache answers PING and serves reads in time", level=HIGH)
def check_cache_reachable(
    cache: Annotated[CacheProbes, RedisProbes()],
    limits: CacheLimits,
    examine: Examination,
) -> None:
    """A server that answers PING may still refuse everything else while it loads or has lost its master."""
    found = tally(cache.probes, cache.wanted, lambda probe: fault_of(probe, limits))
    with examine(cache, measured=found.failed, limit=limits.failures):
        found.decide(limits.failures)


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
