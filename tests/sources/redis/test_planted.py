"""Jobs, members, values and names of clients are in nothing that a run keeps or says of a server."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from opsproof.sources.redis.queues import QueueKey, QueuesOf, TakersOf
from opsproof.sources.redis.server import SavePointsOf, ServerOf
from tests.sources.planted import MARK, kept, leaks
from tests.sources.redis.servers import server, targeted

QUEUES = (
    QueueKey(key="jobs", time="queued", register="queues", processed="done"),
    QueueKey(key="first", time="args.queued", oldest="first"),
    QueueKey(key="events", kind="stream", group="workers", time="id"),
    QueueKey(key="celery", kind="celery", time="headers.eta"),
)
ASKS = (
    QueuesOf(target="redis:test", role="redis", queues=QUEUES, samples=1),
    TakersOf(target="redis:test", role="redis", samples=1),
    ServerOf(target="redis:test", role="redis", samples=1),
    SavePointsOf(target="redis:test"),
)


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    with server(tmp_path_factory.mktemp("redis")) as made:
        yield made


@pytest.fixture
def planted(admin: redis.Redis) -> redis.Redis:
    """The mark in whatever holds a content: also where a moment or a number is expected."""
    admin.flushall()
    job = {"queued": time.time(), "password": MARK, "args": {"queued": MARK}}
    admin.lpush("jobs", json.dumps(job), MARK)
    admin.lpush("first", json.dumps(job))
    admin.sadd("queues", "jobs", MARK)
    admin.set("done", MARK)
    admin.xadd("events", {"payload": MARK, MARK: "a"})
    admin.xadd("events", {"payload": MARK})
    admin.xgroup_create("events", "workers", id="0")
    admin.xreadgroup("workers", MARK, {"events": ">"}, count=1)
    message = {
        "body": MARK,
        "headers": {"task": MARK, "argsrepr": MARK, "eta": MARK},
        "properties": {"body": MARK},
    }
    admin.lpush("celery", json.dumps(message))
    admin.zadd("unacked_index", {MARK: time.time()})
    admin.hset("unacked", MARK, json.dumps(message))
    admin.sadd("_kombu.binding.celery", f"{MARK}\x06\x16\x06\x16celery")
    admin.client_setname(MARK)
    return admin


def test_of_queues_and_clients_nothing_is_kept(planted: redis.Redis, tmp_path: Path) -> None:
    target = targeted(planted)
    assert leaks(tmp_path, target, ASKS) == []
    found = kept(tmp_path, target, ASKS[0])[0].value()
    assert [2, 1, 1, 1] == [one.samples[0].depth for one in found.queues]  # type: ignore[attr-defined]


def test_a_group_that_nobody_named_is_not_told_either(planted: redis.Redis, tmp_path: Path) -> None:
    """Its name is the server's, and goes into a command of ours."""
    planted.xgroup_destroy("events", "workers")
    planted.xgroup_create("events", MARK, id="0")
    ask = QueuesOf(
        target="redis:test",
        role="redis",
        queues=(QueueKey(key="events", kind="stream", time="id"),),
        samples=1,
    )
    assert leaks(tmp_path, targeted(planted), [ask]) == []


def test_a_value_in_the_place_of_jobs_is_not_told(planted: redis.Redis, tmp_path: Path) -> None:
    planted.delete("jobs")
    planted.set("jobs", MARK)
    assert leaks(tmp_path, targeted(planted), ASKS[:1]) == []
