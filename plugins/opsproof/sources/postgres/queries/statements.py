"""pg_stat_statements, in whatever schema and version of it."""

from __future__ import annotations

from datetime import datetime

from psycopg import sql

from opsproof.model.text import cut
from opsproof.sources.postgres.queries.opening import opened
from opsproof.sources.postgres.session import Session
from opsproof.sources.postgres.statements import Statement, Statements, StatementsOf

_EXTENSION = """
SELECT n.nspname::text, e.extversion FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_stat_statements' LIMIT 2"""
# Of a library that is not loaded, the file's line is a setting, too: one of no type.
_TRACK = """
SELECT setting FROM pg_settings WHERE name = 'pg_stat_statements.track' AND vartype = 'enum' LIMIT 2"""
_INFO = "SELECT dealloc, stats_reset FROM {schema}.pg_stat_statements_info"
# The text is looked at where it lies, for the words of maintenance commands; it is not sent.
_SLOWEST = """
SELECT coalesce(s.queryid::text, '') AS query_id, coalesce(r.rolname, '')::text AS role, s.calls, s.{mean} AS mean,
       s.{longest} AS longest,
       coalesce(upper(substring(s.query from
         '^(?:\\s|--[^\\n]*\\n|/\\*(?:[^*]|\\*[^/])*\\*/)*((?:[vV][aA][cC][uU][uU][mM]|[aA][nN][aA][lL][yY][zZsS][eE]'
         '|[rR][eE][iI][nN][dD][eE][xX]|[cC][lL][uU][sS][tT][eE][rR]|[cC][hH][eE][cC][kK][pP][oO][iI][nN][tT]'
         '|[cC][rR][eE][aA][tT][eE]\\s+(?:[uU][nN][iI][qQ][uU][eE]\\s+)?[iI][nN][dD][eE][xX]))\\M')), '') AS command
FROM {schema}.pg_stat_statements s LEFT JOIN pg_roles r ON r.oid = s.userid
WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY s.{mean} DESC, s.queryid LIMIT 5000"""
_TOTAL = """
SELECT count(*) FROM {schema}.pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"""
_RENAMED = (1, 8)  # mean_time became mean_exec_time
_INFORMED = (1, 9)  # pg_stat_statements_info


def collected(session: Session, ask: StatementsOf) -> Statements:
    told = opened(session, ask.role)
    extension = session.rows(_EXTENSION, "SELECT extension pg_stat_statements", tuple[str, str])
    tracked = session.rows(_TRACK, "SELECT pg_stat_statements.track", tuple[str])
    told |= {"installed": bool(extension), "loaded": bool(tracked)}
    if not extension or not tracked:
        return Statements(**told)
    schema, version = extension[0][0], _version(extension[0][1])
    reset, evicted = _info(session, schema) if version >= _INFORMED else (None, 0)
    return Statements(
        **told,
        track=cut(tracked[0][0], 16),
        since=reset,
        evicted=evicted,
        total=session.row(_filled(_TOTAL, schema), "SELECT number of statements", tuple[int])[0],
        slowest=session.things(_filled(_SLOWEST, schema, version), "SELECT statements", Statement),
    )


def _info(session: Session, schema: str) -> tuple[datetime | None, int]:
    path = "SELECT pg_stat_statements_info"
    evicted, reset = session.row(_filled(_INFO, schema), path, tuple[int, datetime | None])
    return reset, evicted


def _filled(statement: str, schema: str, version: tuple[int, ...] = _RENAMED) -> str:
    times = ("mean_exec_time", "max_exec_time") if version >= _RENAMED else ("mean_time", "max_time")
    names = {
        "schema": sql.Identifier(schema),
        **dict(zip(("mean", "longest"), map(sql.SQL, times), strict=True)),
    }
    return statement.format(**{name: one.as_string(None) for name, one in names.items()})


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isascii() and part.isdigit())
