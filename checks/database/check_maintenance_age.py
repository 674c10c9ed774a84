"""When tables were vacuumed and analysed last, by hand or by autovacuum."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Annotated

from opsproof import (
    MEDIUM,
    AtMost,
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
from opsproof.examine.deciding import deciding
from opsproof.sources.postgres.tables import Table, Tables, TablesOf
from opsproof.sources.postgres.told import Postgres


class MaintenanceLimits(Limits):
    """`age`: of the last VACUUM and the last ANALYZE of a table of which at least `changes` rows changed since.

    `dead`: dead tuples for each live one, where there are `dead_from` at least. `tables`: only these, which must
    be there; `without`: patterns of tables that are left out. What runs now has `running` to come to its end.
    """

    age: AtMost[Duration]
    dead: AtMost[Percent] | None = None
    changes: Count = Count(1000)
    dead_from: Count = Count(1000)
    running: Duration = Duration.parse("1d")
    tables: Scoped[tuple[str, ...]] = ()
    without: Scoped[tuple[str, ...]] = ()


@dataclass(frozen=True)
class _Run:
    """One kind of maintenance of one table."""

    command: str
    table: Table
    at: datetime | None
    running: datetime | None
    changes: int

    @property
    def subject(self) -> Subject:
        return Subject(self.command, self.table.name, namespace=self.table.schema)


@check("database/maintenance-age", title="Tables are vacuumed and analysed", level=MEDIUM)
def check_maintenance_age(
    tables: Annotated[Tables, Postgres(TablesOf)], limits: MaintenanceLimits, examine: Examination
) -> None:
    """Dead rows pile up, plans are made for data of long ago, and in the end the server stops for wraparound."""
    with deciding(examine, tables.subject):
        tables.require_complete()
        tables.require_primary(standby=False)
        if not tables.counted:
            raise Undecided("track_counts is off: nothing is counted, and autovacuum does not run")
        chosen = _chosen(tables, limits, examine)
        lost = [run for table in chosen for run in _examine_table(table, tables, limits, examine)]
        _examine_lost(lost, tables, examine)
        _examine_rest(tables, limits, examine)
        if chosen and not lost and not examine.findings and not examine.passed:
            # All are quiet, and were for as long as the limit says: that is an answer.
            with examine(tables, measured=f"{len(chosen)} tables, hardly written to"):
                pass


def _chosen(tables: Tables, limits: MaintenanceLimits, examine: Examination) -> list[Table]:
    for name in limits.tables:
        if tables.tables and not any(table.called(name) for table in tables.tables):
            with examine(Subject("table", name), measured="absent"):
                if tables.more:
                    raise Undecided(f"not among the tables that are listed; {tables.more} more are not")
                raise AssertionError(f"the database {tables.database} has no such table")
    found = []
    for table in tables.tables:
        if any(
            fnmatchcase(f"{table.schema}.{table.name}", one) or table.called(one) for one in limits.without
        ):
            examine.exclude(table, "the row leaves it out")
        elif not limits.tables or any(map(table.called, limits.tables)):
            found.append(table)
    return found


def _examine_table(
    table: Table, tables: Tables, limits: MaintenanceLimits, examine: Examination
) -> list[_Run]:
    """What of it cannot be decided, since the statistics are younger than that."""
    runs = (
        _Run("vacuum", table, table.vacuumed, table.vacuuming, table.changed),
        _Run("analyze", table, table.analyzed, table.analyzing or table.vacuuming, table.unanalyzed),
    )
    if limits.dead is not None:
        _examine_dead(table, tables, limits, limits.dead, examine)
    return [run for run in runs if not _decided(run, tables, limits, examine)]


def _decided(run: _Run, tables: Tables, limits: MaintenanceLimits, examine: Examination) -> bool:
    """A table that is younger than the limit cannot be overdue."""
    age = tables.age(run.at or run.table.created)
    counted = tables.age(tables.since)
    # What a crash or a reset took away, was perhaps done.
    short = counted is None or not limits.age.broken(counted.least)
    if age is None and short and run.running is None:
        return False
    if run.changes < limits.changes and (age is None or limits.age.broken(age.least)):
        examine.exclude(run, f"fewer than {limits.changes} rows changed since the last one")
        return True
    since = tables.moment(run.running, f"{run.command} in progress")
    with examine(run, measured=age or "never", limit=limits.age, since=since, grace=limits.running) as it:
        off = "" if tables.autovacuum else "; autovacuum is off"
        assert age is not None, f"never since the statistics began; {run.changes} rows changed{off}"
        it.holds(limits.age, age, f"the last one was {age} ago; {run.changes} rows changed since{off}")
    return True


def _examine_dead(
    table: Table, tables: Tables, limits: MaintenanceLimits, limit: AtMost[Percent], examine: Examination
) -> None:
    if table.dead < limits.dead_from:
        share = Percent(0)
    else:
        share = Percent(table.dead / table.live) if table.live else Percent(math.inf)
    since = tables.moment(table.vacuuming, "vacuum in progress")
    subject = Subject("dead tuples", table.name, namespace=table.schema)
    with examine(subject, measured=share, limit=limit, since=since, grace=limits.running) as it:
        it.holds(limit, share, f"{table.dead} dead tuples to {table.live} live ones")


def _examine_lost(lost: list[_Run], tables: Tables, examine: Examination) -> None:
    """All that the statistics are too young for, as one."""
    if lost:
        began = f"began {tables.age(tables.since)} ago" if tables.since else "have no beginning"
        names = ", ".join(dict.fromkeys(f"{run.table.schema}.{run.table.name}" for run in lost[:10]))
        examine.unknown(
            tables,
            Undecided(f"the statistics {began} and know of no run for {names}: run VACUUM ANALYZE, or wait"),
        )


def _examine_rest(tables: Tables, limits: MaintenanceLimits, examine: Examination) -> None:
    """Tables beyond those that are listed, which are the most written to."""
    if tables.more and not limits.tables and tables.tables[-1].written >= limits.changes:
        examine.unknown(Subject("tables", "others"), Undecided(f"{tables.more} more are not listed"))
