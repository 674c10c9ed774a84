"""How long sessions have been at their query, or idle in an open transaction."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated

from opsproof import MEDIUM, AtMost, Count, Duration, Examination, Limits, Scoped, Undecided, check
from opsproof.examine.deciding import deciding
from opsproof.sources.postgres.activity import ACTIVE, IDLE, Activity, ActivityOf, Backend
from opsproof.sources.postgres.told import Postgres


class LongQueryLimits(Limits):
    """`query`: the longest that a query may run, `idle`: the longest without a statement in an open transaction.

    `active`: how many sessions may be active at once, in each of `samples`. VACUUM, ANALYZE, CLUSTER, index builds
    and the sessions of `background`, which are patterns of ROLE/APPLICATION, have the time that `maintenance` says.
    """

    query: AtMost[Duration] | None = None
    idle: AtMost[Duration] | None = None
    active: AtMost[Count] | None = None
    maintenance: AtMost[Duration] = AtMost.parse("24h", Duration)
    samples: Count = Count(3)
    spacing: Duration = Duration(1)
    background: Scoped[tuple[str, ...]] = ("*/pg_dump",)
    standby: Scoped[bool] = False


@check("database/long-queries", title="No session is at its work for too long", level=MEDIUM)
def check_long_queries(
    activity: Annotated[Activity, Postgres(ActivityOf, "samples", "spacing")],
    limits: LongQueryLimits,
    examine: Examination,
) -> None:
    """A query that never ends and a transaction left open hold locks, slots, and back VACUUM everywhere."""
    with deciding(examine, activity.subject):
        activity.require_complete()
        activity.require_primary(standby=limits.standby)
        _examine_count(activity, limits, examine)
        for backend in activity.backends:
            _examine_backend(backend, activity, limits, examine)
    counts = ", ".join(
        f"{count} {state or 'of no state'}" for state, count in sorted(activity.states.items())
    )
    examine.note(f"client sessions of the whole server: {counts or 'none but opsproof itself'}")


def _examine_count(activity: Activity, limits: LongQueryLimits, examine: Examination) -> None:
    """A burst is over in the next sample: the fewest of all samples count."""
    fewest = Count(min(activity.active)) if activity.active else None
    with examine(activity, measured=fewest, limit=limits.active) as it:
        if fewest is None:
            raise Undecided("no sample could be taken in time")
        if limits.active is not None:
            seen = ", ".join(map(str, activity.active))
            it.holds(limits.active, fewest, f"{fewest} sessions are active at least (samples: {seen})")


def _examine_backend(
    backend: Backend, activity: Activity, limits: LongQueryLimits, examine: Examination
) -> None:
    limit = limits.query if backend.state in ACTIVE else limits.idle if backend.state in IDLE else None
    if backend.state == "disabled":
        examine.unknown(backend, Undecided("track_activities is off for it: what it does is not told"))
    elif limit is not None:
        allowed = limits.maintenance if backend.doing or _background(backend, limits) else limit
        age = activity.age(backend.since)
        with examine(backend, measured=age, limit=allowed) as it:
            it.holds(allowed, age, f"{_told(backend)} for {age}")


def _background(backend: Backend, limits: LongQueryLimits) -> bool:
    return any(fnmatchcase(f"{backend.role}/{backend.application}", one) for one in limits.background)


def _told(backend: Backend) -> str:
    """Who does what: `role app (application web) is active, query id 42,`."""
    application = f" (application {backend.application})" if backend.application else ""
    doing = (
        f", {backend.doing},"
        if backend.doing
        else f", query id {backend.query_id},"
        if backend.query_id
        else ""
    )
    return f"role {backend.role}{application} is {backend.state}{doing}"
