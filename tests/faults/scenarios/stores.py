"""Redis servers that answer, and would lose jobs, data or themselves."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, timezone

from tests.faults.elsewhere import reached
from tests.faults.scenario import Changes, fail, scenario
from tests.testbed import place
from tests.testbed.services import redis, redis_failover

LOSING, STUCK = "stores that lose", "queues that stand still"
NOBODY = "0 consumers of its jobs, *"


@scenario("broker and cache have each other's eviction policy, and the cache other save points", group=LOSING)
def exchanged() -> Iterator[Changes]:
    with (
        redis.set_to("redis-broker", maxmemory_policy="allkeys-lru"),
        redis.set_to("redis", maxmemory_policy="noeviction", save="900 1"),
    ):
        yield {
            "SC-009": fail(
                "critical",
                "cache redis-broker",
                measured="allkeys-lru",
                message="the policy is allkeys-lru; needed noeviction",
            ),
            "SC-110": fail(
                "high",
                "cache redis",
                measured="noeviction",
                message="the policy is noeviction; needed allkeys-lru",
            ),
            "SC-111": fail("medium", "cache redis", message=f"save is 900 1; needed {redis.SAVE}"),
        }


@scenario("the broker cannot write its snapshot", group=LOSING)
def unsaved() -> Iterator[Changes]:
    with redis.unable_to_save("redis-broker"):
        said = "the last snapshot failed (rdb_last_bgsave_status)"
        failed = fail("critical", "cache redis", message=said)
        yield {"OF-071": failed, "OF-016": failed, "OF-097": fail("high", "cache redis", message=said)}


@scenario("the broker has hardly a client more to take", group=LOSING)
def crowded() -> Iterator[Changes]:
    with redis.crowded("redis-broker"):
        yield {
            "OF-070": fail(
                "medium",
                "cache redis",
                measured="9* %",
                message="* clients are connected, in each of 3 samples",
            )
        }


@scenario("the broker has lost its only replica", group=LOSING)
def alone() -> Iterator[Changes]:
    with redis_failover.replica_gone():
        yield {"OF-075": fail("high", "replication redis", "sentinel sentinel/opsforge", message="*replica*")}


@scenario("no worker takes jobs any more, and they pile up", group=LOSING)
def abandoned() -> Iterator[Changes]:
    jobs = [json.dumps({"queued_at": time.time()})] * 1200
    with resting("redis", "redis-broker"), redis.queued("redis-broker", "opsforge:jobs", *jobs):
        yield {
            "OF-008": fail("critical", "queue redis/opsforge:jobs", measured="0", message=NOBODY),
            "OF-042": fail(
                "high",
                "queue redis/opsforge:jobs",
                measured="1200",
                message="1200 jobs or more waited in each of 3 samples",
            ),
            "RS-005": fail("high", "queue redis/scanner:jobs", measured="0", message=NOBODY),
            "SC-008": fail("high", "queue redis-broker/celery", measured="0", message=NOBODY),
        }


@contextmanager
def resting(*servers: str) -> Iterator[None]:
    """No worker is there."""
    with ExitStack() as stack:
        for server in servers:
            redis.rest(server)
            stack.callback(redis.work, server)
        yield


@scenario("the cache that may evict is the broker, under another name", group=STUCK)
def the_same() -> Iterator[Changes]:
    with reached("smartcloudops", "redis", port=place.PORTS["redis-broker"], host="localhost"):
        yield {
            "SC-110": fail(
                "high",
                "cache redis",
                measured="noeviction",
                message="it is the same server as redis-broker: no policy suits both, split them; the policy is*",
            ),
            "SC-111": fail("medium", "cache redis", message=f"save is empty; needed {redis.SAVE}"),
        }


@scenario("jobs that were taken three hours ago are not acknowledged, and one waits for two", group=STUCK)
def unacknowledged() -> Iterator[Changes]:
    """The workers are there, and take what is put behind it."""
    now = datetime.now(timezone.utc)
    old = json.dumps({"queued_at": (now - timedelta(hours=2)).isoformat()})
    with (
        redis.taken("redis-broker", now - timedelta(hours=3)),
        resting("redis-broker"),
        redis.queued("redis-broker", "opsforge:jobs", old),
        redis.waiting("redis-broker"),
    ):
        yield {
            "SC-008": fail(
                "high",
                "queue redis-broker/celery",
                message="a job was taken 3h* ago and is not acknowledged; at most 1h allowed",
            ),
            "OF-042": fail(
                "high",
                "queue redis/opsforge:jobs",
                measured="1",
                message="the oldest job was queued 2h* ago; *",
            ),
        }


@scenario("one Sentinel of three is left", group=STUCK)
def one_sentinel() -> Iterator[Changes]:
    with redis_failover.alone():
        yield {
            "OF-075": fail(
                "high",
                "sentinel sentinel/opsforge",
                measured="3",
                message="too few Sentinels can be reached for a failover (SENTINEL CKQUORUM)",
            )
        }


@scenario("the Sentinel watches nothing any more", group="nodes")
def unwatched() -> Iterator[Changes]:
    with redis_failover.watching_nothing():
        yield {"OF-075": fail("high", "sentinel sentinel/opsforge", message="the Sentinel watches nothing")}


@scenario("the only replica is never to be promoted", group="servers are full")
def barred() -> Iterator[Changes]:
    with redis_failover.never_promoted():
        yield {
            "OF-075": fail(
                "high",
                "sentinel sentinel/opsforge",
                measured="3",
                message="of 1 replica that the Sentinel knows, none*",
            )
        }


@scenario("the only replica was last heard of a quarter of a minute ago", group="unready pods")
def lagging() -> Iterator[Changes]:
    """It is connected and counted: only its lag tells that it takes nothing."""
    with redis_failover.lagging():
        yield {
            "OF-075": fail(
                "high",
                "replication redis",
                measured="0",
                message="0 of 1 replica would take over; at least 1 needed; * was heard of * ago and lacks *",
            )
        }
