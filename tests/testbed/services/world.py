"""A world: every time series that the testbed's Prometheus holds, as pure functions of time.

The exporter renders a world as of now, the backfill renders the same world as of the past, so that
recorded history and live scrapes join without a seam.
"""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["gauge", "counter"]
Resource = Literal["cpu", "memory"]
USE = {"cpu": "container_cpu_usage_seconds_total", "memory": "container_memory_working_set_bytes"}

BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
DAY = 86400.0


@dataclass
class Series:
    """One series of a target. `steps` are (since, value) or, for a counter, (since, rate per second).

    Three hours are recorded densely; what is `long` a month, and what has `days` as many, twice an hour. Of what
    is `live` alone nothing is: only its newest value counts.
    """

    target: str
    name: str
    labels: dict[str, str]
    kind: Kind
    steps: list[tuple[float, float]]
    gaps: list[tuple[float, float]] = field(default_factory=list)
    long: bool = False
    days: int = 0
    live: bool = False

    def at(self, moment: float) -> float | None:
        """The value at `moment`, None where it was not recorded."""
        if any(begin <= moment < end for begin, end in self.gaps):
            return None
        if self.kind == "gauge":
            return [value for since, value in self.steps if since <= moment][-1]
        ends = [since for since, _ in self.steps[1:]] + [math.inf]
        pairs = zip(self.steps, ends, strict=True)
        spans = ((min(end, moment) - since, rate) for (since, rate), end in pairs)
        return sum(span * rate for span, rate in spans if span > 0)

    def over(self, moments: list[float]) -> Iterator[tuple[float, float]]:
        """Moment and value wherever there is one."""
        if self.gaps or len(self.steps) > 1:
            yield from ((moment, value) for moment in moments if (value := self.at(moment)) is not None)
            return
        (since, value), slope = self.steps[0], self.kind == "counter"
        yield from ((moment, (moment - since) * value if slope else value) for moment in moments)

    def change(self, since: float, value: float) -> None:
        """Take another value (a counter: another rate) from `since` on."""
        self.steps = [step for step in self.steps if step[0] < since] + [(since, value)]


@dataclass
class Target:
    """A scraped endpoint of a server of the testbed; `labels` are what Prometheus attaches to its series."""

    key: str
    labels: dict[str, str]
    honor_labels: bool = False
    server: str = "exporter"
    down_since: float | None = None
    gaps: list[tuple[float, float]] = field(default_factory=list)


@dataclass
class World:
    """All targets and series. `now` is when it was made: "ago" is counted from there."""

    now: float
    targets: list[Target] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    rules: list[dict[str, object]] = field(default_factory=list)
    without_rules: list[str] = field(default_factory=list)
    without_pods: list[str] = field(default_factory=list)

    @property
    def beginning(self) -> float:
        return self.now - 40 * DAY

    def copy(self) -> World:
        return copy.deepcopy(self)

    def write(self, path: Path) -> None:
        """Replace the file in one step, so that the exporter never reads half a world."""
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self)))
        fresh.replace(path)

    @classmethod
    def read(cls, path: Path) -> World:
        raw = json.loads(path.read_text())
        return cls(
            now=raw["now"],
            targets=[Target(**one) for one in raw["targets"]],
            series=[Series(**one) for one in raw["series"]],
            rules=raw["rules"],
            without_rules=raw["without_rules"],
            without_pods=raw["without_pods"],
        )

    def target(self, key: str) -> Target:
        return next(target for target in self.targets if target.key == key)

    def labels_of(self, series: Series) -> dict[str, str]:
        """The labels under which Prometheus stores a series of a target."""
        return {**self.target(series.target).labels, **series.labels}

    def find(self, name: str | None, **labels: str) -> Iterator[Series]:
        """Series of that name whose stored labels include these."""
        by_key = {target.key: target.labels for target in self.targets}
        for series in self.series:
            stored = {**by_key[series.target], **series.labels}
            if (name is None or series.name == name) and labels.items() <= stored.items():
                yield series

    # What a test says of a world; each returns a changed copy.

    def with_value(self, name: str, value: float, *, ago: float = 0.0, **labels: str) -> World:
        """A gauge takes `value` (NaN allowed), a counter the rate `value`/s, since `ago` seconds."""
        changed = self.copy()
        for series in changed._series(name, labels):
            series.change(self.now - ago, value)
        return changed

    def with_spell(self, name: str, value: float, *, ago: float, until: float, **labels: str) -> World:
        """The same for a time that ends `until` seconds before the world's now; what comes after stays."""
        changed = self.copy()
        for series in changed._series(name, labels):
            begin, end = self.now - ago, self.now - until
            before = [step for step in series.steps if step[0] < begin]
            after = [step for step in series.steps if step[0] >= end]
            was = [step for step in series.steps if step[0] <= end][-1][1]
            series.steps = [*before, (begin, value), (end, was), *after]
        return changed

    def with_course(self, name: str, first: float, last: float, *, ago: float, **labels: str) -> World:
        """A gauge goes from one value to another, evenly in a hundred steps."""
        changed = self.copy()
        for series in changed._series(name, labels):
            for step in range(101):
                series.change(self.now - ago * (1 - step / 100), first + (last - first) * step / 100)
        return changed

    def _series(self, name: str, labels: dict[str, str]) -> list[Series]:
        found = list(self.find(name, **labels))
        if not found:
            raise LookupError(f"no series {name} {labels}")
        return found

    def without(
        self, name: str | None, *, ago: float = math.inf, until: float = -math.inf, **labels: str
    ) -> World:
        """Series are missing from `ago` seconds before to `until` seconds before the world's now."""
        changed = self.copy()
        for series in changed.find(name, **labels):
            series.gaps.append(self._span(ago, until))
        return changed

    def _span(self, ago: float, until: float) -> tuple[float, float]:
        return max(self.now - ago, self.beginning), min(self.now - until, self.now + 400 * DAY)

    def with_recording_gap(self, *, ago: float, until: float, **labels: str) -> World:
        """Prometheus recorded nothing of these targets' series between these two moments."""
        changed = self.without(None, ago=ago, until=until, **labels)
        for target in changed._targets(labels):
            target.gaps.append(self._span(ago, until))
        return changed

    def with_errors(self, ratio: float, *, ago: float, **labels: str) -> World:
        """That share of the requests is answered with 500; the number of requests stays."""
        changed = self.copy()
        for pod_series in changed._by_target("http_requests_total", labels):
            traffic = sum(series.steps[-1][1] for series in pod_series)
            for series in pod_series:
                share = {"200": 1 - ratio, "500": ratio}.get(series.labels["status"], 0.0)
                series.change(self.now - ago, traffic * share)
        return changed

    def with_latency(self, p95: float, *, ago: float, **labels: str) -> World:
        """histogram_quantile(0.95, ...) over these series is exactly `p95` seconds."""
        changed = self.copy()
        for series in changed.find("http_request_duration_seconds_bucket", **labels):
            count = next(changed.find("http_request_duration_seconds_count", **changed._identity(series)))
            series.change(self.now - ago, count.steps[-1][1] * cumulative(p95)[series.labels["le"]])
        return changed

    def without_traffic(self, *, ago: float, **labels: str) -> World:
        """The counters stay and stand still."""
        changed = self.copy()
        for series in changed.find(None, **labels):
            if series.name.startswith("http_request") and series.kind == "counter":
                series.change(self.now - ago, 0.0)
        return changed

    def without_errors_series(self, **labels: str) -> World:
        """Nothing ever failed, so that no 5xx series exists beside the total."""
        changed = self.copy()
        for series in changed.find("http_requests_total", **labels):
            if series.labels["status"].startswith("5"):
                series.gaps.append(self._span(math.inf, -math.inf))
        return changed

    def with_use(self, resource: Resource, share: float, *, ago: float, **labels: str) -> World:
        """Containers use that share of their limit."""
        changed = self.copy()
        for series in changed.find(USE[resource], **labels):
            where = {key: series.labels[key] for key in ("namespace", "pod", "container")}
            limit = next(changed.find("kube_pod_container_resource_limits", resource=resource, **where))
            series.change(self.now - ago, share * limit.steps[-1][1])
        return changed

    def with_down(self, *, ago: float, **labels: str) -> World:
        """Targets answer every scrape with 503 since `ago` seconds."""
        changed = self.copy()
        down = {target.key for target in changed._targets(labels)}
        for target in changed.targets:
            if target.key in down:
                target.down_since = self.now - ago
        for series in changed.series:
            if series.target in down:
                series.gaps.append(self._span(ago, -math.inf))
        return changed

    def without_targets(self, **labels: str) -> World:
        """Targets are no longer configured, and never were."""
        changed = self.copy()
        gone = {target.key for target in changed._targets(labels)}
        changed.without_pods += [one.labels["pod"] for one in changed._targets(labels) if "pod" in one.labels]
        changed.targets = [target for target in changed.targets if target.key not in gone]
        changed.series = [series for series in changed.series if series.target not in gone]
        return changed

    def without_rule(self, *alerts: str) -> World:
        """Alert rules of these names (or whole groups of these names) are not loaded."""
        changed = self.copy()
        changed.without_rules += alerts
        return changed

    def with_rule(self, group: str, rule: dict[str, object]) -> World:
        """One more rule; replaces the one of the same name."""
        changed = self.copy()
        changed.rules.append({"group": group, **rule})
        return changed

    def _targets(self, labels: dict[str, str]) -> list[Target]:
        found = [target for target in self.targets if labels.items() <= target.labels.items()]
        if not found:
            raise LookupError(f"no target {labels}")
        return found

    def _by_target(self, name: str, labels: dict[str, str]) -> list[list[Series]]:
        groups: dict[str, list[Series]] = {}
        for series in self.find(name, **labels):
            groups.setdefault(series.target, []).append(series)
        if not groups:
            raise LookupError(f"no series {name} {labels}")
        return list(groups.values())

    def _identity(self, series: Series) -> dict[str, str]:
        return self.target(series.target).labels


def cumulative(p95: float) -> dict[str, float]:
    """Share of requests at or below each bucket bound whose interpolated 95th percentile is `p95`."""
    bounds = (0.0, *BOUNDS)
    upper = next((bound for bound in BOUNDS if p95 <= bound), math.inf)
    if upper == math.inf:
        return {**{f"{bound:g}": 0.5 for bound in BOUNDS}, "+Inf": 1.0}
    lower = bounds[bounds.index(upper) - 1]
    part = (p95 - lower) / (upper - lower)
    below, within = (0.5, 0.5 + 0.45 / part) if part > 0.9 else ((0.95 - 0.99 * part) / (1 - part), 0.99)
    shares = {f"{b:g}": below * (b / lower) if b <= lower else within for b in BOUNDS}
    above = [bound for bound in BOUNDS if bound > upper]
    for rank, bound in enumerate(above, start=1):
        shares[f"{bound:g}"] = within + (1 - within) * rank / (len(above) + 1)
    return {**shares, "+Inf": 1.0}


Builder = Callable[[World], None]


def build(builders: Iterable[Builder], *, now: float | None = None) -> World:
    world = World(now=time.time() if now is None else now)
    for builder in builders:
        builder(world)
    return world
