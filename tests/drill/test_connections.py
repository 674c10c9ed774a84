"""How a drill keeps its connections to a bucket, seen by a small server."""

from __future__ import annotations

import socket
import time
from email.utils import format_datetime
from pathlib import Path

import pytest

from opsproof.drill import bucket, store
from opsproof.drill.dumps import Stream
from opsproof.testing import faulty
from opsproof.testing.links import target_of
from tests.contract.s3_wire import BUCKET, KEY, TIME, listing, speaking

CONTENT = bytes(range(250)) * 4
PIECE = 400


def answered() -> faulty.Behaviour:
    """One dump, in the parts that it will be asked for one after the other."""
    begins = iter(range(0, len(CONTENT), PIECE))
    headers = [f"Last-Modified: {format_datetime(TIME, usegmt=True)}", 'ETag: "e"']

    def answer(method: str, path: str, query: str) -> bytes:
        if query.startswith("list-type=2"):
            return faulty.http(listing(KEY, size=len(CONTENT)), "Content-Type: application/xml")
        if method == "HEAD":
            return faulty.http(CONTENT, *headers)[: -len(CONTENT)]
        begin = next(begins)
        part = CONTENT[begin : begin + PIECE]
        ends = f"Content-Range: bytes {begin}-{begin + len(part) - 1}/{len(CONTENT)}"
        return faulty.http(part, *headers, ends, status="206 Partial Content")

    return speaking(answer)


def read(folder: Path) -> tuple[bytes, int]:
    """What was read of the dump, and by how many connections."""
    key = folder / "key"
    key.write_text("Planted-4711-key")
    made: list[socket.socket] = []
    answers = answered()

    def counted(connection: socket.socket) -> None:
        made.append(connection)
        answers(connection)

    with faulty.serving(counted) as port:
        of = {
            "bucket": BUCKET,
            "endpoint": f"http://127.0.0.1:{port}",
            "access_key": {"file": str(key)},
            "secret_key": {"file": str(key)},
        }
        dumps = {"bucket": of, "pattern": "db-%Y%m%d.sql.gz"}
        into = {"host": "127.0.0.1", "database": "postgres", "user": "drill"}
        target = target_of("drill", records=str(folder), dumps=dumps, into=into, newest="SELECT now()")
        with store.opened(target) as dumps_there:
            found = dumps_there.newest(time.monotonic() + 60)
            content = b"".join(Stream(found).parts())
    return content, len(made)


def test_one_connection_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket, "_PART", PIECE)
    assert read(tmp_path) == (CONTENT, 1)


def test_one_that_the_server_may_have_closed_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """psql may work for minutes on what one part brought."""
    monkeypatch.setattr(bucket, "_PART", PIECE)
    monkeypatch.setattr(bucket, "_IDLE", -1.0)  # each request is long after the one before it
    assert read(tmp_path) == (CONTENT, 2 + 3)
