"""What a Redis server throws away when it is full."""

from __future__ import annotations

from typing import Annotated, Literal

from opsproof import HIGH, AtMost, Count, Duration, Examination, Limits, Scoped, Undecided, check
from opsproof.model.failure import Failure, raised_from
from opsproof.model.units import duration_text
from opsproof.sources.redis.server import OtherServers, RedisServer, Sample, ServerState

Policy = Literal[
    "noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random", "allkeys-lrm", "volatile-lru", "volatile-lfu",
    "volatile-random", "volatile-ttl", "volatile-lrm",
]  # fmt: skip


class EvictionLimits(Limits):
    """`evicted`: how many keys may have been thrown away since the server's start; without it any number.

    `apart_from`: roles of targets that must be another server, such as the broker of a cache that evicts. `limited`:
    the policy means nothing without maxmemory.
    """

    policy: Policy
    evicted: AtMost[Count] | None = None
    apart_from: Scoped[tuple[str, ...]] = ()
    limited: Scoped[bool] = False
    samples: Count = Count(3)
    spacing: Duration = Duration(1)


@check("cache/eviction-policy", title="A full server evicts what it may, and nothing else", level=HIGH)
def check_eviction_policy(
    server: Annotated[ServerState, RedisServer()],
    others: Annotated[tuple[ServerState | Failure, ...], OtherServers("apart_from")],
    limits: EvictionLimits,
    examine: Examination,
) -> None:
    """A broker that evicts loses jobs without a word; a cache that does not refuses every write when it is full."""
    found = server.samples[-1] if server.samples else None
    with examine(server, measured=found.policy if found else None, limit=limits.policy) as it:
        sample = server.of_master()
        if not sample.policy:
            raise Undecided("INFO memory does not tell maxmemory_policy")
        wrong = [*_contradiction(sample, others), *_policy(sample, limits)]
        if limits.evicted is not None:
            if sample.evicted is None:
                raise Undecided("INFO stats does not tell evicted_keys")
            it.holds(limits.evicted, Count(sample.evicted), _evicted(sample), beside=wrong)
        assert not wrong, "; ".join(wrong)
        for other in others:
            _require_told(sample, other)


def _contradiction(sample: Sample, others: tuple[ServerState | Failure, ...]) -> list[str]:
    """Targets that should be other servers, and are this one: whatever its policy is, one of both rows is broken."""
    same = [
        one.role
        for one in others
        if isinstance(one, ServerState)
        and one.samples
        and sample.run_id
        and one.samples[-1].run_id == sample.run_id
    ]
    return [f"it is the same server as {', '.join(same)}: no policy suits both, split them"] if same else []


def _require_told(sample: Sample, other: ServerState | Failure) -> None:
    """Raises where nobody knows whether it is another server."""
    if isinstance(other, Failure):
        raise raised_from(other)
    if not sample.run_id or not other.last.run_id:
        raise Undecided(f"INFO server tells no run_id: it may be the same server as {other.role}")


def _policy(sample: Sample, limits: EvictionLimits) -> list[str]:
    wrong = (
        [f"the policy is {sample.policy}; needed {limits.policy}"] if sample.policy != limits.policy else []
    )
    if limits.limited and sample.memory_limit == 0:
        wrong.append("maxmemory is 0: nothing is ever evicted; needed a limit")
    return wrong


def _evicted(sample: Sample) -> str:
    since = f" {duration_text(sample.uptime)} ago" if sample.uptime is not None else ""
    return f"{sample.evicted} keys were evicted since the server's start{since}"
