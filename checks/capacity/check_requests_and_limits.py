"""Requests and limits of containers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from opsproof import MEDIUM, Bytes, Cores, Examination, Limits, Scoped, check
from opsproof.sources.kubernetes.asks import Pods
from opsproof.sources.kubernetes.facts.pods import Container, Resources
from opsproof.sources.kubernetes.reading.choice import absent, referred
from opsproof.sources.kubernetes.reading.templates import Declared, Templates, declared

Amount = Literal["cpu request", "memory request", "cpu limit", "memory limit"]
_EVERY: tuple[Amount, ...] = ("cpu request", "memory request", "cpu limit", "memory limit")
_Given = dict[Amount, Cores | Bytes]


class ResourceLimits(Limits):
    """`require`: what each container must have, init containers included.

    The four amounts: what it must be equal to instead; a row that states some looks at those alone, and
    not at init containers that it does not name in `containers`.
    """

    workloads: Scoped[tuple[str, ...]] = ()
    containers: Scoped[tuple[str, ...]] = ()
    require: Scoped[tuple[Amount, ...]] = _EVERY
    cpu_request: Cores | None = None
    memory_request: Bytes | None = None
    cpu_limit: Cores | None = None
    memory_limit: Bytes | None = None

    @property
    def equal(self) -> _Given:
        """The amounts that the row states."""
        stated = (self.cpu_request, self.memory_request, self.cpu_limit, self.memory_limit)
        return {name: amount for name, amount in zip(_EVERY, stated, strict=True) if amount is not None}


@check("capacity/requests-and-limits", title="Every container has its requests and limits", level=MEDIUM)
def check_requests_and_limits(
    templates: Templates, pods: Pods, limits: ResourceLimits, examine: Examination
) -> None:
    """Without requests pods crowd one node; without limits one container starves its neighbours."""
    found = set()
    for one in declared(templates, pods):
        if limits.workloads and one.reference not in limits.workloads:
            continue
        found.add(one.reference)
        if containers := _wanted(one, limits):
            _examine(one, containers, limits, examine)
        else:
            examine.exclude(one.subject, f"has no container named {' or '.join(limits.containers)}")
    for text in limits.workloads:
        if text not in found:
            with examine(referred(text), measured="absent", limit=_needed(limits)):
                raise AssertionError(absent(templates, text))


def _wanted(one: Declared, limits: ResourceLimits) -> list[Container]:
    if limits.containers:
        return [container for container in one.spec.all_containers if container.name in limits.containers]
    return list(one.spec.long_running if limits.equal else one.spec.all_containers)


def _examine(
    one: Declared, containers: Iterable[Container], limits: ResourceLimits, examine: Examination
) -> None:
    given = {container.name: _given(one, container) for container in containers}
    whole = _of_the_pod(one)
    shown = {"the whole pod": whole, **given} if whole else given
    with examine(one.subject, measured=_shown(shown, limits), limit=_needed(limits)):
        faults = [fault for name, amounts in given.items() for fault in _faults(name, amounts, whole, limits)]
        assert not faults, "; ".join(faults)


def _given(one: Declared, container: Container) -> _Given:
    """What the template says; where it is silent, what admission gave its newest pod."""
    return {**_amounts(one.as_admitted(container).resources), **_amounts(container.resources)}


def _of_the_pod(one: Declared) -> _Given:
    """What is given to the pod as a whole, for its containers to share."""
    admitted = one.newest.spec.resources if one.newest is not None else Resources()
    return {**_amounts(admitted), **_amounts(one.spec.resources)}


def _amounts(resources: Resources) -> _Given:
    requests, bounds = resources.requests, resources.limits
    found: dict[Amount, float | None] = {
        "cpu request": requests.cores,
        "memory request": requests.bytes,
        "cpu limit": bounds.cores,
        "memory limit": bounds.bytes,
    }
    return {
        name: Cores(amount) if name.startswith("cpu") else Bytes(amount)
        for name, amount in found.items()
        if amount is not None
    }


def _faults(name: str, given: _Given, whole: _Given, limits: ResourceLimits) -> Iterable[str]:
    """A container shares what the whole pod has; an amount that the row states is the container's own."""
    missing = [amount for amount in limits.require if amount not in given and amount not in whole]
    if missing and not limits.equal:
        yield f"container {name} has no {', no '.join(missing)}"
    for amount, wanted in limits.equal.items():
        has = given.get(amount)
        if has is None:
            yield f"container {name} has no {amount}, {wanted} needed"
        elif has != wanted:
            yield f"container {name} has a {amount} of {has}, {wanted} needed"


def _shown(given: dict[str, _Given], limits: ResourceLimits) -> str:
    """`app: cpu request 500m, memory request none` for each container."""
    names = tuple(limits.equal) or limits.require
    return "; ".join(
        f"{container}: " + ", ".join(f"{name} {amounts.get(name, 'none')}" for name in names)
        for container, amounts in given.items()
    )


def _needed(limits: ResourceLimits) -> str:
    if limits.equal:
        return ", ".join(f"{name} {amount}" for name, amount in limits.equal.items())
    return ", ".join(limits.require)
