"""Plain facts of queues for the tests of checks."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from opsproof.model.moment import Clock
from opsproof.sources.redis.queues import QueueSample, QueuesState, QueueState

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def queue(*depths: int | None, **more: Any) -> QueueState:
    """A list in which so many jobs wait, sample by sample; `each` is what every sample has besides."""
    each: dict[str, Any] = more.pop("each", {})
    found = tuple(QueueSample(depth=depth, **each) for depth in depths)
    return QueueState(**{"key": "jobs", "kind": "list", "type": "list", "samples": found, **more})


def missing(**more: Any) -> QueueState:
    """A key that is not there."""
    return queue(0, 0, 0, type="none", **more)


def queues(*each: QueueState, part: Any = "master") -> QueuesState:
    return QueuesState(role="redis", part=part, queues=each, clock=Clock(NOW, "redis:x", 0.0))
