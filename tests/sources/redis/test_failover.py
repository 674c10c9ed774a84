"""Sentinels and clusters: real ones on loopback, and what only made-up ones say."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from opsproof.cli.rights import Wanted, checked
from opsproof.model.failure import NotConfigured
from opsproof.model.rights import Account, Need
from opsproof.model.target import Budget
from opsproof.sources.redis.cluster import ClusterMaster, ClusterOf, ClusterState, masters
from opsproof.sources.redis.rights import RIGHTS
from opsproof.sources.redis.sentinel import SentinelOf, SentinelState
from opsproof.sources.redis.sentinel_collector import SentinelCollector
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink
from tests.sources.redis.servers import collected, port_of, server, targeted
from tests.testbed import process


@contextmanager
def sentinel(folder: Path, master: redis.Redis) -> Iterator[redis.Redis]:
    """A Sentinel that watches this master as `shop`."""
    folder.mkdir()
    port, file = faulty.unused_port(), folder / "sentinel.conf"
    lines = (
        f"port {port}",
        "bind 127.0.0.1",
        f"dir {folder}",
        f"sentinel monitor shop 127.0.0.1 {port_of(master)} 1",
    )
    file.write_text("\n".join(lines) + "\n")
    running = subprocess.Popen(["redis-server", file, "--sentinel"], stdout=subprocess.DEVNULL)
    admin = redis.Redis(port=port, decode_responses=True)
    try:
        process.await_that("the Sentinel", admin.ping)
        yield admin
    finally:
        admin.close()
        running.terminate()
        running.wait(60)


def watched(admin: redis.Redis, master: str = "shop") -> tuple[SentinelState, list[str]]:
    target = targeted(admin, "sentinel", master=master)
    link = RecordingLink(target)
    ask = SentinelOf(target=target.id, role="sentinel", master=master)
    return SentinelCollector(target).collect(ask, link), link.paths


def test_a_sentinel_tells_whom_it_watches_and_who_would_take_over(tmp_path: Path) -> None:
    with (
        server(tmp_path / "master", "--repl-diskless-sync-delay", "0") as master,
        server(tmp_path / "replica", "--replicaof", "127.0.0.1", f"{port_of(master)}") as replica,
    ):
        process.await_that("the replica", lambda: master.info("replication").get("connected_slaves") == 1)
        with sentinel(tmp_path / "sentinel", master) as admin:
            process.await_that("it has seen both", lambda: _seen(admin))
            found, paths = watched(admin)
            unknown, asked = watched(admin, "another")
            admin.sentinel_remove("shop")  # type: ignore[no-untyped-call]
            nothing, _ = watched(admin)
        own = str(master.info("server")["run_id"])
        port = port_of(replica)
    assert (found.watches, found.known, found.run_id, found.down, found.agreed) == (1, True, own, False, True)
    assert (found.others, found.usable, found.quorum, found.tilt) == (0, 1, 1, False)
    (candidate,) = found.candidates
    assert (candidate.name, candidate.promotable, candidate.priority) == (f"127.0.0.1:{port}", True, 100)
    assert [path.split()[1:3] for path in paths[3:]] == [
        ["SENTINEL", "MASTER"], ["SENTINEL", "REPLICAS"], ["SENTINEL", "CKQUORUM"],
    ]  # fmt: skip
    assert (unknown.watches, unknown.known, asked[1:]) == (
        1,
        False,
        ["REDIS INFO server", "REDIS INFO sentinel"],
    )
    assert (nothing.watches, nothing.known) == (0, False)


def _seen(admin: redis.Redis) -> bool:
    (one,) = admin.sentinel_slaves("shop")  # type: ignore[no-untyped-call]
    return bool(one["master-link-status"] == "ok" and len(admin.sentinel_master("shop")["runid"]) == 40)  # type: ignore[no-untyped-call]


def test_a_quorum_that_cannot_be_reached_is_no_failure(tmp_path: Path) -> None:
    with server(tmp_path / "master") as master, sentinel(tmp_path / "sentinel", master) as admin:
        admin.sentinel_set("shop", "quorum", 2)  # type: ignore[no-untyped-call]
        found, _ = watched(admin)
    assert (found.known, found.agreed, found.usable, found.candidates) == (True, False, None, ())


def test_the_printed_rights_of_a_sentinel_are_enough_and_each_is_missed(tmp_path: Path) -> None:
    """Its own user, of its own ACL: nothing that it would do can be begun with it."""
    (tmp_path / "password").write_text("planted-hunter2")
    more = {"master": "shop", "username": "opsproof", "password": {"file": str(tmp_path / "password")}}
    with server(tmp_path / "master") as master, sentinel(tmp_path / "sentinel", master) as admin:
        target = targeted(admin, "sentinel", budget=Budget(rate=1000), **more)
        ask = SentinelOf(target=target.id, role="sentinel", master="shop")
        needs = tuple(sorted({*ask.needs, *RIGHTS.identity}))
        (file,) = RIGHTS.files(needs, target, Account())
        _, name, *rules = file.text.split()
        rules = [">planted-hunter2" if rule.startswith(">") else rule for rule in rules]
        admin.execute_command("ACL", "SETUSER", name, "reset", *rules)
        assert checked(Wanted(target, RIGHTS, needs)).good
        assert SentinelCollector(target).collect(ask, RecordingLink(target)).known
        for words in (
            "SENTINEL FAILOVER shop",
            "SENTINEL REMOVE shop",
            "SENTINEL SET shop quorum 9",
            "ACL LIST",
        ):
            assert "OK" != admin.execute_command("ACL", "DRYRUN", name, *words.split())
        for one in needs:
            admin.execute_command("ACL", "SETUSER", name, f"-{'|'.join(one.verb.lower().split())}")
            assert (one,) == checked(Wanted(target, RIGHTS, needs)).missing
            admin.execute_command("ACL", "SETUSER", name, "reset", *rules)


def test_where_a_server_answers_nothing_tells_that_no_right_of_a_sentinel_is_missing(tmp_path: Path) -> None:
    """It does not know the commands at all; nor does a Sentinel know those of a server."""
    with server(tmp_path / "server") as master, sentinel(tmp_path / "sentinel", master) as admin:
        ask = SentinelOf(target="sentinel:test", role="sentinel", master="shop")
        asked = Wanted(targeted(master, "sentinel", master="shop"), RIGHTS, ask.needs)
        assert "no Sentinel answers there: name one, with its own port" == checked(asked).failure
        other = Wanted(targeted(admin), RIGHTS, (Need("INFO"), Need("LLEN", name="jobs")))
        assert "a Sentinel answers there" in checked(other).failure


def test_a_server_is_no_sentinel(tmp_path: Path) -> None:
    with server(tmp_path) as admin, pytest.raises(NotConfigured, match="no Sentinel answers there"):
        watched(admin)


def clustered(admin: redis.Redis) -> ClusterState:
    found, _ = collected(admin, ClusterOf(target="redis:test", role="redis"))
    assert isinstance(found, ClusterState)
    return found


def test_a_server_of_its_own_is_no_cluster(tmp_path: Path) -> None:
    with server(tmp_path) as admin:
        assert clustered(admin) == ClusterState(role="redis")


def test_a_cluster_tells_its_slots_and_who_stands_behind_each_master(tmp_path: Path) -> None:
    """With full coverage not required the state stays ok without some of them."""
    words = ("--cluster-enabled", "yes", "--cluster-require-full-coverage", "no")
    with server(tmp_path / "one", *words) as one, server(tmp_path / "two", *words) as two:
        one.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16000)  # type: ignore[no-untyped-call]
        process.await_that("the state", lambda: clustered(one).state == "ok")
        lonely = clustered(one)
        one.execute_command("CLUSTER", "MEET", "127.0.0.1", port_of(two))  # type: ignore[no-untyped-call]
        name = one.execute_command("CLUSTER", "MYID")  # type: ignore[no-untyped-call]
        process.await_that("they met", lambda: name in str(two.execute_command("CLUSTER", "NODES")))  # type: ignore[no-untyped-call]
        process.await_that("it follows", lambda: two.execute_command("CLUSTER", "REPLICATE", name))  # type: ignore[no-untyped-call]
        process.await_that("it is seen", lambda: clustered(one).masters[0].replicas == 1)
        found = clustered(one)
    assert (lonely.enabled, lonely.state, lonely.covered) == (True, "ok", 16001)
    assert [(master.slots, master.failed, master.replicas) for master in lonely.masters] == [
        (16001, False, 0)
    ]
    assert found.masters == (
        ClusterMaster(name=f"127.0.0.1:{port_of(one)}", slots=16001, replicas=1, asked=True),
    )


def node(name: str, flags: str, master: str = "-", link: str = "connected", slots: str = "") -> str:
    return f"{name} 10.0.0.1:6379@16379,host {flags} {master} 0 1 2 {link} {slots}".rstrip()


@pytest.mark.parametrize(
    "line",
    [
        node("b", "slave,fail", "a"),
        node("b", "slave,fail?", "a"),
        node("b", "slave,noaddr", "a"),
        node("b", "slave,nofailover", "a"),
        node("b", "slave", "a", link="disconnected"),
        node("b", "slave", "another"),
        node("b", "master"),
        "b",
        "",
    ],
)
def test_who_would_not_take_over(line: str) -> None:
    (found,) = masters("\n".join([node("a", "myself,master", slots="0-16383"), line]))
    assert found.replicas == 0


def test_who_would() -> None:
    lines = [
        node("a", "master", slots="0-99 200 [77->-c]"),
        node("b", "myself,slave", "a", link="disconnected"),
    ]
    assert masters("\n".join(lines)) == (ClusterMaster(name="10.0.0.1:6379", slots=101, replicas=1),)


def test_a_master_that_failed_keeps_its_slots_until_one_takes_over() -> None:
    (found,) = masters(node("a", "master,fail", slots="0-16383"))
    assert (found.failed, found.slots) == (True, 16384)
