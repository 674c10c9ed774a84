"""pg_stat_statements, in whatever schema and version of it."""

from __future__ import annotations

from datetime import datetime

from psycopg import sql

from opsproof.model.failure import Forbidden
from opsproof.model.text import cut
from opsproof.sources.postgres.queries.opening import OURS, opened
from opsproof.sources.postgres.session import Session
from opsproof.sources.postgres.statements import Statement, Statements, StatementsOf

# Of a library that is not loaded, the file's line is a setting, too: one of no type. Without ids nothing is recorded.
_EXTENSION = """
SELECT coalesce(max(n.nspname::text), ''), coalesce(max(e.extversion), ''), coalesce((
  SELECT CASE WHEN current_setting('compute_query_id', true) = 'off' AND count(*) > 0 THEN 'no ids'
    ELSE max(setting) END FROM pg_settings WHERE name = 'pg_stat_statements.track' AND vartype = 'enum'), ''),
  coalesce(bool_and(has_schema_privilege(n.oid, 'USAGE')), true)
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'"""
_COUNT = f"(SELECT count(*) FROM {{schema}}.pg_stat_statements WHERE dbid = {OURS})"
_TOTAL = f"SELECT {_COUNT}, 0, NULL::timestamptz"
_INFO = f"SELECT {_COUNT}, dealloc, stats_reset FROM {{schema}}.pg_stat_statements_info"
# The text is looked at where it lies, for the words of maintenance commands; it is not sent.
_SLOWEST = """
SELECT coalesce(s.queryid::text, '') AS query_id, coalesce(r.rolname, '')::text AS role, s.calls, s.{mean} AS mean,
       s.{longest} AS longest,
       coalesce(upper(substring(s.query from
         '^(?:\\s|--[^\\n]*\\n|/\\*(?:[^*]|\\*[^/])*\\*/)*((?:[vV][aA][cC][uU][uU][mM]|[aA][nN][aA][lL][yY][zZsS][eE]'
         '|[rR][eE][iI][nN][dD][eE][xX]|[cC][lL][uU][sS][tT][eE][rR]|[cC][hH][eE][cC][kK][pP][oO][iI][nN][tT]'
         '|[cC][rR][eE][aA][tT][eE]\\s+(?:[uU][nN][iI][qQ][uU][eE]\\s+)?[iI][nN][dD][eE][xX]))\\M')), '') AS command
FROM {schema}.pg_stat_statements s LEFT JOIN pg_roles r ON r.oid = s.userid
WHERE s.dbid = {ours}
ORDER BY s.{mean} DESC, s.queryid LIMIT 5000"""
_RENAMED = (1, 8)  # mean_time became mean_exec_time
_INFORMED = (1, 9)  # pg_stat_statements_info


def collected(session: Session, ask: StatementsOf) -> Statements:
    told = opened(session, ask.role)
    schema, known, track, usable = session.row(
        _EXTENSION, "SELECT extension pg_stat_statements", tuple[str, str, str, bool]
    )
    told |= {"installed": bool(schema), "loaded": bool(track)}
    if not schema or not track:
        return Statements(**told)
    if not usable:
        missing = f"GRANT USAGE ON SCHEMA {cut(schema)} TO {told['user']} is missing"
        raise Forbidden(missing, target=session.target.id)
    version = _version(known)
    info = _filled(_INFO if version >= _INFORMED else _TOTAL, schema)
    total, evicted, since = session.row(info, "SELECT number of statements", tuple[int, int, datetime | None])
    return Statements(
        **told,
        track=cut(track, 16),
        since=since,
        evicted=evicted,
        total=total,
        slowest=session.things(_filled(_SLOWEST, schema, version), "SELECT statements", Statement),
    )


def _filled(statement: str, schema: str, version: tuple[int, ...] = _RENAMED) -> str:
    times = ("mean_exec_time", "max_exec_time") if version >= _RENAMED else ("mean_time", "max_time")
    names = {
        "schema": sql.Identifier(schema),
        **dict(zip(("mean", "longest"), map(sql.SQL, times), strict=True)),
    }
    return statement.format(ours=OURS, **{name: one.as_string(None) for name, one in names.items()})


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isascii() and part.isdigit())
