"""Workloads: rolled out and available; Jobs and CronJobs: the last run succeeded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from opsproof import (
    CRITICAL,
    AtLeast,
    Count,
    Duration,
    Examination,
    Limits,
    Listing,
    Moment,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside, known
from opsproof.examine.declared import Declared
from opsproof.examine.examination import Block
from opsproof.model.failure import Failure
from opsproof.model.words import are, several
from opsproof.sources.kubernetes.asks import Kubernetes, Pods, ReplicaSets, Workloads
from opsproof.sources.kubernetes.facts.nodes import Node
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.workloads import (
    CronJob,
    DaemonSet,
    Deployment,
    Job,
    StatefulSet,
    Workload,
)
from opsproof.sources.kubernetes.reading.choice import (
    SelectorText,
    absent,
    matching,
    named,
    referred,
    together,
)
from opsproof.sources.kubernetes.reading.departure import out_of_service
from opsproof.sources.kubernetes.reading.runs import Runs, by_cron_job, verdict
from opsproof.sources.kubernetes.reading.transitions import (
    by_deployment,
    by_workload,
    paused_since,
    short_since,
    workload_key,
)


class WorkloadLimits(Limits):
    """`workloads`: references like `deployment/api` or `cronjob/backup`, each of which must exist.

    Empty means all, and those that the environment names under `expected_workloads` must exist.
    `paused`: for how long a rollout may be held by hand while its new template waits.
    """

    workloads: Scoped[tuple[str, ...]] = ()
    selector: Scoped[SelectorText] = ""
    replicas: AtLeast[Count] = AtLeast.parse(1, Count)
    grace: Duration = Duration.parse("10m")
    paused: Duration = Duration.parse("1d")


Expected = Annotated[tuple[str, ...], Declared("expected_workloads", optional=True)]
RunsAsked = Annotated[Listing[Job | CronJob] | None, Runs()]
NodesBeside = Annotated[Listing[Node] | Failure, Beside(Kubernetes("nodes"))]


@check(
    "health/workloads-available",
    title="Every workload runs all its pods, of its newest template, and the last run of every Job succeeded",
    level=CRITICAL,
)
def check_workloads_available(
    workloads: Workloads,
    pods: Pods,
    replica_sets: ReplicaSets,
    runs: RunsAsked,
    nodes: NodesBeside,
    expected: Expected,
    limits: WorkloadLimits,
    examine: Examination,
) -> None:
    """A workload with fewer pods than it should have is overloaded, half rolled out, or down."""
    every = together(workloads, runs) if runs is not None else workloads
    chosen, missing = named(matching(every, limits.selector), limits.workloads)
    members, revisions = by_workload(pods), by_deployment(replica_sets)
    made = by_cron_job(runs or ())
    for one in chosen:
        if isinstance(one, DaemonSet):
            _examine_misplaced(one, members.get(workload_key(one), ()), nodes, examine)
            if _fits_nowhere(one, nodes, limits, examine):
                continue
        if isinstance(one, Workload):
            place = workload_key(one)
            shortage = short_since(one, members.get(place, ()), revisions.get(place, ()))
            _examine(one, workloads.moment(*shortage), workloads, limits, examine)
        elif limits.workloads or isinstance(one, CronJob) or not one.key:
            _examine_runs(one, made.get((one.namespace, one.name), ()), every, limits, examine)
    if not (limits.workloads or limits.selector):
        missing = named(every, expected)[1]
    for reference in missing:
        with examine(referred(reference), measured=Count(0), limit=limits.replicas):
            raise AssertionError(absent(every, reference))


def _examine(
    workload: Workload,
    since: Moment | None,
    workloads: Workloads,
    limits: WorkloadLimits,
    examine: Examination,
) -> None:
    _note(workload, examine)
    if _held(workload, limits):
        _examine_held(workload, workloads, limits, examine)
        return
    with examine(
        workload,
        measured=Count(_running(workload)),
        limit=limits.replicas if workload.replicas <= _running(workload) else Count(workload.replicas),
        since=since,
        grace=None if _hopeless(workload, limits) else limits.grace,
    ) as it:
        _decide(it, workload, limits)


def _note(workload: Workload, examine: Examination) -> None:
    """What somebody holds back on purpose."""
    if workload.spec.paused:
        examine.note(f"{workload.subject} is paused: changes to its template are not rolled out")
    due, strategy = _due(workload), workload.spec.update_strategy.type
    if strategy == "OnDelete" and workload.updated < workload.replicas:
        examine.note(f"{workload.subject} replaces pods only when they are deleted: {_updated(workload)}")
    elif due < workload.replicas and _two_revisions(workload):
        held = several(workload.replicas - due, "pod")
        examine.note(f"{workload.subject}: its partition keeps {held} at an older template")


def _examine_runs(
    thing: Job | CronJob,
    jobs: Sequence[Job],
    every: Listing[Any],
    limits: WorkloadLimits,
    examine: Examination,
) -> None:
    found = verdict(thing, jobs)
    if found.aside:
        examine.exclude(thing, found.aside)
        if thing.spec.suspend:
            examine.note(f"{thing.subject} is suspended: it does not run")
        return
    with examine(
        thing,
        measured="failed" if found.fault else "not known" if found.doubt else "succeeded",
        limit="succeeded",
        since=every.moment(*found.since),
    ):
        if found.doubt:
            raise Undecided(found.doubt)
        assert not found.fault, found.fault


def _fits_nowhere(
    daemons: DaemonSet, nodes: Listing[Node] | Failure, limits: WorkloadLimits, examine: Examination
) -> bool:
    """Decide a DaemonSet that wants no pod at all, such as one whose node selector nothing bears."""
    if daemons.replicas or not daemons.observed:
        return False
    count = None if isinstance(nodes, Failure) else len(nodes)
    if count == 0:
        examine.exclude(daemons, "a DaemonSet in a cluster without nodes")
        return True
    with examine(daemons) as it:
        where = "no node" if count is None else f"none of {several(count, 'node')}"
        it.holds(limits.replicas, Count(0), f"it fits {where}, {limits.replicas} needed")
    return True


def _examine_misplaced(
    daemons: DaemonSet, pods: Sequence[Pod], nodes: Listing[Node] | Failure, examine: Examination
) -> None:
    """Pods on nodes that they do not fit any more, but for nodes that are out of service."""
    number = daemons.status.number_misscheduled
    if not number or not daemons.observed:
        return
    subject = Subject("daemonset", daemons.name, daemons.namespace, f"{daemons.name}/misscheduled")
    with examine(subject, measured=Count(number), limit=Count(0)):
        surplus = number - out_of_service(pods, known(nodes))
        assert surplus <= 0, f"{several(surplus, 'pod')} on nodes where none of it should run"


def _decide(it: Block, workload: Workload, limits: WorkloadLimits) -> None:
    if not workload.observed:
        raise Undecided("its controller has not seen the newest change: the status tells about an older one")
    running, wanted = _running(workload), workload.replicas
    it.holds(
        limits.replicas, wanted, f"{several(wanted, 'replica')} wanted by its spec, {limits.replicas} needed"
    )
    assert not _stuck(workload), f"the rollout passed its progress deadline; {_updated(workload)}"
    assert running >= wanted, f"{running} of {are(wanted, 'pod')} available"
    assert not _behind(workload), f"the rollout is not complete: {_updated(workload)}"


def _held(workload: Workload, limits: WorkloadLimits) -> bool:
    """Nothing is wrong but that a new template waits for somebody to resume the rollout."""
    whole = workload.observed and _running(workload) >= workload.replicas
    return workload.spec.paused and whole and _behind(workload) and not _hopeless(workload, limits)


def _examine_held(
    workload: Workload, workloads: Workloads, limits: WorkloadLimits, examine: Examination
) -> None:
    """What was repaired in the template protects nobody while it waits."""
    pause = paused_since(workload)
    with examine(
        workload,
        measured=Count(workload.updated),
        limit=Count(workload.replicas),
        since=workloads.moment(*pause),
        grace=limits.paused,
    ):
        if pause.moment is None:
            raise Undecided(
                "its rollout is paused with changes waiting, and the API does not tell since when"
            )
        raise AssertionError(f"its rollout is paused with changes waiting: {_updated(workload)}")


def _hopeless(workload: Workload, limits: WorkloadLimits) -> bool:
    """No change under way explains it."""
    return _stuck(workload) or not limits.replicas.allows(workload.replicas)


def _running(workload: Workload) -> int:
    return workload.ready if isinstance(workload, StatefulSet) else workload.available


def _stuck(workload: Workload) -> bool:
    return isinstance(workload, Deployment) and workload.stuck


def _behind(workload: Workload) -> bool:
    """Pods of an older template run that the workload itself should replace."""
    if isinstance(workload, Deployment):
        return workload.updated < workload.replicas or workload.status.replicas > workload.updated
    if workload.spec.update_strategy.type == "OnDelete":
        return False
    if isinstance(workload, StatefulSet):
        return _two_revisions(workload) and (
            workload.updated < workload.due or workload.due == workload.replicas
        )
    return workload.updated < workload.replicas


def _two_revisions(workload: Workload) -> bool:
    status = workload.status
    return bool(status.update_revision) and status.current_revision != status.update_revision


def _due(workload: Workload) -> int:
    """How many pods a rollout replaces."""
    return workload.due if isinstance(workload, StatefulSet) else workload.replicas


def _updated(workload: Workload) -> str:
    older = workload.status.replicas - workload.updated if isinstance(workload, Deployment) else 0
    if workload.updated >= workload.replicas and older > 0:
        return f"{several(older, 'pod')} of an older template still there"
    due = _due(workload)
    return f"{workload.updated} of {several(due, 'pod')} {'runs' if due == 1 else 'run'} the newest template"
