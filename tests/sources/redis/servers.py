"""Redis servers of a test's own, each on a free port, with nothing in them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from opsproof.model.ask import Ask
from opsproof.model.target import Target
from opsproof.sources.redis.collector import RedisCollector
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, target_of
from tests.testbed import process


@contextmanager
def server(folder: Path, *words: str, port: int = 0) -> Iterator[redis.Redis]:
    """A running server; `words` follow its command."""
    port = port or faulty.unused_port()
    folder.mkdir(parents=True, exist_ok=True)
    usual = ["--port", f"{port}", "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    running = subprocess.Popen(["redis-server", *usual, *words], stdout=subprocess.DEVNULL)
    admin = redis.Redis(port=port, decode_responses=True)
    try:
        process.await_that("Redis", admin.ping)
        yield admin
    finally:
        admin.close()
        running.terminate()
        running.wait(60)


def port_of(admin: redis.Redis) -> int:
    port: int = admin.connection_pool.connection_kwargs["port"]
    return port


def targeted(admin: redis.Redis, kind: str = "redis", **more: Any) -> Target:
    """The server as a target."""
    return target_of(kind, host="127.0.0.1", port=port_of(admin), **more)


def collected(admin: redis.Redis, ask: Ask, **more: Any) -> tuple[Any, Sequence[str]]:
    """The facts, and the commands that were asked for them."""
    target = targeted(admin, **more)
    link = RecordingLink(target)
    return RedisCollector(target).collect(ask, link), link.paths
