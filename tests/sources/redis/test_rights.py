"""`opsproof rights --check` by a real Redis's own answer: the printed line is enough, and each command is missed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from opsproof.cli.rights import Checked, Wanted, checked
from opsproof.model.rights import Account, Need
from opsproof.model.target import Budget, Target
from opsproof.sources.redis.cluster import ClusterOf
from opsproof.sources.redis.collector import RedisCollector
from opsproof.sources.redis.facts import PROBED, CacheMemoryOf, CacheProbesOf
from opsproof.sources.redis.queues import QueueKey, QueuesOf, TakersOf
from opsproof.sources.redis.rights import RIGHTS
from opsproof.sources.redis.server import SavePointsOf, ServerOf
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, target_of
from tests.testbed import process

PASSWORD = "planted-hunter2"
QUEUES = QueuesOf(
    target="redis:test",
    role="redis",
    queues=(
        QueueKey(key="jobs", time="queued", register="queues", processed="done:*"),
        QueueKey(key="events", kind="stream", group="workers", time="id"),
        QueueKey(key="celery", kind="celery"),
    ),
)
ASKS = (
    CacheProbesOf(target="redis:test", role="redis"),
    CacheMemoryOf(target="redis:test", role="redis"),
    ServerOf(target="redis:test", role="redis"),
    SavePointsOf(target="redis:test"),
    ClusterOf(target="redis:test", role="redis"),
    TakersOf(target="redis:test", role="redis"),
    QUEUES,
)
NEEDS = tuple(sorted({*(need for ask in ASKS for need in ask.needs), *RIGHTS.identity}))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    port, folder = faulty.unused_port(), tmp_path_factory.mktemp("redis")
    words = ["redis-server", "--port", f"{port}", "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    running = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    admin = redis.Redis(port=port)
    try:
        process.await_that("Redis", admin.ping)
        yield admin
    finally:
        admin.close()
        running.terminate()
        running.wait(60)


@pytest.fixture
def target(server: redis.Redis, tmp_path: Path) -> Target:
    (tmp_path / "password").write_text(PASSWORD)
    port = server.connection_pool.connection_kwargs["port"]
    password: Any = {"file": str(tmp_path / "password")}
    return target_of(
        "redis", host="127.0.0.1", port=port, username="opsproof", password=password, budget=Budget(rate=1000)
    )


def allowed(server: redis.Redis, target: Target, *more: str) -> Checked:
    """Check a user with the rules that `opsproof rights` prints for it, and more of them."""
    grant(server, target, *more)
    return checked(Wanted(target, RIGHTS, NEEDS))


def grant(server: redis.Redis, target: Target, *more: str) -> None:
    """Make that user."""
    (file,) = RIGHTS.files(NEEDS, target, Account())
    (line,) = (line for line in file.text.splitlines() if line.startswith("user "))
    _, name, *rules = line.split()
    secret = [f">{PASSWORD}" if rule.startswith(">") else rule for rule in rules]
    server.execute_command("ACL", "SETUSER", name, "reset", *secret, *more)


def test_what_is_printed_is_enough(server: redis.Redis, target: Target) -> None:
    assert allowed(server, target).good


@pytest.mark.parametrize("asked", [(), ("+acl|dryrun",)], ids=["by doing it", "by ACL DRYRUN"])
@pytest.mark.parametrize(
    ("rule", "lacked"),
    [
        ("-ping", Need("PING")),
        ("-info", Need("INFO")),
        ("-exists", Need("EXISTS", name=PROBED)),
        ("-config|get", Need("CONFIG GET", on="save")),
        ("-client|list", Need("CLIENT LIST")),
        ("-cluster|nodes", Need("CLUSTER NODES")),
        ("-lindex", Need("LINDEX", on="-1", name="jobs")),
        ("-smembers", Need("SMEMBERS", name="queues")),
        ("-xinfo|consumers", Need("XINFO CONSUMERS", on="workers", name="events")),
        ("-xrange", Need("XRANGE", on="- + COUNT 1", name="events")),
        ("-zrange", Need("ZRANGE", on="0 0 WITHSCORES", name="unacked_index")),
        ("-get", Need("GET", name="done:*")),
    ],
)
def test_each_right_that_is_missing_is_named(
    server: redis.Redis, target: Target, rule: str, lacked: Need, asked: tuple[str, ...]
) -> None:
    found = allowed(server, target, rule, *asked)
    assert (found.failure, lacked in found.missing) == ("", True)
    assert {need.verb for need in found.missing} == {lacked.verb}


def test_without_keys_no_key_may_be_read(server: redis.Redis, target: Target) -> None:
    found = allowed(server, target, "resetkeys", "+acl|dryrun")
    assert set(found.missing) == {need for need in NEEDS if need.name}


@pytest.mark.parametrize("key", ["jobs2", "job", "done:1", "done:", "celery:3", "session:1"])
def test_no_other_key_may_be_read(server: redis.Redis, target: Target, key: str) -> None:
    grant(server, target)
    for command in ("GET", "LLEN", "TYPE", "LINDEX"):
        words = [command, key, *(["0"] if command == "LINDEX" else [])]
        assert "permissions" in str(server.execute_command("ACL", "DRYRUN", "opsproof", *words))


@pytest.mark.parametrize(
    "command",
    [
        "LRANGE jobs 0 -1", "RPOP jobs", "XREADGROUP GROUP workers x STREAMS events >", "SET done:* 1", "CONFIG SET save x",
        "CLIENT KILL 1.2.3.4:5", "CLUSTER RESET", "DEL jobs", "SENTINEL FAILOVER x", "KEYS *", "SCAN 0", "MONITOR",
    ],
)  # fmt: skip
def test_nothing_else_may_be_done(server: redis.Redis, target: Target, command: str) -> None:
    grant(server, target)
    try:
        told = str(server.execute_command("ACL", "DRYRUN", "opsproof", *command.split()))
    except redis.ResponseError as error:
        told = str(error)  # a server that is no Sentinel does not know its commands
    assert told != "OK"


def test_what_is_printed_is_enough_to_ask_all_of_it(
    server: redis.Redis, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each ask with that user, on queues that are there, and nothing is refused."""
    monkeypatch.setattr(RecordingLink, "pause", lambda self, seconds: None)
    server.flushall()
    server.lpush("jobs", '{"queued": 1795251600}')
    server.xadd("events", {"a": "b"})
    server.xgroup_create("events", "workers", id="0")
    grant(server, target)
    server.acl_log_reset()
    for ask in ASKS:
        once = msgspec.structs.replace(ask, **{"samples": 1} if hasattr(ask, "samples") else {})
        RedisCollector(target).collect(once, RecordingLink(target))
    assert server.acl_log() == []


def test_a_narrow_user_that_may_ask_is_asked_for_nothing_else(server: redis.Redis, target: Target) -> None:
    """By ACL DRYRUN no command is done that is only asked for."""
    before = server.info("commandstats").get("cmdstat_exists", {}).get("calls", 0)
    found = allowed(server, target, "+acl|dryrun")
    assert found.good
    assert server.info("commandstats").get("cmdstat_exists", {}).get("calls", 0) == before


def test_a_user_that_is_switched_off_is_a_failure(server: redis.Redis, target: Target) -> None:
    found = allowed(server, target, "off")
    assert (found.good, found.missing) == (False, ())
    assert "wrong password for opsproof, or none" in found.failure
