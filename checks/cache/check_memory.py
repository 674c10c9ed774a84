"""How full a cache is."""

from __future__ import annotations

from typing import Annotated

from opsproof import (
    HIGH,
    AtMost,
    Bytes,
    Count,
    Duration,
    Examination,
    Limits,
    Percent,
    Undecided,
    check,
)
from opsproof.sources.redis.facts import CacheMemory, RedisMemory


class CacheMemoryLimits(Limits):
    highest: AtMost[Percent] = AtMost.parse("80%", Percent)
    samples: Count = Count(3)
    spacing: Duration = Duration(1)


@check("cache/memory", title="The cache's memory stays below its limit", level=HIGH)
def check_cache_memory(
    memory: Annotated[CacheMemory, RedisMemory()],
    limits: CacheMemoryLimits,
    examine: Examination,
) -> None:
    """At its limit a queue refuses jobs and a cache throws data away; without a limit the node goes first."""
    limited = [sample for sample in memory.samples if sample.limit > 0]
    lowest = min(limited, key=lambda sample: sample.used / sample.limit, default=None)
    share = Percent(lowest.used / lowest.limit) if lowest else None
    with examine(memory, measured=share, limit=limits.highest) as it:
        if not memory.samples:
            raise Undecided("no sample could be taken in time")
        assert lowest, "maxmemory is 0: nothing limits it; needed a limit"
        used = f"{Bytes(lowest.used)} of {Bytes(lowest.limit)} used, in each of {len(limited)} samples"
        it.holds(limits.highest, share, f"{used} (policy {lowest.policy or 'not told'})")
