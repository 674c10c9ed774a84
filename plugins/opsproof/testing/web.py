"""Servers that answer GET by path: the conversation of an HTTP API, and all that goes wrong with one."""

from __future__ import annotations

import itertools
import socket
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from email.utils import format_datetime

from opsproof.testing import faulty
from opsproof.testing.faulty import Behaviour
from opsproof.testing.spoken import Fault, Said, right

Pages = Callable[[str], Mapping[str, bytes]]
_HTML = b"<!doctype html><html><title>Sign in</title><h1>Welcome</h1></html>"
_NO_FACTS = right("BadAnswer", "Unreachable", "TooBig")
_OTHERS = {
    "HTML with 200": faulty.http(_HTML, "Content-Type: text/html"),
    "an empty body": faulty.http(b""),
    "null": faulty.http(b"null"),
    "an empty list": faulty.http(b"[]"),
    "a text": faulty.http(b'"ok"'),
    "a number": faulty.http(b"1e999"),
    "an object of something else": faulty.http(
        b'{"kind":"Status","error":"no","status":"Failure","code":500}'
    ),
    "deep nesting": faulty.http(b"[" * 100_000 + b"]" * 100_000),
    "no UTF-8": faulty.http(b'{"a":"\xff\xfe"}'),
    "half a document": faulty.http(b'{"items": [{"name": "a'),
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n" + b"x" * 50,
    "a status line of garbage": b"HTTP/9.9 ABC\r\n\r\n",
    "nothing at all": b"",
}


class Web:
    """Bodies by path (without the query) for a text that stands wherever the server chooses one.

    Args:
        pages: path -> body. The path `*` stands for every other.
        media: path -> content type, where it is not JSON.
    """

    def __init__(self, pages: Pages, media: Mapping[str, str] | None = None) -> None:
        self.pages = pages
        self.media = media or {}

    def good(self, said: Said) -> Behaviour:
        pages = self.pages(said.text)

        def answer(path: str) -> bytes:
            body = pages.get(path, pages.get("*"))
            if body is None:
                return faulty.http(b"{}", _date(said.clock), status="404 Not Found")
            media = self.media.get(path, "application/json")
            return faulty.http(body, _date(said.clock), f"Content-Type: {media}")

        return exchanging(answer)

    def faults(self) -> Mapping[str, Fault]:
        return {**_refusals(self.good(Said())), **_others()}

    def oversized(self) -> Mapping[str, Behaviour]:
        return {
            "without end": _endless,
            "a lying length": faulty.cut(_endless_with_length, 2**28),
            "compressed": exchanging(lambda path: faulty.http(_bomb(), "Content-Encoding: gzip")),
            "headers without end": _endless_headers,
        }


def exchanging(answer: Callable[[str], bytes]) -> Behaviour:
    """Answer each request of a connection by its path, without the query."""

    def behave(connection: socket.socket) -> None:
        for path in requests(connection):
            connection.sendall(answer(path))

    return behave


def requests(connection: socket.socket) -> Iterator[str]:
    """The path of each request on a connection, until the client closes it."""
    buffered = b""
    while True:
        while b"\r\n\r\n" not in buffered:
            more = connection.recv(65536)
            if not more:
                return
            buffered += more
        head, _, buffered = buffered.partition(b"\r\n\r\n")
        buffered = _without_body(head, buffered, connection)
        yield head.split(b" ", 2)[1].partition(b"?")[0].decode("latin-1")


def _without_body(head: bytes, buffered: bytes, connection: socket.socket) -> bytes:
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    left = int(lengths[0].partition(b":")[2]) if lengths else 0
    while len(buffered) < left:
        more = connection.recv(65536)
        if not more:
            return b""
        buffered += more
    return buffered[left:]


def _refusals(good: Behaviour) -> Mapping[str, Fault]:
    def refused(status: str, *headers: str) -> Behaviour:
        return exchanging(lambda path: faulty.http(_HTML, *headers, status=status))

    return {
        "401": Fault(refused("401 Unauthorized", "WWW-Authenticate: Basic"), right("Unauthenticated")),
        "403": Fault(refused("403 Forbidden"), right("Forbidden")),
        "404": Fault(refused("404 Not Found"), right("NotFound")),
        "405": Fault(refused("405 Method Not Allowed"), right("BadAnswer")),
        "500": Fault(refused("500 Internal Server Error"), right("BadAnswer")),
        "502": Fault(refused("502 Bad Gateway"), right("BadAnswer")),
        "503 and come back in an hour": Fault(
            refused("503 Unavailable", "Retry-After: 3600"), right("TimedOut", "BadAnswer")
        ),
        "429 and come back in an hour": Fault(
            refused("429 Too Many Requests", "Retry-After: 3600"), right("TimedOut")
        ),
        "429 once": Fault(_first("429 Too Many Requests", "Retry-After: 0", then=good), right("facts")),
        "204": Fault(exchanging(lambda path: b"HTTP/1.1 204 No Content\r\n\r\n"), right("BadAnswer")),
        "a redirect": Fault(
            refused("302 Found", "Location: http://127.0.0.1:1/elsewhere"), right("BadAnswer")
        ),
        "a redirect to itself": Fault(refused("307 Temporary", "Location: /"), right("BadAnswer")),
    }


def _others() -> Mapping[str, Fault]:
    def saying(answer: bytes) -> Behaviour:
        def behave(connection: socket.socket) -> None:
            connection.recv(65536)
            connection.sendall(answer)

        return behave

    return {name: Fault(saying(answer), _NO_FACTS) for name, answer in _OTHERS.items()}


def _first(status: str, *headers: str, then: Behaviour) -> Behaviour:
    """The very first request is refused so, later ones are answered."""
    numbers = itertools.count()

    def behave(connection: socket.socket) -> None:
        if next(numbers):
            then(connection)
            return
        for _ in requests(connection):
            connection.sendall(faulty.http(b"{}", *headers, "Connection: close", status=status))
            return

    return behave


def _endless(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b"[" + b"1," * 0x7FFF + b"1" + b"\r\n"
    while True:
        connection.sendall(chunk)


def _endless_with_length(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
    while True:
        connection.sendall(b" " * 65536)


def _endless_headers(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in itertools.count():
        connection.sendall(f"X-{number}: {'x' * 1000}\r\n".encode())


def _bomb() -> bytes:
    """A few kilobytes that unpack to 64 MiB of blanks."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    blanks = b" " * 2**20
    return b"".join(packer.compress(blanks) for _ in range(64)) + packer.flush()


def _date(clock: datetime | None) -> str:
    return f"Date: {format_datetime(clock or datetime.now(timezone.utc), usegmt=True)}"
