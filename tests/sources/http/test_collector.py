"""The HTTP collector in front of servers that misbehave in every way that the fault list names."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

import msgspec
import pytest

from opsproof.model.failure import TimedOut
from opsproof.model.target import Budget
from opsproof.sources.http.collector import HttpCollector, described, shown
from opsproof.sources.http.facts import Endpoint, EndpointOf, PageOf, Probe
from opsproof.sources.http.health import Health
from opsproof.sources.http.words import State
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, own, target_of
from opsproof.transport import web

JSON = "Content-Type: application/json"
AT = datetime(2026, 11, 21, tzinfo=timezone.utc)


def probes(
    url: str, count: int = 1, *, seconds: float = 60.0, slots: Any = None, **settings: Any
) -> tuple[Endpoint, RecordingLink]:
    target = target_of("http", **settings)
    link = RecordingLink(target, seconds=seconds, slots=slots)
    collector = HttpCollector(target)
    try:
        endpoint = collector.collect(EndpointOf(target=target.id, url=url, probes=count, spacing=0.01), link)
    finally:
        collector.close()
    assert isinstance(endpoint, Endpoint)
    assert msgspec.json.decode(msgspec.json.encode(endpoint), type=Endpoint) == endpoint
    return endpoint, link


def probed(behave: faulty.Behaviour, **more: Any) -> Probe:
    with faulty.serving(behave) as port:
        return probes(f"http://127.0.0.1:{port}/health", **more)[0].probes[0]


def kind(probe: Probe) -> str:
    assert probe.failure is not None
    return probe.failure.kind


def test_each_probe_is_an_attempt_of_one_ask() -> None:
    with faulty.serving(faulty.answering(faulty.http(b'{"status":"ok"}', JSON))) as port:
        endpoint, link = probes(f"http://127.0.0.1:{port}/health", 3)
    assert [(probe.status, probe.is_json) for probe in endpoint.probes] == [(200, True)] * 3
    assert [(one.path, one.attempt, one.status) for one in link.requests] == [
        (f"http://127.0.0.1:{port}/health", number, 200) for number in (1, 2, 3)
    ]


def test_of_a_health_document_only_names_and_states_are_kept() -> None:
    body = b'{"status":"error","components":{"db":{"status":"DOWN","url":"postgres://u:hunter2@db"}}}'
    probe = probed(faulty.answering(faulty.http(body, JSON, status="503 Service Unavailable")))
    assert probe.health is not None
    assert (probe.status, probe.health.overall) == (503, State.DOWN)
    assert [(part.name, part.state) for part in probe.health.components] == [("db", State.DOWN)]
    assert b"hunter2" not in msgspec.json.encode(probe)


def test_the_servers_clock_is_kept() -> None:
    answer = faulty.http(b"{}", JSON, "Date: Sat, 21 Nov 2026 08:00:00 GMT")
    with faulty.serving(faulty.answering(answer)) as port:
        link = probes(f"http://127.0.0.1:{port}/")[1]
    assert str(link.clock) == "2026-11-21 08:00:00+00:00"


def shows(body: bytes, *texts: str, media: str = "text/html; charset=utf-8") -> dict[str, bool]:
    """What a probe finds of these texts in a body."""
    with faulty.serving(faulty.answering(faulty.http(body, f"Content-Type: {media}"))) as port:
        target = target_of("http")
        ask = PageOf(target=target.id, url=f"http://127.0.0.1:{port}/", probes=1, texts=texts)
        endpoint = HttpCollector(target).collect(ask, RecordingLink(target))
    assert isinstance(endpoint, Endpoint)
    return endpoint.probes[0].shows


def test_of_a_page_it_is_told_which_of_the_rows_texts_are_on_it() -> None:
    page = "<!DOCTYPE html><title>502 Bad Gateway</title><p>Grüße".encode()
    assert {"Bad Gateway": True, "Grüße": True, "Welcome": False} == shows(
        page, "Bad Gateway", "Grüße", "Welcome"
    )
    assert {"Grüße": True} == shows(
        "Grüße".encode("latin-1"), "Grüße", media="text/plain; charset=ISO-8859-1"
    )
    assert {"Grüße": True} == shows("Grüße".encode("utf-16"), "Grüße", media="text/plain")


def test_a_charset_that_is_none_of_the_webs_is_not_used() -> None:
    assert {"a-": True} == shows(b"a-", "a-", media="text/plain; charset=punycode")


@pytest.mark.parametrize("title", ["Sign in", "Fortune 500", "Error budget", "502 Bad Gateway"])
def test_a_title_says_nothing_of_itself(title: str) -> None:
    """Two probes of different pages tell the same facts."""
    page, other = (f"<html><title>{one}</title></html>".encode() for one in (title, "x" * len(title)))
    facts = [
        msgspec.structs.replace(probed(faulty.answering(faulty.http(body))), at=AT, seconds=0)
        for body in (page, other)
    ]
    assert facts[0] == facts[1]
    assert facts[0].is_html


@pytest.mark.timeout(60)
@pytest.mark.parametrize("unit", [b"<h1", b"<title>", b"&", b"<!--", b'{"a":', b"charset="])
def test_a_page_made_to_take_long_is_read_all_the_same(unit: bytes) -> None:
    """4 MiB of things half begun: whatever looks twice at each pair of them would take hours."""
    body = unit * (4 * 2**20 // len(unit))
    response = web.Response(200, {"content-type": "text/html; charset=" + "charset=" * 8000}, body)
    probe = described(response, "http://a/", AT, 0.0, ("<h1" * 60 + "x",))
    assert (len(body), False) == (probe.bytes, probe.is_json)


@pytest.mark.parametrize(
    "body", [b'\xef\xbb\xbf{"status":"ok"}', '{"status":"ok"}'.encode("utf-16")], ids=["utf-8", "utf-16"]
)
def test_json_behind_a_byte_order_mark_is_json(body: bytes) -> None:
    probe = probed(faulty.answering(faulty.http(body, JSON)))
    assert (probe.is_json, probe.health) == (True, Health(State.OK))


def test_a_single_word_is_a_health_document() -> None:
    probe = probed(faulty.answering(faulty.http(b"Degraded\n", "Content-Type: text/plain")))
    assert (probe.is_json, probe.health) == (False, Health(State.DEGRADED))


def test_of_a_very_large_document_its_own_state_is_read() -> None:
    body = msgspec.json.encode({"status": "degraded", "components": {f"c{i}": "ok" for i in range(60_000)}})
    assert Health(State.DEGRADED) == probed(faulty.answering(faulty.http(body, JSON))).health


def test_a_redirect_is_told_and_not_followed() -> None:
    answer = faulty.http(b"", "Location: https://login.example.org/?next=secret", status="302 Found")
    with faulty.serving(faulty.answering(answer)) as port:
        endpoint, link = probes(f"http://127.0.0.1:{port}/")
    assert (endpoint.probes[0].status, endpoint.probes[0].redirect_host) == (302, "login.example.org")
    assert len(link.requests) == 1


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_a_refusal_is_an_answer_and_not_retried(status: str) -> None:
    with faulty.serving(faulty.answering(faulty.http(b"", "Retry-After: 30", status=status))) as port:
        endpoint, link = probes(f"http://127.0.0.1:{port}/")
    assert endpoint.probes[0].status == int(status[:3])
    assert len(link.requests) == 1


def test_nobody_listens() -> None:
    probe = probes(f"http://127.0.0.1:{faulty.unused_port()}/")[0].probes[0]
    assert probe.failure is not None
    assert (probe.failure.kind, probe.failure.message, own(probe)) == (
        "Unreachable",
        "connection refused",
        False,
    )


def test_a_name_that_is_not_known_is_our_side() -> None:
    probe = probes("http://no-such-host.invalid/")[0].probes[0]
    assert (kind(probe), own(probe)) == ("Unreachable", True)


@pytest.mark.parametrize(
    "behave",
    [
        faulty.silent,
        faulty.dripping(b"HTTP/1.1 200 OK\r\n", b"X-Drop: 1\r\n", every=0.05),
        faulty.dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        faulty.dripping(b"", b"H", every=0.05),
    ],
    ids=["silent", "dripping headers", "dripping body", "dripping status line"],
)
def test_one_probe_takes_no_longer_than_its_share(behave: faulty.Behaviour) -> None:
    probe = probed(behave, seconds=0.6)
    assert (kind(probe), own(probe)) == ("TimedOut", False)


def test_a_server_that_hangs_leaves_several_facts() -> None:
    with faulty.serving(faulty.silent) as port:
        endpoint, _ = probes(f"http://127.0.0.1:{port}/", 3, seconds=4.0)
    assert [kind(probe) for probe in endpoint.probes] == ["TimedOut"] * 3


class Full:
    """A load budget that never has a free slot."""

    @contextmanager
    def slot(self, target: object, deadline: float) -> Iterator[None]:
        raise TimedOut("no free slot in the load budget in time", target="http:test")
        yield


def test_the_wait_for_our_own_budget_is_our_side() -> None:
    probe = probes("http://127.0.0.1:9/", slots=Full())[0].probes[0]
    assert (kind(probe), own(probe)) == ("TimedOut", True)


@pytest.mark.parametrize(
    ("behave", "expected"),
    [
        (faulty.reset, "Unreachable"),
        (faulty.answering(b""), "Unreachable"),
        (faulty.answering(b"\x16\x03\x01 this is no HTTP\r\n\r\n"), "Unreachable"),
        (faulty.answering(faulty.http(b'{"status":', JSON, length=5000)), "BadAnswer"),
        (faulty.answering(faulty.http(b"not gzip", "Content-Encoding: gzip")), "BadAnswer"),
        (faulty.answering(faulty.http(b"x" * (5 * 2**20))), "TooBig"),
    ],
    ids=["reset", "closed", "another protocol", "truncated", "damaged", "oversized"],
)
def test_answers_that_are_none(behave: faulty.Behaviour, expected: str) -> None:
    assert kind(probed(behave)) == expected


@pytest.mark.parametrize(
    "answer",
    [
        faulty.http(b"[" * 100_000, JSON),
        faulty.http(b'{"status": "\xff\xfe"}', JSON),
        faulty.http(b'{"components": {"<script>alert(1)</script>": "down"}}', "Content-Type: x\x01/\x02<b>"),
        faulty.http(b'{"components": []}', "Location: http://[", status="302 Found"),
        faulty.http(b"{}", "Date: yesterday", "Retry-After: soon", status="429 x"),
    ],
    ids=["deep", "not UTF-8", "markup", "broken redirect", "broken headers"],
)
def test_hostile_text_is_neither_kept_nor_a_crash(answer: bytes) -> None:
    probe = probed(faulty.answering(answer))
    text = msgspec.json.encode(probe)
    assert probe.status in {200, 302, 429}
    assert b"script" not in text
    assert b"<b>" not in text


def test_the_surrounding_shell_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{faulty.unused_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{faulty.unused_port()}")
    assert probed(faulty.answering(faulty.http(b"{}"))).status == 200


def test_a_cookie_of_one_probe_is_not_sent_with_the_next() -> None:
    seen: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        seen.append(connection.recv(65536))
        connection.sendall(faulty.http(b"{}", "Set-Cookie: session=1; Path=/"))

    with faulty.serving(behave) as port:
        probes(f"http://127.0.0.1:{port}/", 2)
    assert [b"ookie" in request for request in seen] == [False, False]


def test_connect_to_changes_the_address_and_not_the_host() -> None:
    seen: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        seen.append(connection.recv(65536))
        connection.sendall(faulty.http(b"{}"))

    with faulty.serving(behave) as port:
        routes = {"scanner.example.org:80": f"127.0.0.1:{port}"}
        endpoint, _ = probes("http://scanner.example.org/health", connect_to=routes)
    assert endpoint.probes[0].status == 200
    assert b"Host: scanner.example.org\r\n" in seen[0]


def test_every_probe_opens_a_connection_of_its_own() -> None:
    seen: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        while data := connection.recv(65536):
            seen.append(data)
            connection.sendall(faulty.http(b"{}", "Connection: keep-alive"))
            if b"Connection: close" in data:
                return

    with faulty.serving(behave) as port:
        endpoint, _ = probes(f"http://127.0.0.1:{port}/", 2)
    assert [probe.status for probe in endpoint.probes] == [200, 200]
    assert all(b"Connection: close" in data for data in seen)


def test_headers_are_sent_and_kept_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEALTH_TOKEN", "hunter2")
    seen: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        seen.append(connection.recv(65536))
        connection.sendall(faulty.http(b"{}"))

    with faulty.serving(behave) as port:
        endpoint, link = probes(
            f"http://127.0.0.1:{port}/", headers={"http://127.0.0.1": {"X-Token": {"env": "HEALTH_TOKEN"}}}
        )
    assert b"X-Token: hunter2" in seen[0]
    assert "hunter2" not in f"{endpoint}{link.requests}"


def test_records_show_no_value_of_a_query() -> None:
    assert shown("https://u:p@example.org/a?token=hunter2&b") == "https://example.org/a?token=...&b=..."


def test_a_probe_that_does_not_fit_any_more_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause passes at once here: the clock goes on by it."""
    slept, clock = [0.0], time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + sum(slept))
    monkeypatch.setattr(time, "sleep", slept.append)
    target = target_of("http", budget=Budget(deadline=60))
    link = RecordingLink(target)
    ask = EndpointOf(target=target.id, url=f"http://127.0.0.1:{faulty.unused_port()}/", probes=3, spacing=36)
    endpoint = HttpCollector(target).collect(ask, link)
    assert isinstance(endpoint, Endpoint)
    assert (len(endpoint.probes), endpoint.wanted) == (2, 3)


@pytest.mark.parametrize(
    ("place", "url", "sent"),
    [
        ("api.example.com", "https://api.example.com/health", True),
        ("API.example.com", "https://api.example.com:8443/health", True),
        ("api.example.com:8443", "https://api.example.com:8443/health", True),
        ("api.example.com:8443", "https://api.example.com/health", False),
        ("api.example.com", "http://api.example.com/health", False),
        ("http://api.example.com", "http://api.example.com/health", True),
        ("http://api.example.com", "https://api.example.com/health", False),
        ("api.example.com", "https://example.com/health", False),
        ("api.example.com", "https://api.example.com.evil.net/health", False),
        ("bücher.example", "https://xn--bcher-kva.example/", True),
        ("[::1]:8443", "https://[::1]:8443/", True),
    ],
)
def test_headers_belong_to_a_host_and_to_https(place: str, url: str, sent: bool) -> None:
    settings = target_of("http", headers={place: {"X-Token": {"env": "HEALTH_TOKEN"}}}).settings
    assert (["X-Token"] if sent else []) == [*settings.headers_for(url)]


def test_a_host_gets_no_header_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEALTH_TOKEN", "hunter2")
    seen: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        seen.append(connection.recv(65536))
        connection.sendall(faulty.http(b"{}"))

    with faulty.serving(behave) as port:
        for host in ("127.0.0.1", "localhost"):
            probes(
                f"http://{host}:{port}/", headers={"http://localhost": {"X-Token": {"env": "HEALTH_TOKEN"}}}
            )
    assert [False, True] == [b"hunter2" in request for request in seen]


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"X-Token": {"env": "HEALTH_TOKEN"}}, "headers belong to hosts"),
        ({"X-Token": {"file": "token"}}, "headers belong to hosts"),
        ({"https://api.example.com/path": {"X-Token": {"env": "A"}}}, "not a host"),
        ({"api.example.com": {"X-Token": "hunter2"}}, "is not accepted"),
    ],
)
def test_headers_without_a_host_are_refused(headers: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        target_of("http", headers=headers)
