"""The page's figures: ratios, goals met and missed, and the notes that are kept."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.contenders import BARE, DEMO, KUBECTL, MODELS, OPSPROOF, PARALLEL, RAW
from tests.benchmarks.measure import Sample, Series, wall
from tests.benchmarks.page import Figures, Size, goals, page, table
from tests.benchmarks.part import Goal, Part


def series(name: str, *seconds: float, rss: float = 50.0, work: float = 1.0) -> Series:
    """Executions of `seconds` each, half of them on the CPU, `work` of them at work."""
    names = ("pytest", "plan", "items", "import", "collect", "decide", "report")
    marks = {stage: (number + 1.0, number + 1.0) for number, stage in enumerate(names)}
    told: dict[str, Any] = {"work": {"wall": work, "cpu": work}, "marks": marks}
    return Series(name, [Sample(each, each / 2, rss, 0, told) for each in seconds])


def size(
    pods: int = 10_000, *, own: float = 4.0, rss: float = 100.0, kubectl: float = 100.0, work: float = 2.0
) -> Size:
    contenders = {
        RAW: series(RAW, 4.0, work=2.0),
        OPSPROOF: series(OPSPROOF, own, rss=rss, work=work),
        PARALLEL: series(PARALLEL, 5.0),
        KUBECTL: series(KUBECTL, kubectl),
        MODELS: series(MODELS, 30.0),
    }
    return Size(pods, contenders)


def figures(pods: int = 10_000, **changes: float) -> Figures:
    return Figures(3, series(DEMO, 1.0, 2.0, 9.0), series(BARE, 1.0), 135, [size(pods, **changes)])


def test_the_median_is_compared_and_the_spread_is_shown() -> None:
    demo = figures().demo
    assert demo.median(wall) == 2.0
    assert demo.spread(wall) == (1.0, 9.0)


@pytest.mark.parametrize(("pods", "count", "own"), [(1_000, 5, 8.0), (10_000, 8, 4.0)])
def test_goals_are_met_up_to_their_bound(pods: int, count: int, own: float) -> None:
    met = {goal.says: goal.met for goal in goals(figures(pods, own=own))}
    assert len(met) == count
    assert all(met.values()), met


@pytest.mark.parametrize(
    ("pods", "changes", "word"),
    [
        (1_000, {"own": 8.1}, "whole process"),
        (10_000, {"work": 2.1}, "raw GET, wall"),
        (10_000, {"rss": 121.0}, "memory"),
        (10_000, {"kubectl": 99.0}, "kubectl"),
    ],
)
def test_a_goal_missed_is_said_to_be_missed(pods: int, changes: dict[str, float], word: str) -> None:
    missed = [goal for goal in goals(figures(pods, **changes)) if not goal.met]
    assert missed
    assert all(word in goal.says for goal in missed)
    assert page(figures(pods, **changes), "").count("missed: ") == len(missed)


def test_by_how_much_is_a_factor_of_the_goal() -> None:
    assert "missed: 2.00 times the goal" in Goal("kubectl", 5.0, 10, least=True).row()
    assert "missed: 1.50 times the goal" in Goal("memory", 225, 150, unit=" MB").row()


def test_each_contender_stands_beside_the_raw_get() -> None:
    text = table(size(work=2.8))
    assert f"| {MODELS} | 1 | 30.00 (30.00-30.00) | 15.00 (15.00-15.00) | 50 | 7.50 | 7.50 |" in text
    assert "| opsproof, work alone | 1 | 2.80 (2.80-2.80) | 2.80 (2.80-2.80) | 100 | 1.40 | 1.40 |" in text


def test_notes_written_by_hand_survive() -> None:
    written = page(figures(), "# Old\n\n## Notes\n\nWhere the time goes.\n")
    assert written.startswith("# Performance")
    assert written.endswith("## Notes\n\nWhere the time goes.\n")
    assert "Old" not in written


def test_each_part_has_its_goals_and_its_section() -> None:
    found = figures()
    found.parts.append(Part("Help", (Goal("help, CPU", 140, 150, unit=" ms"),), "As a user types it."))
    written = page(found, "")
    assert "| help, CPU | <= 150 ms | 140.00 ms | met |" in written
    assert "\n\n## Help\n\nAs a user types it.\n\n" in written
