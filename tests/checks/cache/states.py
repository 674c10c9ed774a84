"""Plain facts of a Redis server for the tests of checks."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from opsproof.model.moment import Clock
from opsproof.sources.redis.server import Persistence, Sample, ServerState

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)
CLOCK = Clock(NOW, "redis:x", 0.0)
RUN, OTHER = "a" * 40, "b" * 40


def sample(**more: Any) -> Sample:
    """A master that has been up for two days; what the server does not tell is None."""
    given = {"at": NOW, "run_id": RUN, "uptime": 172800, "part": "master", "connected": 10, "most": 100}
    told = {
        "rejected": 5,
        "evicted": 0,
        "hits": 900,
        "misses": 100,
        "memory_limit": 2**28,
        "policy": "noeviction",
    }
    return Sample(**{**given, **told, **more})


def server(*samples: Sample, role: str = "redis", **more: Any) -> ServerState:
    return ServerState(role=role, samples=samples, clock=CLOCK, **more)


def kept(**more: Any) -> Persistence:
    """A server with an append-only file, whose snapshot is two hours old."""
    given = {"aof": True, "last_save": NOW - timedelta(hours=2), "changes": 40}
    return Persistence(**{**given, **more})
