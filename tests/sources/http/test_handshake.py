"""The TLS collector in front of servers with good and broken certificates."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from opsproof.model.failure import NotConfigured
from opsproof.sources.http.collector import HttpCollector
from opsproof.sources.http.facts import Endpoint, EndpointOf
from opsproof.sources.http.handshake import TlsCollector, _described
from opsproof.sources.tls.facts import Served, ServedOf
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, own, target_of
from tests.testbed.services import certificates
from tests.testbed.services.certificates import Issued, issue

pytestmark = pytest.mark.usefixtures("apart")
HOST = "shop.example.org"


@contextmanager
def tls_server(issued: Issued, folder: Path) -> Iterator[tuple[int, list[str | None]]]:
    """Shakes hands and closes; yields its port, and the names that clients asked for."""
    chain, key = issued.pem()
    file = folder / "server.pem"
    file.write_bytes(key + chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    asked: list[str | None] = []
    context.sni_callback = lambda _, name, __: asked.append(name)

    def behave(connection: socket.socket) -> None:
        connection.settimeout(60)
        with context.wrap_socket(connection, server_side=True) as secure:
            if secure.recv(4096):
                secure.sendall(faulty.http(b'{"status":"ok"}'))

    with faulty.serving(behave) as port:
        yield port, asked


@contextmanager
def wanting_server(issued: Issued, folder: Path, version: ssl.TLSVersion) -> Iterator[int]:
    """Refuses clients without a certificate of the testbed's own authority."""
    chain, key = issued.pem()
    file = folder / "server.pem"
    file.write_bytes(key + chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = version
    context.load_cert_chain(file)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(str(certificates.authority_file()))

    def behave(connection: socket.socket) -> None:
        connection.settimeout(60)
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(1)

    with faulty.serving(behave) as port:
        yield port


def target(port: int, **more: Any) -> Any:
    settings = {"connect_to": {f"{HOST}:443": f"127.0.0.1:{port}"}, "ca": str(certificates.authority_file())}
    return target_of("http", **{**settings, **more})


def examined(issued: Issued, folder: Path) -> tuple[Served, RecordingLink]:
    with tls_server(issued, folder) as (port, asked):
        made = target(port)
        link = RecordingLink(made)
        served = TlsCollector(made).collect(ServedOf(target=made.id, host=HOST), link)
    assert set(asked) == {HOST}
    assert msgspec.json.decode(msgspec.json.encode(served), type=Served) == served
    return served, link


def test_a_good_certificate(tmp_path: Path) -> None:
    issued = issue(HOST, days=60)
    served, link = examined(issued, tmp_path)
    assert served.leaf is not None
    assert (served.trusted, served.distrust, served.verdict, served.failure) == (True, "", "", None)
    assert served.leaf.names == (HOST,)
    assert served.leaf.not_after == issued.certificate.not_valid_after_utc
    assert (served.leaf.key, served.leaf.issuer) == ("EC 256", "Testbed Intermediate")
    assert [one.subject for one in served.chain] == [HOST, "Testbed Intermediate", "Testbed Root"]
    assert served.sent == 2
    assert link.paths == [f"TLS {HOST}:443"] * 2


@pytest.mark.parametrize(
    ("given", "verdict", "trusted", "distrust"),
    [
        ({"days": -2}, "expired", True, ""),
        ({"days": 60, "began_days_ago": -3}, "not yet valid", True, ""),
        ({"self_signed": True}, "self-signed", False, "self-signed"),
        ({"without_intermediate": True}, "unknown issuer", False, "unknown issuer"),
    ],
)
def test_a_broken_certificate_is_still_examined(
    given: dict[str, Any], verdict: str, trusted: bool, distrust: str, tmp_path: Path
) -> None:
    served, _ = examined(issue(HOST, **given), tmp_path)
    assert served.leaf is not None
    assert served.leaf.subject == HOST
    assert verdict in served.verdict
    assert (served.trusted, distrust in served.distrust) == (trusted, True)


def test_a_certificate_for_another_name_is_trusted_and_does_not_cover_the_host(tmp_path: Path) -> None:
    served, _ = examined(issue("other.example.org"), tmp_path)
    assert served.leaf is not None
    assert (served.trusted, served.leaf.covers(HOST), served.leaf.covers("other.example.org")) == (
        True,
        False,
        True,
    )


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("given", "trusted", "verdict"),
    [
        ({"days": 300}, True, ""),
        ({"days": -2}, True, "expired"),
        ({"self_signed": True}, False, "self-signed"),
    ],
)
def test_a_server_that_wants_a_certificate_shows_its_own_first(
    version: ssl.TLSVersion, given: dict[str, Any], trusted: bool, verdict: str, tmp_path: Path
) -> None:
    """What it shows is examined as any other, whatever it then says to a client without one."""
    issued = issue(HOST, **given)
    with wanting_server(issued, tmp_path, version) as port:
        made = target(port)
        served = TlsCollector(made).collect(ServedOf(target=made.id, host=HOST), RecordingLink(made))
    assert served.leaf is not None
    assert (None, True, trusted, verdict) == (
        served.failure,
        served.wants_certificate,
        served.trusted,
        served.verdict,
    )
    assert served.leaf.not_after == issued.certificate.not_valid_after_utc


def test_a_handshake_that_fails_without_a_certificate_being_wanted_shows_nothing(tmp_path: Path) -> None:
    """The server has said all it has to, and breaks off: not because of our certificate."""
    chain, key = issue(HOST).pem()
    (tmp_path / "server.pem").write_bytes(key + chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(tmp_path / "server.pem")

    def behave(connection: socket.socket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(connection.recv(65536))
        with suppress(ssl.SSLWantReadError):
            server.do_handshake()
        connection.sendall(outgoing.read())

    with faulty.serving(behave) as port:
        made = target(port)
        served = TlsCollector(made).collect(ServedOf(target=made.id, host=HOST), RecordingLink(made))
    assert served.failure is not None
    assert (None, False) == (served.leaf, served.failure.own)


@pytest.mark.parametrize(
    "host", ["bücher.example", "BÜCHER.example", "xn--bcher-kva.example", "XN--BCHER-KVA.Example"]
)
@pytest.mark.parametrize("route", ["bücher.example:443", "Xn--bcher-kva.EXAMPLE:443"])
def test_a_host_is_the_same_in_capitals_and_in_letters_beyond_ascii(
    host: str, route: str, tmp_path: Path
) -> None:
    """In rows and in `connect_to`, for handshakes and for probes of URLs."""
    with tls_server(issue("xn--bcher-kva.example"), tmp_path) as (port, asked):
        made = target(port, connect_to={route: f"LOCALHOST:{port}"})
        served = TlsCollector(made).collect(ServedOf(target=made.id, host=host), RecordingLink(made))
        ask = EndpointOf(target=made.id, url=f"https://{host}/health", probes=1)
        endpoint = HttpCollector(made).collect(ask, RecordingLink(made))
    assert served.leaf is not None
    assert (True, True, "") == (served.leaf.covers(host), served.trusted, served.verdict)
    assert {"xn--bcher-kva.example"} == set(asked)
    assert isinstance(endpoint, Endpoint)
    assert [200] == [probe.status for probe in endpoint.probes]


def test_a_certificates_texts_are_bounded(tmp_path: Path) -> None:
    """A server may put anything into its certificate."""
    names = [f"{'x' * 60}.{'y' * 60}.{'z' * 60}.{'a' * 60}.{'b' * 60}.example.org", HOST]
    described = _described(certificate_of(names).public_bytes(serialization.Encoding.DER))
    assert [256, len(HOST)] == [len(name) for name in described.names]
    assert "…" == described.names[0][-1]
    assert described.covers(HOST)


@pytest.mark.parametrize(
    ("behave", "kind"),
    [
        (faulty.silent, "TimedOut"),
        (faulty.dripping(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc", b"\0"), "TimedOut"),
        (faulty.reset, "Unreachable"),
        (faulty.answering(faulty.http(b"plain")), "TlsFailed"),
    ],
    ids=["silent", "dripping", "reset", "no TLS"],
)
def test_no_handshake_is_a_fact(behave: faulty.Behaviour, kind: str) -> None:
    with faulty.serving(behave) as port:
        made = target(port)
        link = RecordingLink(made, seconds=0.8 if kind == "TimedOut" else 60)
        served = TlsCollector(made).collect(ServedOf(target=made.id, host=HOST), link)
    assert served.failure is not None
    assert (served.failure.kind, served.leaf, own(served)) == (kind, None, False)


def test_nobody_listens_and_no_such_name() -> None:
    made = target(faulty.unused_port())
    collector = TlsCollector(made)
    refused = collector.collect(ServedOf(target=made.id, host=HOST), RecordingLink(made))
    unknown = collector.collect(ServedOf(target=made.id, host="no-such-host.invalid"), RecordingLink(made))
    assert [(one.failure and one.failure.message, own(one)) for one in (refused, unknown)] == [
        ("connection refused", False),
        ("the host name is not known here", True),
    ]


def test_a_ca_file_that_is_not_there_is_our_side(tmp_path: Path) -> None:
    with tls_server(issue(HOST), tmp_path) as (port, _):
        made = target(port, ca=str(tmp_path / "none.pem"))
        ask = ServedOf(target=made.id, host=HOST)
        with pytest.raises(NotConfigured, match="cannot be read"):
            TlsCollector(made).collect(ask, RecordingLink(made))


def test_an_https_probe_verifies_and_says_what_is_wrong(tmp_path: Path) -> None:
    messages = []
    for issued in (
        issue(HOST),
        issue(HOST, days=-2),
        issue("other.example.org"),
        issue(HOST, self_signed=True),
    ):
        with tls_server(issued, tmp_path) as (port, _):
            made = target(port)
            ask = EndpointOf(target=made.id, url=f"https://{HOST}/health", probes=1)
            endpoint = HttpCollector(made).collect(ask, RecordingLink(made))
        assert isinstance(endpoint, Endpoint)
        failure = endpoint.probes[0].failure
        messages.append(failure.message if failure else str(endpoint.probes[0].status))
    assert messages == [
        "200",
        "TLS: certificate has expired",
        f"TLS: Hostname mismatch, certificate is not valid for '{HOST}'.",
        "TLS: self-signed certificate",
    ]


def test_the_certificate_is_the_identity_of_a_single_host(tmp_path: Path) -> None:
    issued = issue(HOST)
    with tls_server(issued, tmp_path) as (port, _):
        made = target(port)
        declared = target_of(
            "http",
            identity={"certificate-sha256": "?"},
            **made.settings.model_dump(mode="json", include={"connect_to", "ca"}),
        )
        report = HttpCollector(declared).identify(RecordingLink(declared))
    assert report.identity == {"certificate-sha256": issued.certificate.fingerprint(hashes()).hex()}


def certificate_of(names: list[str]) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False)
        .sign(key, hashes())
    )


def hashes() -> Any:
    from cryptography.hazmat.primitives.hashes import SHA256

    return SHA256()
