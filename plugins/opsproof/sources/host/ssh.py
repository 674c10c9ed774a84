"""One ssh connection to a host, on which one command runs after the other."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import paramiko

from opsproof.model.failure import BadAnswer, CollectionError, TimedOut, TooBig, Unauthenticated
from opsproof.model.hosts import ascii_host
from opsproof.model.target import Target
from opsproof.sources.host.failure import failed
from opsproof.sources.host.keys import Vouched, private_key
from opsproof.sources.host.settings import HOST_KEY
from opsproof.transport.link import Link
from opsproof.transport.program import Ended
from opsproof.transport.watchdog import Watchdog, watchdog

_LOG = "opsproof.ssh"  # paramiko logs what servers say; nobody shall hear it
logging.getLogger(_LOG).setLevel(logging.CRITICAL + 1)
_CHUNK = 32768
_SAME_MOMENT = 0.1  # seconds: paramiko's own clocks end with the deadline, too
_LOOK = 0.002


class Ssh:
    """The connection of a target: opened when it is first needed, closed when it breaks."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._vouched = Vouched(target)
        self._turn = Lock()
        self._wire: _Wire | None = None
        self._transport: Any = None

    def run(self, command: str, link: Link, shown: str = "") -> Ended:
        """Run a command, as the shell of the user reads it.

        Raises:
            CollectionError: no connection, a host key that nobody vouches for, no login, no end in time.
        """
        with self._my_turn(link), watchdog(link.remaining()) as dog, self._translated(link, dog):
            transport = self._connected(link, dog)
            with link.request("SSH", shown or command) as entry:
                ended = self._executed(transport, command, link)
                entry.status, entry.bytes = ended.status, ended.size
                return ended

    @property
    def fingerprint_of_key(self) -> Any:
        return self._transport.get_remote_server_key() if self._transport is not None else None

    def close(self) -> None:
        transport, self._transport, self._wire = self._transport, None, None
        if transport is not None:
            transport.close()

    @contextmanager
    def _my_turn(self, link: Link) -> Iterator[None]:
        if not self._turn.acquire(timeout=max(0.0, link.remaining())):
            raise TimedOut(
                f"another ask kept the connection: {link.left_text}", target=self.target.id, own=True
            )
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _translated(self, link: Link, dog: Watchdog) -> Iterator[None]:
        """Whatever breaks the connection ends it, and is told for what it is."""
        try:
            yield
        except (paramiko.SSHException, OSError, EOFError, ValueError, CollectionError) as error:
            wire = self._wire
            self.close()
            if wire is not None and wire.refused is not None:
                raise wire.refused from None
            if (dog.bitten or link.left < _SAME_MOMENT) and not isinstance(error, TooBig):
                link.remaining()
                raise TimedOut("no answer in time", target=self.target.id) from None
            if isinstance(error, CollectionError):
                raise
            raise failed(error, self.target.id) from None

    def _connected(self, link: Link, dog: Watchdog) -> Any:
        if self._transport is not None and self._transport.is_active() and self._wire is not None:
            self._wire.link = link
            dog.watch(self._wire.descriptor)
        else:
            self.close()
            with link.request("SSH", "CONNECT") as entry:
                self._open(link, dog)
                entry.status = "ok"
        if HOST_KEY in self.target.identity:
            link.proven.add(HOST_KEY)
        return self._transport

    def _open(self, link: Link, dog: Watchdog) -> None:
        types = self._vouched.types()
        settings = self.target.settings
        host = settings.host if settings.host.isascii() else ascii_host(settings.host)
        connection = socket.create_connection((host.strip("[]"), settings.port), timeout=link.remaining())
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        dog.watch(connection.fileno())
        self._wire = _Wire(connection, link)
        self._transport = transport = paramiko.Transport(self._wire)
        transport.set_log_channel(_LOG)
        transport.daemon = True
        transport.banner_timeout = transport.auth_timeout = transport.handshake_timeout = link.remaining()
        if types:
            transport.get_security_options().key_types = _wanted(transport, types)
        transport.start_client(timeout=link.remaining())
        link.remaining()
        self._vouched.require(transport.get_remote_server_key())
        self._log_in(transport, link)

    def _log_in(self, transport: Any, link: Link) -> None:
        """Only now, since the server is the one that is meant."""
        settings = self.target.settings
        if settings.password is not None:
            password = settings.password.read()
            link.secret(password)
            more = transport.auth_password(settings.user, password, fallback=False)
        else:
            text = settings.key.read()
            passphrase = settings.passphrase.read() if settings.passphrase is not None else None
            link.secret(text, *([passphrase] if passphrase else []))
            more = transport.auth_publickey(settings.user, private_key(text, passphrase))
        if more or not transport.is_authenticated():
            raise Unauthenticated("the server wants more than the key or password", target=self.target.id)

    def _executed(self, transport: Any, command: str, link: Link) -> Ended:
        began = time.monotonic()
        channel = transport.open_session(timeout=link.remaining())
        channel.settimeout(link.remaining())
        channel.exec_command(command)
        channel.shutdown_write()
        out = bytearray()
        while data := channel.recv(_CHUNK):
            out += data
            link.remaining()
        status = channel.recv_exit_status()
        while not channel.closed:
            link.pause(_LOOK)
        if status is None or status < 0 or self._wire is None or self._wire.ended:
            raise BadAnswer(
                "the connection was broken off before the command had ended", target=self.target.id
            )
        return Ended(status, bytes(out), len(out), round(time.monotonic() - began, 4))


def _wanted(transport: Any, types: tuple[str, ...]) -> tuple[str, ...]:
    """Algorithms that show a key of these types; for RSA those with a good digest."""
    names = {
        name
        for kind in types
        for name in (("rsa-sha2-512", "rsa-sha2-256") if kind == "ssh-rsa" else (kind,))
    }
    return tuple(name for name in transport.get_security_options().key_types if name in names)


class _Wire:
    """The socket below the connection: counts what is received against the ask that is being answered."""

    def __init__(self, connection: socket.socket, link: Link) -> None:
        self._connection = connection
        self.link = link
        self.descriptor = connection.fileno()
        self.refused: CollectionError | None = None
        self.ended = False

    def recv(self, size: int) -> bytes:
        try:
            data = self._connection.recv(size)
        except TimeoutError:
            raise
        except OSError:
            self.ended = True
            raise
        self.ended = self.ended or not data
        try:
            self.link.read(len(data))
        except CollectionError as much:
            self.refused = much
            raise
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)
