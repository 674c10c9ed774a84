"""Redis keeps the collector contract."""

from __future__ import annotations

from typing import Any

from opsproof.model.failure import Failure
from opsproof.sources.redis.cluster import ClusterOf
from opsproof.sources.redis.facts import CacheMemoryOf, CacheProbesOf
from opsproof.sources.redis.queues import QueueKey, QueuesOf, TakersOf
from opsproof.sources.redis.sentinel import SentinelOf
from opsproof.sources.redis.server import SavePointsOf, ServerOf
from opsproof.testing.contract import CollectorContract
from opsproof.testing.spoken import right
from tests.contract.redis_wire import Redis


class _Redis(CollectorContract):
    kind = "redis"
    spoken = Redis()
    # Each of its items costs: on a busy machine a probe's own time may be over before the budget is.
    right = {"an array without end": right("TooBig", "TimedOut")}

    def settings(self, port: int, secret: str) -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": port, "username": "opsproof", "password": {"file": secret}}


class TestProbes(_Redis):
    ask = CacheProbesOf(target="redis:test", role="redis", probes=1, spacing=0)

    def failure_in(self, facts: Any) -> Failure | None:
        failure: Failure | None = facts.probes[0].failure
        return failure


class TestMemory(_Redis):
    ask = CacheMemoryOf(target="redis:test", role="redis", samples=1, spacing=0)
    tells_clock = False  # INFO memory does not; the probes' own do


class TestServer(_Redis):
    right = {**_Redis.right, "429: full": right("facts")}  # that it is full is what is asked for
    ask = ServerOf(target="redis:test", role="redis", samples=1, spacing=0)


class TestQueues(_Redis):
    ask = QueuesOf(
        target="redis:test",
        role="redis",
        queues=(
            QueueKey(key="jobs", time="queued", register="queues", processed="done"),
            QueueKey(key="stream", kind="stream", time="id"),
            QueueKey(key="celery", kind="celery"),
        ),
        samples=1,
        spacing=0,
    )


class TestTakers(_Redis):
    ask = TakersOf(target="redis:test", role="redis", samples=1, spacing=0)
    tells_clock = False  # CLIENT LIST does not; the queues' own asks do


class TestSavePoints(_Redis):
    ask = SavePointsOf(target="redis:test")
    tells_clock = False


class TestCluster(_Redis):
    ask = ClusterOf(target="redis:test", role="redis")


class TestSentinel(_Redis):
    kind = "sentinel"
    spoken = Redis("sentinel")
    ask = SentinelOf(target="sentinel:test", role="sentinel", master="mymaster")
