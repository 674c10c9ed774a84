"""What an application says of the things it depends on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlsplit

from opsproof import HIGH, AtMost, Count, Duration, Examination, Limits, Scoped, Subject, Undecided, check
from opsproof.examine.tally import Fault, tally
from opsproof.model.failure import Failure
from opsproof.model.words import first_few
from opsproof.sources.http.facts import Endpoint, Endpoints, PageText, Probe, Unanswered, Url
from opsproof.sources.http.health import Component, Health
from opsproof.sources.http.reading.answers import unanswered, wrong_page, wrong_status
from opsproof.sources.http.words import WORST, State


class DependencyLimits(Limits):
    url: Scoped[Url]
    dependencies: Scoped[tuple[str, ...]] = ()
    document: Scoped[bool] = True
    expects: Scoped[tuple[PageText, ...]] = ()
    refuses: Scoped[tuple[PageText, ...]] = ()
    probes: Count = Count(3)
    spacing: Duration = Duration(1)
    failures: AtMost[Count] = AtMost.parse(0, Count)
    status: tuple[int, ...] = (200,)


@check("health/dependency-status", title="Every dependency reports that it is well", level=HIGH)
def check_dependencies(
    endpoints: Annotated[tuple[Endpoint | Unanswered, ...], Endpoints("url")],
    limits: DependencyLimits,
    examine: Examination,
) -> None:
    """The application runs, but without its database, cache or upstream it cannot serve."""
    for endpoint in endpoints:
        if isinstance(endpoint, Unanswered):
            examine.unknown(endpoint.subject, endpoint.failure)
            continue
        documents = [probe.health for probe in endpoint.probes if probe.health is not None]
        named = list(_named(documents, limits)) if limits.document else []
        examine_document(endpoint, bool(named), limits, examine)
        for name in named:
            examine_dependency(name, endpoint, documents, limits, examine)


def examine_document(
    endpoint: Endpoint, listed: bool, limits: DependencyLimits, examine: Examination
) -> None:
    """The URL itself: its status and that it is a health document."""
    found = tally(endpoint.probes, endpoint.wanted, lambda probe: _fault(probe, limits))
    with examine(endpoint, measured=found.failed, limit=limits.failures):
        found.decide(limits.failures)
        if limits.document and not listed:
            raise Undecided("the document lists no dependency in a form that is known")


def examine_dependency(
    name: str, endpoint: Endpoint, documents: list[Health], limits: DependencyLimits, examine: Examination
) -> None:
    """One dependency over all documents that were read."""
    found = tally(documents, len(documents), lambda health: _dependency_fault(name, health, limits))
    subject = Subject("dependency", name, namespace=urlsplit(endpoint.url).hostname or "")
    with examine(subject, measured=found.failed, limit=limits.failures):
        found.decide(limits.failures)


def _named(documents: list[Health], limits: DependencyLimits) -> Iterator[str]:
    """The required names, then every other one that the documents list."""
    if not documents:
        return
    yield from limits.dependencies
    known = {_plain(name) for name in limits.dependencies}
    for health in documents:
        for component in health.components:
            name = _plain(component.name)
            if component.certain and not _known(name, known):
                known.add(name)
                yield component.name


def _fault(probe: Probe, limits: DependencyLimits) -> Fault:
    if probe.failure is not None:
        return unanswered(probe)
    if wrong := wrong_status(probe, limits.status) or wrong_page(probe, limits.expects, limits.refuses):
        return wrong
    if not limits.document:
        return None
    if not probe.is_json:
        return f"HTTP {probe.status}, but {'an HTML page' if probe.is_html else 'no JSON'}; needed JSON"
    return _overall_fault(probe.health)


def _overall_fault(health: Health | None) -> Fault:
    """Its own word counts where no component explains it."""
    if health is None or health.overall in {None, State.OK}:
        return None
    if health.overall is State.UNCLEAR:
        return Failure("BadAnswer", "the document gives itself a state that is not known")
    explained = any(part.state in {State.DOWN, State.DEGRADED} and part.certain for part in health.components)
    return None if explained else f"the document reports {health.overall and health.overall.value}"


def _dependency_fault(name: str, health: Health, limits: DependencyLimits) -> Fault:
    found = [part for part in health.components if _known(_plain(part.name), {_plain(name)})]
    if not found and health.left_out:
        return Failure("BadAnswer", f"the document lists {health.left_out} more than can be looked through")
    if not found:
        listed = first_few([part.name for part in health.components if part.certain]) or "nothing"
        return f"not in the document, which lists {listed}"
    return _state_fault(min(found, key=lambda part: WORST.index(part.state)))


def _state_fault(component: Component) -> Fault:
    if component.state is State.OK:
        return None
    if component.state is State.UNCLEAR:
        return Failure("BadAnswer", f"the document gives {component.name} a state that is not known")
    return f"reports {component.state.value}; needed ok"


def _plain(name: str) -> str:
    return name.strip().lower()


def _known(name: str, known: set[str]) -> bool:
    """A nested `db/primary` is told by `db`, too."""
    return name in known or any(name.startswith(f"{one}/") for one in known)
