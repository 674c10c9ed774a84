"""Pods: ready, and spread over nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

from opsproof import (
    CRITICAL,
    AtLeast,
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
from opsproof.examine.declared import Declared
from opsproof.model.words import are, several
from opsproof.sources.kubernetes.asks import Deployments, Pods
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.workloads import Workload
from opsproof.sources.kubernetes.reading.choice import SelectorText, absent, matching, referred
from opsproof.sources.kubernetes.reading.readiness import hopeless, never_starts, ready_share, trouble
from opsproof.sources.kubernetes.reading.transitions import (
    WorkloadKey,
    by_workload,
    unready_since,
    workload_key,
)

Expected = Annotated[tuple[str, ...], Declared("expected_workloads", optional=True)]


class PodLimits(Limits):
    """`at_least`: pods that must be there. `nodes`: nodes over which each workload's pods are spread.

    Without `selector`, each workload that the environment names under `expected_workloads` has a pod.
    """

    selector: Scoped[SelectorText] = ""
    grace: Duration = Duration.parse("5m")
    at_least: AtLeast[Count] = AtLeast.parse(1, Count)
    nodes: AtLeast[Count] | None = None


@check("health/pods-ready", title="Every pod that is not a finished job is ready", level=CRITICAL)
def check_pods_ready(
    pods: Pods, deployments: Deployments, expected: Expected, limits: PodLimits, examine: Examination
) -> None:
    """A pod that runs but is not ready serves nobody, while its workload looks complete."""
    workloads = {workload_key(deployment): deployment for deployment in deployments}
    chosen = matching(pods, limits.selector)
    serving = []
    for pod in chosen:
        if why := _set_aside(pod):
            examine.exclude(pod, why)
            continue
        _examine_pod(pod, pods, workloads, limits, examine)
        if not pod.terminating:
            serving.append(pod)
    if not limits.selector:
        _examine_expected(expected, serving, pods, examine)
    if len(chosen):
        _examine_number(chosen, len(serving), limits, examine)
    if limits.nodes is not None:
        _examine_spread(serving, limits.nodes, examine)


def _set_aside(pod: Pod) -> str:
    """Why a pod's readiness says nothing about the system's health; "" when it does."""
    if pod.phase == "Succeeded":
        return "finished"
    if pod.of_job and not never_starts(pod):
        return "belongs to a Job: health/workloads-available judges its last finished run"
    if _left_over(pod):
        return f"left over: {pod.status.reason or pod.phase}, replaced by its workload"
    scheduled = pod.condition("PodScheduled")
    if scheduled is not None and scheduled.reason == "SchedulingGated":
        return "held back by a scheduling gate"
    return ""


def _left_over(pod: Pod) -> bool:
    """A pod that would always be restarted fails only when its node puts it away or does not admit it."""
    restarts = pod.spec.restart_policy == "Always"
    return pod.owner is not None and (pod.leftover or (pod.phase == "Failed" and restarts))


def _examine_pod(
    pod: Pod,
    pods: Listing[Pod],
    workloads: Mapping[WorkloadKey, Workload],
    limits: PodLimits,
    examine: Examination,
) -> None:
    why = _overdue(pod) if pod.terminating else trouble(pod)
    if not why:
        with examine(pod):
            return
    owner = workloads.get((pod.namespace, *(pod.workload or ("", ""))))
    since = unready_since(pod) if pod.terminating else unready_since(pod, owner)
    with examine(
        pod,
        measured=ready_share(pod),
        limit="ready",
        since=pods.moment(*since),
        grace=None if hopeless(pod) and not pod.terminating else limits.grace,
    ):
        raise AssertionError(why)


def _overdue(pod: Pod) -> str:
    due = pod.metadata.deletion_timestamp
    return f"deleted, and still there; it had until {due:%H:%M:%S} UTC to end"


def _examine_expected(
    expected: Iterable[str], serving: Iterable[Pod], pods: Listing[Pod], examine: Examination
) -> None:
    """A workload that was deleted leaves no pod that could be unready."""
    there = {f"{kind.lower()}/{name}" for _, kind, name in by_workload(serving)}
    for text in expected:
        if text.partition("/")[0] not in {"job", "cronjob"} and text not in there:
            with examine(referred(text), measured=Count(0), limit="at least 1"):
                raise AssertionError(absent(pods, f"pod of {text}"))


def _examine_number(chosen: Listing[Pod], serving: int, limits: PodLimits, examine: Examination) -> None:
    """A deleted workload leaves no pod that could be unready."""
    with examine(
        Subject("pods", limits.selector or "all"), measured=Count(serving), limit=limits.at_least
    ) as it:
        if chosen.gaps and not limits.at_least.allows(serving):
            raise Undecided(f"{several(serving, 'pod')} seen, but not every namespace answered")
        it.holds(limits.at_least, serving, f"{several(serving, 'pod')}, {limits.at_least} needed")


def _examine_spread(pods: Iterable[Pod], nodes: AtLeast[Count], examine: Examination) -> None:
    for (namespace, kind, name), members in by_workload(pods).items():
        subject = Subject(kind.lower(), name, namespace)
        used = Count(len({pod.node for pod in members if pod.node}))
        if not nodes.allows(len(members)):
            examine.exclude(subject, "has fewer pods than the nodes asked for")
            continue
        with examine(subject) as it:
            it.holds(
                nodes, used, f"its {are(len(members), 'pod')} on {several(used, 'node')}, {nodes} needed"
            )
