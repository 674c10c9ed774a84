"""How old the newest backup is, by its name and by its time, and whether its size is plausible."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Annotated

from opsproof import CRITICAL, AtMost, Duration, Examination, Listing, Scoped, Subject, Undecided, check
from opsproof.examine.aws_backups import AwsBackups, Managed, examine_young
from opsproof.examine.backups import Backups, Kept, Shelves, SizedLimits, aged, each, sized
from opsproof.examine.beside import Beside
from opsproof.examine.declared import Targeted
from opsproof.model.failure import Failure
from opsproof.model.finding import BACKUP_AGE
from opsproof.model.words import several
from opsproof.sources.kubernetes.asks import Kubernetes
from opsproof.sources.kubernetes.facts.workloads import Workload
from opsproof.sources.kubernetes.reading.images import parse_image

# Where databases listen: PostgreSQL, MySQL, MongoDB, SQL Server, Oracle, Cassandra, CockroachDB.
_PORTS = frozenset({5432, 3306, 27017, 1433, 1521, 9042, 26257})
_WORKLOADS = Kubernetes("deployments", "statefulsets", "daemonsets")
WorkloadsBeside = Annotated[Listing[Workload] | Failure | None, Beside(_WORKLOADS, when="databases")]


class FreshLimits(SizedLimits):
    """`age`: of the newest backup; days on which none is made do not count.

    `databases`: names of images, for a row that applies only to a system with a database: one of its workloads runs
    such an image or listens where databases do, or the environment has a target of kind postgres.

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
    limits: FreshLimits,
    examine: Examination,
) -> None:
    """What was written since the last backup is lost with the disk; a schedule stops without a word."""
    if limits.databases and not database and not _has_database(workloads, limits, examine):
        return
    for kept in each(examine, objects=objects, files=files, aws=managed):
        if not isinstance(kept, Kept):
            examine_young(kept, limits.age, limits.restorable, examine)
            continue
        aged(kept, limits.age, limits, examine)
        if finished := kept.finished(limits.running):
            sized(kept, finished[-1], limits, examine)


def _has_database(
    workloads: Listing[Workload] | Failure | None, limits: FreshLimits, examine: Examination
) -> bool:
    """Whether the row applies; it does not only where all workloads are known."""
    who = Subject("database", "any")
    if isinstance(workloads, Failure) or workloads is None:
        examine.unknown(who, workloads or Undecided("no workload was asked for"))
        return False
    for one in workloads:
        if any(_is_database(image, ports, limits) for image, ports in _containers(one)):
            examine.note(f"{one.reference} is a database")
            return True
    if workloads.doubts:
        examine.unknown(who, Undecided(workloads.doubts[0]))
    elif not workloads.gaps:
        several_workloads = several(len(workloads), "workload")
        examine.not_applicable(
            who,
            f"there is no database: none of {several_workloads} is one, and there is no target of kind postgres",
        )
    return False


def _containers(one: Workload) -> Iterator[tuple[str, frozenset[int]]]:
    for container in one.template.spec.all_containers:
        yield container.image, frozenset(port.container_port for port in container.ports)


def _is_database(image: str, ports: frozenset[int], limits: FreshLimits) -> bool:
    try:
        name = parse_image(image).repository.rpartition("/")[2]
    except ValueError:
        name = ""
    return bool(ports & _PORTS) or any(fnmatchcase(name, pattern) for pattern in limits.databases)
