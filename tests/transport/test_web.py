"""Answers and headers as a server or a file could misuse them."""

from __future__ import annotations

import gzip

import pytest

from opsproof.model.failure import BadAnswer, TimedOut, TooBig
from opsproof.model.target import Budget
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, target_of
from opsproof.transport import web
from opsproof.transport.memory import Memory

BOMB = gzip.compress(gzip.compress(gzip.compress(b"0" * 10_000_000)))


def got(answer: bytes, **budget: int) -> web.Response:
    with faulty.serving(faulty.answering(answer)) as port:
        link = RecordingLink(target_of("http", budget=Budget(**budget)))  # type: ignore[arg-type]
        return web.get(web.session(), f"http://127.0.0.1:{port}/", link, path="/")


def test_a_drip_that_ends_with_the_connection_ends_with_its_attempt() -> None:
    """Cut off, a body without a length looks complete."""
    with faulty.serving(faulty.dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x")) as port:
        link = RecordingLink(target_of("http"))
        with pytest.raises(TimedOut):
            web.get(web.session(), f"http://127.0.0.1:{port}/", link, path="/", within=0.3)


@pytest.mark.parametrize("encodings", ["gzip, gzip, gzip", "gzip,deflate", "identity, gzip , br"])
def test_what_is_packed_more_than_once_is_not_unpacked(encodings: str) -> None:
    with pytest.raises(BadAnswer, match="packed more than once"):
        got(faulty.http(BOMB, f"Content-Encoding: {encodings}"))


def test_the_budget_counts_what_is_unpacked() -> None:
    with pytest.raises(TooBig):
        got(faulty.http(gzip.compress(b"0" * 10_000_000), "Content-Encoding: gzip"), max_bytes=1_000_000)


def test_what_frames_a_body_counts_against_a_budget_too() -> None:
    """Long sizes of chunks, whose body is small."""
    chunk = b"1;" + b"x" * 60_000 + b"\r\n1\r\n"
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 50
    with pytest.raises(TooBig, match="more than 1148576 bytes"):
        got(answer, max_bytes=100_000)


@pytest.mark.parametrize(
    ("media", "values"),
    [("application/json", b"{}," * 100_000), ("application/vnd.x.protobuf", b"\x0a\0" * 100_000)],
)
def test_a_small_body_that_unfolds_to_more_than_the_run_may_take_is_too_big(
    media: str, values: bytes
) -> None:
    with faulty.serving(faulty.answering(faulty.http(values, f"Content-Type: {media}"))) as port:
        link = RecordingLink(target_of("http"), memory=Memory(75_000_000, lambda: 40_000_000))
        with pytest.raises(TooBig, match="75 MB of a run"):
            web.get(web.session(), f"http://127.0.0.1:{port}/", link, path="/")


def test_two_answers_of_one_ask_share_its_budget() -> None:
    with faulty.serving(faulty.answering(faulty.http(b"0" * 600, "Connection: close"))) as port:
        link = RecordingLink(target_of("http", budget=Budget(max_bytes=1000)))
        session = web.session()
        web.get(session, f"http://127.0.0.1:{port}/", link, path="/")
        with pytest.raises(TooBig, match="more than 1000 bytes"):
            web.get(session, f"http://127.0.0.1:{port}/", link, path="/")
