"""pg_index, with what is being built and what is scanned."""

from __future__ import annotations

from opsproof.sources.postgres.indexes import Build, Index, Indexes, IndexesOf
from opsproof.sources.postgres.queries.opening import opened, since
from opsproof.sources.postgres.session import Session

_FROM = """
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
JOIN pg_namespace n ON n.oid = i.relnamespace LEFT JOIN pg_stat_all_indexes s ON s.indexrelid = i.oid
WHERE i.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')"""
# An index of a partitioned table is scanned by its parts. CREATE INDEX CONCURRENTLY tells which index it makes,
# REINDEX the one of several that it is at.
_INDEX = """
SELECT n.nspname::text AS schema, t.relname::text AS table, i.relname::text AS name, x.indisvalid AS valid,
       x.indisready AS ready, x.indislive AS live,
       CASE WHEN i.relkind = 'I' THEN coalesce((SELECT sum(q.idx_scan) FROM pg_partition_tree(i.oid) p
         JOIN pg_stat_all_indexes q ON q.indexrelid = p.relid), 0)::bigint ELSE coalesce(s.idx_scan, 0) END AS scans,
       CASE WHEN i.relkind = 'i' AND NOT EXISTS (SELECT FROM pg_locks k WHERE k.relation IN (i.oid, t.oid)
         AND k.locktype = 'relation' AND k.mode = 'AccessExclusiveLock'
         AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
         THEN pg_relation_size(i.oid) END AS size,
       (SELECT min(a.query_start) FROM pg_stat_progress_create_index p JOIN pg_stat_activity a ON a.pid = p.pid
        WHERE p.datname = current_database()
          AND (p.index_relid = i.oid OR (p.relid = t.oid AND p.command LIKE 'REINDEX%%'))) AS building"""
_DEFINITION = """,
       ARRAY(SELECT pg_get_indexdef(i.oid, k, true) || CASE WHEN k > x.indnkeyatts THEN '' ELSE
           CASE x.indoption[k - 1] & 3 WHEN 1 THEN ' DESC NULLS LAST' WHEN 2 THEN ' NULLS FIRST' WHEN 3 THEN ' DESC'
           ELSE '' END END
         FROM generate_series(1, x.indnkeyatts) k) AS columns,
       coalesce(pg_get_expr(x.indpred, x.indrelid, true), '') AS predicate"""
_NAMED = f"""{_INDEX}{_DEFINITION} {_FROM}
  AND (i.relname = ANY(%s) OR n.nspname || '.' || i.relname = ANY(%s)) ORDER BY 1, 3 LIMIT 200"""
_UNSOUND = f"""{_INDEX} {_FROM} AND NOT (x.indisvalid AND x.indisready AND x.indislive)
ORDER BY 1, 3 LIMIT 1000"""
# What holds a constraint or replicates is there for more than scans; a part goes with its whole.
_UNUSED = f"""{_INDEX} {_FROM} AND n.nspname !~ '^pg_' AND i.relkind = 'i' AND NOT i.relispartition
  AND coalesce(s.idx_scan, 0) = 0 AND x.indisvalid AND NOT (x.indisunique OR x.indisexclusion OR x.indisreplident)
  AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conindid = i.oid)
ORDER BY size DESC NULLS FIRST, 3 LIMIT 200"""
_COUNT = f"SELECT count(*) {_FROM} AND n.nspname !~ '^pg_'"
# Backups and logical subscribers scan nothing of ours.
_STANDBYS = """
SELECT count(*) FROM pg_stat_replication a WHERE a.application_name NOT IN ('pg_basebackup', 'pg_receivewal')
  AND NOT EXISTS (SELECT FROM pg_replication_slots r WHERE r.active_pid = a.pid AND r.slot_type = 'logical')"""
_BUILDS = """
SELECT c.relname::text AS table, a.query_start AS since FROM pg_stat_progress_create_index p
JOIN pg_stat_activity a ON a.pid = p.pid JOIN pg_class c ON c.oid = p.relid
WHERE p.datname = current_database() AND a.query_start IS NOT NULL LIMIT 100"""


def collected(session: Session, ask: IndexesOf) -> Indexes:
    told = opened(session, ask.role)
    names = list(ask.named)
    named = session.things(_NAMED, "SELECT named indexes", Index, values=(names, names)) if names else ()
    return Indexes(
        **told,
        since=since(session),
        total=session.row(_COUNT, "SELECT number of indexes", tuple[int])[0],
        standbys=session.row(_STANDBYS, "SELECT number of standbys", tuple[int])[0],
        unsound=session.things(_plain(_UNSOUND), "SELECT indexes that are not sound", Index),
        unused=session.things(_plain(_UNUSED), "SELECT indexes never scanned", Index),
        named=named,
        builds=session.things(_BUILDS, "SELECT indexes being made", Build),
    )


def _plain(statement: str) -> str:
    """As it is sent without values."""
    return statement.replace("%%", "%")
