"""How old the newest backup is, by its name and by its time, and whether its size is plausible."""

from __future__ import annotations

from typing import Annotated

from opsproof import CRITICAL, AtMost, Duration, Examination, Subject, Undecided, check
from opsproof.examine.backups import Backups, Kept, Shelves, SizedLimits, each, sized
from opsproof.examine.deciding import deciding
from opsproof.examine.velero import Vault, Vaults, VeleroIn, VeleroLimits
from opsproof.sources.kubernetes.facts.velero import Backup

_APART = Duration(120)  # so long after the bucket the cluster may have been asked


class FreshLimits(SizedLimits, VeleroLimits):
    """`age`: of the newest backup; days on which none is made do not count. One of Velero is as old as its beginning."""

    age: AtMost[Duration] = AtMost.parse("26h", Duration)


@check("backup/fresh", title="The newest backup is young enough and has its usual size", level=CRITICAL)
def check_fresh(
    objects: Annotated[Shelves, Backups("s3")],
    files: Annotated[Shelves, Backups("files")],
    velero: Annotated[Vaults, VeleroIn("backups", "schedules", "locations")],
    limits: FreshLimits,
    examine: Examination,
) -> None:
    """What was written since the last backup is lost with the disk; a schedule stops without a word."""
    for found in each(examine, objects=objects, files=files, velero=velero):
        if isinstance(found, Vault):
            examine_vault(found, objects, limits, examine)
            continue
        examine_age(found, limits, examine)
        if finished := found.finished(limits.running):
            sized(found, finished[-1], limits, examine)


def examine_age(kept: Kept, limits: FreshLimits, examine: Examination) -> None:
    """The newest one that is whole; while another is being written, that one is about to be the newest."""
    finished = kept.finished(limits.running)
    writing = kept.backups[-1] if kept.backups[len(finished) :] else None
    since = kept.since(writing) if writing is not None else None
    if not finished:
        with examine(kept.subject, limit=limits.age, since=since, grace=limits.running):
            raise AssertionError(
                f"no backup: {kept.nothing() if writing is None else 'the first is being written'}"
            )
        return
    newest = finished[-1]
    off = kept.off(newest.made, limits.weekdays)
    age = kept.clock.age(newest.made + off)
    with examine(
        kept.subject, measured=Duration(max(0.0, age)), limit=limits.age, since=since, grace=limits.running
    ) as it:
        assert not newest.hollow, f"{newest.stored.name} is empty"
        it.holds(
            limits.age, age, f"the newest is {newest.stored.name}, made {newest.made:%Y-%m-%d %H:%M} UTC"
        )


def examine_vault(vault: Vault, objects: Shelves, limits: FreshLimits, examine: Examination) -> None:
    """Of each namespace the newest one that Velero calls completed, and that it is where it is stored."""
    for namespace in vault.namespaces:
        subject = Subject("velero", namespace)
        good = vault.good(namespace)
        with deciding(examine, subject):
            if good:
                _examine_newest(vault, good[-1], subject, limits, examine)
                _examine_stored(vault, good[-1], namespace, objects, examine)
            else:
                _examine_none(vault, namespace, subject, limits, examine)


def _examine_newest(
    vault: Vault, newest: Backup, subject: Subject, limits: FreshLimits, examine: Examination
) -> None:
    assert newest.begun is not None
    age = vault.backups.age(newest.begun)
    since = vault.under_way(subject.name)
    with examine(
        subject, measured=Duration(max(0.0, age)), limit=limits.age, since=since, grace=limits.running
    ) as it:
        it.holds(limits.age, age, f"the newest is {newest.name}, begun {newest.begun:%Y-%m-%d %H:%M} UTC")


def _examine_none(
    vault: Vault, namespace: str, subject: Subject, limits: FreshLimits, examine: Examination
) -> None:
    """The first one may be on its way; until it is there for no longer than the newest may be old."""
    since, grace = vault.under_way(namespace), limits.running
    if since is None:
        since, grace = vault.awaited(namespace, min(bound for _, bound, _ in limits.age.steps))
    with examine(subject, limit=limits.age, since=since, grace=grace):
        raise AssertionError(f"no backup: {vault.nothing(namespace)}")


def _examine_stored(
    vault: Vault,
    newest: Backup,
    namespace: str,
    objects: Shelves,
    examine: Examination,
) -> None:
    """Velero's word for it is not enough where the bucket can be looked into, which was listed at another moment."""
    location = vault.location(newest.spec.storage_location)
    key = location.path(newest.name) if location is not None else ""
    shelves = [one for one in objects or () if isinstance(one, Kept) and one.pattern.fitting(key)]
    if objects is None or len([one for one in objects if isinstance(one, Kept)]) < len(objects):
        return
    if not shelves:
        examine.note(f"{newest.name} is not among the objects that the row names: it was not looked for")
        return
    ended = vault.backups.moment(newest.status.completion_timestamp, "its completion")
    with examine(Subject("archive", namespace), limit="in the bucket", since=ended, grace=_APART):
        bucket = location.spec.object_storage.bucket if location and location.spec.object_storage else ""
        if bucket != vault.bucket:
            raise Undecided(f"it is stored in the bucket {bucket}, and the target is {vault.bucket}")
        sizes = [one.size for kept in shelves for one in kept.shelf.stored if one.name == key]
        assert sizes, f"{shelves[0].place} has no {key}"
        assert max(sizes) > 0, f"{key} is empty"
