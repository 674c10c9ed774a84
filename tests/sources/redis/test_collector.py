"""The Redis collector against a real server, and what only a made-up one does."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from opsproof.model.failure import BadAnswer, CollectionError, Forbidden, Unauthenticated, Unreachable
from opsproof.model.target import Target
from opsproof.sources.redis.collector import RedisCollector
from opsproof.sources.redis.facts import CacheMemory, CacheMemoryOf, CacheProbe, CacheProbes, CacheProbesOf
from opsproof.sources.redis.info import clock
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, own, target_of
from tests.testbed import place
from tests.testbed.services import certificates, redis, secrets


@pytest.fixture(scope="module", autouse=True)
def server(apart: None) -> None:
    redis.start()


def target(**more: Any) -> Target:
    secrets.password("redis-opsproof")
    password = {"file": str(secrets.folder() / "redis-opsproof.password")}
    settings = {
        "host": place.HOST,
        "port": place.PORTS["redis"],
        "username": "opsproof",
        "password": password,
    }
    return target_of("redis", **{**settings, **more})


def probed(
    made: Target | None = None, count: int = 1, seconds: float = 60.0
) -> tuple[CacheProbe, RecordingLink]:
    made = made or target()
    link = RecordingLink(made, seconds=seconds)
    ask = CacheProbesOf(target=made.id, role="redis", probes=count, spacing=0.01)
    probes = RedisCollector(made).collect(ask, link)
    assert isinstance(probes, CacheProbes)
    assert msgspec.json.decode(msgspec.json.encode(probes), type=CacheProbes) == probes
    return probes.probes[-1], link


def memory(made: Target | None = None) -> CacheMemory:
    made = made or target()
    ask = CacheMemoryOf(target=made.id, role="redis", samples=2, spacing=0.01)
    found = RedisCollector(made).collect(ask, RecordingLink(made))
    assert isinstance(found, CacheMemory)
    return found


def failure(probe: CacheProbe) -> tuple[str, str, str]:
    assert probe.failure is not None
    return probe.step, probe.failure.kind, probe.failure.message


COMMANDS = ["CONNECT", "PING", "INFO server", "INFO replication", "EXISTS opsproof:probe"]


def test_a_probe_is_a_connection_of_its_own_and_only_reads() -> None:
    probe, link = probed(count=2)
    assert (probe.failure, probe.role, probe.loading) == (None, "master", False)
    assert link.paths == [f"REDIS {command}" for command in COMMANDS] * 2
    assert link.clock is not None


def test_the_deployed_acl_is_all_it_needs() -> None:
    redis.admin().acl_log_reset()
    probed()
    memory()
    assert redis.admin().acl_log() == []


def test_it_tells_its_version_and_as_whom_we_are_there() -> None:
    made = target()
    report = RedisCollector(made).identify(RecordingLink(made))
    assert (report.authenticated_as, report.version[:2], report.identity) == ("opsproof", "7.", {})


def test_memory_beside_its_limit() -> None:
    with redis.memory_filled(50):
        found = memory()
    assert [sample.limit for sample in found.samples] == [redis.MAXMEMORY] * 2
    assert found.samples[0].used >= redis.MAXMEMORY * 0.49
    assert found.samples[0].policy == "allkeys-lru"


def test_no_limit_is_zero() -> None:
    with redis.memory_unlimited():
        assert memory().samples[0].limit == 0


def secured(port: int, **more: Any) -> Target:
    return target(port=port, tls=True, **{"ca": str(certificates.authority_file()), **more})


def test_over_tls() -> None:
    """The certificate is verified for the host, against the declared authorities; it is the identity."""
    issued = certificates.issue("redis.testbed", addresses=[place.HOST])
    with redis.over_tls(issued) as port:
        probe, link = probed(secured(port))
        identity = RedisCollector(secured(port)).identify(RecordingLink(secured(port))).identity
        distrusted, _ = probed(secured(port, ca=None))
        plain, _ = probed(target(port=port))
    assert (probe.failure, probe.role) == (None, "master")
    assert link.paths == [f"REDIS {command}" for command in COMMANDS]
    assert identity == {"certificate-sha256": issued.certificate.fingerprint(SHA256()).hex()}
    assert failure(distrusted)[:2] == ("connect", "TlsFailed")
    assert "self-signed" in failure(distrusted)[2] or "unable to get" in failure(distrusted)[2]
    assert failure(plain)[1] in {"Unreachable", "BadAnswer"}


def test_a_certificate_for_another_name_is_not_accepted() -> None:
    with redis.over_tls(certificates.issue("another.testbed")) as port:
        probe, _ = probed(secured(port))
    assert failure(probe)[:2] == ("connect", "TlsFailed")
    assert "not valid for" in failure(probe)[2]


def test_a_replica() -> None:
    with redis.replica():
        probe, _ = probed()
    assert (probe.failure, probe.role, probe.master_link) == (None, "slave", "down")


def test_a_replica_that_refuses_reads_is_caught() -> None:
    with redis.replica(refuses_stale=True):
        probe, _ = probed()
    assert failure(probe)[1] == "Unreachable"
    assert "has lost its master" in failure(probe)[2]


def test_a_server_that_loads_is_caught() -> None:
    with redis.loading(seconds=12):
        probe, _ = probed()
    assert "still loading" in failure(probe)[2]


def test_a_full_server() -> None:
    with redis.clients_exhausted():
        probe, _ = probed()
    assert failure(probe) == ("connect", "Unreachable", "connect: too many connections")


def test_a_stopped_server() -> None:
    with redis.stopped():
        probe, _ = probed()
    assert failure(probe) == ("connect", "Unreachable", "connection refused")
    assert not own(probe)


def test_a_frozen_server_ends_with_the_deadline() -> None:
    with redis.frozen():
        probe, _ = probed(seconds=0.6)
    assert failure(probe)[1] == "TimedOut"


def test_rights_and_passwords_are_not_the_servers_fault() -> None:
    with redis.reads_forbidden():
        info, _ = probed()
    with redis.everything_forbidden():
        ping, _ = probed()
    with redis.password_changed():
        password, _ = probed()
    none, _ = probed(target(username=None, password=None))
    assert [failure(probe)[:2] for probe in (info, ping, password, none)] == [
        ("INFO", "Forbidden"),
        ("PING", "Forbidden"),
        ("connect", "Unauthenticated"),
        ("PING", "Unauthenticated"),
    ]
    assert (
        failure(info)[2]
        == "INFO server: the ACL of opsproof lacks it; `opsproof rights` shows what is needed"
    )


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (redis.reads_forbidden, Forbidden),
        (redis.password_changed, Unauthenticated),
        (redis.stopped, Unreachable),
    ],
)
def test_what_needs_an_answer_raises(fault: Any, expected: type[CollectionError]) -> None:
    with fault(), pytest.raises(expected):
        memory()


def test_a_name_that_is_not_known_is_our_side() -> None:
    probe, _ = probed(target(host="no-such-host.invalid"))
    assert (failure(probe)[1], own(probe)) == ("Unreachable", True)


def bare(port: int) -> Target:
    return target(port=port, username=None, password=None)


@pytest.mark.parametrize(
    ("behave", "kind"),
    [
        (faulty.silent, "TimedOut"),
        (faulty.dripping(b"+", b"P"), "TimedOut"),
        (faulty.reset, "Unreachable"),
        (faulty.answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "BadAnswer"),
        (faulty.answering(b"+PANG\r\n"), "BadAnswer"),
        (faulty.answering(b"$100\r\ntruncated"), "Unreachable"),
        (faulty.answering(b"-ERR <script>\r\n"), "Unreachable"),
        (faulty.answering(b"*1000000000\r\n" * 3), "Unreachable"),
    ],
    ids=["silent", "dripping", "reset", "another protocol", "wrong", "truncated", "error", "huge"],
)
def test_servers_that_are_none(behave: faulty.Behaviour, kind: str) -> None:
    with faulty.serving(behave) as port:
        probe, _ = probed(bare(port), seconds=0.8 if kind == "TimedOut" else 60)
    assert failure(probe)[1] == kind
    assert "script" not in failure(probe)[2]


def test_memory_that_is_none() -> None:
    answer = b"$13\r\nused_memory:x\r\n"
    with faulty.serving(faulty.answering(answer)) as port, pytest.raises(BadAnswer, match="used_memory"):
        memory(bare(port))


def test_a_clock_that_is_none() -> None:
    assert [clock({"server_time_usec": text}) for text in ("", "x", "9" * 40)] == [None] * 3


def test_no_secret_in_what_is_kept() -> None:
    with redis.password_changed():
        probe, link = probed()
    assert secrets.password("redis-opsproof") not in f"{probe}{link.requests}"
