"""What is in the restored database: rows by table, the newest row, and whether others use it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from opsproof.drill.scratch import APPLICATION, until
from opsproof.model.text import cut
from opsproof.sources.drill.facts import TableRows

_OTHERS = (
    # Of what kind a session is, is told of one's own alone; workers of the server have no user.
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usesysid IS NOT NULL"
    " AND pid <> pg_backend_pid() AND application_name <> %s"
)

_LATE = "it was not examined in the time that a drill may take"

# A table, with those that it is a partition of. What belongs to an extension is no data of the dump's.
_TABLES = """
SELECT DISTINCT ARRAY(
    SELECT n.nspname || '.' || a.relname FROM pg_class a JOIN pg_namespace n ON n.oid = a.relnamespace
    WHERE a.oid = t.oid OR (t.relispartition AND a.oid IN (SELECT relid FROM pg_partition_ancestors(t.oid)))
)
FROM pg_class t JOIN pg_namespace s ON s.oid = t.relnamespace
WHERE t.relkind = 'r' AND s.nspname !~ '^pg_' AND s.nspname <> 'information_schema' AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = t.oid AND d.deptype = 'e'
)"""


class NotExamined(Exception):
    """What was restored could not be looked at. Its text is one line."""


def manifest(content: bytes) -> dict[str, int]:
    """Rows by `schema.table`, as counted when the dump was made. Raises NotExamined."""
    try:
        return msgspec.json.decode(content, type=dict[str, int])
    except (msgspec.DecodeError, RecursionError):
        raise NotExamined("what is beside the dump is no JSON object of numbers by schema.table") from None


def rows(at: psycopg.Connection[Any], wanted: dict[str, int], deadline: float) -> tuple[TableRows, ...]:
    """Each table of the manifest, counted. Raises psycopg.Error; NotExamined: not by the deadline."""
    return tuple(
        TableRows(table=cut(name), wanted=count, found=_count(at, name, deadline))
        for name, count in wanted.items()
    )


def _count(at: psycopg.Connection[Any], name: str, deadline: float) -> int | None:
    schema, _, table = name.partition(".")
    statement = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))
    try:
        until(at, deadline)
        found = at.execute(statement).fetchone()
    except psycopg.errors.QueryCanceled:
        raise NotExamined(_LATE) from None
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName, psycopg.errors.SyntaxError):
        return None
    return int(found[0]) if found else None


def uncounted(at: psycopg.Connection[Any], wanted: dict[str, int], deadline: float) -> int:
    """How many tables nothing in the manifest is about. Raises psycopg.Error."""
    until(at, deadline)
    return sum(not wanted.keys() & set(names) for (names,) in at.execute(_TABLES.encode()).fetchall())


def newest(at: psycopg.Connection[Any], statement: str, deadline: float) -> datetime:
    """The moment that the environment's SQL gives; one without a time zone is UTC.

    Raises:
        NotExamined: it gives none, or not by the deadline.
    """
    try:
        at.execute(b"SET default_transaction_read_only = on")
        until(at, deadline)
        found = at.execute(statement.encode()).fetchone()
    except psycopg.errors.QueryCanceled:
        raise NotExamined(_LATE) from None
    except psycopg.Error as error:
        raise NotExamined(
            f"the SQL of `newest` fails on the restored data (SQLSTATE {error.sqlstate})"
        ) from None
    value = found[0] if found else None
    if value is None:
        raise NotExamined("the SQL of `newest` finds no row in the restored data")
    if not isinstance(value, datetime):
        raise NotExamined("the SQL of `newest` gives no timestamp")
    return value if value.tzinfo else value.replace(tzinfo=timezone.utc)


def others(at: psycopg.Connection[Any]) -> int:
    """Sessions of others in the restored database."""
    found = at.execute(_OTHERS.encode(), [APPLICATION]).fetchone()
    return int(found[0]) if found else 0
