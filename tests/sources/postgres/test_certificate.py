"""A declared certificate is that of the connection which carries the queries: seen on PostgreSQL's own TLS."""

from __future__ import annotations

import itertools
import select
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from opsproof.model.failure import CollectionError, IdentityMismatch, TlsFailed
from opsproof.model.target import CERTIFICATE, Target
from opsproof.sources.postgres.collector import PostgresCollector
from opsproof.sources.postgres.facts import DatabaseProbesOf, SessionsOf
from opsproof.sources.postgres.tls import Beginning, without_binding
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink
from tests.sources.postgres.own import Server
from tests.testbed import place
from tests.testbed.services import certificates

MODES = ("prefer", "require", "verify-ca", "verify-full")


@pytest.fixture(scope="module")
def server(apart: None, own_server: Server) -> Server:
    return own_server


def target(server: Server, pin: str | None = None, **more: Any) -> Target:
    return server.target(identity={CERTIFICATE: server.pin if pin is None else pin}, **more)


def sessions(made: Target) -> RecordingLink:
    """Count sessions over a link, which is given back."""
    link = RecordingLink(made)
    found = PostgresCollector(made).collect(SessionsOf(target=made.id, role="postgres"), link)
    assert found.max_connections == 100  # type: ignore[union-attr]
    return link


@contextmanager
def in_the_middle(real: Server, honest: int, folder: Path) -> Iterator[tuple[int, list[bytes]]]:
    """Passes its first connections on, and ends the TLS of all others with an accepted certificate of its own.

    What those send within it is kept.
    """
    chain, key = certificates.issue("another", addresses=[place.HOST]).pem()
    (folder / "another.pem").write_bytes(key + chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "another.pem")
    numbers, heard = itertools.count(), list[bytes]()

    def behave(connection: socket.socket) -> None:
        if next(numbers) < honest:
            with socket.create_connection((place.HOST, real.port)) as server:
                _passed(connection, server)
            return
        assert len(connection.recv(8)) == 8
        connection.sendall(b"S")
        with context.wrap_socket(connection, server_side=True) as secure:
            heard.append(secure.recv(4096))

    with faulty.serving(behave) as port:
        yield port, heard


def _passed(client: socket.socket, server: socket.socket) -> None:
    while True:
        for source in select.select([client, server], [], [])[0]:
            data = source.recv(65536)
            if not data:
                return
            (server if source is client else client).sendall(data)


@pytest.mark.parametrize("mode", MODES)
def test_the_sessions_own_connection_proves_the_certificate(server: Server, mode: str) -> None:
    assert sessions(target(server, sslmode=mode)).proven == {CERTIFICATE}


def test_the_server_sees_tls(server: Server) -> None:
    made = target(server)
    collector, link = PostgresCollector(made), RecordingLink(made)
    with collector.connector.session(link, "CONNECT", 10) as session:
        (row,) = session.connection.execute(
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        ).fetchall()
    assert row == (True,)


@pytest.mark.parametrize("mode", MODES)
def test_another_certificate_between_two_connections_is_seen_before_a_byte_of_the_session(
    server: Server, mode: str, tmp_path: Path
) -> None:
    with in_the_middle(server, 1, tmp_path) as (port, heard):
        made = target(server, port=port, sslmode=mode)
        collector = PostgresCollector(made)
        assert collector.identify(RecordingLink(made)).identity[CERTIFICATE] == server.pin
        with pytest.raises(IdentityMismatch, match=f"declared {CERTIFICATE} '{server.pin}'") as refused:
            collector.collect(SessionsOf(target=made.id, role="postgres"), RecordingLink(made))
    assert refused.value.own
    assert heard == [b""]


def test_a_probe_of_another_server_is_no_fact_about_the_declared_one(server: Server, tmp_path: Path) -> None:
    with in_the_middle(server, 0, tmp_path) as (port, heard):
        made, ask = (
            target(server, port=port),
            DatabaseProbesOf(target="t", role="postgres", probes=1, spacing=0),
        )
        (probe,) = PostgresCollector(made).collect(ask, RecordingLink(made)).probes  # type: ignore[union-attr]
    assert probe.failure is not None
    assert (probe.failure.kind, probe.failure.own, heard) == ("IdentityMismatch", True, [b""])


def test_who_asks_for_the_certificate_is_told_the_sessions_own(server: Server) -> None:
    """`opsproof identify` declares a question mark."""
    made = target(server, "?")
    assert PostgresCollector(made).identify(RecordingLink(made)).identity == {
        CERTIFICATE: server.pin,
        "system-identifier": server.run("SELECT system_identifier::text FROM pg_control_system()")[0][0],
    }


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_a_pin_is_no_trust(server: Server, mode: str) -> None:
    """What no authority vouches for is not accepted, pinned or not."""
    with pytest.raises(TlsFailed, match=r"self-signed certificate in certificate chain|unable to get"):
        sessions(target(server, sslmode=mode, ca=None))


def test_a_name_that_is_not_in_the_certificate_is_refused_by_verify_full_alone(server: Server) -> None:
    with pytest.raises(TlsFailed, match="not valid for"):
        sessions(target(server, host="localhost"))
    assert sessions(target(server, host="localhost", sslmode="verify-ca")).proven == {CERTIFICATE}


def test_a_server_without_tls_gets_no_session(server: Server) -> None:
    heard: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        connection.recv(8)
        connection.sendall(b"N")
        heard.append(connection.recv(4096))

    with faulty.serving(behave) as port, pytest.raises(TlsFailed, match="offers no TLS"):
        sessions(target(server, port=port, sslmode="prefer"))
    assert heard == [b""]


@pytest.mark.parametrize("answer", [b"", b"S", b"S" + b"R\0\0\0\x08\0\0\0\0" * 10, b"H"])
def test_what_is_no_tls_is_no_session(server: Server, answer: bytes) -> None:
    """Words in clear text behind the S are no words of the session."""
    with faulty.serving(faulty.answering(answer)) as port, pytest.raises(CollectionError):
        sessions(target(server, port=port, sslmode="require"))


@pytest.mark.parametrize(
    ("offered", "passed"),
    [
        ([b"SCRAM-SHA-256-PLUS", b"SCRAM-SHA-256"], [b"SCRAM-SHA-256"]),
        ([b"SCRAM-SHA-256"], [b"SCRAM-SHA-256"]),
        ([b"SCRAM-SHA-256-PLUS"], [b"SCRAM-SHA-256-PLUS"]),
    ],
)
def test_ways_to_authenticate_that_are_bound_to_tls_are_left_out_where_there_are_others(
    offered: list[bytes], passed: list[bytes]
) -> None:
    assert without_binding(sasl(*offered)) == sasl(*passed)


def sasl(*ways: bytes) -> bytes:
    body = b"\0\0\0\x0a" + b"".join(way + b"\0" for way in ways) + b"\0"
    return b"R" + (len(body) + 4).to_bytes(4, "big") + body


@pytest.mark.parametrize(
    "message", [b"R\0\0\0\x08\0\0\0\0", b"R\0\0\0\x0c\0\0\0\x05salt", b"E\0\0\0\x0d\0\0\0\x0aX-PLUS"]
)
def test_other_messages_pass_as_they_are(message: bytes) -> None:
    assert without_binding(message) == message


def test_messages_pass_when_they_are_whole_and_all_after_authentication_at_once() -> None:
    notice = b"N\0\0\0\x06ab"
    said = notice + sasl(b"SCRAM-SHA-256-PLUS", b"SCRAM-SHA-256") + b"R\0"
    beginning, passed = Beginning(), []
    for number in range(len(said)):
        passed.append(beginning.passing(said[number : number + 1]))
    assert [part for part in passed if part] == [notice, sasl(b"SCRAM-SHA-256"), b"R", b"\0"]


@pytest.mark.parametrize("nonsense", [b"HTTP/1.1 400", b"N\xff\xff\xff\xffabc", b"N\0\0\0\0abc"])
def test_what_is_no_protocol_passes_as_it_is(nonsense: bytes) -> None:
    assert Beginning().passing(nonsense) == nonsense


def test_a_large_answer_passes_whole(server: Server) -> None:
    """More than one record of TLS, in both directions."""
    made = target(server)
    collector, link = PostgresCollector(made), RecordingLink(made)
    with collector.connector.session(link, "CONNECT", 20) as session:
        statement = "SELECT length(%s), repeat('x', 2000000)"
        ((length, text),) = session.connection.execute(statement, ["y" * 1_000_000]).fetchall()
    assert (length, text) == (1_000_000, "x" * 2_000_000)
