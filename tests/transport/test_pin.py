"""A pinned certificate is checked on the connection that carries the request, before a byte of it is sent."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from opsproof.model.failure import CollectionError, IdentityMismatch
from opsproof.model.target import CERTIFICATE, Target
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, target_of
from opsproof.transport.jsonapi import JsonApi
from opsproof.transport.pin import pins_of
from tests.testbed.services import certificates
from tests.testbed.services.certificates import Issued, issue

pytestmark = pytest.mark.usefixtures("apart")
TOKEN = "token-of-32-letters-and-no-more.."


def digest(issued: Issued) -> str:
    return issued.certificate.fingerprint(SHA256()).hex()


@contextmanager
def serving(folder: Path, *shown: Issued) -> Iterator[tuple[int, list[bytes]]]:
    """Shows one certificate after the other, connection by connection; keeps all that it was sent."""
    contexts = []
    for number, issued in enumerate(shown):
        file = folder / f"{number}.pem"
        chain, key = issued.pem()
        file.write_bytes(key + chain)
        contexts.append(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        contexts[-1].load_cert_chain(file)
    seen: list[bytes] = []
    turns = iter(contexts)

    def behave(connection: socket.socket) -> None:
        connection.settimeout(60)
        with next(turns, contexts[-1]).wrap_socket(connection, server_side=True) as secure:
            seen.append(secure.recv(4096))
            if seen[-1]:
                secure.sendall(faulty.http(b"{}", "Connection: close"))

    with faulty.serving(behave) as port:
        yield port, seen


@pytest.fixture
def pair() -> tuple[Issued, Issued]:
    return issue("one", addresses=["127.0.0.1"]), issue("two", addresses=["127.0.0.1"])


def target(port: int, pin: str, monkeypatch: pytest.MonkeyPatch) -> Target:
    monkeypatch.setenv("TOKEN", TOKEN)
    return target_of(
        "alertmanager",
        url=f"https://127.0.0.1:{port}",
        ca=str(certificates.authority_file()),
        token={"env": "TOKEN"},
        identity={CERTIFICATE: pin},
    )


def test_a_front_that_changes_its_certificate_gets_no_header(
    pair: tuple[Issued, Issued], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pinned one for the first connection, another accepted one for the next."""
    with serving(tmp_path, *pair) as (port, seen):
        made = target(port, digest(pair[0]), monkeypatch)
        api, link = JsonApi(made), RecordingLink(made)
        assert api.text("/a", link).status == 200
        with pytest.raises(IdentityMismatch, match=digest(pair[1])) as refused:
            api.text("/b", link)
        api.close()
    assert [TOKEN.encode() in data for data in seen] == [True, False]
    assert seen[1] == b""
    assert refused.value.own


def test_the_connection_proves_what_it_showed(
    pair: tuple[Issued, Issued], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path, pair[0]) as (port, _):
        made = target(port, digest(pair[0]), monkeypatch)
        api, link = JsonApi(made), RecordingLink(made)
        api.text("/", link)
        api.close()
    assert link.proven == {CERTIFICATE}


def test_every_credential_in_use_is_told(
    pair: tuple[Issued, Issued], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = target(faulty.unused_port(), digest(pair[0]), monkeypatch)
    api, link = JsonApi(made), RecordingLink(made)
    with pytest.raises(CollectionError):
        api.text("/", link)
    assert TOKEN in link.told


def test_a_basic_pair_is_told_as_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "pw")
    made = target_of(
        "alertmanager",
        url=f"http://127.0.0.1:{faulty.unused_port()}",
        username="user",
        password={"env": "PASSWORD"},
    )
    api, link = JsonApi(made), RecordingLink(made)
    with pytest.raises(CollectionError):
        api.text("/", link)
    assert {"pw", "user:pw", "dXNlcjpwdw=="} <= set(link.told)


@pytest.mark.parametrize(
    ("url", "name"),
    [("https://Example.org/x", "example.org:443"), ("https://[::1]:9/", "::1:9")],
)
def test_a_pin_belongs_to_the_urls_host_and_port(url: str, name: str) -> None:
    made = target_of("alertmanager", url="https://example.org", identity={CERTIFICATE: "a" * 64})
    assert pins_of(made, url) == {name: "a" * 64}


def test_what_can_be_no_digest_is_no_pin() -> None:
    """`opsproof identify` declares a question mark to be told the certificate."""
    made = target_of("alertmanager", url="https://example.org", identity={CERTIFICATE: "?"})
    assert pins_of(made, "https://example.org") == {}
