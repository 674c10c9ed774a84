"""pg_stat_activity."""

from __future__ import annotations

from opsproof.model.text import cut
from opsproof.sources.postgres.activity import ACTIVE, Activity, ActivityOf, Backend
from opsproof.sources.postgres.queries.opening import opened
from opsproof.sources.postgres.session import Session

# Other asks of this run have sessions, too: they are told by role and name together.
_OTHERS = """backend_type = 'client backend'
  AND NOT (usename IS NOT DISTINCT FROM current_user AND application_name = 'opsproof')"""
_STATES = f"""
SELECT coalesce(state, ''), count(*) FROM pg_stat_activity WHERE {_OTHERS} GROUP BY 1 LIMIT 100"""
# query_id is new in version 14; the row as JSON has it where it is. Nothing else of that leaves the server.
_BACKENDS = f"""
SELECT a.pid, coalesce(a.usename, '')::text AS role, coalesce(a.application_name, '') AS application,
       coalesce(a.datname, '')::text AS database, coalesce(a.state, '') AS state, a.query_start, a.state_change,
       coalesce(to_jsonb(a) ->> 'query_id', '') AS query_id, coalesce(p.command, '') AS doing
FROM pg_stat_activity a LEFT JOIN (
    SELECT pid, 'VACUUM' AS command FROM pg_stat_progress_vacuum
    UNION ALL SELECT pid, 'ANALYZE' FROM pg_stat_progress_analyze
    UNION ALL SELECT pid, command FROM pg_stat_progress_create_index
    UNION ALL SELECT pid, command FROM pg_stat_progress_cluster) p ON p.pid = a.pid
WHERE {_OTHERS} AND a.state IS DISTINCT FROM 'idle'
ORDER BY CASE WHEN a.state LIKE 'idle%' THEN a.state_change ELSE a.query_start END NULLS LAST, a.pid
LIMIT 1000"""


def collected(session: Session, ask: ActivityOf, turns: range) -> Activity:
    """The states once for each turn, the backends after the last."""
    active = []
    states: dict[str, int] = {}
    for turn in turns:
        if turn:
            session.link.pause(ask.spacing)
        found = session.rows(_STATES, "SELECT sessions by state", tuple[str, int], turn + 1)
        states = {cut(state, 64): count for state, count in found}
        active.append(sum(count for state, count in states.items() if state in ACTIVE))
    told = opened(session, ask.role)  # now, so that ages are of the last sample
    backends = session.things(_BACKENDS, "SELECT sessions that are not idle", Backend)
    return Activity(**told, states=states, active=tuple(active), backends=backends)
