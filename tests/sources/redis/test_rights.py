"""`opsproof rights --check` by a real Redis's own answer: the printed line is enough, and each command is missed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from opsproof.cli.rights import Checked, Wanted, checked
from opsproof.model.rights import Account, Need
from opsproof.model.target import Target
from opsproof.sources.redis.facts import PROBED, CacheMemoryOf, CacheProbesOf
from opsproof.sources.redis.rights import RIGHTS
from opsproof.testing import faulty
from opsproof.testing.links import target_of
from tests.testbed import process

PASSWORD = "planted-hunter2"
NEEDS = tuple(sorted({*CacheProbesOf.needs, *CacheMemoryOf.needs, *RIGHTS.identity}))


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
    return target_of("redis", host="127.0.0.1", port=port, username="opsproof", password=password)


def allowed(server: redis.Redis, target: Target, *more: str) -> Checked:
    """Check a user with the rules that `opsproof rights` prints for it, and more of them."""
    (file,) = RIGHTS.files(NEEDS, target, Account())
    (line,) = (line for line in file.text.splitlines() if line.startswith("user "))
    _, name, *rules = line.split()
    secret = [f">{PASSWORD}" if rule.startswith(">") else rule for rule in rules]
    server.execute_command("ACL", "SETUSER", name, "reset", *secret, *more)
    return checked(Wanted(target, RIGHTS, NEEDS))


def test_what_is_printed_is_enough(server: redis.Redis, target: Target) -> None:
    assert allowed(server, target).good


@pytest.mark.parametrize("asked", [(), ("+acl|dryrun",)], ids=["by doing it", "by ACL DRYRUN"])
@pytest.mark.parametrize(
    ("rule", "lacked"),
    [
        ("-ping", Need("PING")),
        ("-info", Need("INFO")),
        ("-exists", Need("EXISTS", name=PROBED)),
        ("resetkeys", Need("EXISTS", name=PROBED)),
    ],
)
def test_each_right_that_is_missing_is_named(
    server: redis.Redis, target: Target, rule: str, lacked: Need, asked: tuple[str, ...]
) -> None:
    found = allowed(server, target, rule, *asked)
    assert (found.missing, found.failure) == ((lacked,), "")


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
