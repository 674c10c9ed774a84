"""What INFO and CONFIG GET tell, on real servers and on made-up ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from opsproof.model.failure import BadAnswer, Forbidden, NotConfigured
from opsproof.sources.redis import info
from opsproof.sources.redis.collector import RedisCollector
from opsproof.sources.redis.server import Sample, SavePoints, SavePointsOf, ServerOf, ServerState
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, target_of
from tests.contract.redis_wire import bulk, speaking
from tests.sources.redis.servers import collected, port_of, server
from tests.testbed import process

ONCE = ServerOf(target="redis:test", role="redis", samples=1, spacing=0)


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    with server(tmp_path_factory.mktemp("redis"), "--repl-diskless-sync-delay", "0") as made:
        yield made


def sampled(admin: redis.Redis) -> Sample:
    found, _ = collected(admin, ONCE)
    assert isinstance(found, ServerState)
    return found.last


def test_a_master_tells_its_clients_counters_and_persistence(admin: redis.Redis) -> None:
    admin.config_set("maxclients", 77)
    found = sampled(admin)
    assert (found.part, found.clustered, found.loading, found.policy) == (
        "master",
        False,
        False,
        "noeviction",
    )
    assert (found.most, found.connected, found.memory_limit) == (77, 2, 0)
    assert (found.persistence.aof, found.persistence.saved) == (False, True)
    assert len(found.run_id) == 40


def test_until_the_first_snapshot_the_last_one_is_the_start(admin: redis.Redis) -> None:
    """What `last_save` alone would call saved."""
    found = sampled(admin)
    assert found.persistence.last_save is not None and found.started is not None
    assert abs(found.persistence.last_save - found.started) < timedelta(seconds=2)
    admin.set("a", "b")
    admin.save()
    now = sampled(admin)
    assert now.persistence.changes == 0
    assert now.persistence.last_save is not None and now.persistence.last_save >= found.persistence.last_save


def test_lookups_are_counted_between_the_samples(admin: redis.Redis) -> None:
    before = sampled(admin)
    admin.set("there", "x")
    admin.get("there")
    admin.get("not-there")
    after = sampled(admin)
    state = ServerState(role="redis", samples=(before, after))
    assert (state.grown("hits"), state.grown("misses")) == (1, 1)


def test_statistics_that_were_reset_have_not_grown(admin: redis.Redis) -> None:
    admin.get("not-there")
    before = sampled(admin)
    admin.config_resetstat()
    assert ServerState(role="redis", samples=(before, sampled(admin))).grown("misses") is None


def test_one_command_is_a_sample(admin: redis.Redis) -> None:
    _, paths = collected(admin, ServerOf(target="redis:test", role="redis", samples=2, spacing=0.01))
    assert paths == ["REDIS CONNECT", "REDIS INFO"] * 2


def test_a_server_that_lets_nobody_in_is_a_fact(admin: redis.Redis) -> None:
    admin.config_set("maxclients", 1)
    try:
        found, _ = collected(admin, ONCE)
    finally:
        admin.config_set("maxclients", 100)
    assert (found.full, found.samples) == (True, ())


def test_save_points_are_pairs(admin: redis.Redis) -> None:
    admin.config_set("save", "900 1 300 10")
    found, paths = collected(admin, SavePointsOf(target="redis:test"))
    assert (found, paths[-1]) == (SavePoints(points=((900, 1), (300, 10))), "REDIS CONFIG GET save")
    admin.config_set("save", "")
    assert collected(admin, SavePointsOf(target="redis:test"))[0] == SavePoints(points=())


def test_a_snapshot_that_fails_is_told(tmp_path: Path) -> None:
    with server(tmp_path) as admin:
        admin.set("a", "b")
        (tmp_path / "dump.rdb").mkdir()
        admin.bgsave()
        process.await_that("it failed", lambda: admin.info("persistence")["rdb_last_bgsave_status"] == "err")
        found = sampled(admin)
    assert (found.persistence.saved, found.persistence.changes) == (False, 1)
    assert found.persistence.last_save is not None and found.started is not None
    assert abs(found.persistence.last_save - found.started) < timedelta(seconds=3)


def test_a_replica_as_its_master_sees_it_and_as_it_sees_itself(admin: redis.Redis, tmp_path: Path) -> None:
    with server(tmp_path, "--replicaof", "127.0.0.1", f"{port_of(admin)}") as replica:
        process.await_that("the link", lambda: replica.info("replication")["master_link_status"] == "up")
        process.await_that("the replica", lambda: sampled(admin).replicas[0].online)
        (seen,) = sampled(admin).replicas
        own = sampled(replica)
    assert (seen.name, seen.state) == (f"127.0.0.1:{port_of(replica)}", "online")
    assert seen.lag is not None and seen.behind is not None
    assert (own.part, own.master_link) == ("slave", "up")


def test_a_replica_of_itself_has_no_link(tmp_path: Path) -> None:
    with server(tmp_path) as admin:
        admin.replicaof("127.0.0.1", port_of(admin))
        found = sampled(admin)
    assert (found.part, found.master_link) == ("slave", "down")


def told(text: str) -> ServerState:
    with faulty.serving(speaking(lambda command: bulk(text))) as port:
        target = target_of("redis", host="127.0.0.1", port=port)
        found = RedisCollector(target).collect(ONCE, RecordingLink(target))
    assert isinstance(found, ServerState)
    return found


def test_what_is_not_told_is_none() -> None:
    found = told("role:master\r\n").last
    assert (found.connected, found.most, found.uptime, found.persistence.aof) == (None, None, None, None)


def test_of_texts_known_words_alone_are_kept() -> None:
    found = told(
        "role:master\r\nrun_id:<script>\r\nmaxmemory_policy:\x1b[2Jpolicy\r\nmaxclients:-4\r\nuptime_in_seconds:1e9\r\n"
        "slave0:ip=10.0.0.2,port=6379,state=<b>,offset=x,lag=99999999999999999999\r\nslave1:none\r\n"
    ).last
    assert (found.run_id, found.most, found.uptime) == ("", None, None)
    assert found.policy.isprintable()
    first, second = found.replicas
    assert (first.name, first.state, first.lag, first.behind) == ("10.0.0.2:6379", "", None, None)
    assert second.online is False


def test_an_answer_that_tells_nothing_is_none() -> None:
    with pytest.raises(BadAnswer, match="neither a role nor an uptime"):
        told("hello:world\r\n")


def test_a_sentinel_is_no_server() -> None:
    with pytest.raises(NotConfigured, match="Sentinel"):
        told("redis_mode:sentinel\r\n")


@pytest.mark.parametrize(
    "answer",
    [b"*2\r\n$4\r\nsave\r\n$5\r\n900 x\r\n", b"*2\r\n$4\r\nsave\r\n$3\r\n900\r\n", b"*0\r\n", b"+OK\r\n"],
)
def test_save_points_that_are_none(answer: bytes) -> None:
    with faulty.serving(speaking(lambda command: answer)) as port:
        target = target_of("redis", host="127.0.0.1", port=port)
        with pytest.raises(BadAnswer, match="no pairs"):
            RedisCollector(target).collect(SavePointsOf(target=target.id), RecordingLink(target))


def test_a_missing_right_is_named() -> None:
    refusing = speaking(
        lambda command: b"-NOPERM this user has no permissions to run the 'config|get' command\r\n"
    )
    with faulty.serving(refusing) as port:
        target = target_of("redis", host="127.0.0.1", port=port)
        with pytest.raises(Forbidden) as refused:
            RedisCollector(target).collect(SavePointsOf(target=target.id), RecordingLink(target))
    assert refused.value.message.startswith("CONFIG GET save: the ACL of default lacks it")


@pytest.mark.parametrize(
    ("given", "expected"),
    [("7", 7), (7, 7), ("-7", None), ("7.5", None), ("", None), ("9" * 30, None), (True, None), ("٣", None)],
)
def test_a_whole_number(given: Any, expected: int | None) -> None:
    assert info.whole(given) == expected
