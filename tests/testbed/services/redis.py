"""Two Redis servers with ACLs: a cache that evicts and a broker that refuses when full.

The broker has a replica and three Sentinels (`redis_failover.py`), and each server's queues have a worker.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

import redis as client
from redis import RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from opsproof.model.ask import Ask
from opsproof.model.rights import Account
from opsproof.model.target import Target
from opsproof.sources.redis.cluster import ClusterOf
from opsproof.sources.redis.facts import CacheMemoryOf, CacheProbesOf
from opsproof.sources.redis.queues import QueueKey, QueuesOf, TakersOf
from opsproof.sources.redis.rights import RIGHTS
from opsproof.sources.redis.server import SavePointsOf, ServerOf
from opsproof.sources.redis.settings import RedisSettings
from tests.testbed import place, process
from tests.testbed.services import certificates, secrets

SERVERS = {"redis": "allkeys-lru", "redis-broker": "noeviction"}
MAXMEMORY = 256 * 2**20
SLOT = 65536 + 144  # what Redis takes for one value of 65,000 bytes
FILL, PLACEHOLDER = "testbed:fill:", ">REPLACE-WITH-THE-PASSWORD"
SEED = {"session:1": "a", "session:2": "b", "opsforge:job:1": "queued"}
SAVE = "900 1 300 10 60 10000"
PERSISTENCE = {
    "redis": {"save": SAVE, "appendonly": "no"},
    "redis-broker": {"save": '""', "appendonly": "yes", "repl-diskless-sync-delay": "0"},
}
# By server: its queues, as the environments declare them.
QUEUES = {
    "redis": (QueueKey(key="scanner:jobs", register="scanner:queues", time="queued_at"),),
    "redis-broker": (
        QueueKey(key="opsforge:jobs", register="opsforge:queues", time="queued_at"),
        QueueKey(key="celery", kind="celery"),
    ),
}


def folder(server: str) -> Path:
    return place.state() / server


def monitor_log(server: str = "redis") -> Path:
    """Every command that the server ran (what MONITOR prints), with client address."""
    return process.log_file(f"{server}-monitor")


def up() -> None:
    for server in SERVERS:
        start(server)


def down() -> None:
    for server in SERVERS:
        stop(server)


def reset() -> None:
    """Fresh servers with the seed and the ACLs from their files."""
    down()
    up()


def start(server: str = "redis") -> None:
    """A server with nothing but the seed; and a client that logs its commands."""
    if process.running(server) is None:
        shutil.rmtree(folder(server), ignore_errors=True)
        folder(server).mkdir(parents=True)
        _write_acl(server)
        process.start(server, ["redis-server", _configuration(server)], cwd=folder(server))
        process.await_that(server, lambda: admin(server).ping())
        for key, value in SEED.items():
            admin(server).set(key, value)
        for queue in QUEUES[server]:
            _register(server, queue)
    _monitor(server)
    work(server)


def _register(server: str, queue: QueueKey) -> None:
    """What a producer writes of its queue, as Celery's own transport does."""
    member = f"{queue.key}\x06\x16\x06\x16{queue.key}" if queue.kind == "celery" else queue.key
    admin(server).sadd(queue.registered_in, member)


def work(server: str) -> None:
    """A worker that waits for the jobs of the server's queues."""
    keys = [key for queue in QUEUES[server] for key in queue.lists]
    command = [sys.executable, "-m", "tests.testbed.services.redis_worker", str(place.PORTS[server]), *keys]
    password = {"REDISCLI_AUTH": secrets.password("redis-admin")}
    process.start(f"{server}-worker", command, env=password, cwd=Path(__file__).parents[3])
    process.await_that(f"{server}'s worker", lambda: int(str(info(server, "clients")["blocked_clients"])) > 0)


def rest(server: str) -> None:
    """Nobody takes jobs any more."""
    process.stop(f"{server}-worker")


def stop(server: str = "redis") -> None:
    rest(server)
    process.stop(f"{server}-monitor")
    process.stop(server)


def _configuration(server: str) -> Path:
    lines = {
        "bind": place.HOST,
        "port": str(place.PORTS[server]),
        "dir": str(folder(server)),
        "aclfile": str(folder(server) / "users.acl"),
        "maxmemory": str(MAXMEMORY),
        "maxmemory-policy": SERVERS[server],
        **PERSISTENCE[server],
        "enable-debug-command": "local",
        "daemonize": "no",
    }
    file = folder(server) / "redis.conf"
    file.write_text("".join(f"{key} {value}\n" for key, value in lines.items()))
    return file


def _write_acl(server: str) -> None:
    """opsproof's user is the line of `opsproof rights`, with the generated password in place."""
    asks = (
        CacheProbesOf(target=server, role=server),
        CacheMemoryOf(target=server, role=server),
        ServerOf(target=server, role=server),
        SavePointsOf(target=server),
        QueuesOf(target=server, role=server, queues=QUEUES[server]),
        TakersOf(target=server, role=server),
        ClusterOf(target=server, role=server),
    )
    write_acl(folder(server), RedisSettings(host=place.HOST, username="opsproof"), asks)


def write_acl(into: Path, settings: RedisSettings, asks: Sequence[Ask]) -> None:
    """users.acl with what these asks need."""
    needs = tuple(dict.fromkeys(need for ask in asks for need in ask.needs))
    (file,) = RIGHTS.files(needs, Target("redis", "redis", "redis", settings), Account())
    deployed = file.text
    assert PLACEHOLDER in deployed
    lines = [
        "user default off resetpass\n",
        f"user admin on >{secrets.password('redis-admin')} ~* &* +@all\n",
        deployed.replace(PLACEHOLDER, f">{secrets.password('redis-opsproof')}"),
    ]
    path = into / "users.acl"
    path.touch(mode=0o600)
    path.write_text("".join(lines))


def _monitor(server: str) -> None:
    command = ["redis-cli", "-h", place.HOST, "-p", str(place.PORTS[server]), "--user", "admin", "MONITOR"]
    process.start(f"{server}-monitor", command, env={"REDISCLI_AUTH": secrets.password("redis-admin")})


def watch(server: str) -> None:
    """See to it that the server's commands are logged now: faults may have cut the logging client off."""
    process.stop(f"{server}-monitor")
    log = monitor_log(server)
    size = log.stat().st_size if log.exists() else 0
    _monitor(server)
    process.await_that(f"{server}'s commands are logged", lambda: b"OK" in log.read_bytes()[size:])


def connect(server: str = "redis", user: str = "opsproof", *, seconds: float = 5) -> client.Redis:
    """A client of a user with its generated password."""
    return client.Redis(
        host=place.HOST,
        port=place.PORTS[server],
        username=user,
        password=secrets.password(f"redis-{user}"),
        socket_timeout=seconds,
        decode_responses=True,
        retry=Retry(NoBackoff(), 0),
    )


def admin(server: str = "redis") -> client.Redis:
    return connect(server, "admin", seconds=10)


def _run(server: str, *words: str | int, seconds: float = 10) -> object:
    answer: object = connect(server, "admin", seconds=seconds).execute_command(*words)  # type: ignore[no-untyped-call]
    return answer


def info(server: str = "redis", section: str = "everything") -> dict[str, object]:
    found = admin(server).info(section)
    assert isinstance(found, dict)
    return found


# Ways to be wrong: each undoes itself exactly.


@contextmanager
def memory_filled(percent: float, server: str = "redis") -> Iterator[float]:
    """used_memory is at least that share of maxmemory; gives the share reached, in percent."""
    keys, size = admin(server), 65000
    missing = max(0, math.ceil((percent - _used(server)) / 100 * MAXMEMORY / SLOT))
    _run(server, "DEBUG", "POPULATE", missing, FILL.rstrip(":"), size)
    try:
        yield _used(server)
    finally:
        for number in range(missing):
            keys.delete(f"{FILL}{number}")


def _used(server: str) -> float:
    memory = info(server, "memory")
    return 100 * float(str(memory["used_memory"])) / MAXMEMORY


@contextmanager
def _settings(server: str, **changed: object) -> Iterator[None]:
    named = {key.replace("_", "-"): value for key, value in changed.items()}
    before = {key: str(admin(server).config_get(key)[key]) for key in named}
    for key, value in named.items():
        admin(server).config_set(key, str(value))
    try:
        yield
    finally:
        for key, value in before.items():
            admin(server).config_set(key, value)


def set_to(server: str, **changed: object) -> AbstractContextManager[None]:
    """Settings that a runbook states are others."""
    return _settings(server, **changed)


@contextmanager
def unable_to_save(server: str) -> Iterator[None]:
    """A folder lies where the snapshot belongs; the server has tried."""
    in_the_way = folder(server) / "dump.rdb"
    in_the_way.unlink(missing_ok=True)
    in_the_way.mkdir()
    keys = admin(server)
    keys.bgsave()
    process.await_that("it fails", lambda: info(server, "persistence")["rdb_last_bgsave_status"] == "err")
    try:
        yield
    finally:
        in_the_way.rmdir()
        keys.bgsave()
        process.await_that("it saves", lambda: info(server, "persistence")["rdb_last_bgsave_status"] == "ok")


@contextmanager
def crowded(server: str, free: int = 8) -> Iterator[None]:
    """So many clients are connected that hardly one more is let in."""
    keeper = admin(server)
    before = str(keeper.config_get("maxclients")["maxclients"])
    others = [connect(server, "admin", seconds=600) for _ in range(120)]
    for one in others:
        one.ping()
    keeper.config_set("maxclients", len(keeper.client_list()) + free)
    try:
        yield
    finally:
        keeper.config_set("maxclients", before)
        for one in others:
            one.close()


@contextmanager
def queued(server: str, key: str, *jobs: str) -> Iterator[None]:
    """These jobs wait; nobody may take them meanwhile."""
    keys = admin(server)
    keys.lpush(key, *jobs)
    try:
        yield
    finally:
        keys.delete(key)


@contextmanager
def produced(server: str, key: str) -> Iterator[None]:
    """A producer puts a job there every few milliseconds, and the server's worker takes it."""
    done = threading.Event()

    def produce() -> None:
        keys = admin(server)
        while not done.wait(0.02):
            keys.lpush(key, json.dumps({"queued_at": time.time()}))

    thread = threading.Thread(target=produce, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@contextmanager
def taken(server: str, at: datetime) -> Iterator[None]:
    """A Celery worker took a job at that moment, and nobody acknowledged it."""
    keys = admin(server)
    keys.zadd("unacked_index", {"0f0b7c0e-tag": at.timestamp()})
    try:
        yield
    finally:
        keys.delete("unacked_index")


@contextmanager
def waiting(server: str) -> Iterator[None]:
    """A client waits for jobs of a queue that nobody declared."""
    client, done = connect(server, "admin", seconds=3600), threading.Event()

    def wait() -> None:
        while not done.is_set():
            try:
                client.brpop(["another:queue"], timeout=0)
            except RedisError:
                done.wait(0.1)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    process.await_that("it waits", lambda: int(str(info(server, "clients")["blocked_clients"])) > 0)
    try:
        yield
    finally:
        done.set()
        for one in admin(server).client_list():
            if one["cmd"] == "brpop":
                admin(server).client_unblock(int(one["id"]), error=True)
        thread.join()


def memory_unlimited(server: str = "redis") -> AbstractContextManager[None]:
    """maxmemory is 0: nothing bounds the server."""
    return _settings(server, maxmemory=0)


@contextmanager
def clients_exhausted(server: str = "redis") -> Iterator[None]:
    """Every further client is refused."""
    keeper = admin(server)
    before = str(keeper.config_get("maxclients")["maxclients"])
    # Those that are in stay, however few: the session that puts the limit back alone fills it.
    keeper.config_set("maxclients", 1)
    try:
        yield
    finally:
        keeper.config_set("maxclients", before)


@contextmanager
def _acl(server: str, *rules: str) -> Iterator[None]:
    _run(server, "ACL", "SETUSER", "opsproof", *rules)
    try:
        yield
    finally:
        _run(server, "ACL", "LOAD")


def reads_forbidden(server: str = "redis") -> AbstractContextManager[None]:
    """PING is answered, every read is refused with NOPERM."""
    return _acl(server, "-info", "-exists")


def everything_forbidden(server: str = "redis") -> AbstractContextManager[None]:
    """The user may log in and do nothing, not even PING."""
    return _acl(server, "-@all")


def granted(*rules: str, server: str = "redis-broker") -> AbstractContextManager[None]:
    """opsproof's user has these rules besides its own."""
    return _acl(server, *rules)


def password_changed(server: str = "redis") -> AbstractContextManager[None]:
    return _acl(server, "resetpass", ">another")


@contextmanager
def loading(server: str = "redis", seconds: float = 20) -> Iterator[None]:
    """The server is loading its dataset: -LOADING to nearly everything, INFO says loading:1."""
    # Redis attends to clients once per so many bytes loaded: values are larger than that.
    keys, count = admin(server), 400
    _run(server, "DEBUG", "POPULATE", count, FILL.rstrip(":"), 2048)
    pause = {"key_load_delay": int(seconds * 1e6 / count), "loading_process_events_interval_bytes": 1024}
    with _settings(server, **pause):
        reload = threading.Thread(target=_reload, args=(server, seconds + 30), daemon=True)
        reload.start()
        process.await_that("loading", lambda: info(server, "persistence").get("loading") == 1)
        try:
            yield
        finally:
            admin(server).config_set("key-load-delay", 0)
            reload.join()
    for number in range(count):
        keys.delete(f"{FILL}{number}")


def _reload(server: str, seconds: float) -> None:
    _run(server, "DEBUG", "RELOAD", seconds=seconds)


@contextmanager
def replica(server: str = "redis", *, refuses_stale: bool = False) -> Iterator[None]:
    """The server believes it is a replica of a master that is gone; optionally -MASTERDOWN to reads."""
    with _settings(server, replica_serve_stale_data="no" if refuses_stale else "yes"):
        _run(server, "REPLICAOF", place.HOST, 9)
        try:
            yield
        finally:
            _run(server, "REPLICAOF", "NO", "ONE")


@contextmanager
def stopped(server: str = "redis") -> Iterator[None]:
    """Nothing listens on the port."""
    stop(server)
    try:
        yield
    finally:
        start(server)


@contextmanager
def frozen(server: str = "redis") -> Iterator[None]:
    """The server accepts connections and never answers."""
    pid = process.running(server)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
        process.await_that(server, lambda: admin(server).ping())


@contextmanager
def over_tls(issued: certificates.Issued, server: str = "redis") -> Iterator[int]:
    """The server listens for TLS, too, and shows the certificate; yields that port."""
    port = place.PORTS["redis-tls"]
    # The server reads a file again only when its name changes while TLS is on: so all at once.
    files = [folder(server) / f"{issued.certificate.serial_number}.{kind}" for kind in ("crt", "key")]
    for file, content in zip(files, issued.pem(), strict=True):
        file.write_bytes(content)
    settings: dict[str, object] = {
        "tls-port": port,
        "tls-cert-file": files[0],
        "tls-key-file": files[1],
        "tls-ca-cert-file": certificates.authority_file(),
        "tls-auth-clients": "no",
    }
    first, *more = (str(word) for pair in settings.items() for word in pair)
    admin(server).config_set(first, *more)
    try:
        yield port
    finally:
        admin(server).config_set("tls-port", "0")
