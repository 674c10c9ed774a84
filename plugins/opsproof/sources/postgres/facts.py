"""What a PostgreSQL server says of itself: probes, sessions, limits. No SQL text, no data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure
from opsproof.model.rights import Need
from opsproof.model.subject import Subject


class QueryProbe(msgspec.Struct, frozen=True, kw_only=True):
    """One new session with one `SELECT 1`, connecting included in `seconds`."""

    at: datetime
    seconds: float
    failure: Failure | None = None
    in_recovery: bool = False


class DatabaseProbes(msgspec.Struct, frozen=True, kw_only=True):
    """The probes of one database, in order. Fewer than asked for when time ran out."""

    role: str
    probes: tuple[QueryProbe, ...]
    wanted: int = 1

    @property
    def subject(self) -> Subject:
        return Subject("database", self.role)


class DatabaseProbesOf(Ask, frozen=True, kw_only=True, tag="postgres/probes"):
    """`SELECT 1` in a session of its own, `probes` times, `spacing` seconds apart."""

    role: str
    probes: int = 3
    spacing: float = 1.0
    probing: ClassVar[bool] = True
    needs: ClassVar[tuple[Need, ...]] = (Need("CONNECT"),)
    answer: ClassVar[Any] = DatabaseProbes


class RoleSessions(msgspec.Struct, frozen=True, kw_only=True):
    """The sessions of a role that has a connection limit."""

    name: str
    used: int
    limit: int


class Sessions(msgspec.Struct, frozen=True, kw_only=True):
    """Client sessions of the whole server, without opsproof's own, against what it lets in.

    `full`: no session could be had to count them, for the server had no slot left.
    `complete` is False for a role that may not see the sessions of others: the count is then too low.
    """

    role: str
    user: str
    complete: bool
    full: bool = False
    used: int
    max_connections: int
    reserved: int
    limited_roles: tuple[RoleSessions, ...] = ()

    @property
    def subject(self) -> Subject:
        return Subject("database", self.role)

    @property
    def available(self) -> int:
        """Sessions that ordinary roles can have."""
        return self.max_connections - self.reserved


class SessionsOf(Ask, frozen=True, kw_only=True, tag="postgres/sessions"):
    """Counts from pg_stat_activity, and the limits from pg_settings and pg_roles."""

    role: str
    probing: ClassVar[bool] = True  # a full server is a fact about its sessions
    needs: ClassVar[tuple[Need, ...]] = (Need("CONNECT"), Need("USAGE", "pg_read_all_stats"))
    answer: ClassVar[Any] = Sessions


class PostgresProbes(msgspec.Struct, frozen=True):
    """Source: the `DatabaseProbes` of the row's target of kind postgres; None while the field `unless` is true."""

    unless: str = ""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        limits: Any = context.limits
        if self.unless and getattr(limits, self.unless):
            return ()
        target = context.target("postgres")
        return (
            DatabaseProbesOf(
                target=target.id,
                role=target.role,
                probes=int(limits.probes),
                spacing=float(limits.spacing),
            ),
        )

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> DatabaseProbes | None:
        return answers[0].value() if answers else None


class PostgresSessions(msgspec.Struct, frozen=True):
    """Source: the `Sessions` of the row's target of kind postgres."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        target = context.target("postgres")
        return (SessionsOf(target=target.id, role=target.role),)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Sessions:
        found: Sessions = answers[0].value()
        return found
