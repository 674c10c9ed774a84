"""A server on loopback that misbehaves exactly as told, each connection in a thread of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

Behaviour = Callable[[socket.socket], None]
_PATIENCE = 5.0  # seconds, for the conversations that are open at the end


@contextmanager
def serving(behave: Behaviour) -> Iterator[int]:
    """Accept connections on a free port and hand each to `behave`; yields the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = _Server(listener, behave)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.end()
        thread.join(_PATIENCE)


class _Server:
    def __init__(self, listener: socket.socket, behave: Behaviour) -> None:
        self._listener = listener
        self._behave = behave
        self._open: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._one, args=(connection,), daemon=True)
            with self._lock:
                self._open[connection] = thread
            thread.start()

    def _one(self, connection: socket.socket) -> None:
        try:
            self._behave(connection)
        except OSError:
            pass  # the client is gone, or this end was told to go
        finally:
            connection.close()  # first, so that no client takes it for one that it can use again
            with self._lock:
                del self._open[connection]

    def end(self) -> None:
        """Every conversation is over afterwards, and has kept what it heard, but for one that sleeps."""
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread
        self._listener.close()
        with self._lock:
            left = dict(self._open)
        for connection in left:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        until = time.monotonic() + _PATIENCE
        for thread in left.values():
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))


def unused_port() -> int:
    """A port that refuses connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def answering(data: bytes) -> Behaviour:
    """Read something, answer these bytes, close."""

    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(data)

    return behave


def dripping(head: bytes, drop: bytes, every: float = 0.02) -> Behaviour:
    """Answer `head`, then `drop` for ever, so that no single read is late."""

    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(head)
        while True:
            time.sleep(every)
            connection.sendall(drop)

    return behave


def silent(connection: socket.socket) -> None:
    """Accept and never answer; ends when the client goes."""
    while connection.recv(65536):
        pass


def reset(connection: socket.socket) -> None:
    """Close with RST."""
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def http(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """A whole HTTP answer; `length` lies about the body's."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def cut(behave: Behaviour, after: int) -> Behaviour:
    """The same conversation, broken off after so many bytes of the server's."""

    def broken(connection: socket.socket) -> None:
        behave(cast("socket.socket", _Cut(connection, after)))

    return broken


def dripped(behave: Behaviour, every: float) -> Behaviour:
    """The same conversation, byte by byte, `every` so many seconds one."""

    def slowed(connection: socket.socket) -> None:
        behave(cast("socket.socket", _Dripped(connection, every)))

    return slowed


class Spoiled:
    """A server's end of a connection; what is not spoilt is the socket's own."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)


class _Cut(Spoiled):
    def __init__(self, connection: socket.socket, after: int) -> None:
        super().__init__(connection)
        self._left = after

    def sendall(self, data: bytes) -> None:
        self._connection.sendall(data[: self._left])
        self._left -= len(data)
        if self._left < 0:
            raise ConnectionAbortedError("broken off as told")


class _Dripped(Spoiled):
    def __init__(self, connection: socket.socket, every: float) -> None:
        super().__init__(connection)
        self._every = every

    def sendall(self, data: bytes) -> None:
        for number in range(len(data)):
            time.sleep(self._every)
            self._connection.sendall(data[number : number + 1])


class Meter:
    """The same conversation, counting the bytes that clients took: in all, and on the longest connection."""

    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave
        self.sent = 0
        self.longest = 0

    def __call__(self, connection: socket.socket) -> None:
        self._behave(cast("socket.socket", _Metered(connection, self)))


class _Metered(Spoiled):
    def __init__(self, connection: socket.socket, meter: Meter) -> None:
        super().__init__(connection)
        self._meter = meter
        self._sent = 0

    def sendall(self, data: bytes) -> None:
        self._connection.sendall(data)
        self._sent += len(data)
        self._meter.sent += len(data)
        self._meter.longest = max(self._meter.longest, self._sent)
