"""The tables of a database: what was written to them, when they were maintained, how big they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import msgspec

from opsproof.model.rights import Need
from opsproof.model.subject import Subject
from opsproof.sources.postgres.told import StatisticsOf, Told


class Table(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One table or materialized view.

    `changed` counts rows inserted since the last VACUUM and dead ones, `unanalyzed` those changed since the last
    ANALYZE, `written` all writes since the statistics began. `vacuumed`, `analyzed`: by hand or by autovacuum.
    `vacuuming`, `analyzing`: since when that is at work on it. `created`: not before then, where the server tells.
    `part_of`: the partitioned table, with its schema, that it is a part of; that one has no rows of its own.
    """

    schema: str
    name: str
    part_of: str = ""
    live: int = 0
    dead: int = 0
    changed: int = 0
    unanalyzed: int = 0
    written: int = 0
    sequential_scans: int = 0
    index_scans: int = 0
    vacuumed: datetime | None = None
    analyzed: datetime | None = None
    vacuuming: datetime | None = None
    analyzing: datetime | None = None
    created: datetime | None = None

    @property
    def subject(self) -> Subject:
        return Subject("table", self.name, namespace=self.schema)

    def called(self, name: str) -> bool:
        """Whether that is its name, or its schema and name; or those of the table that it is a part of."""
        whole = {self.part_of, self.part_of.partition(".")[2]} if self.part_of else set[str]()
        return name in {self.name, f"{self.schema}.{self.name}", *whole}


class Tables(Told, frozen=True, kw_only=True):
    """The tables of the database that the target names, the most written to first; `total` counts all.

    `since`: when its statistics began, None for not known (they were never reset). `counted`: track_counts is on.
    """

    counted: bool
    autovacuum: bool
    since: datetime | None = None
    total: int
    tables: tuple[Table, ...]

    @property
    def more(self) -> int:
        """How many tables are not listed."""
        return max(0, self.total - len(self.tables)) if self.tables else 0


class TablesOf(StatisticsOf, frozen=True, kw_only=True, tag="postgres/tables"):
    """pg_stat_user_tables of the database."""

    needs: ClassVar[tuple[Need, ...]] = (*StatisticsOf.needs, Need("EXECUTE", "pg_control_checkpoint()"))
    answer: ClassVar[Any] = Tables


class TableSize(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A table with its indexes and TOAST. `size` is None while somebody holds it exclusively."""

    schema: str
    name: str
    size: int | None = None

    @property
    def subject(self) -> Subject:
        return Subject("table", self.name, namespace=self.schema)


class TableSizes(Told, frozen=True, kw_only=True):
    """The largest tables, largest first; `total` counts all, `size` is the whole database's."""

    total: int
    size: int
    tables: tuple[TableSize, ...]


class TableSizesOf(StatisticsOf, frozen=True, kw_only=True, tag="postgres/table-sizes"):
    """pg_total_relation_size of the tables of the database, without those that are locked exclusively."""

    answer: ClassVar[Any] = TableSizes
