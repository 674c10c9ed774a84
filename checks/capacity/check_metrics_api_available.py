"""Whether metrics.k8s.io measures every pod, and what the pods use by it."""

from __future__ import annotations

from datetime import datetime

from opsproof import (
    MEDIUM,
    AtMost,
    Count,
    Duration,
    Examination,
    Limits,
    Listing,
    Moment,
    Percent,
    Subject,
    Undecided,
    check,
)
from opsproof.model.scope import in_namespace
from opsproof.sources.kubernetes.asks import Pods, PodUsages
from opsproof.sources.kubernetes.facts.nodes import PodUsage, by_object
from opsproof.sources.kubernetes.facts.pods import Container, Pod


class MetricsApiLimits(Limits):
    """`cpu`, `memory`: shares of a container's limit, else of its request. `grace` is for new containers."""

    age: AtMost[Duration] = AtMost.parse("2m", Duration)
    grace: Duration = Duration.parse("2m")
    cpu: AtMost[Percent] | None = None
    memory: AtMost[Percent] | None = None
    samples: Count = Count(3)
    spacing: Duration = Duration.parse("5s")


@check("capacity/metrics-api-available", title="The use of every running pod is measured", level=MEDIUM)
def check_metrics_api(pods: Pods, usages: PodUsages, limits: MetricsApiLimits, examine: Examination) -> None:
    """Autoscalers that cannot see a pod's use do not scale it, and nobody sees it fill up."""
    measured = by_object(usages)
    for pod in pods:
        if usages.lacks(in_namespace(pod.namespace)):
            continue
        started = _started(pod)
        if pod.terminating or pod.finished:
            examine.exclude(pod, "terminating or finished")
        elif started is None:
            examine.exclude(pod, "no container of it runs")
        else:
            samples = measured.get((pod.namespace, pod.name), ())
            _measured(
                pod,
                pods.moment(started, "the start of its newest container"),
                samples,
                usages,
                limits,
                examine,
            )
            _used(pod, samples, limits, examine)


def _started(pod: Pod) -> datetime | None:
    """When the newest of its running containers started."""
    running = [status.state.running for _, status in pod.running_containers() if status is not None]
    return max((one.started_at for one in running if one is not None and one.started_at), default=None)


def _measured(
    pod: Pod,
    started: Moment | None,
    samples: tuple[PodUsage, ...],
    usages: Listing[PodUsage],
    limits: MetricsApiLimits,
    examine: Examination,
) -> None:
    age = usages.age(samples[-1].timestamp) if samples else None
    with examine(
        pod,
        measured=f"measured {age} ago" if age is not None else "not measured",
        limit=limits.age,
        since=usages.moment(samples[-1].timestamp, "its last measurement") if samples else started,
        grace=None if samples else limits.grace,
    ) as it:
        assert age is not None, f"metrics.k8s.io has no measurement of it; needed: one {limits.age} old"
        it.holds(limits.age, age, f"its last measurement is {age} old; needed: {limits.age}")


def _used(pod: Pod, samples: tuple[PodUsage, ...], limits: MetricsApiLimits, examine: Examination) -> None:
    """The lowest of the spaced samples: what the container used all the time."""
    for container in pod.spec.long_running:
        for what, attribute, limit in (("cpu", "cores", limits.cpu), ("memory", "bytes", limits.memory)):
            if limit is not None and samples:
                _share(pod, container, samples, (what, attribute), limit, examine)


def _share(
    pod: Pod,
    container: Container,
    samples: tuple[PodUsage, ...],
    resource: tuple[str, str],
    limit: AtMost[Percent],
    examine: Examination,
) -> None:
    what, attribute = resource
    stable = f"{pod.key or pod.name}/{container.name}/{what}"
    subject = Subject("container", f"{pod.name}/{container.name}", pod.namespace, stable)
    bound, base = getattr(container.resources.limits, attribute), "limit"
    if not bound:
        bound, base = getattr(container.resources.requests, attribute), "request"
    if not bound:
        examine.exclude(subject, f"has neither a {what} limit nor a {what} request")
        return
    used = [
        amount
        for sample in samples
        for one in sample.containers or ()
        if one.name == container.name and (amount := getattr(one.usage, attribute)) is not None
    ]
    lowest = Percent(min(used) / bound) if used else None
    with examine(subject, measured=lowest, limit=limit) as it:
        if lowest is None:
            raise Undecided(f"its {what} use is not measured")
        it.holds(limit, lowest, f"uses {lowest} of its {what} {base}; needed: {limit}")
