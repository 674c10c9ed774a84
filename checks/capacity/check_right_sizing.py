"""Whether what containers use for a week or a month fits what they request and may use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from pydantic import model_validator
from typing_extensions import Self

from opsproof import (
    MEDIUM,
    AtLeast,
    AtMost,
    Bytes,
    Cores,
    Duration,
    Examination,
    Limits,
    Percent,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside
from opsproof.examine.deciding import deciding
from opsproof.examine.together import Parts, asks_of, assembled, problems_of
from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure
from opsproof.model.words import first_few
from opsproof.sources.prometheus.facts import PromQL, Recorded, Recording, Samples, Series, number
from opsproof.sources.prometheus.growth import folded
from opsproof.sources.prometheus.known import Known, Matched
from opsproof.sources.prometheus.reading.course import recorded

Resource = Literal["cpu", "memory"]
_SUFFIX = "[bcdfghjklmnpqrstvwxz2456789]"
# A request belongs to the workload: its pods come and go. Named as `matchers.workload_of` names them.
_POD = f"(.+?)(?:-(?:[a-f0-9]{{6,10}}|{_SUFFIX}{{6,10}})-{_SUFFIX}{{5}}|-[0-9]+)?"
_BY = "by (namespace, workload, container)"


def _of_workloads(series: str) -> str:
    """The highest of the workload's pods: the busiest one needs what it requests."""
    return f'max {_BY} (label_replace({series}, "workload", "$1", "pod", "{_POD}"))'


def _of_containers(series: str) -> str:
    return _of_workloads(f"sum by (namespace, pod, container) ({folded(series)})")


_USE = {
    "cpu": _of_containers("rate(${container_cpu_usage}[${rate}])"),
    "memory": _of_containers("${container_memory_working_set}"),
}
_RECORDED = {"cpu": "${container_cpu_usage}", "memory": "${container_memory_working_set}"}


class RightSizingLimits(Limits):
    """The 95th percentile of what containers use is held against what they request, and may use.

    `resources`: which are looked at. `window`: of which time. `resolution`: how often in that time. `rate`: the time
    that CPU use is averaged over each time. `coverage`: in which part of that time a container has to have run.
    `of_request_highest`: use of a higher share of the request means that too little is requested.
    `of_request_lowest`: use of a lower share means that too much is. `of_limit_cpu`: the share of the CPU limit.
    `of_limit_memory`: the share of the memory limit. `cpu_floor`: requests and use below it are noise.
    `memory_floor`: the same for memory.
    """

    resources: Scoped[tuple[Resource, ...]] = ("cpu", "memory")
    of_request_highest: AtMost[Percent] | None = None
    of_request_lowest: AtLeast[Percent] | None = None
    of_limit_cpu: AtMost[Percent] | None = None
    of_limit_memory: AtMost[Percent] | None = None
    cpu_floor: Cores = Cores.parse("50m")
    memory_floor: Bytes = Bytes.parse("64Mi")
    window: Duration
    resolution: Duration = Duration.parse("1h")
    rate: Duration = Duration.parse("5m")
    coverage: AtLeast[Percent] = AtLeast.parse("90%", Percent)

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not (self.requests or self.cpu_limits or self.memory_limits):
            raise ValueError("write of_request_highest, of_request_lowest, of_limit_cpu or of_limit_memory")
        return self

    @property
    def cpu(self) -> bool:
        return "cpu" in self.resources and (self.requests or self.cpu_limits)

    @property
    def memory(self) -> bool:
        return "memory" in self.resources and (self.requests or self.memory_limits)

    @property
    def requests(self) -> bool:
        return self.of_request_highest is not None or self.of_request_lowest is not None

    @property
    def cpu_limits(self) -> bool:
        return self.of_limit_cpu is not None and "cpu" in self.resources

    @property
    def memory_limits(self) -> bool:
        return self.of_limit_memory is not None and "memory" in self.resources


class Sizes(msgspec.Struct, frozen=True):
    """What is known of one resource, by workload and container.

    `high`: the 95th percentile; `seen`: at how many moments of the window it ran; `now`: what it uses now.
    """

    high: Samples
    seen: Samples
    now: Samples
    recording: Recording
    matched: Known | Failure
    requests: Samples | None
    requests_matched: Known | Failure | None
    most: Samples | None
    most_matched: Known | Failure | None


class SizesOf(msgspec.Struct, frozen=True):
    """Source of `Sizes` of one resource; None where the row does not look at it."""

    resource: Resource

    def asks(self, context: Context) -> tuple[Ask, ...]:
        return asks_of(self._parts, context) if self._wanted(context) else ()

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Sizes | None:
        return Sizes(**assembled(self._parts, answers, context)) if self._wanted(context) else None

    def problems(self, context: Context) -> tuple[str, ...]:
        """What is wrong with the queries."""
        return problems_of(self._parts, context) if self._wanted(context) else ()

    def _wanted(self, context: Context) -> bool:
        return bool(getattr(context.limits, self.resource))

    @property
    def _parts(self) -> Parts:
        of, use = self.resource, _USE[self.resource]
        requests, most = f"${{container_{of}_requests}}", f"${{container_{of}_limits}}"
        return {
            "high": PromQL(f"quantile_over_time(0.95, ({use})[${{window}}:${{resolution}}])", over=""),
            "seen": PromQL(f"count_over_time(({use})[${{window}}:${{resolution}}])", over=""),
            "now": PromQL(use, over=""),
            "recording": Recorded(_RECORDED[of], over=("window",)),
            "matched": Beside(Matched(_RECORDED[of])),
            "requests": PromQL(_of_containers(requests), over="", when="requests"),
            "requests_matched": Beside(Matched(requests), when="requests"),
            "most": PromQL(_of_containers(most), over="", when=f"{of}_limits"),
            "most_matched": Beside(Matched(most), when=f"{of}_limits"),
        }


Named = tuple[str, str, str]


@check("capacity/right-sizing", title="Requests and limits fit what containers use", level=MEDIUM)
def check_right_sizing(
    cpu: Annotated[Sizes | None, SizesOf("cpu")],
    memory: Annotated[Sizes | None, SizesOf("memory")],
    limits: RightSizingLimits,
    examine: Examination,
) -> None:
    """Too small a request crowds a node and slows its neighbours; too large a one pays for what nobody uses."""
    if cpu is not None:
        _Sizing(
            "CPU", Cores, float(limits.cpu_floor), limits.of_limit_cpu, cpu, limits, examine
        ).examine_all()
    if memory is not None:
        floor = float(limits.memory_floor)
        _Sizing("memory", Bytes, floor, limits.of_limit_memory, memory, limits, examine).examine_all()


class _Sizing(msgspec.Struct, frozen=True):
    """One resource of all containers."""

    what: str
    unit: type[Cores] | type[Bytes]
    floor: float
    of_limit: AtMost[Percent] | None
    sizes: Sizes
    limits: RightSizingLimits
    examine: Examination

    def examine_all(self) -> None:
        sizes = self.sizes
        with deciding(self.examine, Subject("signal", f"{self.what} use")):
            require(sizes.now, sizes.matched, f"container's {self.what} use")
            recorded(sizes.recording)
            requests = self._wanted(sizes.requests, sizes.requests_matched, "request")
            most = self._wanted(sizes.most, sizes.most_matched, "limit")
            now, seen = _by_name(sizes.now), _by_name(sizes.seen)
            young: list[str] = []
            for name, high in sorted(_by_name(sizes.high).items()):
                if name not in now:
                    self.examine.exclude(self._subject(name, ""), "ended within the window")
                elif not self._ran_long_enough(seen.get(name, 0.0)):
                    young.append(f"{name[1]}/{name[2]}")
                    self.examine.exclude(self._subject(name, ""), f"did not run all the {self.limits.window}")
                else:
                    self._examine_container(name, high, requests, most)
            if young:
                window = self.limits.window
                self.examine.note(f"{self.what} of what did not run all the {window}: {first_few(young, 20)}")

    def _wanted(
        self, samples: Samples | None, matched: Known | Failure | None, what: str
    ) -> dict[Named, float] | None:
        """None where the row does not look at it."""
        if samples is None:
            return None
        require(samples, matched, f"{self.what} {what}")
        return _by_name(samples)

    def _ran_long_enough(self, moments: float) -> bool:
        return self.limits.coverage.allows(moments * self.limits.resolution / self.limits.window)

    def _examine_container(
        self, name: Named, high: float, requests: dict[Named, float] | None, most: dict[Named, float] | None
    ) -> None:
        if requests is not None:
            self._examine_request(name, high, requests.get(name))
        if most is not None and self.of_limit is not None:
            subject = self._subject(name, "limit")
            if not most.get(name):
                self.examine.exclude(subject, f"no {self.what} limit")
                return
            with self.examine(subject, limit=self.of_limit) as it:
                share = Percent(number(high) / number(most[name]))
                it.holds(
                    self.of_limit, share, f"{self._told(high)}, {share} of its limit; {self.of_limit} needed"
                )

    def _examine_request(self, name: Named, high: float, request: float | None) -> None:
        """A request that is missing is another row's finding: capacity/requests-and-limits."""
        subject = self._subject(name, "request")
        if not request:
            self.examine.exclude(subject, f"no {self.what} request")
            return
        highest, lowest = self.limits.of_request_highest, self.limits.of_request_lowest
        share = Percent(number(high) / number(request))
        told = f"{self._told(high)}, {share} of its request of {self.unit(request)}"
        with self.examine(subject, measured=share, limit=highest or lowest) as it:
            if highest is not None and high > self.floor:
                it.holds(highest, share, f"{told}; {highest} needed")
            if lowest is not None and request > self.floor:
                it.limit = lowest if highest is None or highest.allows(share) else it.limit
                it.holds(
                    lowest, share, f"{told}: {self.unit(request - high)} more than that; {lowest} needed"
                )

    def _told(self, high: float) -> str:
        return f"the 95th percentile of its {self.what} in {self.limits.window} is {self.unit(high)}"

    def _subject(self, name: Named, of: str) -> Subject:
        namespace, workload, container = name
        key = f"{workload}/{container}/{self.what} {of}".rstrip()
        return Subject("container", f"{workload}/{container}", namespace, key)


def require(samples: Samples, matched: Known | Failure | None, what: str) -> None:
    """Raises Undecided: there is none of it now, so that nothing would be found wrong."""
    if samples.empty:
        if isinstance(matched, Known):
            matched.require()
        raise Undecided(f"Prometheus has no {what} now")


def _by_name(samples: Samples) -> dict[Named, float]:
    return {_name(series): series.value for series in samples}


def _name(series: Series) -> Named:
    namespace, workload, container = (series.label(one) for one in ("namespace", "workload", "container"))
    if not workload:
        raise Undecided("the metric has no `pod` label: the environment's metric must keep it")
    return namespace, workload, container
