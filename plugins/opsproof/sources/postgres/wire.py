"""Sessions of PostgreSQL that are bounded in time, and whose refusals carry their SQLSTATE."""

from __future__ import annotations

import ctypes
import select
import socket
import time
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

from opsproof.transport.relay import Relay

_VERBOSE = 2  # PQERRORS_VERBOSE


class ConnectFailed(Exception):
    """libpq got no session; `text` is what it says of it, with the SQLSTATE where the server gave one."""

    def __init__(self, text: str) -> None:
        super().__init__("no session")
        self.text = text


class OutOfTime(Exception):
    """No session in time."""


def dialled(host: str, port: int, seconds: float) -> socket.socket:
    """A connection to the server, of which a folder names the socket in it. Raises OSError."""
    if host.startswith("/"):
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(seconds)
        made.connect(f"{host}/.s.PGSQL.{port}")
    else:
        made = socket.create_connection((host, port), timeout=seconds)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # libpq's own socket ends at the relay
    made.settimeout(None)
    return made


def connected(parameters: dict[str, Any], seconds: float, relay: Relay) -> psycopg.Connection[Any]:
    """A session through the relay, within `seconds`.

    Raises:
        ConnectFailed, OutOfTime: none.
    """
    through = {**parameters, "hostaddr": "127.0.0.1", "port": relay.port}
    made = pq.PGconn.connect_start(make_conninfo("", **through).encode())
    try:
        if made.status == pq.ConnStatus.BAD:
            raise ConnectFailed(_text(made))
        _tell_sqlstates(made)
        relay.serve(_own_address(made.socket))
        _poll(made, time.monotonic() + seconds)
    except BaseException:
        made.finish()
        raise
    made.nonblocking = 1
    return psycopg.Connection(made)


def _own_address(descriptor: int) -> tuple[str, int]:
    doubled = socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM)
    with doubled:
        host, port = doubled.getsockname()
        return host, port


def _poll(made: Any, deadline: float) -> None:
    while (status := made.connect_poll()) != pq.PollingStatus.OK:
        if status == pq.PollingStatus.FAILED:
            raise ConnectFailed(_text(made))
        ready = select.poll()
        ready.register(made.socket, select.POLLIN if status == pq.PollingStatus.READING else select.POLLOUT)
        if not ready.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise OutOfTime


def _text(made: Any) -> str:
    return bytes(made.error_message or b"").decode("utf-8", "replace")


def _tell_sqlstates(made: Any) -> None:
    """Have libpq say the SQLSTATE and the server's routine: of a failed connection it gives text alone."""
    library = _libpq()
    if library is not None and made.pgconn_ptr:
        library.PQsetErrorVerbosity(ctypes.c_void_p(made.pgconn_ptr), _VERBOSE)


@cache
def _libpq() -> Any:
    """The very library that psycopg uses; None where it cannot be told for sure."""
    found = _found()
    return found if found is not None and found.PQlibVersion() == pq.version() else None


def _found() -> Any:
    if pq.__impl__ == "python":
        from psycopg.pq import _pq_ctypes

        return getattr(_pq_ctypes, "pq", None)
    if pq.__impl__ != "binary":
        return None
    import psycopg_binary

    folder = Path(psycopg_binary.__file__).parent
    files = [*folder.glob("../psycopg_binary.libs/libpq*"), *folder.glob(".dylibs/libpq*")]
    return ctypes.CDLL(str(files[0])) if len(files) == 1 else None
