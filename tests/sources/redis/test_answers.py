"""What nodes of clusters and Sentinels answer, on a server of the protocol's first bytes."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from redis import exceptions

from opsproof.collect.collection import Collection
from opsproof.collect.redaction import Redactor
from opsproof.model.failure import NotConfigured
from opsproof.model.target import Target
from opsproof.sources.postgres.facts import DatabaseProbesOf
from opsproof.sources.redis.collector import RedisCollector
from opsproof.sources.redis.facts import CacheMemoryOf, CacheProbe, CacheProbes, CacheProbesOf
from opsproof.sources.redis.failure import CONNECTION, TABLE
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, target_of
from tests.contract.redis_wire import Answer, bulk, speaking


def node(read: bytes, mode: str = "cluster", replication: str = "role:master") -> Answer:
    """A server that is well, but for what it says of the key, and of its part."""
    info = {"server": f"redis_mode:{mode}", "replication": replication}
    known = {"PING": b"+PONG\r\n", "EXISTS": read}

    def answer(command: list[str]) -> bytes:
        if command[0] == "INFO":
            return bulk(info.get(command[1], ""))
        return known.get(command[0], b"+OK\r\n")

    return answer


def probed(answer: Answer) -> CacheProbe:
    with faulty.serving(speaking(answer)) as port:
        target = target_of("redis", host="127.0.0.1", port=port)
        facts = RedisCollector(target).collect(
            CacheProbesOf(target=target.id, role="redis", probes=1), RecordingLink(target)
        )
    assert isinstance(facts, CacheProbes)
    return facts.probes[0]


@pytest.mark.parametrize("word", ["MOVED", "ASK"])
def test_a_node_that_says_where_the_key_is_has_answered(word: str) -> None:
    assert None is probed(node(f"-{word} 3999 127.0.0.1:6381\r\n".encode())).failure


def test_a_cluster_that_is_down_has_not() -> None:
    failure = probed(node(b"-CLUSTERDOWN The cluster is down\r\n")).failure
    assert failure is not None
    assert ("Unreachable", "EXISTS opsproof:probe: the cluster is down") == (failure.kind, failure.message)


def test_a_sentinel_is_the_wrong_kind_of_server() -> None:
    failure = probed(node(b"-ERR unknown command\r\n", mode="sentinel")).failure
    assert failure is not None
    assert ("NotConfigured", True) == (failure.kind, "Sentinel" in failure.message)


def test_the_memory_of_a_sentinel_is_not_asked_for_either() -> None:
    with faulty.serving(speaking(node(b"", mode="sentinel"))) as port:
        target = target_of("redis", host="127.0.0.1", port=port)
        with pytest.raises(NotConfigured, match="Sentinel"):
            RedisCollector(target).collect(
                CacheMemoryOf(target=target.id, role="redis", samples=1), RecordingLink(target)
            )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("role:master", ("master", False, "")),
        ("role:slave\r\nmaster_link_status:down\r\nloading:1", ("slave", True, "down")),
        ("role:slave\r\nmaster_link_status:up\r\nloading:0", ("slave", False, "up")),
        ("role:sentinel", ("sentinel", False, "")),
        ("role:\x1b[2J<script>\r\nmaster_link_status:token-of-ours", ("", False, "")),
    ],
)
def test_of_what_it_says_of_its_part_known_words_alone_are_kept(
    said: str, told: tuple[str, bool, str]
) -> None:
    probe = probed(node(b":0\r\n", mode="standalone", replication=said))
    assert probe.failure is None
    assert (probe.role, probe.loading, probe.master_link) == told


def test_info_that_is_no_text_is_a_probe_that_failed_there() -> None:
    answers = {"PING": b"+PONG\r\n", "INFO": b"*1\r\n:1\r\n"}
    probe = probed(lambda command: answers.get(command[0], b"+OK\r\n"))
    assert probe.failure is not None
    assert (probe.step, probe.failure.kind) == ("INFO", "BadAnswer")
    assert probe.failure.message == "INFO is not answered by text"


def test_every_class_of_the_library_has_its_row() -> None:
    assert ["redis.exceptions.ConnectionError"] == TABLE.missing(exceptions)
    assert "redis.exceptions.ConnectionError" not in CONNECTION.missing(exceptions)


@pytest.mark.parametrize(
    ("kind", "library", "settings", "install"),
    [
        ("redis", "redis", {}, "opsproof[redis]"),
        ("postgres", "psycopg", {"database": "x", "user": "y"}, "opsproof[postgres]"),
    ],
)
def test_without_its_package_a_target_says_what_to_install(
    kind: str,
    library: str,
    settings: dict[str, Any],
    install: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The failure names the target, so that one cause is one entry."""
    for name in [name for name in sys.modules if name.startswith(f"opsproof.sources.{kind}.")]:
        if name.rpartition(".")[2] in {"collector", "failure", "wire"}:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    target: Target = target_of(kind, host="127.0.0.1", port=1, **settings)
    (tmp_path / "facts").mkdir()
    collection = Collection(
        folder=tmp_path,
        now=datetime.now(timezone.utc),
        deadline=time.monotonic() + 120,
        targets={target.id: target},
        redactor=Redactor(),
    )
    asks = {
        "redis": CacheProbesOf(target=target.id, role=kind, probes=1),
        "postgres": DatabaseProbesOf(target=target.id, role=kind, probes=1),
    }
    failure = collection.answer(asks[kind]).failure
    assert failure is not None
    assert ("NotConfigured", target.id) == (failure.kind, failure.target)
    assert f"needs the package {library}: pip install '{install}'" in failure.message
