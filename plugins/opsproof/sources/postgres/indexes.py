"""The indexes of a database: those that are not sound, those that nobody uses, and those that a row names."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import msgspec

from opsproof.model.subject import Subject
from opsproof.sources.postgres.told import StatisticsOf, Told


class Index(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One index. `building`: since when CREATE INDEX or REINDEX is at work on it.

    `columns` (`at DESC`) and `predicate` are told of named ones alone. `size` and
    `predicate` are None, and `columns` empty, while somebody holds it exclusively.
    """

    schema: str
    table: str
    name: str
    valid: bool
    ready: bool
    live: bool
    scans: int = 0
    size: int | None = None
    building: datetime | None = None
    columns: tuple[str, ...] = ()
    predicate: str | None = ""

    @property
    def subject(self) -> Subject:
        return Subject("index", self.name, namespace=self.schema)

    @property
    def sound(self) -> bool:
        return self.valid and self.ready and self.live

    def called(self, name: str) -> bool:
        """Whether that is its name, or its schema and name."""
        return name in {self.name, f"{self.schema}.{self.name}"}


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """An index being made on a table by a command whose index nobody else sees yet."""

    table: str
    since: datetime


class Indexes(Told, frozen=True, kw_only=True):
    """`unsound`: not valid, or not ready. `unused`: never scanned, and holding no constraint; largest first.

    `since`: when the statistics began. `standbys` are connected, whose scans the primary does not count.
    """

    total: int
    since: datetime | None = None
    standbys: int = 0
    unsound: tuple[Index, ...] = ()
    unused: tuple[Index, ...] = ()
    named: tuple[Index, ...] = ()
    builds: tuple[Build, ...] = ()


class IndexesOf(StatisticsOf, frozen=True, kw_only=True, tag="postgres/indexes"):
    """pg_index of the database; `named` are names whose definitions are wanted."""

    named: tuple[str, ...] = ()
    answer: ClassVar[Any] = Indexes
