"""The team's pytest in this very process: several times as quick as one of its own, and good for all but signals,
memory and what the interpreter is started with."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

# Imported here for good: what a run inside imports for the first time is forgotten after it, and its classes
# would be others the next time.
import opsproof.hooks.hooks
import opsproof.report.html  # noqa: F401
from opsproof.model.result import Result
from tests.hooks.team import Shop, Team


@dataclass(frozen=True)
class Inside:
    """Runs `pytest ...` in the folder of a team."""

    team: Team
    shop: Shop
    pytester: pytest.Pytester

    def run(self, *words: str, plugins: tuple[object, ...] = ()) -> pytest.RunResult:
        return self.pytester.runpytest_inprocess(*words, "-p", "no:cacheprovider", plugins=plugins)

    @property
    def result(self) -> Result:
        return self.team.result()

    @property
    def outcomes(self) -> dict[str, str]:
        return self.team.outcomes()


def said(done: pytest.RunResult) -> str:
    """All that was printed, as one line: how a terminal breaks it says nothing."""
    return " ".join(" ".join([*done.outlines, *done.errlines]).split())
