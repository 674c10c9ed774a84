"""Indexes that do not count, that nobody uses, or that are not as the runbook names them."""

from __future__ import annotations

from typing import Annotated

from pydantic import field_validator

from opsproof import (
    MEDIUM,
    AtMost,
    Bytes,
    Duration,
    Examination,
    Limits,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.deciding import deciding
from opsproof.model.words import several
from opsproof.sources.postgres.indexes import Index, Indexes, IndexesOf
from opsproof.sources.postgres.reading.definition import Definition
from opsproof.sources.postgres.told import Postgres

_LEFT_OVER = ("_ccnew", "_ccold")  # what a failed REINDEX CONCURRENTLY leaves, with a number perhaps


class IndexLimits(Limits):
    """`indexes`: only these, each NAME or NAME ON TABLE (COLUMNS) WHERE PREDICATE; `used`: they are scanned, too.

    `unused`: how big an index may be that was never scanned. Both need statistics that are `since` old. An index
    that is being built has the time that `building` says.
    """

    unused: AtMost[Bytes] | None = None
    since: Duration = Duration.parse("30d")
    building: Duration = Duration.parse("1d")
    indexes: Scoped[tuple[str, ...]] = ()
    used: Scoped[bool] = False

    @field_validator("indexes")
    @classmethod
    def _readable(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for text in given:
            Definition.parse(text)
        return given

    @property
    def definitions(self) -> tuple[Definition, ...]:
        return tuple(map(Definition.parse, self.indexes))

    @property
    def named(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.definitions)


@check("database/index-health", title="Indexes are valid and used", level=MEDIUM)
def check_index_health(
    indexes: Annotated[Indexes, Postgres(IndexesOf, "named")], limits: IndexLimits, examine: Examination
) -> None:
    """An index that is not valid is written to and never read: queries scan the whole table meanwhile."""
    with deciding(examine, indexes.subject):
        indexes.require_complete()
        indexes.require_primary(standby=False)
        for definition in limits.definitions:
            _examine_named(definition, indexes, limits, examine)
        if not limits.indexes:
            _examine_all(indexes, limits, examine)


def _examine_all(indexes: Indexes, limits: IndexLimits, examine: Examination) -> None:
    for index in indexes.unsound:
        _examine_sound(index, indexes, limits, examine)
    if limits.unused is not None:
        for index in indexes.unused:
            _examine_unused(index, indexes, limits, limits.unused, examine)
    if indexes.total > len(indexes.unsound):
        with examine(indexes, measured=f"{indexes.total} indexes looked at"):
            pass


def _examine_named(
    definition: Definition, indexes: Indexes, limits: IndexLimits, examine: Examination
) -> None:
    found = [index for index in indexes.named if index.called(definition.name)]
    if not found:
        table = definition.table.rpartition(".")[2]
        made = min((one.since for one in indexes.builds if one.table == table), default=None)
        since = indexes.moment(made, "CREATE INDEX in progress")
        subject = Subject("index", definition.name)
        with examine(subject, measured="absent", limit="valid", since=since, grace=limits.building):
            raise AssertionError(f"the database {indexes.database} has no such index")
    for index in found:
        _examine_sound(index, indexes, limits, examine, definition)
    left = tuple(definition.name.rpartition(".")[2] + ending for ending in _LEFT_OVER)
    for index in indexes.unsound:
        if index.name.startswith(left):
            _examine_sound(index, indexes, limits, examine)


def _examine_sound(
    index: Index,
    indexes: Indexes,
    limits: IndexLimits,
    examine: Examination,
    definition: Definition | None = None,
) -> None:
    # What is sound is not being made: a REINDEX beside it excuses neither its definition nor that nobody uses it.
    since = None if index.sound else indexes.moment(index.building, "its build in progress")
    measured = "valid" if index.sound else "not valid"
    with examine(index, measured=measured, limit="valid", since=since, grace=limits.building):
        assert index.sound, (
            f"on {index.table}, not valid: what made it did not come to its end; REINDEX it, or drop it"
        )
        other = definition.departures(index) if definition is not None else []
        assert not other, "; ".join(other)
        if definition is not None and limits.used:
            assert index.scans or not _known_unused(indexes, limits), (
                "never scanned since the statistics began"
            )


def _examine_unused(
    index: Index, indexes: Indexes, limits: IndexLimits, most: AtMost[Bytes], examine: Examination
) -> None:
    size = Bytes(index.size) if index.size is not None else None
    subject = Subject("unused index", index.name, namespace=index.schema)
    if size is not None and most.allows(size):
        examine.exclude(subject, "never scanned, and small")
        return
    with examine(subject, measured=size, limit=most) as it:
        if size is None:
            raise Undecided("somebody holds it exclusively: its size cannot be told now")
        if _known_unused(indexes, limits):
            it.holds(most, size, f"on {index.table}, {size}, never scanned since the statistics began")


def _known_unused(indexes: Indexes, limits: IndexLimits) -> bool:
    """Whether no scan in the statistics means none at all. Raises Undecided: that is not known."""
    age = indexes.age(indexes.since)
    if indexes.standbys:
        standbys = several(indexes.standbys, "standby")
        raise Undecided(f"never scanned here; {standbys} may do so, which only their own statistics tell")
    if age is None or age.least < limits.since:
        raise Undecided(
            f"never scanned in the {age or 'unknown time'} that the statistics are old; needed {limits.since}"
        )
    return True
