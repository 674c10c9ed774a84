"""Whether a database's dump can be read to its end, and is a whole one; and what Velero and Redis say of theirs."""

from __future__ import annotations

from statistics import median
from typing import Annotated, Literal

from pydantic import field_validator

from opsproof import CRITICAL, Examination, Listing, Percent, Scoped, Subject, Undecided, check
from opsproof.examine.aws_backups import AwsBackups, Managed, examine_whole
from opsproof.examine.backups.decided import each, sized
from opsproof.examine.backups.kept import Kept, Looked
from opsproof.examine.backups.limits import SizedLimits
from opsproof.examine.backups.places import Backups, Contents, Read, Shelves
from opsproof.examine.beside import Beside
from opsproof.examine.velero import ClaimsIn, Vault, Vaults, VeleroIn, VeleroLimits, listed
from opsproof.model.failure import Failure
from opsproof.model.stored import Content
from opsproof.sources.kubernetes.facts.storage import VolumeClaim
from opsproof.sources.kubernetes.facts.velero import Backup
from opsproof.sources.kubernetes.reading.velero_volumes import alone, stored, unfinished
from opsproof.sources.redis.server import RedisServer, ServerState

_PACKING = {
    "truncated": "the gzip ends before its end: it is truncated",
    "damaged": "the gzip is damaged: its checksum, or what it is packed by, is wrong",
    "followed by something else": "something else follows the gzip",
}


_FEWEST = 3  # earlier backups that tell a usual number of items


class IntegrityLimits(SizedLimits, VeleroLimits):
    """`which`: the backups that are read, `newest` and `oldest`. `form`: what they are, a `dump` of a database or an
    `archive`, which is whole when its gzip is.

    `db_instances`: of RDS, whose snapshots are looked at.

    `volumes`: Velero's backup has to hold the data of every claim. `redis`: what the server says of its own files.
    """

    db_instances: Scoped[tuple[str, ...]] = ()
    which: Scoped[tuple[str, ...]] = ("newest",)
    form: Scoped[Literal["dump", "archive"]] = "dump"
    volumes: Scoped[bool] = False
    redis: Scoped[bool] = False

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
    velero: Annotated[Vaults, VeleroIn("backups")],
    volumes: Annotated[Vaults, VeleroIn("volumes", when="volumes")],
    claims: Annotated[Listing[VolumeClaim] | Failure | None, ClaimsIn(when="volumes")],
    redis: Annotated[ServerState | Failure | None, Beside(RedisServer(), when="redis")],
    limits: IntegrityLimits,
    examine: Examination,
) -> None:
    """Half a dump looks like one until it is needed: `pg_dump | gzip` ends well when pg_dump does not."""
    server = None if redis is None else (redis,)
    for found in each(examine, objects=objects, files=files, aws=managed, velero=velero, redis=server):
        if isinstance(found, Vault):
            examine_vault(found, volumes, claims, limits, examine)
        elif isinstance(found, ServerState):
            examine_redis(found, examine)
        elif isinstance(found, Looked):
            examine_dump(found, limits, examine)
        else:
            examine_whole(found, examine)
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
        if limits.form == "archive":
            assert content.packing, f"{content.name} is no packed archive: its form is {content.form}"
            return
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
        return _nothing_in(content) if content.restored else "pg_restore cannot read it to its end"
    if content.form != "sql":
        return ""
    if not content.header:
        return "something else stands before the dump's header"
    if not content.trailer:
        return "the line is missing that says that the dump is complete"
    if content.returns * 2 > content.lines:
        return "its lines end with CR LF: it went through a terminal"
    return _nothing_in(content)


def _nothing_in(content: Content) -> str:
    if not content.tables and not (content.form == "custom" and content.data is None):
        return "no table is in it"
    return "it has tables and no data: the schema alone was dumped" if content.data == 0 else ""


def examine_vault(
    vault: Vault,
    volumes: Vaults,
    claims: Listing[VolumeClaim] | Failure | None,
    limits: IntegrityLimits,
    examine: Examination,
) -> None:
    """Of each namespace the newest one that has ended."""
    for namespace in vault.namespaces:
        last = vault.ended(namespace)
        _examine_items(vault, namespace, last, limits, examine)
        if last is None:
            continue
        _examine_number(vault, namespace, last, limits, examine)
        if limits.volumes:
            _examine_volumes(vault, namespace, last, volumes, claims, examine)


def _examine_items(
    vault: Vault, namespace: str, last: Backup | None, limits: IntegrityLimits, examine: Examination
) -> None:
    progress = last.status.progress if last is not None else None
    count = f"{progress.items_backed_up} of {progress.total_items}" if progress is not None else None
    with examine(
        Subject("velero", namespace), measured=count, limit="all items, without an error",
        since=vault.under_way(namespace) if last is None else None, grace=limits.running,
    ):  # fmt: skip
        assert last is not None, f"no backup: {vault.nothing(namespace)}"
        wrong = unfinished(last)
        assert not wrong, f"{last.name}: {'; '.join(wrong)}"
        if progress is None:
            raise Undecided(f"{last.name} tells no number of items")


def _examine_number(
    vault: Vault, namespace: str, last: Backup, limits: IntegrityLimits, examine: Examination
) -> None:
    """As many items as there mostly are in those of its kind: a weekly one may hold more namespaces than a nightly one."""
    before = [
        one.status.progress.total_items for one in vault.good(namespace)
        if one.name != last.name and one.status.progress is not None and _kind(one) == _kind(last)
    ][-int(limits.recent) :]  # fmt: skip
    if last.status.progress is None or len(before) < _FEWEST:
        examine.note(f"{namespace}: fewer than {_FEWEST} earlier backups, so no number of items is usual")
        return
    total, usual = last.status.progress.total_items, median(before)
    share = Percent(abs(total / usual - 1))
    with examine(Subject("items", namespace), measured=share, limit=limits.size) as it:
        it.holds(limits.size, share, f"{last.name} has {total} items, and {usual:.0f} are usual")


def _kind(backup: Backup) -> tuple[str, frozenset[str]]:
    return backup.schedule, frozenset(backup.spec.included_namespaces or ())


def _examine_volumes(
    vault: Vault,
    namespace: str,
    last: Backup,
    volumes: Vaults,
    claims: Listing[VolumeClaim] | Failure | None,
    examine: Examination,
) -> None:
    """The data of every claim that was there when the backup was begun."""
    subject = Subject("volumes", namespace)
    for one in (*(volumes or ()), claims):
        if isinstance(one, Failure):
            examine.unknown(subject, one)
            return
    if not volumes or claims is None or isinstance(claims, Failure) or isinstance(volumes[0], Failure):
        return
    with examine(subject, limit="the data of every claim"):
        own = [one for one in claims.within(namespace) if _was_there(one, last)]
        found = stored(last, own, volumes[0].volumes)
        assert not found.failed, f"{last.name}: {found.failed} volumes have not been stored"
        missing = [one.name for one in own if one.uid not in found.claims]
        assert len(missing) <= found.snapshots, (
            f"{last.name} has no data of {len(missing) - found.snapshots} of {len(own)} claims: {listed(missing)}"
        )
        if missing and not alone(last.spec, namespace):
            raise Undecided(
                f"{last.name} has {found.snapshots} snapshots, which Velero does not tell apart by namespace: "
                f"whether {listed(missing)} are among them is not known"
            )


def _was_there(claim: VolumeClaim, backup: Backup) -> bool:
    """It holds something, is not newer than the backup, and its label does not leave it out."""
    if claim.phase != "Bound" or claim.labels.get("velero.io/exclude-from-backup") == "true":
        return False
    return claim.created is None or backup.begun is None or claim.created <= backup.begun


def examine_redis(server: ServerState, examine: Examination) -> None:
    """The files that it would be restored from, by what it says of writing them."""
    with examine(server, limit="written without an error"):
        sample = server.of_master()
        found = sample.persistence
        if sample.loading or found.aof is None:
            raise Undecided("it is still loading" if sample.loading else "INFO persistence tells nothing")
        assert found.saved, "the last snapshot failed (rdb_last_bgsave_status)"
        assert not found.aof or (found.aof_written and found.aof_rewritten), (
            "the append-only file could not be written (aof_last_write_status, aof_last_bgrewrite_status)"
        )
        if not found.aof and not _saved_since_its_start(server):
            raise Undecided("no snapshot was made since its start: whether one can be is not known")


def _saved_since_its_start(server: ServerState) -> bool:
    """It takes its start for the moment of the last snapshot until it has made one."""
    sample = server.last
    last, started = sample.persistence.last_save, sample.started
    return last is not None and started is not None and (last - started).total_seconds() > _BETWEEN


_BETWEEN = 2  # seconds that two whole numbers of seconds may differ for one moment
