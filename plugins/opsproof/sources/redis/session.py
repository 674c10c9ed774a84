"""One connection to a Redis server or a Sentinel: bounded in time and bytes, each command recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import certifi
import redis.connection
import redis.exceptions

from opsproof.model.failure import BadAnswer, CollectionError, Forbidden, TimedOut, TooBig
from opsproof.model.hosts import ascii_host
from opsproof.model.rights import Need
from opsproof.model.target import CERTIFICATE, Target, TargetReport
from opsproof.model.text import cut
from opsproof.sources.redis import info
from opsproof.sources.redis.failure import Refused, failed
from opsproof.transport.link import Link
from opsproof.transport.pin import pin_of, require
from opsproof.transport.portion import Portion
from opsproof.transport.watchdog import Watchdog, watchdog

LONGEST = 10.0  # seconds of one connection
MOST = 2**20  # bytes of one connection; what INFO tells is a hundredth of it


class Elsewhere(Exception):
    """Another node of the cluster has the key (MOVED, ASK)."""


class Session:
    """One connection; each command is recorded."""

    def __init__(self, connection: Any, link: Link, target: Target, number: int, dog: Watchdog) -> None:
        self.connection = connection
        self._link = link
        self._target = target
        self._number = number
        self._dog = dog

    def connect(self) -> None:
        with (
            self._link.request("REDIS", "CONNECT", attempt=self._number) as entry,
            self._translated("connect"),
        ):
            self.connection.connect()
            self._dog.watch(self.connection._sock.fileno())
            entry.status = "ok"

    def ask(self, *command: str, shown: str = "") -> Any:
        """The server's answer. `shown` takes the command's place in the record, where a word is the server's own."""
        name = shown or " ".join(command)
        with self._link.request("REDIS", name, attempt=self._number) as entry, self._translated(name):
            self.connection.send_command(*command)
            try:
                answer = self.connection.read_response()
            except (redis.exceptions.MovedError, redis.exceptions.AskError):
                entry.status = "elsewhere"
                raise Elsewhere from None
            entry.status = "ok"
            entry.bytes = len(answer) if isinstance(answer, str) else 0
            return answer

    def may(self, need: Need) -> bool:
        """Whether the user has the right: by ACL DRYRUN where it may ask that, else by doing it."""
        command = words(need)
        user = self._target.settings.username or "default"
        try:
            return bool(self.ask("ACL", "DRYRUN", user, *command) == "OK")
        except (Forbidden, Refused):
            pass  # an older server, or a user that may not ask it
        try:
            self.ask(*command)
        except Forbidden:
            return False
        except (Refused, Elsewhere):
            pass  # the right is looked at first: only then is there no such key, group or mode
        return True

    def reads(self, key: str) -> None:
        """Read a key. A node of a cluster that says where it is has answered: the key is another node's."""
        with suppress(Elsewhere):
            self.ask("EXISTS", key)

    def ping(self) -> None:
        if self.ask("PING") != "PONG":
            raise BadAnswer("PING is answered by something else than PONG", target=self._target.id)

    def info(self, *section: str) -> dict[str, str]:
        """One section as text, or the usual ones. Older servers accept one at a time."""
        answer = self.ask("INFO", *section)
        if not isinstance(answer, str):
            raise BadAnswer("INFO is not answered by text", target=self._target.id)
        pairs = (line.partition(":") for line in answer.splitlines() if not line.startswith("#"))
        return {name: value for name, colon, value in pairs if colon}

    def certificate(self) -> dict[str, str]:
        sock = self.connection._sock
        if not hasattr(sock, "getpeercert"):
            return {}
        return {CERTIFICATE: hashlib.sha256(sock.getpeercert(True)).hexdigest()}

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        except (redis.RedisError, OSError, ValueError, RecursionError) as error:
            raise failed(error, what, self._target) from None


def words(need: Need) -> tuple[str, ...]:
    """The command that a need is about: its words, the key, and what follows the key."""
    return (*need.verb.split(), *filter(None, [need.name]), *need.on.split())


@contextmanager
def opened(
    target: Target, link: Link, number: int = 1, seconds: float = LONGEST, most: int = MOST
) -> Iterator[Session]:
    """A connection whose whole life is bounded by `seconds`, and what it receives by `most` bytes."""
    with watchdog(seconds) as dog:
        session = Session(_connection(target, link, seconds, most), link, target, number, dog)
        try:
            session.connect()
            yield session
        except (TimedOut, TooBig):
            raise
        except CollectionError:
            if dog.bitten:
                raise TimedOut("no answer in time", target=target.id) from None
            raise
        finally:
            session.connection.disconnect()


def _connection(target: Target, link: Link, seconds: float, most: int) -> Any:
    settings = target.settings
    password = settings.password.read() if settings.password else None
    link.secret(*filter(None, [password]))
    options: dict[str, Any] = {
        "host": settings.host if settings.host.isascii() else ascii_host(settings.host),
        "port": settings.port,
        "db": settings.database,
        "username": settings.username,
        "password": password,
        "socket_timeout": seconds,
        "socket_connect_timeout": min(5.0, seconds),
        "protocol": 2,
        "driver_info": None,  # no CLIENT SETINFO: the ACL does not allow it
        "decode_responses": True,
        "encoding_errors": "replace",
    }
    if not settings.tls:
        return _bounded(redis.connection.Connection, link, "", most)(**options)
    ca = str(settings.ca) if settings.ca else certifi.where()
    made = _bounded(redis.connection.SSLConnection, link, pin_of(target), most)
    return made(ssl_ca_certs=ca, ssl_check_hostname=True, **options)


def _bounded(base: Any, link: Link, pin: str, most: int) -> Any:
    """A connection that counts what it receives, and looks at the declared certificate before it sends the password."""

    class Bounded(base):  # type: ignore[misc]
        def _connect(self) -> Any:
            connected = super()._connect()
            if pin:
                try:
                    require(connected, pin)
                except CollectionError:
                    connected.close()
                    raise
                link.proven.add(CERTIFICATE)
            return _Counted(connected, Portion(link, most))

    return Bounded


class _Counted:
    """A socket whose received bytes count against the ask's budget before anybody keeps them."""

    def __init__(self, connected: Any, portion: Portion) -> None:
        self._connected = connected
        self._portion = portion

    def recv(self, size: int, *flags: int) -> bytes:
        data: bytes = self._connected.recv(size, *flags)
        self._portion.read(len(data))
        return data

    def recv_into(self, buffer: Any, *sizes: int) -> int:
        count: int = self._connected.recv_into(buffer, *sizes)
        self._portion.read(count)
        return count

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connected, name)


def identified(target: Target, link: Link) -> TargetReport:
    """Who a Redis server or a Sentinel is."""
    with opened(target, link, seconds=min(LONGEST, link.remaining())) as session:
        told = session.info("server")
        link.clock = info.clock(told) or link.clock
        identity = session.certificate()
    return TargetReport(
        target=target.id,
        kind=target.kind,
        role=target.role,
        identity=identity,
        declared=dict(target.identity),
        authenticated_as=target.settings.username or "default",
        version=cut(told.get("redis_version", ""), 64),
    )


def lacking(
    target: Target, needs: Sequence[Need], link: Link, fits: Callable[[dict[str, str]], None]
) -> list[Need]:
    """What the user may not do there. `fits` raises for what INFO tells of a server of another kind.

    Such a one does not know the commands, which is no refusal of them.
    """
    with opened(target, link, seconds=min(LONGEST, link.remaining())) as session:
        missing = [need for need in needs if not session.may(need)]
        with suppress(Forbidden):
            fits(session.info("server"))
        return missing
