"""Asks PostgreSQL in read-only transactions with a statement timeout, one session at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, CollectionError
from opsproof.model.rights import Need
from opsproof.model.target import Target, TargetReport
from opsproof.model.text import cut
from opsproof.sources.postgres.activity import Activity, ActivityOf
from opsproof.sources.postgres.configured import ConfiguredOf
from opsproof.sources.postgres.connector import PATIENCE, PAUSE, Connector
from opsproof.sources.postgres.facts import (
    DatabaseProbes,
    DatabaseProbesOf,
    QueryProbe,
    RoleSessions,
    Sessions,
    SessionsOf,
)
from opsproof.sources.postgres.failure import AtOwnLimit, Full
from opsproof.sources.postgres.indexes import IndexesOf
from opsproof.sources.postgres.queries import activity, configured, indexes, replication, statements, tables
from opsproof.sources.postgres.replication import ReplicationOf
from opsproof.sources.postgres.session import Session
from opsproof.sources.postgres.statements import StatementsOf
from opsproof.sources.postgres.tables import TableSizesOf, TablesOf
from opsproof.transport.attempts import attempted, spaced
from opsproof.transport.link import Link

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
GROUP BY r.rolname, r.rolconnlimit
ORDER BY count(a.pid)::float / greatest(r.rolconnlimit, 1) DESC, r.rolname LIMIT 1000"""
_WHO = "SELECT current_user::text, current_setting('server_version'), clock_timestamp()"
# Needs are ours, never a server's or a user's text.
_MAY = {
    "CONNECT": "SELECT has_database_privilege(current_database(), 'CONNECT')",
    "EXECUTE": "SELECT has_function_privilege('{on}', 'EXECUTE')",
    "USAGE": "SELECT pg_has_role(current_user, '{on}', 'USAGE')",
    # Of an extension that is not there nothing is missing: the check says what to do.
    "USAGE ON THE SCHEMA OF": """SELECT coalesce(bool_and(has_schema_privilege(extnamespace, 'USAGE')), true)
FROM pg_extension WHERE extname = '{on}'""",
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
        self.connector = Connector(target)

    def collect(self, ask: Ask, link: Link) -> Any:
        with self.connector.place(link):
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
            with self.connector.session(link, "CONNECT", min(_LONGEST, link.remaining())) as session:
                return collected(session, ask)
        raise BadAnswer(f"PostgreSQL cannot answer {type(ask).__name__}", target=self.target.id)

    def identify(self, link: Link) -> TargetReport:
        found: dict[str, str] = {}
        with self.connector.session(
            link, "CONNECT", min(_LONGEST, link.remaining()), proofs=found
        ) as session:
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
        with self.connector.session(link, "CONNECT", min(_LONGEST, link.remaining())) as session:
            return [need for need in needs if not _may(session, need)]

    def close(self) -> None:
        """Nothing stays open."""

    def _probe(self, link: Link, number: int, within: float) -> QueryProbe:
        """At our own limit it is made again a little later: the waiting is no time of the server's."""
        probe, ours = self._probed(link, number, within)
        for _ in range(PATIENCE):
            if not ours or link.left < within + PAUSE:
                break
            link.pause(PAUSE)
            probe, ours = self._probed(link, number, within)
        return probe

    def _probed(self, link: Link, number: int, within: float) -> tuple[QueryProbe, bool]:
        """A probe, and whether our own limit kept it out."""
        recovery = ours = False
        with attempted(link) as attempt:
            try:
                with self.connector.connected(link, "CONNECT", within, number) as session:
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
        with self.connector.session(link, "CONNECT", min(link.remaining(), _LONGEST + ask.spread)) as session:
            return activity.collected(session, ask, turns)

    def _counted(self, ask: SessionsOf, link: Link) -> Sessions:
        with self.connector.session(link, "CONNECT", min(_LONGEST, link.remaining())) as session:
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


def _may(session: Session, need: Need) -> bool:
    statement = _MAY[need.verb].format(on=need.on)
    return session.row(statement, f"SELECT whether: {need}", tuple[bool])[0]
