"""What is declared to run: pod templates, and pods that no known template made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Annotated, NamedTuple

from opsproof.model.listing import Listing
from opsproof.model.subject import Subject
from opsproof.sources.kubernetes.asks import Kubernetes
from opsproof.sources.kubernetes.facts.pods import Container, Pod, PodSpec
from opsproof.sources.kubernetes.facts.workloads import CronJob, Job, Workload
from opsproof.sources.kubernetes.reading.choice import reference

Templated = Workload | Job | CronJob
Templates = Annotated[
    Listing[Templated], Kubernetes("deployments", "statefulsets", "daemonsets", "jobs", "cronjobs")
]


class Declared(NamedTuple):
    """Something that declares containers. `reference` as runbook rows write it: `deployment/api`."""

    subject: Subject
    reference: str
    spec: PodSpec
    pods: tuple[Pod, ...] = ()

    @property
    def newest(self) -> Pod | None:
        """The pod made last: what admission made of the template."""
        dated = [(pod.created, pod) for pod in self.pods if pod.created is not None]
        return max(dated, key=itemgetter(0))[1] if dated else None

    def as_admitted(self, container: Container) -> Container:
        """The container as the newest pod has it, with the namespace's defaults; else as declared."""
        every = self.newest.spec.all_containers if self.newest is not None else ()
        return next((one for one in every if one.name == container.name), container)


def declared(templates: Iterable[Templated], pods: Iterable[Pod]) -> Iterator[Declared]:
    """Every workload, CronJob and unfinished Job of its own, then the pods of anything else.

    A CronJob speaks for its Jobs, a workload for its pods.
    """
    made: dict[tuple[str, str, str], list[Pod]] = {}
    other: list[Pod] = []
    templates = tuple(templates)
    present = {(one.namespace, type(one).kind, one.name) for one in templates}
    for pod in pods:
        place = (pod.namespace, *(pod.workload or ("", "")))
        if place in present:
            made.setdefault(place, []).append(pod)
        elif not pod.finished:
            other.append(pod)
    for one in templates:
        if not (isinstance(one, Job) and (one.finished or one.key)):
            own = made.get((one.namespace, type(one).kind, one.name), ())
            yield Declared(one.subject, reference(one), one.template.spec, tuple(own))
    for pod in other:
        yield Declared(pod.subject, reference(pod), pod.spec, (pod,))
