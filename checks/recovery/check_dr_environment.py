"""The namespace of a recovery drill: the application is installed there, or nothing of it is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from opsproof import (
    HIGH,
    Count,
    Duration,
    Examination,
    Limits,
    Listing,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside
from opsproof.model.failure import Failure, raised_from
from opsproof.model.words import first_few, several
from opsproof.sources.kubernetes.asks import HelmReleases, Kubernetes
from opsproof.sources.kubernetes.facts.helm import ReleaseRecord
from opsproof.sources.kubernetes.facts.meta import KubernetesObject
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.workloads import DaemonSet, Job, StatefulSet, Workload
from opsproof.sources.kubernetes.reading.choice import reference
from opsproof.sources.kubernetes.reading.readiness import trouble
from opsproof.sources.kubernetes.reading.transitions import by_workload, workload_key

INSTANCE = "app.kubernetes.io/instance"
_KINDS = (
    "deployments",
    "statefulsets",
    "daemonsets",
    "jobs",
    "cronjobs",
    "persistentvolumeclaims",
    "services",
)
_UNSEEN = "the releases that Helm records were not looked at: the target does not say allow: [secret-names]"
_UNDER_WAY = ("pending-", "uninstalling")

ThingsThere = Annotated[Listing[Any], Kubernetes(*_KINDS, namespace_from="drill_namespace")]
PodsThere = Annotated[Listing[Pod], Kubernetes("pods", namespace_from="drill_namespace")]
# The control: that the source is alive is proven where something must be.
OwnBeside = Annotated[Listing[Pod] | Failure | None, Beside(Kubernetes("pods"), when="empty")]
ReleasesBeside = Annotated[
    Listing[ReleaseRecord] | Failure | None, Beside(HelmReleases(namespace_from="drill_namespace"))
]


class DrillLimits(Limits):
    """`drill_namespace`: where a drill restores to. `release`: what Helm installs there.

    `empty`: nothing of a drill may be left; without it, the release has to be there and whole. `lasts`: for so long a
    drill may be under way. `settling`: for so long Helm may be at work.
    """

    drill_namespace: Scoped[str]
    release: Scoped[str] = ""
    empty: Scoped[bool] = False
    lasts: Duration = Duration.parse("24h")
    settling: Duration = Duration.parse("15m")


@check(
    "recovery/dr-environment",
    title="The drill's namespace holds the whole application during it, and nothing after it",
    level=HIGH,
)
def check_dr_environment(
    things: ThingsThere,
    pods: PodsThere,
    releases: ReleasesBeside,
    own: OwnBeside,
    limits: DrillLimits,
    examine: Examination,
) -> None:
    """A drill that installed half of it proves nothing; what it leaves costs money, and answers in the wrong place."""
    if releases is None:
        examine.note(_UNSEEN)
    if limits.empty:
        found = len(own) if isinstance(own, Listing) else 0
        examine.control(found, f"{several(found, 'pod')} in the system's own namespace answered")
        _examine_left(things, pods, releases, limits, examine)
    else:
        _examine_release(releases, limits, examine)
        _examine_installed(things, pods, limits, examine)


# -- after it --------------------------------------------------------------------------------------------


def _examine_left(
    things: Listing[Any],
    pods: Listing[Pod],
    releases: Listing[ReleaseRecord] | Failure | None,
    limits: DrillLimits,
    examine: Examination,
) -> None:
    """All that is left is one finding, as old as the oldest of it."""
    if isinstance(releases, Failure):
        examine.unknown(Subject("releases", limits.drill_namespace), releases)
    recorded = [one for one in (releases if isinstance(releases, Listing) else ()) if one.is_release]
    found: list[KubernetesObject] = [*things, *pods]
    alone = [*(one for one in found if not _made_by_another(one)), *recorded]
    # An owner may be of a kind that is not looked for: an operator's own.
    left = alone or found
    if not left:
        for doubt in dict.fromkeys((*things.doubts, *pods.doubts)):
            examine.unknown(Subject("namespace", limits.drill_namespace), Undecided(doubt))
        return
    names = [_name(one) for one in left]
    since = min((one.created for one in left if one.created is not None), default=None)
    with examine(
        Subject("namespace", limits.drill_namespace),
        measured=Count(len(left)),
        limit=Count(0),
        since=things.moment(since, "the oldest creation"),
        grace=limits.lasts,
    ):
        raise AssertionError(f"{several(len(left), 'thing')} of a drill left: {first_few(names)}")


def _made_by_another(one: KubernetesObject) -> bool:
    """What goes with its owner: a Deployment's pods; not a claim, which outlives its StatefulSet."""
    return one.owner is not None


def _name(one: KubernetesObject) -> str:
    if isinstance(one, ReleaseRecord):
        return f"release/{one.release}.v{one.revision}"
    return reference(one)


# -- during it -------------------------------------------------------------------------------------------


def _examine_release(
    releases: Listing[ReleaseRecord] | Failure | None, limits: DrillLimits, examine: Examination
) -> None:
    """The newest revision says how the release is; older ones are superseded."""
    if releases is None or not limits.release:
        return
    who = Subject("release", limits.release, limits.drill_namespace)
    if isinstance(releases, Failure):
        examine.unknown(who, releases)
        return
    own = [one for one in releases if one.is_release and one.release == limits.release]
    newest = max(own, key=lambda one: one.revision, default=None)
    at_work = newest is not None and newest.status.startswith(_UNDER_WAY)
    with examine(
        who,
        measured=newest.status or "without status" if newest is not None else "absent",
        limit="deployed",
        since=releases.moment(newest.created, "its newest record")
        if newest is not None and at_work
        else None,
        grace=limits.settling,
    ):
        for gap in releases.gaps:
            raise raised_from(gap)
        assert newest is not None, f"there is no release {limits.release} in {limits.drill_namespace}"
        assert newest.status == "deployed", (
            f"revision {newest.revision} is {newest.status or 'without status'}"
        )


def _examine_installed(
    things: Listing[Any], pods: Listing[Pod], limits: DrillLimits, examine: Examination
) -> None:
    """What bears the release's label, each of it whole now: what is still starting is not installed yet."""
    workloads = [one for one in things if isinstance(one, Workload) and _of_release(one, limits)]
    members = by_workload(pods)
    for one in workloads:
        _examine_workload(one, members.get(workload_key(one), []), pods, examine)
    for run in things:
        if isinstance(run, Job) and _of_release(run, limits) and run.failure is not None:
            with examine(run):
                raise AssertionError(f"it failed ({run.failure.reason})")
    if not workloads:
        with examine(Subject("release", limits.release or "any", limits.drill_namespace), measured=Count(0)):
            for gap in things.gaps:
                raise raised_from(gap)
            label = f" with the label {INSTANCE}={limits.release}" if limits.release else ""
            raise AssertionError(f"there is no workload{label} in {limits.drill_namespace}")


def _of_release(one: KubernetesObject, limits: DrillLimits) -> bool:
    return not limits.release or one.labels.get(INSTANCE) == limits.release


def _examine_workload(
    one: Workload, members: Sequence[Pod], pods: Listing[Pod], examine: Examination
) -> None:
    running = one.ready if isinstance(one, StatefulSet) else one.available
    with examine(one, measured=Count(running), limit=Count(one.replicas)):
        if not one.observed:
            raise Undecided(
                "its controller has not seen the newest change: the status tells about an older one"
            )
        assert one.replicas or isinstance(one, DaemonSet), "it is scaled to 0"
        assert running >= one.replicas, f"{running} of {several(one.replicas, 'pod')} available"
        pods.within(one.namespace)  # raises when its pods are not known
        troubled = [
            f"pod {pod.name}: {why}"
            for pod in members
            if not (pod.terminating or pod.finished) and (why := trouble(pod))
        ]
        assert not troubled, troubled[0] if troubled else ""
