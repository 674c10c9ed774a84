"""How full a database's sessions are."""

from __future__ import annotations

from typing import Annotated

from opsproof import (
    HIGH,
    AtLeast,
    AtMost,
    Duration,
    Examination,
    Limits,
    Percent,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside, known
from opsproof.model.failure import Failure, Forbidden
from opsproof.sources.postgres.facts import PostgresSessions, RoleSessions, Sessions
from opsproof.sources.prometheus.facts import PromQL, Recorded, Recording, Samples
from opsproof.sources.prometheus.growth import folded
from opsproof.sources.prometheus.known import Known, Matched
from opsproof.sources.prometheus.reading.course import recorded

# pg_stat_database_numbackends is per database, and the slots are the server's.
_BACKENDS = folded("${pg_backends}")
_SHARE = f"sum({_BACKENDS}) / max(${{pg_max_connections}})"


class ConnectionLimits(Limits):
    live: Scoped[bool] = True
    highest: AtMost[Percent]
    window: Duration = Duration(300)
    resolution: Duration = Duration(60)
    coverage: AtLeast[Percent] = AtLeast.parse("90%", Percent)


_PEAK = f"max_over_time(({_SHARE})[${{window}}:${{resolution}}])"
_COUNT = f"count_over_time(({_SHARE})[${{window}}:${{resolution}}])"


@check("database/connections", title="Database sessions stay below the limit", level=HIGH)
def check_connections(
    sessions: Annotated[Sessions | Failure | None, Beside(PostgresSessions(), when="live")],
    peak: Annotated[Samples | Failure, Beside(PromQL(_PEAK, over=""))],
    counted: Annotated[Samples | Failure, Beside(PromQL(_COUNT, over=""))],
    current: Annotated[Samples | Failure, Beside(PromQL(_SHARE, over=""))],
    recording: Annotated[Recording | Failure, Beside(Recorded("${pg_backends}"))],
    backends: Annotated[Known | Failure, Beside(Matched("${pg_backends}"))],
    slots: Annotated[Known | Failure, Beside(Matched("${pg_max_connections}"))],
    limits: ConnectionLimits,
    examine: Examination,
) -> None:
    """A server without a free slot refuses every new session, the one that would repair it, too."""
    if isinstance(sessions, Failure):
        examine.unknown(Subject("source", "sessions"), sessions)
    elif sessions is not None:
        examine_sessions(sessions, limits, examine)
    history = {"peak": peak, "counted": counted, "current": current, "recording": recording}
    for name, found in history.items():
        if isinstance(found, Failure):
            # One answer for all of them: they come from the same server.
            examine.unknown(Subject("source", name), found)
            return
    never = [one.unmatched for one in (backends, slots) if isinstance(one, Known) and not one.ever]
    if never:
        examine.unknown(Subject("metric", "pg_backends / pg_max_connections"), Undecided("; ".join(never)))
        return
    examine_history(known(peak), known(counted), known(current), known(recording), limits, examine)


def examine_sessions(sessions: Sessions, limits: ConnectionLimits, examine: Examination) -> None:
    """The server as a whole, and each role that has a limit of its own."""
    if not sessions.complete:
        missing = Forbidden(
            f"GRANT pg_read_all_stats TO {sessions.user} is missing: other sessions are hidden"
        )
        examine.unknown(sessions.subject, missing)
        return
    if sessions.full:
        with examine(sessions, measured=Percent(1), limit=limits.highest):
            raise AssertionError("the server refuses new sessions: no slot is left")
        return
    used = Percent(sessions.used / sessions.available) if sessions.available > 0 else None
    with examine(sessions, measured=used, limit=limits.highest) as it:
        if used is None:
            raise Undecided("every slot is reserved; there is nothing to divide by")
        taken = (
            f"{sessions.used} of {sessions.available} sessions are taken, {sessions.reserved} more reserved"
        )
        it.holds(limits.highest, used, taken)
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
    with examine(subject) as it:
        it.holds(limits.highest, used, f"{role.used} of the role's {role.limit} sessions are taken")


def examine_history(
    peak: Samples, counted: Samples, current: Samples, recording: Recording, limits: ConnectionLimits,
    examine: Examination,
) -> None:  # fmt: skip
    """The highest share in the window: all databases together, since the slots are the server's."""
    subject = Subject("metric", "pg_backends / pg_max_connections")
    try:
        share = _share(peak, counted, current, recording, limits)
    except Undecided as reason:
        examine.unknown(subject, reason)
        return
    with examine(subject) as it:
        it.holds(limits.highest, share, f"the highest share within {limits.window} is {share}")
        # Each count above looks back some minutes, and so across a short gap.
        recorded(recording)


def _share(
    peak: Samples, counted: Samples, current: Samples, recording: Recording, limits: ConnectionLimits
) -> Percent:
    """The peak, where the recording is whole enough to tell it."""
    highest, count = peak.single(), counted.single()
    if highest is None or count is None or current.single() is None:
        raise Undecided(
            "no data: pg_backends or pg_max_connections has no samples now, or none in the window"
        )
    covered = Percent(min(1.0, count * limits.resolution / limits.window))
    if not limits.coverage.allows(covered):
        why = f"{recording.too_short}: " if recording.too_short else ""
        raise Undecided(f"{why}only {covered} of {limits.window} is recorded; needed {limits.coverage}")
    return Percent(highest)
