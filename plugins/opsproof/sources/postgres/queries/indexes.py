"""pg_index, with what is being built and what is scanned."""

from __future__ import annotations

from datetime import datetime

from opsproof.sources.postgres.indexes import Build, Index, Indexes, IndexesOf
from opsproof.sources.postgres.queries.opening import OURS, SINCE, opened
from opsproof.sources.postgres.session import Session

_FROM = """
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
JOIN pg_namespace n ON n.oid = i.relnamespace LEFT JOIN pg_stat_all_indexes s ON s.indexrelid = i.oid
WHERE i.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')"""
# An index of a partitioned table is scanned by its parts. CREATE INDEX CONCURRENTLY tells which index it makes,
# REINDEX the one of several that it is at.
# What takes a look at a table waits for whoever holds it exclusively: it is not asked of such ones.
_FREE = f"""NOT EXISTS (SELECT FROM pg_locks k WHERE k.relation IN (i.oid, t.oid)
         AND k.locktype = 'relation' AND k.mode = 'AccessExclusiveLock' AND k.database = {OURS})"""
_INDEX = f"""
SELECT n.nspname::text AS schema, t.relname::text AS table, i.relname::text AS name, x.indisvalid AS valid,
       x.indisready AS ready, x.indislive AS live,
       CASE WHEN i.relkind = 'I' THEN coalesce((SELECT sum(q.idx_scan) FROM pg_partition_tree(i.oid) p
         JOIN pg_stat_all_indexes q ON q.indexrelid = p.relid), 0)::bigint ELSE coalesce(s.idx_scan, 0) END AS scans,
       CASE WHEN i.relkind = 'i' AND {_FREE} THEN pg_relation_size(i.oid) END AS size,
       (SELECT min(a.query_start) FROM pg_stat_progress_create_index p JOIN pg_stat_activity a ON a.pid = p.pid
        WHERE p.datname = current_database()
          AND (p.index_relid = i.oid OR (p.relid = t.oid AND p.command LIKE 'REINDEX%%'))) AS building"""
_DEFINITION = f""",
       CASE WHEN {_FREE} THEN ARRAY(SELECT pg_get_indexdef(i.oid, k, true) || CASE WHEN k > x.indnkeyatts THEN '' ELSE
           CASE x.indoption[k - 1] & 3 WHEN 1 THEN ' DESC NULLS LAST' WHEN 2 THEN ' NULLS FIRST' WHEN 3 THEN ' DESC'
           ELSE '' END END
         FROM generate_series(1, x.indnkeyatts) k) ELSE '{{}}' END AS columns,
       CASE WHEN {_FREE} THEN coalesce(pg_get_expr(x.indpred, x.indrelid, true), '') END AS predicate"""
_NAMED = f"""{_INDEX}{_DEFINITION} {_FROM}
  AND (i.relname = ANY(%s) OR n.nspname || '.' || i.relname = ANY(%s)) ORDER BY 1, 3 LIMIT 200"""
# What holds a constraint or replicates is there for more than scans; a part goes with its whole.
_DOUBTFUL = f"""{_INDEX} {_FROM} AND (NOT (x.indisvalid AND x.indisready AND x.indislive)
  OR n.nspname !~ '^pg_' AND i.relkind = 'i' AND NOT i.relispartition
  AND coalesce(s.idx_scan, 0) = 0 AND NOT (x.indisunique OR x.indisexclusion OR x.indisreplident)
  AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conindid = i.oid))
ORDER BY x.indisvalid AND x.indisready AND x.indislive, size DESC NULLS FIRST, 3 LIMIT 1000"""
# Backups and logical subscribers scan nothing of ours.
_COUNTS = f"""
SELECT (SELECT count(*) {_FROM} AND n.nspname !~ '^pg_'), {SINCE},
  (SELECT count(*) FROM pg_stat_replication a WHERE a.application_name NOT IN ('pg_basebackup', 'pg_receivewal')
   AND NOT EXISTS (SELECT FROM pg_replication_slots r WHERE r.active_pid = a.pid AND r.slot_type = 'logical'))"""
_BUILDS = """
SELECT c.relname::text AS table, a.query_start AS since FROM pg_stat_progress_create_index p
JOIN pg_stat_activity a ON a.pid = p.pid JOIN pg_class c ON c.oid = p.relid
WHERE p.datname = current_database() AND a.query_start IS NOT NULL LIMIT 100"""


def collected(session: Session, ask: IndexesOf) -> Indexes:
    told = opened(session, ask.role)
    total, since, standbys = session.row(
        _COUNTS, "SELECT number of indexes and standbys", tuple[int, datetime | None, int]
    )
    names = list(ask.named)
    doubtful = session.things(
        _DOUBTFUL.replace("%%", "%"), "SELECT indexes that are not sound or never scanned", Index
    )
    return Indexes(
        **told,
        total=total,
        since=since,
        standbys=standbys,
        unsound=tuple(index for index in doubtful if not index.sound),
        unused=tuple(index for index in doubtful if index.sound),
        named=session.things(_NAMED, "SELECT named indexes", Index, values=(names, names)) if names else (),
        builds=session.things(_BUILDS, "SELECT indexes being made", Build),
    )
