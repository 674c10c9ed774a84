"""The slowest statements of a database by pg_stat_statements: ids and numbers, no SQL text."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import msgspec

from opsproof.model.rights import Need
from opsproof.model.subject import Subject
from opsproof.sources.postgres.told import StatisticsOf, Told


class Statement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One statement of one role. Times in milliseconds. `command`: a maintenance command, e.g. VACUUM."""

    query_id: str = ""
    role: str = ""
    command: str = ""
    calls: int
    mean: float
    longest: float = 0.0

    @property
    def subject(self) -> Subject:
        return Subject("statement", self.query_id or "without id", namespace=self.role)


class Statements(Told, frozen=True, kw_only=True):
    """What pg_stat_statements holds of the database that the target names, slowest first.

    `total` counts what there is, of which `slowest` may be a part. `since` is None where it is not known. `evicted`
    counts how often rare statements were thrown out for want of room. `track`: as it is set; `no ids`: compute_query_id
    is off.
    """

    installed: bool
    loaded: bool
    track: str = ""
    since: datetime | None = None
    evicted: int = 0
    total: int = 0
    slowest: tuple[Statement, ...] = ()


SCHEMA = Need("USAGE ON THE SCHEMA OF", "pg_stat_statements")


class StatementsOf(StatisticsOf, frozen=True, kw_only=True, tag="postgres/statements"):
    """pg_stat_statements, by mean time."""

    needs: ClassVar[tuple[Need, ...]] = (*StatisticsOf.needs, SCHEMA)
    answer: ClassVar[Any] = Statements
