"""The largest tables, how fast they grow, and whether anything is counted of those that a row names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from opsproof import (
    LOW,
    AtMost,
    Bytes,
    Count,
    Duration,
    Examination,
    Limits,
    Percent,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside
from opsproof.examine.deciding import deciding
from opsproof.model.failure import Failure
from opsproof.sources.postgres.tables import Table, Tables, TableSize, TableSizes, TableSizesOf, TablesOf
from opsproof.sources.postgres.told import Postgres
from opsproof.sources.prometheus.facts import PromQL, Samples, number

_SIZE = "max by (datname, schemaname, relname) (${pg_table_bytes})"
_EARLIER = "max by (datname, schemaname, relname) (${pg_table_bytes} offset ${window})"
_UNNAMED = "NotConfigured"
Sized = Mapping[tuple[str, str], float]


class TableSizeLimits(Limits):
    """`largest`: how many of the largest tables are told; with `growth`, the most that one of at least `smallest`
    may grow within `window`. `tables`: those of which counts must be there.

    The database keeps no history of sizes: growth is Prometheus's, where the environment names `pg_table_bytes`.
    """

    largest: Count = Count(10)
    growth: AtMost[Percent] | None = None
    window: Duration = Duration.parse("30d")
    smallest: Bytes = Bytes.parse("10Mi")
    tables: Scoped[tuple[str, ...]] = ()


@check("database/table-sizes", title="The largest tables are known, and how they grow", level=LOW)
def check_table_sizes(
    counted: Annotated[Tables | Failure | None, Beside(Postgres(TablesOf), when="tables")],
    sizes: Annotated[TableSizes | Failure | None, Beside(Postgres(TableSizesOf), when="largest")],
    current: Annotated[Samples | Failure | None, Beside(PromQL(_SIZE, over=""), when="growth")],
    earlier: Annotated[Samples | Failure | None, Beside(PromQL(_EARLIER, over=""), when="growth")],
    limits: TableSizeLimits,
    examine: Examination,
) -> None:
    """A table that nobody knows to grow fills the disk, and then the database stops."""
    for name, found in {"statistics": counted, "sizes": sizes}.items():
        if isinstance(found, Failure):
            examine.unknown(Subject("source", name), found)
    if isinstance(counted, Tables):
        _examine_counted(counted, limits, examine)
    if isinstance(sizes, TableSizes):
        _tell_sizes(sizes, limits, examine)
        if limits.growth is not None and sizes.tables:
            _examine_growth(sizes, current, earlier, limits, examine)


def _examine_counted(tables: Tables, limits: TableSizeLimits, examine: Examination) -> None:
    with deciding(examine, tables.subject):
        tables.require_primary(standby=False)
        if not tables.tables:
            return
        for name in limits.tables:
            found: list[Table | None] = [table for table in tables.tables if table.called(name)]
            for table in found or [None]:
                with examine(table or Subject("table", name), measured="counted" if table else "absent"):
                    if table is None and tables.more:
                        raise Undecided(f"not among the tables that are listed; {tables.more} more are not")
                    assert table, f"the database {tables.database} has no such table"
                    assert tables.counted, "track_counts is off: nothing of it is counted"
                    examine.note(
                        f"{table.schema}.{table.name}: {table.sequential_scans} sequential scans, {table.index_scans} "
                        f"index scans, {table.dead} dead tuples to {table.live} live ones"
                    )


def _tell_sizes(sizes: TableSizes, limits: TableSizeLimits, examine: Examination) -> None:
    largest = [one for one in sizes.tables if one.size is not None][: int(limits.largest)]
    for table in largest:
        examine.note(f"{table.schema}.{table.name}: {Bytes(table.size or 0)}")
    for table in sizes.tables:
        if table.size is None:
            examine.unknown(table, Undecided("somebody holds it exclusively: its size cannot be told now"))
    if largest:
        with examine(sizes, measured=Bytes(sizes.size)):
            pass


def _examine_growth(
    sizes: TableSizes,
    current: Samples | Failure | None,
    earlier: Samples | Failure | None,
    limits: TableSizeLimits,
    examine: Examination,
) -> None:
    for found in (current, earlier):
        if isinstance(found, Failure):
            if found.kind == _UNNAMED:
                examine.note(f"growth is not looked at: {found.message}")
            else:
                examine.unknown(Subject("source", "growth"), found)
            return
    with deciding(examine, Subject("metric", "pg_table_bytes")):
        now, then = _by_table(current, sizes.database), _by_table(earlier, sizes.database)
        if not now or not then:
            raise Undecided(f"no data: it has no samples {'now' if not now else f'of {limits.window} ago'}")
        for table in sizes.tables:
            largest = max(table.size or 0, now.get((table.schema, table.name), 0))
            if table.size is None or largest >= limits.smallest:
                _examine_table(table, now, then, limits, examine)


def _examine_table(
    table: TableSize, now: Sized, then: Sized, limits: TableSizeLimits, examine: Examination
) -> None:
    key, limit = (table.schema, table.name), limits.growth
    subject = Subject("growth of table", table.name, namespace=table.schema)
    if key in now and key not in then:
        examine.exclude(subject, f"not there {limits.window} ago")
        return
    with examine(subject, limit=limit) as it:
        if key not in now or limit is None:
            raise Undecided("no data: pg_table_bytes has no sample of it")
        before, size = then[key], Bytes(now[key])
        grown = Percent(max(0.0, size - before) / before) if before else Percent(size > 0)
        it.holds(limit, grown, f"from {Bytes(before)} to {size} within {limits.window}")


def _by_table(samples: Samples | Failure | None, database: str) -> Sized:
    """By schema and name; an exporter of several databases names theirs."""
    found = samples if isinstance(samples, Samples) else ()
    return {
        (one.label("schemaname"), one.label("relname")): number(one.value)
        for one in found
        if one.label("datname") in {"", database}
    }
