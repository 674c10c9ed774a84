"""`docs/detection.md`: which situation of which check was proved, and by which scenario."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from opsproof.model.result import Result
from tests.faults.run import by_id
from tests.faults.scenario import Changes, Expected, Scenario

PAGE = Path(__file__).parents[1] / "docs" / "detection.md"
COLUMNS = ("healthy", "violated", "ordinary", "unreachable", "forbidden", "empty", "garbage")
_SAME_COLUMN = {"partly forbidden": "forbidden", "slow": "unreachable"}
# How much a failure proves, the most first: of a violation; of a server that is not as it should be; that something
# is not there at all.
_VIOLATED, _OTHERWISE, _ABSENT = range(3)
HEALTHY = "the healthy testbed"
ONLY_ABSENT = "only what is not there:"


@dataclass
class Detection:
    """What this test session proved."""

    cells: dict[str, dict[str, set[tuple[str, str]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    failed: dict[str, tuple[int, str]] = field(default_factory=dict)
    passed: dict[str, str] = field(default_factory=dict)

    def healthy(self, result: Result) -> None:
        """Every requirement that passes on the healthy testbed, with its checks."""
        for one in result.requirements:
            for item in one.items:
                if item.outcome.value == "pass":
                    self.cells[item.check]["healthy"].add(("PASS", HEALTHY))
            if one.outcome.value == "pass":
                self.passed[one.requirement.id] = HEALTHY

    def add(self, scenario: Scenario, changes: Changes, after: Result) -> None:
        found = by_id(after)
        column = _SAME_COLUMN.get(scenario.situation, scenario.situation)
        for name, expected in changes.items():
            outcome = expected.outcome.upper().replace("_", " ")
            for item in found[name].items:
                wanted = "pass" if expected.outcome == "transition" else expected.outcome
                if item.outcome.value == wanted:
                    self.cells[item.check][column].add((outcome, scenario.name))
            if expected.outcome == "pass":
                self.passed.setdefault(name, scenario.name)
            if expected.outcome == "fail":
                self._failed(name, (_worth(scenario, expected), scenario.name))
        for check in scenario.proves:
            self.cells[check][column].add(("PASS", scenario.name))

    def _failed(self, name: str, claim: tuple[int, str]) -> None:
        """The claim that proves more stands; of equal ones the first."""
        if name not in self.failed or claim[0] < self.failed[name][0]:
            self.failed[name] = claim

    def keep(self, file: Path) -> None:
        """For `merged`."""
        cells = {
            check: {column: sorted(proofs) for column, proofs in columns.items()}
            for check, columns in self.cells.items()
        }
        file.write_text(json.dumps({"cells": cells, "failed": self.failed, "passed": self.passed}))

    def include(self, file: Path) -> None:
        """What another session kept."""
        kept = json.loads(file.read_text())
        for check, columns in kept["cells"].items():
            for column, proofs in columns.items():
                self.cells[check][column] |= {(outcome, name) for outcome, name in proofs}
        for name, (worth, why) in kept["failed"].items():
            self._failed(name, (worth, why))
        for name, where in kept["passed"].items():
            if self.passed.get(name) != HEALTHY:
                self.passed[name] = where

    def page(self) -> str:
        """The page. A cell that nobody proved stays empty."""
        lines = [
            "# What is detected, and what proved it",
            "",
            "Written by the test run: every cell cites scenarios that were applied to the real servers of the",
            "testbed. What nobody proved stays empty.",
            "",
            "| check | " + " | ".join(COLUMNS) + " |",
            "|---" * (len(COLUMNS) + 1) + "|",
        ]
        for check in sorted(self.cells):
            row = [self._cell(self.cells[check].get(column, set())) for column in COLUMNS]
            lines.append(f"| `{check}` | " + " | ".join(row) + " |")
        lines += [
            "",
            "## Every automated requirement",
            "",
            "| requirement | passed on | failed on |",
            "|---|---|---|",
        ]
        for name in sorted(set(self.passed) | set(self.failed)):
            lines.append(f"| {name} | {self.passed.get(name, '')} | {self._why(name)} |")
        return "\n".join(lines) + "\n"

    def _why(self, name: str) -> str:
        worth, why = self.failed.get(name, (_VIOLATED, ""))
        return f"{ONLY_ABSENT} {why}" if worth == _ABSENT else why

    @staticmethod
    def _cell(found: set[tuple[str, str]]) -> str:
        if not found:
            return ""
        outcomes = sorted({outcome for outcome, _ in found})
        names = sorted(name for _, name in found)
        more = f" and {len(names) - 2} more" if len(names) > 2 else ""
        return f"{'/'.join(outcomes)}: {'; '.join(names[:2])}{more}"


def _worth(scenario: Scenario, expected: Expected) -> int:
    if expected.absent or scenario.situation == "empty":
        return _ABSENT
    return _VIOLATED if scenario.situation == "violated" else _OTHERWISE


def merged(files: Iterable[Path]) -> Detection:
    """What several sessions proved together; of claims that prove the same the first file's stands."""
    whole = Detection()
    for file in files:
        whole.include(file)
    return whole


def write(found: Detection) -> None:
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(found.page())
