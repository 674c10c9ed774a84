"""Sessions with a PostgreSQL server, or with what speaks its protocol: bounded in time, bytes and number."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Semaphore
from typing import Any

import certifi
import psycopg
from psycopg import pq

from opsproof.model.failure import CollectionError, NotConfigured, TimedOut
from opsproof.model.hosts import ascii_host
from opsproof.model.target import CERTIFICATE, Target
from opsproof.sources.postgres.failure import TABLE, AtOwnLimit, connecting
from opsproof.sources.postgres.session import Session
from opsproof.sources.postgres.settings import ANY
from opsproof.sources.postgres.tls import proven
from opsproof.sources.postgres.wire import ConnectFailed, OutOfTime, connected, dialled
from opsproof.transport.link import Link
from opsproof.transport.portion import Portion
from opsproof.transport.relay import Relay, relayed
from opsproof.transport.secured import Secured
from opsproof.transport.watchdog import Watchdog, watchdog
from opsproof.transport.web_failure import translated

PATIENCE, PAUSE = 6, 0.5  # turns, seconds
_MOST = 4 * 2**20  # bytes of one session; a thousand limited roles are a tenth of it
_REQUIRES_AUTH = 160000


class Connector:
    """Opens sessions with a target; none is held beyond its `with`."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._places = Semaphore(target.budget.in_flight)

    @contextmanager
    def place(self, link: Link) -> Iterator[None]:
        """No more sessions at once than requests may be in flight: the role has a limit of its own."""
        if not self._places.acquire(timeout=link.remaining()):
            raise TimedOut("other asks took all the time", target=self.target.id, own=True)
        try:
            yield
        finally:
            self._places.release()

    @contextmanager
    def session(
        self, link: Link, path: str, seconds: float, *, proofs: dict[str, str] | None = None
    ) -> Iterator[Session]:
        """As `connected`; at our own limit it waits a little for other sessions of ours to end."""
        with ExitStack() as held:
            for turn in range(PATIENCE + 1):
                try:
                    session = held.enter_context(self.connected(link, path, seconds, turn + 1, proofs=proofs))
                    break
                except AtOwnLimit:
                    if turn == PATIENCE or link.left < 2 * PAUSE:
                        raise
                    link.pause(PAUSE)
            yield session

    @contextmanager
    def connected(
        self, link: Link, path: str, seconds: float, attempt: int = 1, *, proofs: dict[str, str] | None = None
    ) -> Iterator[Session]:
        """A session whose whole life is bounded by `seconds`, and what it receives by the ask's budget.

        Where a certificate is declared, `proofs` gets the one that the session's own connection showed.
        """
        with watchdog(seconds) as dog, ExitStack() as held:
            with link.request("SQL", path, attempt=attempt) as entry:
                relay = held.enter_context(self._relayed(link, seconds, dog, proofs))
                connection = self._connected(link, seconds, relay, dog)
                held.callback(connection.close)
                entry.status = "ok"
            try:
                connection.read_only = True
                yield Session(connection, self.target, link)
            except CollectionError:
                self._raise_cause(relay, dog)
                raise

    @contextmanager
    def _relayed(
        self, link: Link, seconds: float, dog: Watchdog, proofs: dict[str, str] | None
    ) -> Iterator[Relay]:
        settings = self.target.settings
        host = settings.host if settings.host.startswith("/") else ascii_host(settings.host)
        server: socket.socket | Secured
        try:
            server = dialled(host, settings.port, seconds)
            if CERTIFICATE in self.target.identity:
                dog.watch(server.fileno())
                server.settimeout(seconds)
                server = proven(server, host, self.target, link, {} if proofs is None else proofs)
        except OSError as error:
            if dog.bitten:
                raise TimedOut("no answer in time", target=self.target.id) from None
            raise translated(error, self.target.id) from None
        with relayed(server, Portion(link, _MOST).read, dog) as relay:
            yield relay

    def _connected(self, link: Link, seconds: float, relay: Relay, dog: Watchdog) -> psycopg.Connection[Any]:
        try:
            return connected(self._parameters(link), seconds, relay)
        except ConnectFailed as error:
            self._raise_cause(relay, dog)
            raise connecting(error.text, self.target) from None
        except (OutOfTime, TimeoutError):
            # The server took the connection, as where the watchdog is the first to notice.
            raise TimedOut("no answer in time", target=self.target.id) from None
        except psycopg.Error as error:
            raise TABLE.failure(error, target=self.target.id) from None

    def _raise_cause(self, relay: Relay, dog: Watchdog) -> None:
        """What cut the session off from our side, where something did."""
        if relay.failure is not None:
            raise relay.failure from None
        if dog.bitten:
            raise TimedOut("no answer in time", target=self.target.id) from None

    def _parameters(self, link: Link) -> dict[str, Any]:
        """Everything is said, so that no PG* variable, service or password file of the shell counts."""
        settings = self.target.settings
        local = settings.host.startswith("/")
        password = settings.password.read() if settings.password else ""
        if password:
            link.secret(password)
        if settings.accepted != ANY and pq.version() < _REQUIRES_AUTH:
            raise NotConfigured(
                "this libpq cannot hold a server to SCRAM: pip install 'opsproof[postgres]', or use sslmode verify-full",
                target=self.target.id,
            )
        return {
            "host": "localhost" if local else ascii_host(settings.host),
            "dbname": settings.database,
            "user": settings.user,
            "password": password,
            "passfile": "/nonexistent/pgpass",
            # Where a certificate is declared, TLS lies below the relay.
            "sslmode": "disable" if local or CERTIFICATE in self.target.identity else settings.sslmode,
            "sslrootcert": str(settings.ca) if settings.ca else certifi.where() if settings.verified else "",
            "sslcert": "",
            "sslkey": "",
            "gssencmode": "disable",
            "target_session_attrs": "any",
            "options": "",
            "application_name": "opsproof",
            **({"require_auth": settings.accepted} if pq.version() >= _REQUIRES_AUTH else {}),
        }
