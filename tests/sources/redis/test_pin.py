"""A declared certificate is looked at on each connection, before the password is sent."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256

from opsproof.model.target import CERTIFICATE
from opsproof.sources.redis.collector import RedisCollector
from opsproof.sources.redis.facts import CacheProbe, CacheProbesOf
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, target_of
from tests.contract.redis_wire import commands
from tests.testbed.services import certificates
from tests.testbed.services.certificates import Issued, issue

PASSWORD = "planted-hunter2"


@contextmanager
def serving(folder: Path, *shown: Issued) -> Iterator[tuple[int, list[list[str]]]]:
    """A Redis that shows one certificate after the other, connection by connection; and the commands that it got."""
    contexts = []
    for number, issued in enumerate(shown):
        chain, key = issued.pem()
        (folder / f"{number}.pem").write_bytes(key + chain)
        contexts.append(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        contexts[-1].load_cert_chain(folder / f"{number}.pem")
    turns, heard = iter(contexts), list[list[str]]()
    known = {"PING": b"+PONG\r\n", "EXISTS": b":0\r\n", "INFO": b"$11\r\nrole:master\r\n"}

    def behave(connection: socket.socket) -> None:
        mine: list[str] = []
        heard.append(mine)
        with next(turns).wrap_socket(connection, server_side=True) as secure:
            for command in commands(secure):
                mine.append(command[0])
                secure.sendall(known.get(command[0], b"+OK\r\n"))

    with faulty.serving(behave) as port:
        yield port, heard


def probed(port: int, folder: Path, pin: str) -> tuple[CacheProbe, ...]:
    (folder / "password").write_text(PASSWORD)
    settings: dict[str, Any] = {
        "host": "127.0.0.1", "port": port, "tls": True, "ca": str(certificates.authority_file()),
        "username": "opsproof", "password": {"file": str(folder / "password")},
    }  # fmt: skip
    target = target_of("redis", identity={CERTIFICATE: pin}, **settings)
    ask = CacheProbesOf(target=target.id, role="redis", probes=2, spacing=0)
    link = RecordingLink(target)
    probes = RedisCollector(target).collect(ask, link).probes  # type: ignore[union-attr]
    assert link.proven == {CERTIFICATE}
    return probes


def test_a_server_that_changes_its_certificate_gets_no_password(tmp_path: Path) -> None:
    pinned, other = issue("one", addresses=["127.0.0.1"]), issue("two", addresses=["127.0.0.1"])
    pin = pinned.certificate.fingerprint(SHA256()).hex()
    with serving(tmp_path, pinned, other) as (port, heard):
        first, second = probed(port, tmp_path, pin)
    assert first.failure is None
    assert second.failure is not None
    assert (second.step, second.failure.kind, second.failure.own) == ("connect", "IdentityMismatch", True)
    assert heard == [["AUTH", "PING", "INFO", "INFO", "EXISTS"], []]
