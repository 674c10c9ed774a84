"""Before a deployment: a backup that is finished, and from which one could go back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from opsproof import (
    CRITICAL,
    AtMost,
    Duration,
    Examination,
    Listing,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.backups.decided import each
from opsproof.examine.backups.kept import Backup, Kept
from opsproof.examine.backups.limits import BackupLimits
from opsproof.examine.backups.places import Backups, Shelves
from opsproof.examine.beside import Beside
from opsproof.model.failure import Failure
from opsproof.sources.kubernetes.asks import Kubernetes
from opsproof.sources.kubernetes.facts.workloads import Deployment, ReplicaSet
from opsproof.sources.kubernetes.reading.choice import referred

DeploymentsBeside = Annotated[
    Listing[Deployment] | Failure | None, Beside(Kubernetes("deployments"), when="workloads")
]
ReplicaSetsBeside = Annotated[
    Listing[ReplicaSet] | Failure | None, Beside(Kubernetes("replicasets"), when="workloads")
]


class PredeployLimits(BackupLimits):
    """`age`: of the newest backup when the deployment begins. No day is excused: it is made for the deployment.

    `workloads`: references like `deployment/api`; where one of them is being rolled out, the deployment has begun with
    that. `rollout`: one that began longer ago hangs, and the next deployment begins now.
    """

    age: AtMost[Duration] = AtMost.parse("24h", Duration)
    workloads: Scoped[tuple[str, ...]] = ()
    rollout: Duration = Duration.parse("1h")


@check("backup/predeploy", title="A backup was finished before the deployment began", level=CRITICAL)
def check_predeploy(
    objects: Annotated[Shelves, Backups("s3")],
    files: Annotated[Shelves, Backups("files")],
    deployments: DeploymentsBeside,
    replica_sets: ReplicaSetsBeside,
    limits: PredeployLimits,
    examine: Examination,
) -> None:
    """A deployment that spoils data is taken back, and the data are not: only what was stored before it has them."""
    began = _begun(deployments, replica_sets, limits, examine)
    for kept in each(examine, objects=objects, files=files):
        _examine(kept, began, deployments, limits, examine)


def _begun(
    deployments: Listing[Deployment] | Failure | None,
    replica_sets: Listing[ReplicaSet] | Failure | None,
    limits: PredeployLimits,
    examine: Examination,
) -> datetime | None:
    """When the rollout began that is under way; None where none is: then it may begin now."""
    for found in (deployments, replica_sets):
        if isinstance(found, Failure):
            examine.unknown(Subject("rollout", ", ".join(limits.workloads)), found)
            return None
    if not isinstance(deployments, Listing) or not isinstance(replica_sets, Listing):
        return None
    there = {one.reference for one in deployments}
    for name in (name for name in limits.workloads if name not in there):
        unseen = f"there is no {name}: whether its rollout has begun is not known"
        examine.unknown(referred(name), Undecided(unseen))
    rolling = [one for one in deployments if one.reference in limits.workloads and one.rolling]
    moments = [at for one in rolling for at in _made(one, replica_sets)]
    return min((at for at in moments if deployments.age(at) <= limits.rollout), default=None)


def _made(one: Deployment, replica_sets: Listing[ReplicaSet]) -> Iterator[datetime]:
    """When the ReplicaSet of its newest revision was made."""
    for each_set in replica_sets:
        owner = each_set.owner
        own = owner is not None and (each_set.namespace, owner.name) == (one.namespace, one.name)
        if own and each_set.revision == one.revision and each_set.created is not None:
            yield each_set.created


def _examine(
    kept: Kept,
    began: datetime | None,
    deployments: Listing[Deployment] | Failure | None,
    limits: PredeployLimits,
    examine: Examination,
) -> None:
    finished = kept.finished(limits.running)
    with examine(kept.subject, limit=limits.age) as it:
        if began is not None and not _one_time(kept, deployments):
            raise Undecided(
                "the clocks of the backups and of the cluster are too far apart to tell which was first"
            )
        before = [one for one in finished if began is None or one.made <= began]
        assert before, _none(kept, finished, began)
        newest = before[-1]
        assert not newest.hollow, f"{newest.stored.name} is empty"
        kept.require_past(newest.made)
        age = (
            kept.clock.age(newest.made) if began is None else Duration((began - newest.made).total_seconds())
        )
        when = "" if began is None else f", before the rollout that began {_minute(began)}"
        it.holds(limits.age, age, f"the newest is {newest.stored.name}, made {_minute(newest.made)}{when}")


def _one_time(kept: Kept, deployments: Listing[Deployment] | Failure | None) -> bool:
    return kept.clock.trusted and isinstance(deployments, Listing) and deployments.clock.trusted


def _none(kept: Kept, finished: tuple[Backup, ...], began: datetime | None) -> str:
    if finished and began is not None:
        return f"the rollout began {_minute(began)}, and every backup that is there was made after it"
    return f"no backup: {'the first is being written' if kept.backups else kept.nothing()}"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
