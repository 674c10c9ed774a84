"""Named queues on a real server: lists, streams and what Celery's transport writes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from opsproof.model.failure import BadAnswer
from opsproof.sources.redis.queue_reader import id_time, queued_at
from opsproof.sources.redis.queues import QueueKey, QueuesOf, QueuesState, QueueState, TakersOf, TakersState
from tests.sources.redis.servers import collected, server
from tests.testbed import process

AT = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)
PAYLOAD = "planted-job-payload-4711"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    with server(tmp_path_factory.mktemp("redis")) as admin:
        yield admin


@pytest.fixture
def admin(running: redis.Redis) -> redis.Redis:
    running.flushall()
    return running


def read(admin: redis.Redis, samples: int = 1, **queue: Any) -> QueueState:
    key = QueueKey(**{"key": "jobs", **queue})
    ask = QueuesOf(target="redis:test", role="redis", queues=(key,), samples=samples, spacing=0.01)
    state, _ = collected(admin, ask)
    assert isinstance(state, QueuesState)
    kept = msgspec.json.encode(state)
    assert PAYLOAD.encode() not in kept
    assert msgspec.json.decode(kept, type=QueuesState) == state
    assert state.part == "master"
    (found,) = state.queues
    return found


def job(**more: Any) -> str:
    return json.dumps({"secret": PAYLOAD, **more})


def test_a_list_is_as_long_as_it_is(admin: redis.Redis) -> None:
    admin.lpush("jobs", job(), job(), job())
    found = read(admin, samples=2)
    assert (found.type, found.registered, [one.depth for one in found.samples]) == ("list", None, [3, 3])


def test_of_a_job_nothing_is_read_without_a_declared_field(admin: redis.Redis) -> None:
    admin.lpush("jobs", job(queued=AT.timestamp()))
    ask = QueuesOf(target="redis:test", role="redis", queues=(QueueKey(key="jobs"),), samples=1)
    state, paths = collected(admin, ask)
    assert state.queues[0].samples[0].oldest is None
    assert [path.split()[1] for path in paths] == ["CONNECT", "INFO", "INFO", "TYPE", "LLEN"]


@pytest.mark.parametrize(("end", "hours"), [("last", 1), ("first", 2)])
def test_the_oldest_job_is_where_it_is_declared(admin: redis.Redis, end: str, hours: int) -> None:
    """LPUSH with BRPOP takes from the last, RPUSH with BLPOP from the first."""
    admin.rpush("jobs", job(queued="2026-11-21T07:00:00Z"), job(queued="2026-11-21T08:00:00Z"))
    found = read(admin, time="queued", oldest=end)
    assert found.timed
    assert found.samples[0].oldest is not None
    assert (AT - found.samples[0].oldest).total_seconds() == hours * 3600


def test_no_key_is_an_empty_queue_that_nothing_proves(admin: redis.Redis) -> None:
    found = read(admin, time="queued")
    assert (found.there, found.registered, found.samples[0].depth) == (False, None, 0)


def test_the_producers_set_proves_the_name(admin: redis.Redis) -> None:
    admin.sadd("rq:queues", "rq:queue:jobs")
    asked = {"register": "rq:queues", "member": "rq:queue:jobs"}
    assert read(admin, **asked).registered is True
    assert read(admin, **{**asked, "member": "rq:queue:job"}).registered is False
    assert read(admin, register="no-such-set").registered is False


def celery(admin: redis.Redis, queue: str = "celery") -> None:
    """As kombu 5.7 writes it when anybody declares the queue."""
    admin.sadd(f"_kombu.binding.{queue}", f"{queue}\x06\x16\x06\x16{queue}")


def test_celerys_own_set_proves_the_name(admin: redis.Redis) -> None:
    celery(admin)
    assert read(admin, key="celery", kind="celery").registered is True
    assert read(admin, key="celry", kind="celery").registered is False


def test_celerys_jobs_of_every_priority_count(admin: redis.Redis) -> None:
    """They lie in lists of their own: the queue itself may be empty."""
    admin.lpush("celery\x06\x163", job(), job())
    admin.lpush("celery\x06\x169", job())
    found = read(admin, key="celery", kind="celery")
    assert (found.there, found.samples[0].depth) == (False, 3)


def test_the_oldest_of_celerys_jobs_is_of_any_priority(admin: redis.Redis) -> None:
    """Those of a low priority wait behind all others; one that does not tell may be older still."""
    asked = {"key": "celery", "kind": "celery", "time": "at"}
    admin.lpush("celery", json.dumps({"at": 2_000_000_000}))
    admin.lpush("celery\x06\x169", json.dumps({"at": 1_700_000_000}))
    low = read(admin, **asked).samples[0].oldest
    admin.lpush("celery\x06\x163", "{}")
    untold = read(admin, **asked).samples[0].oldest
    assert (low, untold) == (datetime.fromtimestamp(1_700_000_000, timezone.utc), None)


def test_celerys_jobs_that_were_taken_are_dated(admin: redis.Redis) -> None:
    admin.zadd("unacked_index", {"tag-1": AT.timestamp(), "tag-2": AT.timestamp() + 60})
    found = read(admin, key="celery", kind="celery").samples[0]
    assert (found.taken, found.taken_since) == (2, AT)


def test_a_counter_of_jobs_is_read(admin: redis.Redis) -> None:
    admin.set("stat:processed", "41")
    assert read(admin, processed="stat:processed").samples[0].processed == 41
    admin.set("stat:processed", PAYLOAD)
    assert read(admin, processed="stat:processed").samples[0].processed is None


def test_a_key_of_another_type_is_told(admin: redis.Redis) -> None:
    admin.hset("jobs", "a", "b")
    found = read(admin)
    assert (found.type, found.samples[0].depth, found.samples[0].why) == (
        "hash", None, "the key holds a hash, no list",
    )  # fmt: skip


def stream(admin: redis.Redis, entries: int) -> list[str]:
    return [
        admin.xadd("jobs", {"body": PAYLOAD}, id=f"{int(AT.timestamp()) + n}000-0") for n in range(entries)
    ]


def test_a_group_is_behind_by_what_it_has_not_taken(admin: redis.Redis) -> None:
    stream(admin, 5)
    admin.xgroup_create("jobs", "workers", id="0")
    admin.xreadgroup("workers", "one", {"jobs": ">"}, count=2)
    found = read(admin, kind="stream", group="workers", time="id")
    now = found.samples[0]
    assert (found.there, now.depth, now.taken, now.passed, now.consumers) == (True, 3, 2, 2, 1)
    assert (now.taken_since, now.oldest) == (AT, datetime.fromtimestamp(AT.timestamp() + 2, timezone.utc))
    assert now.idle is not None and now.idle < 60


def test_entries_that_were_acknowledged_are_no_jobs_though_they_stay(admin: redis.Redis) -> None:
    """XLEN counts them until somebody trims the stream."""
    ids = stream(admin, 4)
    admin.xgroup_create("jobs", "workers", id="0")
    admin.xreadgroup("workers", "one", {"jobs": ">"})
    admin.xack("jobs", "workers", *ids)
    now = read(admin, kind="stream").samples[0]
    assert (now.depth, now.taken, now.taken_since) == (0, 0, None)


def test_a_stream_without_a_group_has_no_consumers(admin: redis.Redis) -> None:
    stream(admin, 4)
    now = read(admin, kind="stream").samples[0]
    assert (now.depth, now.consumers) == (4, 0)


@pytest.mark.parametrize(
    ("group", "said"), [("", "2 consumer groups"), ("wrokers", "no consumer group wrokers")]
)
def test_which_group_counts_is_not_guessed(admin: redis.Redis, group: str, said: str) -> None:
    stream(admin, 1)
    admin.xgroup_create("jobs", "workers", id="0")
    admin.xgroup_create("jobs", "audit", id="0")
    now = read(admin, kind="stream", group=group).samples[0]
    assert (now.depth, now.why) == (None, f"the stream has {said}: name the group that counts")


def test_a_lag_that_the_server_does_not_know_is_none(admin: redis.Redis) -> None:
    """An entry was deleted behind the group: nobody knows any more how many are before it."""
    ids = stream(admin, 4)
    admin.xgroup_create("jobs", "workers", id=ids[0])
    admin.xdel("jobs", ids[2])
    now = read(admin, kind="stream").samples[0]
    assert (now.depth, "does not tell how far the group is behind" in now.why) == (None, True)


def test_a_stream_that_is_not_there_is_empty(admin: redis.Redis) -> None:
    found = read(admin, kind="stream")
    assert (found.there, found.samples[0].depth) == (False, 0)


@contextmanager
def taking(admin: redis.Redis, *command: str) -> Iterator[None]:
    """A client that waits by that command."""
    port = admin.connection_pool.connection_kwargs["port"]
    client = redis.Redis(port=port, decode_responses=True)

    def wait() -> None:
        try:
            client.execute_command(*command)  # type: ignore[no-untyped-call]
        except redis.RedisError:
            pass

    before = int(admin.info("clients")["blocked_clients"])
    thread = threading.Thread(target=wait)
    thread.start()
    try:
        process.await_that("it waits", lambda: int(admin.info("clients")["blocked_clients"]) == before + 1)
        yield
    finally:
        for one in admin.client_list():
            if one["cmd"] == command[0].lower():
                admin.client_unblock(int(one["id"]))
        thread.join()
        client.close()


def takers(admin: redis.Redis, **more: Any) -> TakersState:
    state, paths = collected(admin, TakersOf(target="redis:test", role="redis", samples=1), **more)
    assert paths == ["REDIS CONNECT", *(["REDIS CLIENT LIST"])]
    assert isinstance(state, TakersState)
    return state


def test_nobody_takes(admin: redis.Redis) -> None:
    (now,) = takers(admin).samples
    assert (now.lists.count, now.streams.count) == (0, 0)


def test_clients_that_wait_are_counted_by_what_they_take_from(admin: redis.Redis) -> None:
    stream(admin, 1)
    admin.xgroup_create("jobs", "workers", id="$")
    with (
        taking(admin, "BRPOP", "list", "0"),
        taking(admin, "XREADGROUP", "GROUP", "workers", "one", "BLOCK", "0", "STREAMS", "jobs", ">"),
    ):
        (now,) = takers(admin).samples
    assert (now.lists.count, now.lists.waiting, now.lists.idle) == (1, 1, None)
    assert (now.streams.count, now.streams.waiting) == (1, 1)


def test_clients_of_another_database_are_none(admin: redis.Redis) -> None:
    with taking(admin, "BRPOP", "list", "0"):
        (now,) = takers(admin, database=3).samples
    assert now.lists.count == 0


def test_a_client_that_took_and_works_is_told_by_how_long_ago(admin: redis.Redis) -> None:
    client = redis.Redis(port=admin.connection_pool.connection_kwargs["port"])
    client.rpop("list")
    (now,) = takers(admin).samples
    client.close()
    assert (now.lists.count, now.lists.waiting) == (1, 0)
    assert now.lists.idle is not None and now.lists.idle < 60


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('{"queued": 1795251600}', AT),
        ('{"queued": 1795251600.75}', AT),
        ('{"queued": 1795251600000}', AT),
        ('{"queued": "1795251600"}', AT),
        ('{"queued": "2026-11-21T10:00:00+01:00"}', AT),
        ('{"queued": "2026-11-21T09:00:00Z"}', AT),
        ('{"queued": "2026-11-21T09:00:00"}', None),
        ('{"queued": true}', None),
        ('{"queued": "yesterday"}', None),
        ('{"queued": NaN}', None),
        ('{"queued": 1e999}', None),
        ('{"queued": -5}', None),
        ('{"other": 1795251600}', None),
        ('["queued"]', None),
        ("no JSON", None),
        ("[" * 100_000, None),
        (None, None),
        (7, None),
    ],
)
def test_when_a_job_was_queued(written: object, expected: datetime | None) -> None:
    assert queued_at(written, "queued") == expected


def test_a_field_may_be_a_part_of_a_part() -> None:
    assert queued_at('{"meta": {"queued": 1795251600}}', "meta.queued") == AT


@pytest.mark.parametrize("entry", ["", "x-0", None, "9" * 40 + "-0", 7])
def test_an_id_that_is_none_has_no_time(entry: object) -> None:
    assert id_time(entry) is None


def test_the_commands_that_are_asked_are_those_that_it_says(tmp_path: Path, admin: redis.Redis) -> None:
    """Each queue's `needs` are what `opsproof rights` gives."""
    admin.lpush("jobs", job(queued=AT.timestamp()))
    stream_key = QueueKey(key="stream", kind="stream", group="workers", time="id")
    admin.xadd("stream", {"body": PAYLOAD})
    admin.xgroup_create("stream", "workers", id="0")
    keys = (
        QueueKey(key="jobs", time="queued", register="rq:queues", processed="done"),
        QueueKey(key="celery", kind="celery", time="at"),
        stream_key,
    )
    for name in keys[1].lists:
        admin.lpush(name, job(at=AT.timestamp()))
    ask = QueuesOf(target="redis:test", role="redis", queues=keys, samples=1)
    _, paths = collected(admin, ask)
    asked = {path.removeprefix("REDIS ") for path in paths if path != "REDIS CONNECT"}
    for need in ask.needs:
        assert any(one.startswith(f"{need.verb} {need.name}".strip()) for one in asked), need
    for one in asked:
        assert any(one.startswith(f"{need.verb} {need.name}".strip()) for need in ask.needs), one


def test_a_list_of_clients_that_is_none() -> None:
    from opsproof.sources.redis.queue_reader import takers as counted

    class Silent:
        def ask(self, *command: str) -> object:
            return "OK"

    with pytest.raises(BadAnswer, match="CLIENT LIST"):
        counted(Silent(), 0)  # type: ignore[arg-type]
