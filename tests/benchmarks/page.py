"""What was measured, as a page for people: tables, ratios, and the goals met or missed."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path

from tests.benchmarks.contenders import BARE, DEMO, KUBECTL, MODELS, OPSPROOF, PARALLEL, RAW
from tests.benchmarks.measure import Sample, Series, cpu, inner_cpu, inner_wall, wall
from tests.benchmarks.part import Goal, Part, goal_table, head, ratio, row

_MANY = 10_000  # pods
NOTES = "## Notes"  # written by hand below it, and kept
_STAGES = {
    "pytest": "Python and pytest start",
    "plan": "opsproof starts, reads runbooks and checks",
    "items": "pytest makes the items",
    "import": "collectors are imported",
    "collect": "collect",
    "decide": "examine and judge",
    "report": "reports and manifest",
}


@dataclass
class Size:
    """All contenders on one number of pods; `problems` are requirements found not kept."""

    pods: int
    series: Mapping[str, Series]
    problems: list[str] = field(default_factory=list)


@dataclass
class Figures:
    """One execution of the whole benchmark."""

    rounds: int
    demo: Series
    bare: Series
    tests: int
    sizes: list[Size] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)


def table(size: Size) -> str:
    """The contenders of one size, each beside the raw GET."""
    raw, lines = size.series[RAW], head("against raw GET, wall", "CPU")
    for name in (RAW, OPSPROOF, PARALLEL, MODELS, KUBECTL):
        lines.append(row(name, size.series[name], raw, (wall, cpu)))
    for name in (RAW, OPSPROOF, MODELS):
        lines.append(row(f"{name}, work alone", size.series[name], raw, (inner_wall, inner_cpu)))
    return "\n".join([f"### {size.pods:,} pods", "", *lines])


def goals(figures: Figures) -> list[Goal]:
    found = [goal for size in figures.sizes for goal in _size_goals(size)]
    found += demo_goals(figures.demo, figures.bare)
    return [*found, *(goal for part in figures.parts for goal in part.goals)]


def _size_goals(size: Size) -> list[Goal]:
    """Where there is little to read, starting counts; where there is much, reading and deciding."""
    raw, own, kubectl = (size.series[name] for name in (RAW, OPSPROOF, KUBECTL))
    of = f"{size.pods:,} pods: "
    memory = [
        Goal(f"{of}largest memory", own.rss, 120, unit=" MB"),
        Goal(f"{of}largest memory of a process with -n 4", size.series[PARALLEL].rss, 120, unit=" MB"),
    ]
    if size.pods < _MANY:
        says = f"{of}whole process against raw GET's whole process, wall"
        return [Goal(says, ratio(own, raw, wall), 2), *memory]
    return [
        Goal(f"{of}collect and decide against raw GET, wall", ratio(own, raw, inner_wall), 1),
        Goal(f"{of}collect and decide against raw GET, CPU", ratio(own, raw, inner_cpu), 2),
        *memory,
        Goal(f"{of}kubectl against opsproof, wall", ratio(kubectl, own, wall), 25, least=True),
        Goal(f"{of}kubectl against opsproof, CPU", ratio(kubectl, own, cpu), 25, least=True),
    ]


def demo_goals(demo: Series, bare: Series) -> list[Goal]:
    return [
        Goal("demo against bare pytest, wall", ratio(demo, bare, wall), 2),
        Goal("demo against bare pytest, CPU", ratio(demo, bare, cpu), 2),
    ]


def demo_table(demo: Series, bare: Series, tests: int) -> str:
    lines = head("against bare pytest, wall", "CPU")
    lines.append(row(f"{BARE}, {tests} empty tests", bare, bare))
    lines.append(row(f"{DEMO}, {tests} items", demo, bare))
    return "\n".join(lines)


def page(figures: Figures, before: str) -> str:
    """The whole page; what stands under Notes in `before` stays."""
    _, found, notes = before.partition(NOTES)
    parts = [
        "# Performance",
        _introduction(figures),
        "## Goals",
        goal_table(goals(figures)),
        "## Reading a live cluster",
        _EXPLANATION,
        *(table(size) + _problems(size) for size in figures.sizes),
        "## The demo",
        demo_table(figures.demo, figures.bare, figures.tests),
        *(part.section for part in figures.parts),
        "## Where the time goes",
        "Seconds of the median run, wall (CPU), stage by stage:",
        _stages({DEMO: figures.demo} | {f"{s.pods:,} pods": s.series[OPSPROOF] for s in figures.sizes}),
    ]
    return "\n\n".join(parts) + f"\n\n{NOTES}" + (notes if found else "\n")


_EXPLANATION = """\
All contenders read the same namespace of the testbed's real API server with the same account, in turn, round
by round. *Raw GET* requests exactly the paths that opsproof requested, all of them as JSON, over the same kind of
connection (pages of 500, four requests in flight, TLS with a client certificate, no compression), and throws the
bodies away unread. *opsproof* is the whole process: `pytest checks
-m daily` with the 13 Kubernetes checks of the catalogue, from starting Python to the last report. *kubectl* is the
commands with which a runbook has the same 13 requirements looked at, one after another: kubectl's own table where it
shows what the requirement is about, `-o json` where it does not (probes, requests, images, policies against
pods); nothing decides on what it prints. *Models* lists the same kinds with the official client's classes, in pages
of 500, and decides nothing either.

*Work alone* leaves out starting Python and importing: for raw GET and models from the first connection to the last
byte, for opsproof from the first request to the last decision (collect and examine, including writing facts and journal).
Checks on metrics.k8s.io, Prometheus and probes are not in: their spaced samples take the time that they are told
to take. The pods and ReplicaSets are created directly, with their owners, and made ready by the simulated kubelets;
status and EndpointSlices are the real controllers'. CPU and memory include child processes; memory is that of the
largest process at its peak. The API server works on the same cores, and its time is in every wall figure."""


def _introduction(figures: Figures) -> str:
    now = datetime.now(timezone.utc)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"Measured on {now:%Y-%m-%d} with Python {platform.python_version()} on {platform.system()}, "
        f"{os.cpu_count()} cores, {_memory()} of memory, load average {load} at the end: other programs were "
        f"running, so that CPU seconds are steadier than wall clock. Medians of {figures.rounds} executions "
        "(of a third as many for kubectl and models), least and most in brackets; compiled modules are cached.\n\n"
        "To measure again, and rewrite this page but for its notes:\n\n```\npython -m tests.benchmarks\n```"
    )


def _memory() -> str:
    try:
        total = Path("/proc/meminfo").read_text().split(maxsplit=2)[1]
    except OSError:
        return "an unknown amount"
    return f"{int(total) / 2**20:.0f} GB"


def _problems(size: Size) -> str:
    return f"\n\nNot kept in this run: {', '.join(size.problems)}." if size.problems else ""


def _stages(runs: Mapping[str, Series]) -> str:
    lines = [f"| stage | {' | '.join(runs)} |", "|---|" + "---:|" * len(runs)]
    taken = {name: _durations(_typical(series)) for name, series in runs.items()}
    for stage, words in _STAGES.items():
        cells = (f"{seconds:.2f} ({used:.2f})" for seconds, used in (one[stage] for one in taken.values()))
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _typical(series: Series) -> Sample:
    return sorted(series.samples, key=cpu)[len(series.samples) // 2]


def _durations(sample: Sample) -> dict[str, tuple[float, float]]:
    """Seconds of each stage, wall and CPU, from the moments at which they ended."""
    marks = [(0.0, 0.0), *(tuple(sample.stages["marks"][stage]) for stage in _STAGES)]
    return {
        stage: (after[0] - before[0], after[1] - before[1])
        for stage, (before, after) in zip(_STAGES, pairwise(marks), strict=True)
    }
