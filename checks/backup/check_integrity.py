"""Whether a database's dump can be read to its end, and is a whole one."""

from __future__ import annotations

from typing import Annotated

from pydantic import field_validator

from opsproof import CRITICAL, Examination, Scoped, Undecided, check
from opsproof.examine.aws_backups import AwsBackups, Managed, examine_whole
from opsproof.examine.backups import Backups, Contents, Kept, Looked, Read, Shelves, SizedLimits, each, sized
from opsproof.model.stored import Content

_PACKING = {
    "truncated": "the gzip ends before its end: it is truncated",
    "damaged": "the gzip is damaged: its checksum, or what it is packed by, is wrong",
    "followed by something else": "something else follows the gzip",
}


class IntegrityLimits(SizedLimits):
    """`which`: the backups that are read, `newest` and `oldest`. `db_instances`: of RDS, whose snapshots are looked at."""

    db_instances: Scoped[tuple[str, ...]] = ()
    which: Scoped[tuple[str, ...]] = ("newest",)

    @field_validator("which")
    @classmethod
    def _are_words(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if not given or not set(given) <= {"newest", "oldest"}:
            raise ValueError("write newest, oldest, or both")
        return given


@check("backup/integrity", title="The dump can be read to its end and is whole", level=CRITICAL)
def check_integrity(
    objects: Annotated[Read, Contents("s3")],
    files: Annotated[Read, Contents("files")],
    kept_objects: Annotated[Shelves, Backups("s3")],
    kept_files: Annotated[Shelves, Backups("files")],
    managed: Annotated[Managed, AwsBackups()],
    limits: IntegrityLimits,
    examine: Examination,
) -> None:
    """Half a dump looks like one until it is needed: `pg_dump | gzip` ends well when pg_dump does not."""
    for looked in each(examine, objects=objects, files=files, aws=managed):
        if isinstance(looked, Looked):
            examine_dump(looked, limits, examine)
        else:
            examine_whole(looked, examine)
    for kept in (*(kept_objects or ()), *(kept_files or ())):
        if isinstance(kept, Kept) and (found := kept.finished(limits.running)):
            sized(kept, found[-1], limits, examine)


def examine_dump(looked: Looked, limits: IntegrityLimits, examine: Examination) -> None:
    """One dump, as far as its form says where its end is."""
    content = looked.content
    with examine(looked, limit="a whole dump", since=looked.since, grace=limits.running):
        assert content.name, f"no backup: {looked.nothing()}"
        if content.unread:
            raise Undecided(f"{content.name} was not read to its end: {content.unread}")
        assert not content.problem, f"{content.name}: {_PACKING.get(content.problem, content.problem)}"
        assert content.form != "empty", (
            f"{content.name}: {'an empty gzip' if content.packing else 'it is empty'}"
        )
        wrong = _wrong(content)
        assert not wrong, f"{content.name}: {wrong}"
        if content.form not in {"sql", "custom"}:
            raise Undecided(
                f"{content.name}: {_UNKNOWN.get(content.form, 'it is of no form whose end is known')}"
            )
        assert not content.changed, f"{content.name} was written to while it was read"


_UNKNOWN = {
    "pgp": "it is encrypted, so that nobody without the key sees its end",
    "age": "it is encrypted, so that nobody without the key sees its end",
}


def _wrong(content: Content) -> str:
    """Why a dump of a known form is no whole one; empty: it is, or its form is not known."""
    if content.form == "manifest":
        return "it is text, and no dump of PostgreSQL"
    if content.form == "custom":
        return "" if content.restored else "pg_restore cannot read it to its end"
    if content.form != "sql":
        return ""
    if not content.header:
        return "something else stands before the dump's header"
    if not content.trailer:
        return "the line is missing that says that the dump is complete"
    if content.returns * 2 > content.lines:
        return "its lines end with CR LF: it went through a terminal"
    return "" if content.tables else "no table is in it"
