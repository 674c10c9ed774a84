"""Answers and headers as a server or a file could misuse them."""

from __future__ import annotations

import gzip

import pytest

from opsproof.model.failure import BadAnswer, NotConfigured, TooBig
from opsproof.model.target import Budget
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, target_of
from opsproof.transport import web
from opsproof.transport.credentials import belonging

BOMB = gzip.compress(gzip.compress(gzip.compress(b"0" * 10_000_000)))
HEADERS = {"api.example.com": {"X-Token": "a"}, "other.example.com:8443": {"X-Token": "b"}}


def got(answer: bytes, **budget: int) -> web.Response:
    with faulty.serving(faulty.answering(answer)) as port:
        link = RecordingLink(target_of("http", budget=Budget(**budget)))  # type: ignore[arg-type]
        return web.get(web.session(), f"http://127.0.0.1:{port}/", link, path="/")


@pytest.mark.parametrize("encodings", ["gzip, gzip, gzip", "gzip,deflate", "identity, gzip , br"])
def test_what_is_packed_more_than_once_is_not_unpacked(encodings: str) -> None:
    with pytest.raises(BadAnswer, match="packed more than once"):
        got(faulty.http(BOMB, f"Content-Encoding: {encodings}"))


def test_the_budget_counts_what_is_unpacked() -> None:
    with pytest.raises(TooBig):
        got(faulty.http(gzip.compress(b"0" * 10_000_000), "Content-Encoding: gzip"), max_bytes=1_000_000)


def test_two_answers_of_one_ask_share_its_budget() -> None:
    with faulty.serving(faulty.answering(faulty.http(b"0" * 600, "Connection: close"))) as port:
        link = RecordingLink(target_of("http", budget=Budget(max_bytes=1000)))
        session = web.session()
        web.get(session, f"http://127.0.0.1:{port}/", link, path="/")
        with pytest.raises(TooBig, match="more than 1000 bytes"):
            web.get(session, f"http://127.0.0.1:{port}/", link, path="/")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.example.com/x", {"X-Token": "a"}),
        ("https://API.example.com:9443/", {"X-Token": "a"}),
        ("https://other.example.com:8443/", {"X-Token": "b"}),
        ("https://other.example.com/", {}),
        ("https://evil.example.com/", {}),
        ("http://evil.example.com/", {}),
        ("https://api.example.com.evil.com/", {}),
        ("https://evil.com/@api.example.com", {}),
    ],
)
def test_headers_go_to_their_own_host_alone(url: str, expected: dict[str, str]) -> None:
    assert belonging(url, HEADERS) == expected


def test_headers_go_over_https_unless_the_environment_says_so() -> None:
    with pytest.raises(NotConfigured, match="plain_http"):
        belonging("http://api.example.com/", HEADERS)
    assert belonging("http://api.example.com/", HEADERS, plain_http=True) == {"X-Token": "a"}
