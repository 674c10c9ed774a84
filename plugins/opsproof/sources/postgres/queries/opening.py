"""The first statement of every ask: who asks whom, and what time it is there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from opsproof.model.text import cut
from opsproof.sources.postgres.session import Session

_OPENING = """
SELECT clock_timestamp(), current_user::text, current_database()::text,
       pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'), pg_is_in_recovery()"""
# When the statistics of the database began: a crash loses them all, and is told by the archiver's alone.
SINCE = """(SELECT greatest(d.stats_reset, a.stats_reset) FROM pg_stat_database d, pg_stat_archiver a
 WHERE d.datname = current_database())"""
OURS = "(SELECT oid FROM pg_database WHERE datname = current_database())"


def opened(session: Session, role: str) -> dict[str, Any]:
    """The fields of `Told`."""
    session.link.clock, user, database, complete, standby = session.row(
        _OPENING, "SELECT who and where", tuple[datetime, str, str, bool, bool]
    )
    return {
        "role": role,
        "user": cut(user),
        "database": cut(database),
        "complete": complete,
        "standby": standby,
    }
