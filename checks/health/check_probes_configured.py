"""Probes: the kubelet can tell whether a container works."""

from __future__ import annotations

from collections.abc import Iterator

from opsproof import MEDIUM, Count, Examination, Limits, Listing, Scoped, check
from opsproof.sources.kubernetes.asks import Pods, Workloads
from opsproof.sources.kubernetes.facts.pods import Container, Probe
from opsproof.sources.kubernetes.facts.workloads import Workload
from opsproof.sources.kubernetes.reading.choice import SelectorText, matching
from opsproof.sources.kubernetes.reading.templates import declared


class ProbeLimits(Limits):
    selector: Scoped[SelectorText] = ""


@check("health/probes-configured", title="Every long-running container has working probes", level=MEDIUM)
def check_probes(workloads: Workloads, pods: Pods, limits: ProbeLimits, examine: Examination) -> None:
    """Without probes a hanging container keeps its traffic and is never restarted."""
    chosen = matching(pods, limits.selector)
    for pod in chosen:
        if pod.of_job or pod.finished:
            examine.exclude(pod, "runs to completion and needs no probes")
    serving = chosen.only(lambda pod: not (pod.of_job or pod.finished))
    made: Listing[Workload] = matching(workloads, limits.selector)
    for one in declared(made, serving):
        faults = [text for container in one.spec.long_running for text in _faults(container)]
        with examine(one.subject, measured=Count(len(faults)), limit=Count(0)):
            assert not faults, "; ".join(faults)


def _faults(container: Container) -> Iterator[str]:
    for name, probe in (("readiness", container.readiness_probe), ("liveness", container.liveness_probe)):
        if probe is None:
            yield f"container {container.name} has no {name} probe"
        elif not _reaches(container, probe):
            yield f"container {container.name}: its {name} probe asks port {probe.port}, which it lacks"
    if _stricter(container.liveness_probe, container.readiness_probe):
        yield f"container {container.name}: its liveness probe gives up before its readiness probe"


def _reaches(container: Container, probe: Probe) -> bool:
    """A port by name must be declared; a number need not, since `containerPort` is informational."""
    return not isinstance(probe.port, str) or container.has_port(probe.port)


def _stricter(liveness: Probe | None, readiness: Probe | None) -> bool:
    return liveness is not None and readiness is not None and _patience(liveness) < _patience(readiness)


def _patience(probe: Probe) -> int:
    """Seconds of failing until the probe acts."""
    return probe.period_seconds * probe.failure_threshold
