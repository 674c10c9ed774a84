"""One part of the benchmark, measured by itself: goals, and what stands about it on the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.measure import Sample, Series, cpu, wall

Clock = Callable[[Sample], float]


@dataclass(frozen=True)
class Goal:
    """`measured` must be at most `bound` (at least, when `least`)."""

    says: str
    measured: float
    bound: float
    least: bool = False
    unit: str = ""

    @property
    def met(self) -> bool:
        return self.measured >= self.bound if self.least else self.measured <= self.bound

    def row(self) -> str:
        bound = f"{'>=' if self.least else '<='} {self.bound:g}{self.unit}"
        verdict = "met" if self.met else f"missed: {self._factor():.2f} times the goal"
        return f"| {self.says} | {bound} | {self.measured:.2f}{self.unit} | {verdict} |"

    def _factor(self) -> float:
        return self.bound / self.measured if self.least else self.measured / self.bound


@dataclass(frozen=True)
class Part:
    """What one part came to. `text` is its section: what is compared with what, and the table."""

    title: str
    goals: tuple[Goal, ...]
    text: str

    @property
    def section(self) -> str:
        return f"## {self.title}\n\n{self.text}"


Measuring = Callable[[Path, int], Part]  # given a folder of its own, and how many rounds


def goal_table(goals: Sequence[Goal]) -> str:
    return "\n".join(["| what | goal | measured | |", "|---|---|---|---|", *(goal.row() for goal in goals)])


def head(*ratios: str) -> list[str]:
    names = ["", "times", "wall s", "CPU s", "peak MB", *ratios]
    return [f"| {' | '.join(names)} |", "|---|" + "---:|" * (len(names) - 1)]


def row(name: str, series: Series, base: Series, clocks: tuple[Clock, Clock] = (wall, cpu)) -> str:
    figures = [_spread(series, of) for of in clocks]
    ratios = [f"{ratio(series, base, of):.2f}" for of in clocks]
    return f"| {' | '.join([name, str(len(series.samples)), *figures, f'{series.rss:.0f}', *ratios])} |"


def rows(series: Mapping[str, Series], base: str) -> str:
    """A table of all of them, each beside the one that they are held against."""
    lines = head(f"against {base}, wall", "CPU")
    return "\n".join([*lines, *(row(name, one, series[base]) for name, one in series.items())])


def ratio(one: Series, other: Series, of: Clock) -> float:
    return one.median(of) / other.median(of)


def _spread(series: Series, of: Clock) -> str:
    least, most = series.spread(of)
    return f"{series.median(of):.2f} ({least:.2f}-{most:.2f})"
