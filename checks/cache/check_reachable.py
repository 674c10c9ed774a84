"""Caches and brokers that must answer."""

from __future__ import annotations

from typing import Annotated, Literal

from opsproof import HIGH, AtMost, Count, Duration, Examination, Limits, Scoped, check
from opsproof.examine.tally import Fault, tally
from opsproof.model.failure import Failure
from opsproof.sources.redis.facts import CacheProbe, CacheProbes, RedisProbes

_OURS = {"Unauthenticated", "Forbidden", "NotFound", "TlsFailed", "BadAnswer", "NotConfigured", "TooBig"}
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
    failure = probe.failure
    if failure is not None:
        ours = failure.own or failure.kind in _OURS
        # Refused is an answer: something said no. Silence is not.
        silent = limits.unanswered == "unknown" and failure.kind == "TimedOut"
        return failure if ours or silent else failure.message
    if probe.loading:
        return "still loading its data"
    if limits.role == "master" and probe.role != "master":
        found = _ROLES.get(probe.role)
        wrong = f"the role is {found}; needed master"
        return wrong if found else Failure("BadAnswer", "INFO replication tells no role")
    if not limits.latency.allows(probe.seconds):
        return f"slow: more than {limits.latency.broken(probe.seconds)[1]}"  # type: ignore[index]
    return None
