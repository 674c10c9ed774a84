"""What it costs to start: help, a plugin that nobody uses, and the plan of one environment among a thousand."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks import contenders, system
from tests.benchmarks.measure import Sample, cpu, in_turn, inner_cpu, inner_wall, run, wall
from tests.benchmarks.part import Goal, Part, ratio, rows

_FEW_OF_MANY = 5  # executions for one of a longer part: these are short, and noisy
_SYSTEMS, _FIRST, _OTHERS = 21, 500, 25  # a thousand environments, half of them in the first system
_ONE, _AMONG = "one environment", "that one among 1,000"


def help_text(folder: Path, rounds: int) -> Part:
    """`opsproof --help`, as a user types it."""
    folder.mkdir()
    command = [sys.executable, "-c", "from opsproof.cli import main; main()", "--help"]
    found = in_turn(
        {
            "python -c pass": lambda: run(
                [sys.executable, "-c", "pass"], folder, env=contenders.shell(folder)
            ),
            "opsproof --help": lambda: run(command, folder, env=contenders.shell(folder)),
        },
        rounds * _FEW_OF_MANY,
        compiles=True,
    )
    used = found["opsproof --help"].median(cpu) * 1000
    goal = Goal("opsproof --help, CPU", used, 150, unit=" ms")
    return Part("Help", (goal,), rows(found, "python -c pass"))


def plugin(folder: Path, rounds: int) -> Part:
    """A foreign folder's tests, in an environment that has opsproof installed."""
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
    without = (*contenders.PYTEST, "-p", "no:opsproof.plugin", "test_nothing.py")
    # Found by its entry point where it is installed; by name it costs the same.
    with_it = (*contenders.PYTEST, "-p", "opsproof.plugin", "test_nothing.py")
    found = in_turn(
        {
            "bare pytest": lambda: _pytest(folder, without),
            "with opsproof.plugin, unused": lambda: _pytest(folder, with_it),
        },
        rounds * _FEW_OF_MANY,
        compiles=True,
    )
    costs = (found["with opsproof.plugin, unused"].median(cpu) - found["bare pytest"].median(cpu)) * 1000
    goal = Goal("opsproof.plugin, installed and unused, CPU", costs, 20, unit=" ms")
    return Part("The plugin, unused", (goal,), rows(found, "bare pytest"))


def plan(folder: Path, rounds: int) -> Part:
    """One environment of one system; the same one beside 999 others, in this and in other systems."""
    folder.mkdir()
    one, among = folder / "one", folder / "among"
    _write(one, [1])
    _write(among, [_FIRST, *[_OTHERS] * (_SYSTEMS - 1)])
    found = in_turn({_ONE: lambda: _planned(one), _AMONG: lambda: _planned(among)}, rounds * 2, compiles=True)
    goals = (
        Goal(
            "plan of one environment among 1,000 against that one alone, wall",
            ratio(found[_AMONG], found[_ONE], inner_wall),
            1.2,
        ),
        Goal("the same, CPU", ratio(found[_AMONG], found[_ONE], inner_cpu), 1.2),
        Goal("the same, whole process, wall", ratio(found[_AMONG], found[_ONE], wall), 1.2),
        Goal("the same, whole process, CPU", ratio(found[_AMONG], found[_ONE], cpu), 1.2),
    )
    return Part("Planning one environment among many", goals, _TEXT + "\n\n" + rows(found, _ONE))


_TEXT = f"""\
`pytest checks --collect-only --env ...` of one environment with 13 rows, and of the same one beside {_FIRST - 1} others of
its system and {_OTHERS} of each of {_SYSTEMS - 1} more. The plan alone is from pytest's start on, our imports included."""


def _write(folder: Path, environments: Sequence[int]) -> None:
    """Systems of 13 rows each, with so many environments."""
    system.copied(folder)
    for number, count in enumerate(environments):
        system.written(
            folder,
            name=f"{system.NAME}-{number:03}",
            names={"namespaces": ["shop"]},
            rows=system.kubernetes_rows(f"B{chr(65 + number)}"),
            environments={f"env-{n:03}": _kubernetes(n) for n in range(count)},
        )


def _kubernetes(number: int) -> dict[str, object]:
    return {
        "kubernetes": {"server": f"https://kubernetes-{number}.example.com:6443", "token": {"env": "TOKEN"}}
    }


def _pytest(folder: Path, words: tuple[str, ...]) -> Sample:
    return run([sys.executable, *words], folder, env=contenders.shell(folder))


def _planned(folder: Path) -> Sample:
    words = ("--collect-only", "--env", f"{system.NAME}-000/env-000")
    command = [sys.executable, *contenders.PYTEST, *contenders.STAGES, "checks", *words]
    return run(command, folder, env=contenders.shell(folder))
