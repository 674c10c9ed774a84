"""What takes over from the broker: a replica, and three Sentinels that watch it."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis as client

from opsproof.sources.redis.sentinel import SentinelOf
from opsproof.sources.redis.settings import SentinelSettings
from tests.testbed import place, process
from tests.testbed.services import redis, secrets

MASTER, REPLICA, NAME = "redis-broker", "redis-replica", "opsforge"
SENTINELS = ("sentinel-1", "sentinel-2", "sentinel-3")


def up() -> None:
    """All of them, and each knows the others."""
    start_replica()
    for name in SENTINELS:
        start(name)
    process.await_that("the Sentinels", lambda: all(settled(name) for name in SENTINELS))


def down() -> None:
    for name in (*SENTINELS, REPLICA):
        process.stop(name)


def reset() -> None:
    down()
    up()


def start_replica() -> None:
    folder = _fresh(REPLICA)
    lines = {
        "bind": place.HOST,
        "port": str(place.PORTS[REPLICA]),
        "dir": str(folder),
        "save": '""',
        "replicaof": f"{place.HOST} {place.PORTS[MASTER]}",
        "masteruser": "admin",
        "masterauth": secrets.password("redis-admin"),
        "enable-debug-command": "local",
        "repl-timeout": "3600",
    }
    _run(REPLICA, folder, lines)
    process.await_that("the replica", linked)


def start(name: str) -> None:
    """A Sentinel that will not fail over within a test, whatever happens to the broker."""
    folder = _fresh(name)
    settings = SentinelSettings(host=place.HOST, username="opsproof", master=NAME)
    redis.write_acl(folder, settings, [SentinelOf(target=name, role=name, master=NAME)])
    lines = {
        "bind": place.HOST,
        "port": str(place.PORTS[name]),
        "dir": str(folder),
        "aclfile": str(folder / "users.acl"),
        "sentinel sentinel-user": "admin",
        "sentinel sentinel-pass": secrets.password("redis-admin"),
        f"sentinel monitor {NAME}": f"{place.HOST} {place.PORTS[MASTER]} 2",
        f"sentinel auth-user {NAME}": "admin",
        f"sentinel auth-pass {NAME}": secrets.password("redis-admin"),
        f"sentinel down-after-milliseconds {NAME}": "3600000",
    }
    _run(name, folder, lines, "--sentinel")


def _fresh(name: str) -> Path:
    folder = place.state() / name
    if process.running(name) is None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    return folder


def _run(name: str, folder: Path, lines: dict[str, str], *more: str) -> None:
    if process.running(name) is None:
        file = folder / "redis.conf"
        file.touch(mode=0o600)
        file.write_text("".join(f"{key} {value}\n" for key, value in lines.items()))
        process.start(name, ["redis-server", file, *more], cwd=folder)


def linked() -> bool:
    """The broker has its replica, with all that it holds."""
    told = redis.info(MASTER, "replication")
    found = told.get("slave0")
    return isinstance(found, dict) and found.get("state") == "online" and found.get("lag") in {0, 1}


def settled(name: str) -> bool:
    """A Sentinel knows the replica and the two others, and can reach them all."""
    told = sentinel(name).sentinel_master(NAME)  # type: ignore[no-untyped-call]
    known = told["num-slaves"] == 1 and told["num-other-sentinels"] == len(SENTINELS) - 1
    return bool(known and told["flags"] == "master" and _candidates(name))


def rejoined() -> None:
    """After the broker was started anew, or was a replica itself for a while: all is as it was."""
    if process.running(REPLICA) is None:
        return
    own = str(redis.info(MASTER, "server")["run_id"])
    process.await_that("the broker's replica", linked)
    process.await_that(
        "the Sentinels", lambda: all(settled(name) and _watched(name) == own for name in SENTINELS)
    )


def _watched(name: str) -> str:
    return str(sentinel(name).sentinel_master(NAME)["runid"])  # type: ignore[no-untyped-call]


def _candidates(name: str) -> bool:
    replicas = sentinel(name).sentinel_slaves(NAME)  # type: ignore[no-untyped-call]
    return all(one["flags"] == "slave" and one["master-link-status"] == "ok" for one in replicas)


def sentinel(name: str = SENTINELS[0]) -> client.Redis:
    return redis.connect(name, "admin")


def replica() -> client.Redis:
    return client.Redis(host=place.HOST, port=place.PORTS[REPLICA], decode_responses=True, socket_timeout=5)


@contextmanager
def replica_gone() -> Iterator[None]:
    """The broker has lost its only replica, which the Sentinels still remember."""
    _await_age()
    process.stop(REPLICA)
    try:
        yield
    finally:
        start_replica()
        process.await_that("the Sentinels", lambda: all(settled(name) for name in SENTINELS))


@contextmanager
def lagging(seconds: int = 15) -> Iterator[None]:
    """The replica keeps its connection and takes nothing: the broker has not heard of it for so long."""
    pid = process.running(REPLICA)
    assert pid is not None
    _await_age()
    redis.admin(MASTER).config_set("repl-timeout", 3600)
    _reconnect_every(3_600_000)
    os.kill(pid, signal.SIGSTOP)
    try:
        process.await_that("the replica's lag", lambda: _lag() > seconds)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
        _reconnect_every(15_000)
        redis.admin(MASTER).config_set("repl-timeout", 60)
        process.await_that("the replica", linked)


def _reconnect_every(milliseconds: int) -> None:
    """A Sentinel hangs up on who is silent, and is without a link for a moment: not while it is asked."""
    sentinel().execute_command("SENTINEL", "DEBUG", "min-link-reconnect-period", milliseconds)  # type: ignore[no-untyped-call]


def _await_age() -> None:
    """To a broker that has just been started replicas are still coming: it is not young."""
    process.await_that("the broker is a minute old", lambda: _uptime() > 60)


def _uptime() -> int:
    return int(str(redis.info(MASTER, "server")["uptime_in_seconds"]))


def _lag() -> int:
    found = redis.info(MASTER, "replication").get("slave0")
    return int(found["lag"]) if isinstance(found, dict) else 0


@contextmanager
def alone() -> Iterator[None]:
    """One Sentinel is left of three, and cannot reach the others."""
    for name in SENTINELS[1:]:
        process.stop(name)
    sentinel().execute_command("SENTINEL", "SET", NAME, "down-after-milliseconds", "500")  # type: ignore[no-untyped-call]
    process.await_that("the others are missed", lambda: not _quorum())
    try:
        yield
    finally:
        for name in SENTINELS:
            process.stop(name)
        up()


def _quorum() -> bool:
    try:
        sentinel().sentinel_ckquorum(NAME)  # type: ignore[no-untyped-call]
    except client.ResponseError:
        return False
    return True


@contextmanager
def watching_nothing() -> Iterator[None]:
    """Somebody took the broker out of the Sentinel's configuration."""
    sentinel().sentinel_remove(NAME)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        for name in SENTINELS:
            process.stop(name)
        up()


@contextmanager
def never_promoted() -> Iterator[None]:
    """The only replica has priority 0."""
    replica().config_set("replica-priority", 0)
    process.await_that("the Sentinels see it", lambda: _priority() == 0, within=30)
    try:
        yield
    finally:
        replica().config_set("replica-priority", 100)
        process.await_that("the Sentinels see it", lambda: _priority() == 100, within=30)


def _priority() -> int:
    (found,) = sentinel().sentinel_slaves(NAME)  # type: ignore[no-untyped-call]
    return int(found["slave-priority"])
