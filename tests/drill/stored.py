"""The same shop, whose dumps lie in a bucket of a real server; and that server behind one that is broken."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from opsproof.testing import faulty
from tests.drill.shop import COUNTS, ORDERED, Shop
from tests.testbed import build, place, process
from tests.testbed.services import s3

BUCKET, PATTERN = "shop-dumps", "db/%Y/%m/shop-%Y%m%d-%H%M%S.sql.gz"


@dataclass(frozen=True)
class BucketShop(Shop):
    """What is kept is an object, with a tag of its own."""

    def keep(
        self, content: bytes, *, made: datetime = ORDERED, counts: dict[str, int] | None = COUNTS
    ) -> Path:
        key = made.strftime(PATTERN)
        self.put(key, content)
        if counts is not None:
            self.put(f"{key}.counts.json", json.dumps(counts).encode())
        return Path(key)

    def put(self, key: str, content: bytes) -> None:
        s3.client().put_object(Bucket=BUCKET, Key=key, Body=content)

    @property
    def drill_settings(self) -> dict[str, Any]:
        return {**super().drill_settings, "dumps": self.of()}

    def of(self, pattern: str = PATTERN, **more: Any) -> dict[str, Any]:
        """What is restored, with other settings of the bucket."""
        return {"bucket": {**s3.settings(BUCKET), **more}, "pattern": pattern}


@contextmanager
def server() -> Iterator[None]:
    """The real server of S3; it is ended where it did not run before."""
    if process.running(s3.NAME) is not None:
        yield
        return
    build.ensure(lambda text: None)
    s3.start()
    try:
        yield
    finally:
        s3.down()


@contextmanager
def in_bucket(shop: Shop) -> Iterator[BucketShop]:
    """The shop with an empty bucket."""
    with server():
        for kept in ("data", "versions", "sidecar"):
            shutil.rmtree(s3.folder() / kept / BUCKET, ignore_errors=True)
        s3.make(BUCKET)
        yield BucketShop(shop.server, shop.folder)


def secrets() -> tuple[str, ...]:
    """What must be read nowhere."""
    return tuple(Path(s3.settings(BUCKET)[name]["file"]).read_text() for name in ("access_key", "secret_key"))


def passing(connection: socket.socket) -> None:
    """What is said to the real server and what it says, until either is gone."""
    with socket.create_connection((place.HOST, place.PORTS[s3.NAME])) as server:
        threading.Thread(target=_passed, args=(connection, server), daemon=True).start()
        _passed(server, connection)


def _passed(source: Any, sink: Any) -> None:
    """Raises ConnectionAbortedError, as what cuts a connection does."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except ConnectionAbortedError:
        raise
    except OSError:
        pass  # either is gone


def cut(after: int) -> faulty.Behaviour:
    """The connection ends when so many bytes of the server's have come."""

    def behave(connection: socket.socket) -> None:
        try:
            faulty.cut(passing, after)(connection)
        finally:
            connection.shutdown(socket.SHUT_RDWR)  # a thread reads from it

    return behave


def stalled(after: int) -> faulty.Behaviour:
    """The connection stays, and no more comes."""

    def behave(connection: socket.socket) -> None:
        try:
            faulty.cut(passing, after)(connection)
        except ConnectionAbortedError:
            faulty.silent(connection)

    return behave


@contextmanager
def behind(behaviour: faulty.Behaviour) -> Iterator[str]:
    """The endpoint of what stands before the real server."""
    with faulty.serving(behaviour) as port:
        yield f"http://{place.HOST}:{port}"
