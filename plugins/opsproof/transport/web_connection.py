"""urllib3 connections that a watchdog can end, that may go to another address than the URL's, and are pinned."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from opsproof.model.failure import CollectionError
from opsproof.model.hosts import ascii_host
from opsproof.transport.pin import Secured, require
from opsproof.transport.watchdog import Watchdog

_WATCHDOG: ContextVar[Watchdog | None] = ContextVar("watchdog", default=None)
_RECEIVED: ContextVar[Callable[[int], None] | None] = ContextVar("received", default=None)

if TYPE_CHECKING:
    _Base = HTTPConnection
else:
    _Base = object


@contextmanager
def watched_by(dog: Watchdog, received: Callable[[int], None]) -> Iterator[None]:
    """Connections made or reused by this thread's requests in the block are watched.

    `received` is told of every byte on the wire, before a library keeps it, and may raise: lines without end and
    what stands between the pieces of a body never become one.
    """
    tokens = _WATCHDOG.set(dog), _RECEIVED.set(received)
    try:
        yield
    finally:
        _WATCHDOG.reset(tokens[0])
        _RECEIVED.reset(tokens[1])


class _Raw(io.RawIOBase):
    """The reading end of a connection."""

    def __init__(self, inner: io.RawIOBase) -> None:
        self._inner = inner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count: int | None = self._inner.readinto(buffer)
        received = _RECEIVED.get()
        if count and received is not None:
            received(count)
        return count

    def close(self) -> None:
        self._inner.close()
        super().close()


class _Counted:
    """A connected socket, read by way of `_Raw`."""

    def __init__(self, connected: Any) -> None:
        self._connected = connected

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(_Raw(self._connected.makefile("rb", buffering=0)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connected, name)


class _Watched(_Base):
    routes: Mapping[str, str] = {}

    def _new_conn(self) -> socket.socket:
        host, port = self._dns_host, self.port
        self._dns_host, self.port = routed(self.routes, host.strip("[]"), port or 0)
        try:
            made = super()._new_conn()
        finally:
            self._dns_host, self.port = host, port
        _watch(made)
        return made

    def connect(self) -> None:
        super().connect()
        self.sock = cast("socket.socket", _Counted(self.sock))

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:
            _watch(self.sock)
        super().request(*args, **kwargs)


class _Pinned(_Watched):
    pins: Mapping[str, str] = {}

    def connect(self) -> None:
        """As far as the handshake; another certificate than the pinned one ends it before a byte of the request."""
        super().connect()
        host, port = self._tunnel_host or self.host, self._tunnel_port or self.port
        pin = self.pins.get(place(host, port or 0))
        if pin is not None:
            try:
                require(cast("Secured", self.sock), pin)
            except CollectionError:
                self.close()
                raise


def place(host: str, port: int) -> str:
    """`host:port`, by which routes and pins are known."""
    return f"{ascii_host(host)}:{port}"


def _watch(connected: socket.socket) -> None:
    dog = _WATCHDOG.get()
    if dog is not None and connected.fileno() >= 0:
        dog.watch(connected.fileno())


class Adapter(HTTPAdapter):
    """No retries of its own; connections as above, also through a proxy."""

    def __init__(self, connect_to: Mapping[str, str], pins: Mapping[str, str]) -> None:
        self._pools = _pools(dict(connect_to), {_place(name): pin for name, pin in pins.items()})
        super().__init__(pool_connections=8, pool_maxsize=8, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **more)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _place(written: str) -> str:
    host, _, port = written.rpartition(":")
    return place(host, int(port))


def _pools(routes: Mapping[str, str], pins: Mapping[str, str]) -> dict[str, type[HTTPConnectionPool]]:
    plain = type("Connection", (_Watched, HTTPConnection), {"routes": routes})
    secure = type("SecureConnection", (_Pinned, HTTPSConnection), {"routes": routes, "pins": pins})
    return {
        "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }


def routed(routes: Mapping[str, str], host: str, port: int) -> tuple[str, int]:
    """Where to connect for `host:port`. As with curl, an empty part stands for any, or for the same.

    Names are compared as the network knows them: capitals and letters beyond ASCII make no other host.
    """
    host = ascii_host(host)
    known = {_split(name): to for name, to in routes.items()}
    for name in ((host, str(port)), (host, ""), ("", str(port)), ("", "")):
        if name in known:
            to_host, to_port = _split(known[name])
            return to_host or host, int(to_port or port)
    return host, port


def _split(place: str) -> tuple[str, str]:
    host, _, port = place.rpartition(":")
    return ascii_host(host), port
