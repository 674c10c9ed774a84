"""Asks PostgreSQL in read-only transactions with a statement timeout, one session at a time."""

from __future__ import annotations

import socket
import ssl
import struct
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import certifi

from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, CollectionError, NotConfigured, TimedOut, TlsFailed
from opsproof.model.rights import Need
from opsproof.model.target import CERTIFICATE, Target, TargetReport
from opsproof.sources.postgres.facts import (
    DatabaseProbes,
    DatabaseProbesOf,
    QueryProbe,
    RoleSessions,
    Sessions,
    SessionsOf,
)
from opsproof.sources.postgres.failure import Full, connecting, querying
from opsproof.transport import certificate
from opsproof.transport.attempts import spaced
from opsproof.transport.link import Link
from opsproof.transport.watchdog import watchdog

if TYPE_CHECKING:
    import psycopg

_LONGEST = 10.0
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
GROUP BY r.rolname, r.rolconnlimit ORDER BY r.rolname"""
_WHO = "SELECT current_user::text, current_setting('server_version'), clock_timestamp()"
# Needs are ours, never a server's or a user's text.
_MAY = {
    "CONNECT": "SELECT has_database_privilege(current_database(), 'CONNECT')",
    "EXECUTE": "SELECT has_function_privilege('{on}', 'EXECUTE')",
    "USAGE": "SELECT pg_has_role(current_user, '{on}', 'USAGE')",
}
_TLS_REQUEST = struct.pack("!ii", 8, 80877103)
_IDENTITY = "SELECT system_identifier::text FROM pg_control_system()"


class PostgresCollector:
    """Opens a session for each probe or ask, and closes it: nothing is held between them."""

    def __init__(self, target: Target) -> None:
        self.target = target
        try:
            import psycopg
        except ImportError:
            raise NotConfigured(
                "PostgreSQL needs an optional package: pip install 'opsproof[postgres]'", target=target.id
            ) from None
        self._psycopg = psycopg

    def collect(self, ask: Ask, link: Link) -> DatabaseProbes | Sessions:
        if isinstance(ask, DatabaseProbesOf):
            turns = spaced(link, ask.probes, ask.spacing, longest=_LONGEST)
            probes = tuple(self._probe(link, number, within) for number, within in turns)
            return DatabaseProbes(role=ask.role, probes=probes, wanted=ask.probes)
        if isinstance(ask, SessionsOf):
            return self._sessions(ask, link)
        raise BadAnswer(f"PostgreSQL cannot answer {type(ask).__name__}", target=self.target.id)

    def identify(self, link: Link) -> TargetReport:
        with self._session(link, "CONNECT", min(_LONGEST, link.remaining())) as session:
            user, version, link.clock = self._row(session, link, _WHO, "SELECT version", 3)
            try:
                found = {
                    "system-identifier": self._row(session, link, _IDENTITY, "SELECT system_identifier", 1)[0]
                }
            except CollectionError:
                found = {}  # not every managed server grants it: the identity stays unverified
        if CERTIFICATE in self.target.identity:
            found[CERTIFICATE] = self._certificate(link)
        return TargetReport(
            target=self.target.id,
            kind=self.target.kind,
            role=self.target.role,
            identity=found,
            declared=dict(self.target.identity),
            authenticated_as=user,
            version=version,
        )

    def lacks(self, needs: Sequence[Need], link: Link) -> list[Need]:
        """What the role may not do, by the server's own `has_..._privilege` and `pg_has_role`."""
        with self._session(link, "CONNECT", min(_LONGEST, link.remaining())) as session:
            return [need for need in needs if not self._may(session, need, link)]

    def _may(self, session: Any, need: Need, link: Link) -> bool:
        row = self._row(session, link, _MAY[need.verb].format(on=need.on), f"SELECT whether: {need}", 1)
        return row[0] is True

    def close(self) -> None:
        """Nothing stays open."""

    def _certificate(self, link: Link) -> str:
        """psycopg does not tell it: a connection of its own goes as far as TLS, as strict as `sslmode`."""
        settings = self.target.settings
        context = ssl.create_default_context(cafile=str(settings.ca or certifi.where()))
        context.check_hostname = settings.sslmode == "verify-full"
        if settings.sslmode not in {"verify-ca", "verify-full"}:
            context.verify_mode = ssl.CERT_NONE
        return certificate.shown_by(settings.host, settings.port, link, context, begin=self._begin_tls)

    def _begin_tls(self, connection: socket.socket) -> None:
        connection.sendall(_TLS_REQUEST)
        if connection.recv(1) != b"S":
            raise TlsFailed("the server offers no TLS", target=self.target.id)

    def _probe(self, link: Link, number: int, within: float) -> QueryProbe:
        at, began = datetime.now(timezone.utc), time.monotonic()
        try:
            with self._session(link, "CONNECT", within, attempt=number) as session:
                _, recovery, link.clock = self._row(session, link, _PROBE, "SELECT 1", 3, attempt=number)
        except CollectionError as error:
            return QueryProbe(
                at=at,
                seconds=round(time.monotonic() - began, 4),
                failure=error.as_failure(),
            )
        return QueryProbe(at=at, seconds=round(time.monotonic() - began, 4), in_recovery=recovery)

    def _sessions(self, ask: SessionsOf, link: Link) -> Sessions:
        try:
            return self._counted(ask, link)
        except Full:
            user = self.target.settings.user
            return Sessions(
                role=ask.role, user=user, complete=True, full=True, used=0, max_connections=0, reserved=0
            )

    def _counted(self, ask: SessionsOf, link: Link) -> Sessions:
        with self._session(link, "CONNECT", min(_LONGEST, link.remaining())) as session:
            user, link.clock, complete, used, most, reserved = self._row(
                session, link, _SESSIONS, "SELECT sessions", 6
            )
            roles = self._rows(session, link, _LIMITED_ROLES, "SELECT limited roles")
        return Sessions(
            role=ask.role,
            user=user,
            complete=complete,
            used=used,
            max_connections=most,
            reserved=reserved,
            limited_roles=tuple(
                RoleSessions(name=name, used=count, limit=limit) for name, count, limit in roles
            ),
        )

    @contextmanager
    def _session(
        self, link: Link, path: str, seconds: float, attempt: int = 1
    ) -> Iterator[psycopg.Connection[Any]]:
        """A session whose whole life is bounded by `seconds`."""
        password = self.target.settings.password
        link.secret(*([password.read()] if password else ()))
        with watchdog(seconds) as dog:
            with link.request("SQL", path, attempt=attempt):
                session = self._connected(seconds)
            try:
                dog.watch(session.fileno())
                session.read_only = True
                yield session
            except TimedOut:
                raise
            except CollectionError:
                if dog.bitten:
                    raise TimedOut("no answer in time", target=self.target.id) from None
                raise
            finally:
                session.close()

    def _connected(self, seconds: float) -> psycopg.Connection[Any]:
        try:
            return self._psycopg.connect(**self._parameters(seconds))
        except self._psycopg.Error as error:
            failure = connecting(error, self.target)
            traceback.clear_frames(error.__traceback__)  # psycopg leaves the socket of a timeout in there
            raise failure from None

    def _parameters(self, seconds: float) -> dict[str, Any]:
        """Everything is said, so that no PG* variable, service or password file of the shell counts."""
        settings = self.target.settings
        verified = settings.sslmode in {"verify-ca", "verify-full"}
        return {
            "host": settings.host,
            "hostaddr": "",
            "port": settings.port,
            "dbname": settings.database,
            "user": settings.user,
            "password": settings.password.read() if settings.password else "",
            "passfile": "/nonexistent/pgpass",
            "sslmode": settings.sslmode,
            "sslrootcert": str(settings.ca) if settings.ca else certifi.where() if verified else "",
            "sslcert": "",
            "sslkey": "",
            "gssencmode": "disable",
            "target_session_attrs": "any",
            "options": "",
            "application_name": "opsproof",
            "connect_timeout": max(2, round(seconds)),
        }

    def _row(
        self, session: Any, link: Link, statement: str, path: str, columns: int, attempt: int = 1
    ) -> tuple[Any, ...]:
        rows = self._rows(session, link, statement, path, attempt)
        if len(rows) != 1 or len(rows[0]) != columns:
            raise BadAnswer(f"{path} gave {len(rows)} rows, not one of {columns}", target=self.target.id)
        return rows[0]

    def _rows(
        self, session: Any, link: Link, statement: str, path: str, attempt: int = 1
    ) -> list[tuple[Any, ...]]:
        with link.request("SQL", path, attempt=attempt) as entry:
            try:
                with session.transaction(), session.cursor() as cursor:
                    cursor.execute(f"SET LOCAL statement_timeout = {round(link.remaining() * 1000)}")
                    rows: list[tuple[Any, ...]] = cursor.execute(statement).fetchall()
            except self._psycopg.Error as error:
                raise querying(error, path, self.target) from None
            except (ValueError, ArithmeticError):
                raise BadAnswer(f"{path}: a value of another type", target=self.target.id) from None
            entry.status = "ok"
            return rows
