"""How old the newest backup is, by its name and by its time, and whether its size is plausible."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Annotated

from opsproof import CRITICAL, AtMost, Duration, Examination, Listing, Scoped, Subject, Undecided, check
from opsproof.examine.aws_backups import AwsBackups, Managed, examine_young
from opsproof.examine.backups.decided import aged, each, sized, waits
from opsproof.examine.backups.kept import Kept
from opsproof.examine.backups.limits import SizedLimits
from opsproof.examine.backups.places import Backups, Shelves
from opsproof.examine.beside import Beside
from opsproof.examine.deciding import deciding
from opsproof.examine.declared import Targeted
from opsproof.examine.velero import Vault, Vaults, VeleroIn, VeleroLimits
from opsproof.model.failure import Failure
from opsproof.model.finding import BACKUP_AGE
from opsproof.model.words import several
from opsproof.sources.kubernetes.asks import Kubernetes
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.velero import Backup
from opsproof.sources.kubernetes.facts.workloads import Workload
from opsproof.sources.kubernetes.reading.choice import reference
from opsproof.sources.kubernetes.reading.images import parse_image

# Where databases listen: PostgreSQL, MySQL, MongoDB, SQL Server, Oracle, Cassandra, CockroachDB.
_PORTS = frozenset({5432, 3306, 27017, 1433, 1521, 9042, 26257})
# Pods of which the API has no workload: an operator made them.
_BY_ITSELF = frozenset({"ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Job"})
_WORKLOADS = Kubernetes("deployments", "statefulsets", "daemonsets", "pods")
WorkloadsBeside = Annotated[Listing[Workload | Pod] | Failure | None, Beside(_WORKLOADS, when="databases")]

_APART = Duration(120)  # so long after the bucket the cluster may have been asked


class FreshLimits(SizedLimits, VeleroLimits):
    """`age`: of the newest backup; days on which none is made do not count. One of Velero is as old as its beginning.

    `databases`: names of images, for a row that applies only to a system with a database: one of its workloads, or
    of an operator's pods, runs such an image or listens where databases do, or the environment has a target of kind
    postgres.

    `db_instances`: of RDS, whose automated snapshots count, `vaults`: of AWS Backup. `restorable`: how long ago the latest
    moment may be that a DB instance can be brought back to.
    """

    db_instances: Scoped[tuple[str, ...]] = ()
    vaults: Scoped[tuple[str, ...]] = ()
    age: AtMost[Duration] = AtMost.parse("26h", Duration)
    restorable: AtMost[Duration] | None = None
    databases: Scoped[tuple[str, ...]] = ()


@check(
    "backup/fresh",
    title="The newest backup is young enough and has its usual size",
    level=CRITICAL,
    measures=BACKUP_AGE,
)
def check_fresh(
    objects: Annotated[Shelves, Backups("s3")],
    files: Annotated[Shelves, Backups("files")],
    managed: Annotated[Managed, AwsBackups()],
    workloads: WorkloadsBeside,
    database: Annotated[bool, Targeted("postgres")],
    velero: Annotated[Vaults, VeleroIn("backups", "schedules", "locations")],
    limits: FreshLimits,
    examine: Examination,
) -> None:
    """What was written since the last backup is lost with the disk; a schedule stops without a word."""
    if limits.databases and not database and not _has_database(workloads, limits, examine):
        return
    for found in each(examine, objects=objects, files=files, aws=managed, velero=velero):
        if isinstance(found, Vault):
            examine_vault(found, objects, limits, examine)
        elif isinstance(found, Kept):
            aged(found, limits.age, limits, examine)
            if finished := found.finished(limits.running):
                sized(found, finished[-1], limits, examine)
        else:
            examine_young(found, limits.age, limits.restorable, examine)


def _has_database(
    workloads: Listing[Workload | Pod] | Failure | None, limits: FreshLimits, examine: Examination
) -> bool:
    """Whether the row applies; it does not only where all workloads are known."""
    who = Subject("database", "any")
    if isinstance(workloads, Failure) or workloads is None:
        examine.unknown(who, workloads or Undecided("no workload was asked for"))
        return False
    every = [one for one in workloads if not isinstance(one, Pod) or _is_of_operator(one)]
    for one in every:
        if any(_is_database(image, ports, limits) for image, ports in _containers(one)):
            examine.note(f"{reference(one)} is a database")
            return True
    if workloads.doubts:
        examine.unknown(who, Undecided(workloads.doubts[0]))
    elif not workloads.gaps:
        several_workloads = several(len(every), "workload")
        examine.not_applicable(
            who,
            f"there is no database: none of {several_workloads} is one, and there is no target of kind postgres",
        )
    return False


def _is_of_operator(pod: Pod) -> bool:
    """What somebody runs by hand, to look into a database, is none."""
    return pod.owner is not None and pod.owner.kind not in _BY_ITSELF


def _containers(one: Workload | Pod) -> Iterator[tuple[str, frozenset[int]]]:
    for container in (one if isinstance(one, Pod) else one.template).spec.all_containers:
        yield container.image, frozenset(port.container_port for port in container.ports)


def _is_database(image: str, ports: frozenset[int], limits: FreshLimits) -> bool:
    try:
        name = parse_image(image).repository.rpartition("/")[2]
    except ValueError:
        name = ""
    return bool(ports & _PORTS) or any(fnmatchcase(name, pattern) for pattern in limits.databases)


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
    since = vault.under_way(subject.name) if waits(limits.age, age, limits.running) else None
    with examine(
        subject, measured=Duration(max(0.0, age)), limit=limits.age, since=since, grace=limits.running
    ) as it:
        it.holds(limits.age, age, f"the newest is {newest.name}, begun {newest.begun:%Y-%m-%d %H:%M} UTC")


def _examine_none(
    vault: Vault, namespace: str, subject: Subject, limits: FreshLimits, examine: Examination
) -> None:
    """The first one may be on its way; until it is there for no longer than the newest may be old.

    Where one has ended, it was no good one, and the next is not the first.
    """
    since, grace = vault.under_way(namespace), limits.running
    if vault.ended(namespace) is not None:
        since = None
    elif since is None:
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
