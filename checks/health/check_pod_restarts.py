"""Pods: not restarting."""

from __future__ import annotations

from math import isfinite
from typing import Annotated, NamedTuple

from opsproof import (
    CRITICAL,
    AtMost,
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
from opsproof.model.failure import Failure
from opsproof.model.scope import in_namespace
from opsproof.model.words import several
from opsproof.sources.kubernetes.asks import Pods
from opsproof.sources.kubernetes.facts.pods import ContainerStatus, Pod, Terminated
from opsproof.sources.kubernetes.reading.choice import SelectorText, matching
from opsproof.sources.prometheus.facts import PromQL, Samples
from opsproof.sources.prometheus.reading.matchers import workload_of


class RestartLimits(Limits):
    """`reasons`: count only containers that ended so (`OOMKilled`), or that wait in `CrashLoopBackOff`.

    Empty counts every unexpected end.
    """

    selector: Scoped[SelectorText] = ""
    reasons: Scoped[tuple[str, ...]] = ()
    window: Duration = Duration.parse("15m")
    restarts: AtMost[Count] = AtMost.parse(0, Count)


Restarts = Annotated[
    Samples | Failure,
    Beside(PromQL("max by (namespace, pod, container) (increase(${container_restarts}[${window}]))")),
]
_Counted = dict[tuple[str, str, str], float]
_LOOP = "CrashLoopBackOff"


class _Seen(NamedTuple):
    """What is known of one container's restarts in the window: not fewer than `low`, not more than `high`."""

    name: str
    low: int
    high: int
    looping: bool
    ended: Terminated | None


@check(
    "health/pod-restarts", title="No container crashes or restarts more often than allowed", level=CRITICAL
)
def check_pod_restarts(pods: Pods, restarts: Restarts, limits: RestartLimits, examine: Examination) -> None:
    """A crashing container drops the work it had, and the kubelet waits longer after each crash."""
    counted = _counted(restarts, limits)
    chosen = [pod for pod in matching(pods, limits.selector) if not _ends_by_design(pod, examine)]
    for pod in chosen:
        _examine_restarts(pod, counted, pods, limits, examine)
    if limits.reasons or not len(pods):
        return
    if isinstance(restarts, Failure):
        examine.unknown(Subject("metric", "container_restarts"), restarts)
    elif not counted and chosen:
        examine.unknown(
            Subject("metric", "container_restarts"),
            Undecided("Prometheus has no series of container restarts"),
        )
    elif not limits.selector:
        _examine_replaced(pods, counted, limits, examine)


def _ends_by_design(pod: Pod, examine: Examination) -> bool:
    why = "belongs to a Job, which retries by design" if pod.of_job else ""
    why = why or ("finished" if pod.finished else "") or ("being deleted" if pod.terminating else "")
    why = why or ("" if pod.statuses else "no container has started yet")
    if why:
        examine.exclude(pod, why)
    return bool(why)


def _counted(restarts: Samples | Failure, limits: RestartLimits) -> _Counted:
    """Prometheus's counts by namespace, pod and container; it does not tell the reasons."""
    if isinstance(restarts, Failure) or limits.reasons:
        return {}
    return {
        (series.label("namespace"), series.label("pod"), series.label("container")): series.value
        for series in restarts
        if isfinite(series.value)
    }


def _examine_restarts(
    pod: Pod, counted: _Counted, pods: Listing[Pod], limits: RestartLimits, examine: Examination
) -> None:
    opened = pods.clock.earliest.timestamp() - limits.window
    seen = [
        _seen(status, counted.get((pod.namespace, pod.name, status.name)), opened, limits.reasons)
        for status in pod.statuses.values()
    ]
    worst = max(seen, key=lambda one: (one.looping, one.low, one.high))
    since = worst.ended.finished_at if worst.ended is not None else None
    with examine(
        pod,
        # A loop is one, also when the reasons that are counted are others.
        measured=_LOOP if worst.looping and limits.restarts.allows(worst.low) else Count(worst.low),
        limit=limits.restarts,
        since=pods.moment(since, "the container's last end"),
    ) as it:
        assert not worst.looping, _restart_text(worst, limits)
        it.holds(limits.restarts, worst.low, _restart_text(worst, limits))
        for one in seen:
            if not limits.restarts.allows(one.high):
                raise Undecided(
                    f"container {one.name} ended in the last {limits.window}; how often is not known"
                )


def _seen(status: ContainerStatus, counted: float | None, opened: float, reasons: tuple[str, ...]) -> _Seen:
    ended = status.last_terminated
    recent = ended is not None and ended.finished_at is not None and ended.finished_at.timestamp() >= opened
    clean = ended is not None and ended.exit_code == 0
    wanted = ended is not None and (ended.reason in reasons if reasons else not clean)
    low = int(recent and wanted)
    if counted is not None:
        low = max(low, round(counted) - int(recent and clean))
        high = low
    else:
        high = _most(status, recent, wanted) if not reasons else low
    looping = status.waiting_reason == _LOOP and (not reasons or wanted or _LOOP in reasons)
    return _Seen(status.name, low, high, looping, ended)


def _most(status: ContainerStatus, recent: bool, wanted: bool) -> int:
    """The most restarts that the status alone allows: none when the last end is older than the window."""
    if status.last_terminated is None or status.last_terminated.finished_at is None:
        return status.restart_count
    return max(1, status.restart_count) if recent and wanted else 0


def _restart_text(seen: _Seen, limits: RestartLimits) -> str:
    counted = f"restarted {several(seen.low, 'time')} in {limits.window}, needed {limits.restarts}"
    # A loop is told without a count that its limit would allow.
    parts = [f"is in {_LOOP}"] * seen.looping + [counted] * (not limits.restarts.allows(seen.low))
    text = f"container {seen.name} {', '.join(parts)}"
    if seen.ended is None:
        return text
    return f"{text}; it last ended with {seen.ended.reason or 'no reason'} (exit code {seen.ended.exit_code})"


def _examine_replaced(
    pods: Listing[Pod], counted: _Counted, limits: RestartLimits, examine: Examination
) -> None:
    """Containers whose pods are gone by now: replacing a crashing pod does not undo its crashes."""
    there = {(pod.namespace, pod.name) for pod in pods}
    namespaces = {name for name in {pod.namespace for pod in pods} if not pods.lacks(in_namespace(name))}
    for (namespace, pod, container), value in sorted(counted.items()):
        times = Count(round(value))
        if not times or namespace not in namespaces or (namespace, pod) in there:
            continue
        subject = Subject("pod", pod, namespace, key=f"deployment/{workload_of(pod)}")
        with examine(subject) as it:
            told = f"container {container} restarted {several(times, 'time')} in {limits.window}"
            it.holds(
                limits.restarts, times, f"{told}, needed {limits.restarts}; the pod has been replaced since"
            )
