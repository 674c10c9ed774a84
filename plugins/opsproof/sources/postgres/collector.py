"""Asks PostgreSQL in read-only transactions with a statement timeout, one session at a time."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from threading import Semaphore
from typing import Any

import certifi
import psycopg
from psycopg import pq

from opsproof.model.ask import Ask
from opsproof.model.failure import (
    BadAnswer,
    CollectionError,
    NotConfigured,
    TimedOut,
)
from opsproof.model.hosts import ascii_host
from opsproof.model.rights import Need
from opsproof.model.target import CERTIFICATE, Target, TargetReport
from opsproof.model.text import cut
from opsproof.sources.postgres.activity import Activity, ActivityOf
from opsproof.sources.postgres.configured import ConfiguredOf
from opsproof.sources.postgres.facts import (
    DatabaseProbes,
    DatabaseProbesOf,
    QueryProbe,
    RoleSessions,
    Sessions,
    SessionsOf,
)
from opsproof.sources.postgres.failure import TABLE, AtOwnLimit, Full, connecting
from opsproof.sources.postgres.indexes import IndexesOf
from opsproof.sources.postgres.queries import activity, configured, indexes, replication, statements, tables
from opsproof.sources.postgres.replication import ReplicationOf
from opsproof.sources.postgres.session import Session
from opsproof.sources.postgres.settings import ANY
from opsproof.sources.postgres.statements import StatementsOf
from opsproof.sources.postgres.tables import TableSizesOf, TablesOf
from opsproof.sources.postgres.tls import proven
from opsproof.sources.postgres.wire import ConnectFailed, OutOfTime, connected, dialled
from opsproof.transport.attempts import attempted, spaced
from opsproof.transport.link import Link
from opsproof.transport.portion import Portion
from opsproof.transport.relay import Relay, relayed
from opsproof.transport.secured import Secured
from opsproof.transport.watchdog import Watchdog, watchdog
from opsproof.transport.web_failure import translated

_LONGEST = 10.0
_PATIENCE, _PAUSE = 6, 0.5  # turns, seconds
_MOST = 4 * 2**20  # bytes of one session; a thousand limited roles are a tenth of it
_REQUIRES_AUTH = 160000
_PROBE = "SELECT 1, pg_is_in_recovery(), clock_timestamp()"
_SESSIONS = """
SELECT current_user::text, clock_timestamp(),
       pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'),
       count(*) FILTER (WHERE backend_type = 'client backend' AND application_name <> 'opsproof'),
       current_setting('max_connections')::int,
       current_setting('superuser_reserved_connections')::int
         + coalesce(current_setting('reserved_connections', true), '0')::int
FROM pg_stat_activity"""
_LIMITED_ROLES = """
SELECT r.rolname::text, count(a.pid), r.rolconnlimit
FROM pg_roles r LEFT JOIN pg_stat_activity a ON a.usesysid = r.oid AND a.backend_type = 'client backend'
WHERE r.rolconnlimit >= 0 AND r.rolcanlogin AND r.rolname <> current_user
GROUP BY r.rolname, r.rolconnlimit
ORDER BY count(a.pid)::float / greatest(r.rolconnlimit, 1) DESC, r.rolname LIMIT 1000"""
_WHO = "SELECT current_user::text, current_setting('server_version'), clock_timestamp()"
# Needs are ours, never a server's or a user's text.
_MAY = {
    "CONNECT": "SELECT has_database_privilege(current_database(), 'CONNECT')",
    "EXECUTE": "SELECT has_function_privilege('{on}', 'EXECUTE')",
    "USAGE": "SELECT pg_has_role(current_user, '{on}', 'USAGE')",
}
_IDENTITY = "SELECT system_identifier::text FROM pg_control_system()"
_ASKED: Mapping[type[Ask], Callable[[Session, Any], Any]] = {
    StatementsOf: statements.collected,
    TablesOf: tables.collected,
    TableSizesOf: tables.sizes,
    IndexesOf: indexes.collected,
    ConfiguredOf: configured.collected,
    ReplicationOf: replication.collected,
}


class PostgresCollector:
    """Opens a session for each probe or ask, and closes it: nothing is held between them."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._places = Semaphore(target.budget.in_flight)

    def collect(self, ask: Ask, link: Link) -> Any:
        with self._place(link):
            return self._collected(ask, link)

    def _collected(self, ask: Ask, link: Link) -> Any:
        if isinstance(ask, DatabaseProbesOf):
            turns = spaced(link, ask.probes, ask.spacing, longest=_LONGEST)
            probes = tuple(self._probe(link, number, within) for number, within in turns)
            return DatabaseProbes(role=ask.role, probes=probes, wanted=ask.probes)
        if isinstance(ask, SessionsOf):
            return self._sessions(ask, link)
        if isinstance(ask, ActivityOf):
            return self._activity(ask, link)
        if (collected := _ASKED.get(type(ask))) is not None:
            with self._session(link, "CONNECT", min(_LONGEST, link.remaining())) as session:
                return collected(session, ask)
        raise BadAnswer(f"PostgreSQL cannot answer {type(ask).__name__}", target=self.target.id)

    def identify(self, link: Link) -> TargetReport:
        found: dict[str, str] = {}
        with self._session(link, "CONNECT", min(_LONGEST, link.remaining()), proofs=found) as session:
            user, version, link.clock = session.row(_WHO, "SELECT version", tuple[str, str, datetime])
            try:
                found["system-identifier"] = session.row(_IDENTITY, "SELECT system_identifier", tuple[str])[0]
            except CollectionError:
                pass  # not every managed server grants it: the identity stays unverified
        return TargetReport(
            target=self.target.id,
            kind=self.target.kind,
            role=self.target.role,
            identity=found,
            declared=dict(self.target.identity),
            authenticated_as=cut(user),
            version=cut(version),
        )

    def lacks(self, needs: Sequence[Need], link: Link) -> list[Need]:
        """What the role may not do, by the server's own `has_..._privilege` and `pg_has_role`."""
        with self._session(link, "CONNECT", min(_LONGEST, link.remaining())) as session:
            return [need for need in needs if not _may(session, need)]

    def close(self) -> None:
        """Nothing stays open."""

    @contextmanager
    def _place(self, link: Link) -> Iterator[None]:
        """No more sessions at once than requests may be in flight: the role has a limit of its own."""
        if not self._places.acquire(timeout=link.remaining()):
            raise TimedOut("other asks took all the time", target=self.target.id, own=True)
        try:
            yield
        finally:
            self._places.release()

    def _probe(self, link: Link, number: int, within: float) -> QueryProbe:
        """At our own limit it is made again a little later: the waiting is no time of the server's."""
        probe, ours = self._probed(link, number, within)
        for _ in range(_PATIENCE):
            if not ours or link.left < within + _PAUSE:
                break
            link.pause(_PAUSE)
            probe, ours = self._probed(link, number, within)
        return probe

    def _probed(self, link: Link, number: int, within: float) -> tuple[QueryProbe, bool]:
        """A probe, and whether our own limit kept it out."""
        recovery = ours = False
        with attempted() as attempt:
            try:
                with self._connected_session(link, "CONNECT", within, number) as session:
                    _, recovery, link.clock = session.row(
                        _PROBE, "SELECT 1", tuple[int, bool, datetime], number
                    )
                    attempt.took()
            except AtOwnLimit:
                ours = True
                raise
        found = QueryProbe(
            at=attempt.at, seconds=attempt.seconds, failure=attempt.failure, in_recovery=recovery
        )
        return found, ours

    def _sessions(self, ask: SessionsOf, link: Link) -> Sessions:
        try:
            return self._counted(ask, link)
        except Full:
            user = self.target.settings.user
            return Sessions(
                role=ask.role, user=user, complete=True, full=True, used=0, max_connections=0, reserved=0
            )

    def _activity(self, ask: ActivityOf, link: Link) -> Activity:
        """As many samples as there is time for."""
        left = min(_LONGEST, link.remaining() - ask.spread)
        turns = range(ask.samples if left > ask.spacing else 1)
        with self._session(link, "CONNECT", min(link.remaining(), _LONGEST + ask.spread)) as session:
            return activity.collected(session, ask, turns)

    def _counted(self, ask: SessionsOf, link: Link) -> Sessions:
        with self._session(link, "CONNECT", min(_LONGEST, link.remaining())) as session:
            user, link.clock, complete, used, most, reserved = session.row(
                _SESSIONS, "SELECT sessions", tuple[str, datetime, bool, int, int, int]
            )
            roles = session.rows(_LIMITED_ROLES, "SELECT limited roles", tuple[str, int, int])
        return Sessions(
            role=ask.role,
            user=cut(user),
            complete=complete,
            used=used,
            max_connections=most,
            reserved=reserved,
            limited_roles=tuple(
                RoleSessions(name=cut(name), used=count, limit=limit) for name, count, limit in roles
            ),
        )

    @contextmanager
    def _session(
        self, link: Link, path: str, seconds: float, *, proofs: dict[str, str] | None = None
    ) -> Iterator[Session]:
        """As `_connected_session`; at our own limit it waits a little for other sessions of ours to end."""
        with ExitStack() as held:
            for turn in range(_PATIENCE + 1):
                try:
                    session = held.enter_context(
                        self._connected_session(link, path, seconds, turn + 1, proofs=proofs)
                    )
                    break
                except AtOwnLimit:
                    if turn == _PATIENCE or link.left < 2 * _PAUSE:
                        raise
                    link.pause(_PAUSE)
            yield session

    @contextmanager
    def _connected_session(
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


def _may(session: Session, need: Need) -> bool:
    statement = _MAY[need.verb].format(on=need.on)
    return session.row(statement, f"SELECT whether: {need}", tuple[bool])[0]
