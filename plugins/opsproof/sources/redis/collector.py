"""Asks Redis with PING, INFO and EXISTS: what its rights allow, and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from typing import Any

import certifi
import redis.connection
import redis.exceptions

from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, CollectionError, Forbidden, NotConfigured, TimedOut, TooBig
from opsproof.model.hosts import ascii_host
from opsproof.model.rights import Need
from opsproof.model.target import CERTIFICATE, Target, TargetReport
from opsproof.model.text import cut
from opsproof.sources.redis.facts import (
    PROBED,
    CacheMemory,
    CacheMemoryOf,
    CacheProbe,
    CacheProbes,
    CacheProbesOf,
    MemorySample,
)
from opsproof.sources.redis.failure import Refused, failed
from opsproof.transport.attempts import attempted, spaced
from opsproof.transport.link import Link
from opsproof.transport.pin import pin_of, require
from opsproof.transport.portion import Portion
from opsproof.transport.watchdog import Watchdog, watchdog

_LONGEST = 10.0
_MOST = 2**20  # bytes of one connection; what INFO tells is a hundredth of it
_SECTIONS = ("server", "replication")


class RedisCollector:
    """Opens a connection for each probe or ask, and closes it: nothing is held between them."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def collect(self, ask: Ask, link: Link) -> CacheProbes | CacheMemory:
        if isinstance(ask, CacheProbesOf):
            turns = spaced(link, ask.probes, ask.spacing, longest=_LONGEST)
            probes = tuple(self._probe(link, number, within) for number, within in turns)
            return CacheProbes(role=ask.role, probes=probes, wanted=ask.probes)
        if isinstance(ask, CacheMemoryOf):
            turns = spaced(link, ask.samples, ask.spacing, longest=_LONGEST)
            samples = tuple(self._memory(link, number, within) for number, within in turns)
            return CacheMemory(role=ask.role, samples=samples)
        raise BadAnswer(f"Redis cannot answer {type(ask).__name__}", target=self.target.id)

    def identify(self, link: Link) -> TargetReport:
        with self._session(link, 1, min(_LONGEST, link.remaining())) as session:
            info = session.info("server")
            link.clock = clock(info) or link.clock
            identity = session.certificate()
        return TargetReport(
            target=self.target.id,
            kind=self.target.kind,
            role=self.target.role,
            identity=identity,
            declared=dict(self.target.identity),
            authenticated_as=self.target.settings.username or "default",
            version=cut(info.get("redis_version", ""), 64),
        )

    def lacks(self, needs: Sequence[Need], link: Link) -> list[Need]:
        """What the user may not do: by ACL DRYRUN where it may ask that, else by doing it; it only reads."""
        with self._session(link, 1, min(_LONGEST, link.remaining())) as session:
            return [need for need in needs if not session.may(need)]

    def close(self) -> None:
        """Nothing stays open."""

    def _probe(self, link: Link, number: int, within: float) -> CacheProbe:
        step, info = "connect", dict[str, str]()
        with attempted() as attempt, self._session(link, number, within) as session:
            step = "PING"
            session.ping()
            attempt.took()
            step = "INFO"
            for section in _SECTIONS:
                info |= session.info(section)
                self._refuse_sentinel(info)
            link.clock = clock(info) or link.clock
            step = "EXISTS"
            session.reads(PROBED)
        step = step if attempt.failure else ""
        return CacheProbe(
            at=attempt.at, seconds=attempt.seconds, step=step, failure=attempt.failure, **_state(info)
        )

    def _memory(self, link: Link, number: int, within: float) -> MemorySample:
        with self._session(link, number, within) as session:
            info = session.info("memory")
            if not info:
                self._refuse_sentinel(session.info("server"))
        try:
            return MemorySample(
                at=datetime.now(timezone.utc),
                used=int(info["used_memory"]),
                limit=int(info["maxmemory"]),
                policy=cut(info.get("maxmemory_policy", ""), 32),
            )
        except (KeyError, ValueError):
            raise BadAnswer("INFO memory holds no used_memory and maxmemory", target=self.target.id) from None

    def _refuse_sentinel(self, info: dict[str, str]) -> None:
        if info.get("redis_mode") == "sentinel":
            raise NotConfigured(
                "a Sentinel answers there, which holds no data: name a Redis server itself",
                target=self.target.id,
            )

    @contextmanager
    def _session(self, link: Link, number: int, seconds: float) -> Iterator[_Session]:
        """A connection whose whole life is bounded by `seconds`."""
        with watchdog(seconds) as dog:
            session = _Session(self._connection(link, seconds), link, self.target, number, dog)
            try:
                session.connect()
                yield session
            except (TimedOut, TooBig):
                raise
            except CollectionError:
                if dog.bitten:
                    raise TimedOut("no answer in time", target=self.target.id) from None
                raise
            finally:
                session.connection.disconnect()

    def _connection(self, link: Link, seconds: float) -> Any:
        settings = self.target.settings
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
            return _bounded(redis.connection.Connection, link, "")(**options)
        ca = str(settings.ca) if settings.ca else certifi.where()
        made = _bounded(redis.connection.SSLConnection, link, pin_of(self.target))
        return made(ssl_ca_certs=ca, ssl_check_hostname=True, **options)


def _bounded(base: Any, link: Link, pin: str) -> Any:
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
            return _Counted(connected, Portion(link, _MOST))

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


class _Elsewhere(Exception):
    """Another node of the cluster has the key (MOVED, ASK)."""


class _Session:
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

    def ask(self, *command: str) -> Any:
        name = " ".join(command)
        with self._link.request("REDIS", name, attempt=self._number) as entry, self._translated(name):
            self.connection.send_command(*command)
            try:
                answer = self.connection.read_response()
            except (redis.exceptions.MovedError, redis.exceptions.AskError):
                entry.status = "elsewhere"
                raise _Elsewhere from None
            entry.status = "ok"
            entry.bytes = len(answer) if isinstance(answer, str) else 0
            return answer

    def may(self, need: Need) -> bool:
        words = (need.verb, need.name) if need.name else (need.verb,)
        user = self._target.settings.username or "default"
        try:
            return bool(self.ask("ACL", "DRYRUN", user, *words) == "OK")
        except (Forbidden, Refused):
            pass  # an older server, or a user that may not ask it
        try:
            self.ask(*words)
        except Forbidden:
            return False
        return True

    def reads(self, key: str) -> None:
        """Read a key. A node of a cluster that says where it is has answered: the key is another node's."""
        with suppress(_Elsewhere):
            self.ask("EXISTS", key)

    def ping(self) -> None:
        if self.ask("PING") != "PONG":
            raise BadAnswer("PING is answered by something else than PONG", target=self._target.id)

    def info(self, section: str) -> dict[str, str]:
        """One section, as text. Older servers accept one at a time."""
        answer = self.ask("INFO", section)
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


def clock(info: dict[str, str]) -> datetime | None:
    """The server's clock from INFO server, in UTC."""
    text = info.get("server_time_usec", "")
    return (
        datetime.fromtimestamp(int(text) / 1e6, timezone.utc) if text.isdigit() and len(text) < 18 else None
    )


def _state(info: dict[str, str]) -> dict[str, Any]:
    """Allow-listed words only: what INFO says is the server's text."""
    role, link = info.get("role", ""), info.get("master_link_status", "")
    return {
        "role": role if role in {"master", "slave", "sentinel"} else "",
        "loading": info.get("loading", "0") != "0",
        "master_link": link if link in {"up", "down"} else "",
    }
