"""How much of what they may use containers use, as Prometheus recorded it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import msgspec

from opsproof.examine.beside import Beside
from opsproof.examine.deciding import deciding
from opsproof.examine.examination import Examination
from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure, Undecided
from opsproof.model.limits import AtMost, Limits, Scoped
from opsproof.model.subject import Subject
from opsproof.model.units import Duration, Percent
from opsproof.sources.prometheus.facts import Point, Samples, Series, number
from opsproof.sources.prometheus.known import Known, Matched
from opsproof.sources.prometheus.reading.course import Course, course, enough, recorded
from opsproof.sources.prometheus.reading.matchers import workload_of

Identity = tuple[str, str, str]
_IDENTITY = ("namespace", "pod", "container")
NODE = "node"


class UseBounds(Limits):
    """What rows about the use of containers have in common."""

    highest: AtMost[Percent]
    window: Duration = Duration(300)
    sustained: Duration = Duration(300)

    @property
    def wholes(self) -> tuple[str, ...]:
        """What 100 % is, and what it is instead where that is missing."""
        raise NotImplementedError


class UseLimits(UseBounds):
    """`base`: what 100 % is. `otherwise`: what it is for a container without it.

    `aggregate: mean` judges the mean over all containers. Use must be above the limit during all of
    `sustained` to be a violation.
    """

    base: Scoped[Literal["limit", "request"]] = "limit"
    otherwise: Scoped[Literal["limit", "request", "none"]] = "none"
    aggregate: Scoped[Literal["each", "mean"]] = "each"

    @property
    def wholes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.base, self.otherwise)))

    @property
    def needs_limit(self) -> bool:
        return "limit" in self.wholes

    @property
    def needs_request(self) -> bool:
        return "request" in self.wholes


Bases = Mapping[str, Known | Failure]
"""What is known of the selectors of use (`used`) and of what 100 % is (`limit`, `request`)."""


class BasesOf(msgspec.Struct, frozen=True):
    """Source of `Bases`: whether the selectors that the row needs ever matched anything."""

    used: str
    limit: str
    request: str

    def asks(self, context: Context) -> tuple[Ask, ...]:
        return tuple(ask for one in self._wanted(context).values() for ask in one.asks(context))

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Bases:
        wanted, rest = self._wanted(context), iter(answers)
        return {
            name: one.assemble([next(rest) for _ in one.asks(context)], context)
            for name, one in wanted.items()
        }

    def _wanted(self, context: Context) -> dict[str, Beside]:
        limits = context.limits
        wanted = {"used": self.used}
        if isinstance(limits, UseLimits):
            wanted |= {"limit": self.limit} if limits.needs_limit else {}
            wanted |= {"request": self.request} if limits.needs_request else {}
        return {name: Beside(Matched(selector)) for name, selector in wanted.items()}


class Use(msgspec.Struct, frozen=True, dict=True):
    """What is examined: the resource, its samples, and what 100 % is of each container.

    `mean`: over all containers. `every`: each container has to be decided, also one without a number for 100 %.
    """

    what: str
    used: Samples
    bases: Mapping[str, Samples | None]
    limits: UseBounds
    examine: Examination
    known: Bases
    mean: bool = False
    every: bool = False

    def require_series(self) -> None:
        """Raises Undecided when a metric that is needed never had a series: nothing would be judged then."""
        never = {"used": self.used.empty} | {base: self._lacks(base) for base in self._needed}
        for name, empty in never.items():
            known = self.known.get(name)
            if empty and isinstance(known, Known):
                known.require()

    @property
    def _needed(self) -> tuple[str, ...]:
        return tuple(base for base in self.bases if base in self.limits.wholes)

    def _lacks(self, base: str) -> bool:
        samples = self.bases[base]
        return samples is None or samples.empty

    @cached_property
    def shares(self) -> dict[Identity, tuple[Point, ...]]:
        """Use divided by what 100 % is, of every container that has such a number."""
        found = {}
        for series in self.used:
            identity = _identity(series)
            gone = not self.used.current(series)
            whole = self._whole(identity, gone=gone)
            if whole is None:
                self._set_aside(identity, f"no {self.what} {self.limits.wholes[0]}", gone=gone)
            else:
                found[identity] = tuple(Point(time, value / whole[1]) for time, value in series.points)
        return found

    def _set_aside(self, identity: Identity, why: str, *, gone: bool) -> None:
        if self.every and not gone:
            others = "".join(f", nor of its {base}" for base in self.limits.wholes[1:])
            self.examine.unknown(_subject(identity), Undecided(f"{why} is told of it{others}"))
        else:
            self.examine.exclude(_subject(identity), why)

    def base(self, identity: Identity, *, gone: bool = False) -> str:
        """In words, what its use is a share of."""
        found = self._whole(identity, gone=gone)
        return (
            f"its node's {self.what}"
            if found and found[0] == NODE
            else f"its {self.what} {self.limits.wholes[0]}"
        )

    def _whole(self, identity: Identity, *, gone: bool) -> tuple[str, float] | None:
        """What 100 % is of a container: the kind and the amount."""
        for base in self.limits.wholes:
            amounts = self._amounts.get(base, {})
            own = (*identity[:2], "") if base == NODE else identity
            found = amounts.get(own) or (amounts.get(_stable(own)) if gone else None)
            if found is not None and 0 < found < math.inf:
                return base, found
        return None

    @cached_property
    def _amounts(self) -> dict[str, dict[Identity, float]]:
        """By container, and by its workload for those whose pod is gone."""
        found: dict[str, dict[Identity, float]] = {}
        for base, samples in self.bases.items():
            known = {_identity(one): one.value for one in samples or ()}
            found[base] = {_stable(identity): value for identity, value in known.items()} | known
        return found

    def gone(self, points: Sequence[Point]) -> bool:
        return points[-1].time < self.used.at - 2 * self.used.step - 1

    def young(self, points: Sequence[Point]) -> bool:
        return bool(self.used.step) and points[0].time > self.used.at - self.used.range + 2 * self.used.step

    def with_predecessors(self, identity: Identity) -> tuple[Point, ...]:
        """A young container's use, continued backwards by those its workload had before.

        Pods that are replaced every few minutes must not hide behind their age.
        """
        own = self.shares[identity]
        before: dict[float, float] = {}
        for other, points in self.shares.items():
            if self.gone(points) and _stable(other) == _stable(identity):
                for time, value in points:
                    before[time] = max(before.get(time, value), value)
        earlier = (Point(time, value) for time, value in sorted(before.items()) if time < own[0].time)
        return (*earlier, *own)


def examine_use(use: Use, recording: Samples) -> None:
    with deciding(use.examine, Subject("signal", f"{use.what} use")):
        use.require_series()
        if not use.used.empty:
            recorded(recording)
        if use.mean:
            _examine_mean(use)
            return
        for identity, points in use.shares.items():
            if use.gone(points):
                use.examine.exclude(_subject(identity), "ended within the range looked at")
            else:
                _examine_container(use, identity, points)


def _examine_container(use: Use, identity: Identity, points: tuple[Point, ...]) -> None:
    subject = _subject(identity)
    with deciding(use.examine, subject):
        if not use.young(points):
            _decide(use, subject, course(use.used, points), use.base(identity))
            return
        points = use.with_predecessors(identity)
        for point in points:
            number(point.value)
        young = len(points) < enough(use.used)
        _decide(use, subject, Course(points, use.used.range), use.base(identity), young=young)


def _examine_mean(use: Use) -> None:
    by_time: dict[float, list[float]] = {}
    for points in use.shares.values():
        for point in points:
            by_time.setdefault(point.time, []).append(number(point.value))
    if by_time:
        mean = (Point(time, sum(values) / len(values)) for time, values in sorted(by_time.items()))
        subject = Subject("signal", f"mean {use.what} use")
        _decide(use, subject, course(use.used, mean), f"its {use.what} {use.limits.wholes[0]}")


def _decide(use: Use, subject: Subject, found: Course, base: str, *, young: bool = False) -> None:
    highest = use.limits.highest
    with use.examine(
        subject, measured=Percent(found.end), limit=highest,
        since=use.used.moment(found.points[0].moment, "first sample") if young else found.since,
        grace=use.limits.sustained if young else None,
    ) as it:  # fmt: skip
        told = f"uses {_percent(found.end)} of {base}{found.throughout(_percent)}"
        it.holds(highest, found.lowest, f"{told}; {highest} allowed")


def _identity(series: Series) -> Identity:
    namespace, pod, container = (series.label(name) for name in _IDENTITY)
    if not pod:
        raise Undecided("the metric has no `pod` label: the environment's metric must keep it")
    return namespace, pod, container


def _stable(identity: Identity) -> Identity:
    namespace, pod, container = identity
    return namespace, workload_of(pod), container


def _subject(identity: Identity) -> Subject:
    namespace, pod, container = identity
    return Subject("container", f"{pod}/{container}", namespace, f"{workload_of(pod)}/{container}")


def _percent(value: float) -> str:
    return str(Percent(value))
