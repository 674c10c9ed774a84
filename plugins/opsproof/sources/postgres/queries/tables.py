"""pg_stat_user_tables, and the sizes of tables."""

from __future__ import annotations

from datetime import datetime

from opsproof.model.failure import CollectionError
from opsproof.sources.postgres.queries.opening import OURS, SINCE, opened
from opsproof.sources.postgres.session import Session
from opsproof.sources.postgres.tables import Table, Tables, TableSize, TableSizes, TableSizesOf, TablesOf

_CHECKPOINT = "SELECT split_part(next_xid, ':', 2), checkpoint_time FROM pg_control_checkpoint()"
_OF_USERS = """c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"""
# A table's row type is made with it and changed by nothing: its transaction is the one that created the table.
_TABLES = """
SELECT s.schemaname::text AS schema, s.relname::text AS name,
       CASE WHEN c.relispartition THEN coalesce((SELECT w.nspname || '.' || p.relname FROM pg_class p
         JOIN pg_namespace w ON w.oid = p.relnamespace WHERE p.oid = pg_partition_root(c.oid)), '') ELSE '' END AS part_of,
       s.n_live_tup AS live, s.n_dead_tup AS dead,
       s.n_ins_since_vacuum + s.n_dead_tup AS changed, s.n_mod_since_analyze AS unanalyzed,
       s.n_tup_ins + s.n_tup_upd + s.n_tup_del AS written, s.seq_scan AS sequential_scans,
       coalesce(s.idx_scan, 0) AS index_scans, greatest(s.last_vacuum, s.last_autovacuum) AS vacuumed,
       greatest(s.last_analyze, s.last_autoanalyze) AS analyzed,
       (SELECT min(a.query_start) FROM pg_stat_progress_vacuum p JOIN pg_stat_activity a ON a.pid = p.pid
        WHERE p.relid = s.relid AND p.datname = current_database()) AS vacuuming,
       (SELECT min(a.query_start) FROM pg_stat_progress_analyze p JOIN pg_stat_activity a ON a.pid = p.pid
        WHERE p.relid = s.relid AND p.datname = current_database()) AS analyzing,
       {created} AS created
FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_type t ON t.oid = c.reltype
WHERE {users}
ORDER BY s.n_tup_ins + s.n_tup_upd + s.n_tup_del DESC, s.relid LIMIT 5000"""
_COMMITTED = "pg_xact_commit_timestamp(t.xmin)"
_AFTER = "CASE WHEN age(t.xmin) < age(%s::xid) THEN %s::timestamptz END"
_COUNT = f"(SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OF_USERS})"
_MODES = f"""
SELECT current_setting('track_counts')::bool, current_setting('autovacuum')::bool,
       current_setting('track_commit_timestamp')::bool, {_COUNT}, {SINCE}"""
# A size waits for whoever holds the table exclusively: of such ones it is not asked.
_SIZES = f"""
SELECT n.nspname::text AS schema, c.relname::text AS name, CASE WHEN NOT EXISTS (
    SELECT FROM pg_locks k LEFT JOIN pg_index x ON x.indexrelid = k.relation
    WHERE k.locktype = 'relation' AND k.mode = 'AccessExclusiveLock' AND k.database = {OURS}
      AND coalesce(x.indrelid, k.relation) IN (c.oid, c.reltoastrelid)
  ) THEN pg_total_relation_size(c.oid) END AS size
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_OF_USERS}
ORDER BY size DESC NULLS FIRST, c.oid LIMIT 1000"""
_WHOLE = f"SELECT {_COUNT}, pg_database_size(current_database())"


def collected(session: Session, ask: TablesOf) -> Tables:
    told = opened(session, ask.role)
    counted, autovacuum, timed, total, since = session.row(
        _MODES, "SELECT what is counted", tuple[bool, bool, bool, int, datetime | None]
    )
    created, values = (_COMMITTED, ()) if timed else _after_checkpoint(session)
    statement = _TABLES.format(created=created, users=_OF_USERS)
    return Tables(
        **told,
        counted=counted,
        autovacuum=autovacuum,
        since=since,
        total=total,
        tables=session.things(statement, "SELECT tables", Table, values=values),
    )


def sizes(session: Session, ask: TableSizesOf) -> TableSizes:
    told = opened(session, ask.role)
    total, size = session.row(_WHOLE, "SELECT size of the database", tuple[int, int])
    return TableSizes(
        **told,
        total=total,
        size=size,
        tables=session.things(_SIZES, "SELECT sizes of tables", TableSize),
    )


def _after_checkpoint(session: Session) -> tuple[str, tuple[object, ...]]:
    """Where commits are not timed, the last checkpoint still tells what is younger than itself."""
    try:
        return _AFTER, session.row(_CHECKPOINT, "SELECT the last checkpoint", tuple[str, datetime])
    except CollectionError:
        return "NULL::timestamptz", ()  # not every managed server grants it
