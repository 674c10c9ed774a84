"""How full a database's sessions are."""

from __future__ import annotations

from typing import Annotated

from opsproof import HIGH, AtMost, Duration, Examination, Limits, Percent, Scoped, Subject, Undecided, check
from opsproof.facts.postgres import PostgresSessions, RoleSessions, Sessions
from opsproof.facts.prometheus import PromQL, Samples, number
from opsproof.model.failure import Forbidden


class ConnectionLimits(Limits):
    target: Scoped[str] = "postgres"
    live: Scoped[bool] = True
    highest: AtMost[Percent]
    window: Duration = Duration(300)


@check("database/connections", title="Database sessions stay below the limit", level=HIGH)
def check_connections(
    sessions: Annotated[Sessions | None, PostgresSessions(when="live")],
    backends: Annotated[Samples, PromQL("sum(${pg_backends})", over="window")],
    maximum: Annotated[Samples, PromQL("max(${pg_max_connections})", over="window")],
    limits: ConnectionLimits,
    examine: Examination,
) -> None:
    """A server without a free slot refuses every new session, the one that would repair it, too."""
    if sessions is not None:
        examine_sessions(sessions, limits, examine)
    examine_peak(backends, maximum, limits, examine)


def examine_sessions(sessions: Sessions, limits: ConnectionLimits, examine: Examination) -> None:
    """The server as a whole, and each role that has a limit of its own."""
    if not sessions.complete:
        missing = Forbidden(
            f"GRANT pg_read_all_stats TO {sessions.user} is missing: other sessions are hidden"
        )
        examine.unknown(sessions.subject, missing)
        return
    used = Percent(sessions.used / sessions.available) if sessions.available > 0 else None
    with examine(sessions, measured=used, limit=limits.highest):
        if used is None:
            raise Undecided("every slot is reserved; there is nothing to divide by")
        assert limits.highest.allows(used), (
            f"{sessions.used} of {sessions.available} sessions are taken ({sessions.reserved} more are reserved)"
        )
    for role in sessions.limited_roles:
        examine_role(role, sessions, limits, examine)


def examine_role(
    role: RoleSessions, sessions: Sessions, limits: ConnectionLimits, examine: Examination
) -> None:
    """A role at its CONNECTION LIMIT is locked out however empty the server is."""
    subject = Subject("database role", role.name, namespace=sessions.role)
    if role.limit == 0:
        examine.exclude(subject, "its connection limit is 0: it is not meant to connect")
        return
    used = Percent(role.used / role.limit)
    with examine(subject, measured=used, limit=limits.highest):
        assert limits.highest.allows(used), f"{role.used} of the role's {role.limit} sessions are taken"


def examine_peak(backends: Samples, maximum: Samples, limits: ConnectionLimits, examine: Examination) -> None:
    """The highest share in the window: all databases together, since the slots are the server's."""
    subject = Subject("metric", "database sessions", key="pg_backends")
    try:
        peak, at = _peak(backends, maximum)
    except Undecided as reason:
        examine.unknown(subject, reason)
        return
    with examine(subject, measured=peak, limit=limits.highest):
        assert limits.highest.allows(peak), f"peak of {peak} within {limits.window}, at {at}"


def _peak(backends: Samples, maximum: Samples) -> tuple[Percent, str]:
    used, most = backends.only(), maximum.only()
    if used is None or most is None:
        raise Undecided(
            f"no data for {'pg_backends' if used is None else 'pg_max_connections'} in the window"
        )
    if not backends.current(used):
        raise Undecided("the series of pg_backends ended within the window")
    slots = {point.time: number(point.value) for point in most.points}
    shares = [
        (number(point.value) / slots[point.time], point.moment)
        for point in used.points
        if slots.get(point.time, 0) > 0
    ]
    if not shares:
        raise Undecided("pg_max_connections is never above zero where pg_backends has samples")
    peak, moment = max(shares)
    return Percent(peak), f"{moment:%Y-%m-%d %H:%M:%S} UTC"
