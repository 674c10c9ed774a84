"""Whether quotas admit more pods: used, and what they add, against hard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from opsproof.model.failure import BadAnswer, Undecided
from opsproof.model.units import Bytes, Cores, Count, Unit, quantity
from opsproof.sources.kubernetes.facts.quotas import ResourceQuota
from opsproof.sources.kubernetes.reading.demand import lacks
from opsproof.sources.kubernetes.reading.room import Demand

# What a pod adds to a quota's key: the amount, and whether its requests or its limits; None: the pod itself.
_COUNTED: dict[str, tuple[str, str] | None] = {
    "pods": None,
    "count/pods": None,
    "cpu": ("cores", "requests"),
    "requests.cpu": ("cores", "requests"),
    "limits.cpu": ("cores", "limits"),
    "memory": ("bytes", "requests"),
    "requests.memory": ("bytes", "requests"),
    "limits.memory": ("bytes", "limits"),
}
_UNITS: dict[str, type[Unit]] = {"cores": Cores, "bytes": Bytes}
_SLACK = 1e-6
_BY_PRIORITY = "PriorityClass"


class Line(NamedTuple):
    """One key of a quota with more pods; `missing`: pods that do not say what the quota counts are refused."""

    key: str
    used: Unit
    added: Unit
    hard: Unit
    missing: bool

    @property
    def fits(self) -> bool:
        return not self.missing and self.used + self.added <= self.hard * (1 + _SLACK)


def lines(quota: ResourceQuota, more: Iterable[tuple[Demand, int]]) -> Iterator[Line]:
    """The keys that more pods would change.

    Args:
        quota: of any namespace.
        more: pods, and how many of each; only those of its namespace and its scopes count.

    Raises:
        Undecided: the quota was not counted yet, or has a scope that is not looked at.
    """
    ours = [
        (one, count)
        for one, count in more
        if one.namespace == quota.namespace and count and _covers(quota, one)
    ]
    if not quota.status.hard:
        raise Undecided("its controller has not counted it yet")
    for key, text in sorted(quota.status.hard.items()):
        if key in _COUNTED and ours:
            yield _line(key, _COUNTED[key], text, quota.status.used.get(key, "0"), ours)


def _line(
    key: str, counted: tuple[str, str] | None, hard: str, used: str, ours: Sequence[tuple[Demand, int]]
) -> Line:
    unit = _UNITS[counted[0]] if counted is not None else Count
    added = sum(count * (one.spec.reserved(*counted) if counted is not None else 1) for one, count in ours)
    missing = counted is not None and any(lacks(one.spec, *counted) for one, _ in ours)
    try:
        return Line(key, unit(quantity(used)), unit(added), unit(quantity(hard)), missing)
    except ValueError:
        raise BadAnswer(f"a quota's {key} is no quantity") from None


def by_priority(quota: ResourceQuota) -> bool:
    """Whether it counts the pods of some PriorityClasses alone."""
    selector = quota.spec.scope_selector
    found = selector.match_expressions if selector is not None else ()
    return any(one.scope_name == _BY_PRIORITY for one in found)


def _covers(quota: ResourceQuota, demand: Demand) -> bool:
    """Whether a pod of a Deployment or StatefulSet falls under all of its scopes."""
    selector = quota.spec.scope_selector
    if not all(_in_scope(name, demand) for name in quota.spec.scopes):
        return False
    for wanted in selector.match_expressions if selector is not None else ():
        if wanted.scope_name == _BY_PRIORITY:
            own = demand.spec.priority_class_name
            labels = {"PriorityClass": own} if own else {}
            if not wanted.expression.matches(labels):
                return False
        elif not _in_scope(wanted.scope_name, demand):
            return False
    return True


def _in_scope(name: str, demand: Demand) -> bool:
    """Raises Undecided: a scope that is not looked at."""
    asks = any(
        one.resources.requests != type(one.resources.requests)()
        or one.resources.limits != type(one.resources.limits)()
        for one in demand.spec.all_containers
    )
    known = {"BestEffort": not asks, "NotBestEffort": asks, "Terminating": False, "NotTerminating": True}
    if name not in known:
        raise Undecided(f"its scope {name[:40]} is not looked at")
    return known[name]
