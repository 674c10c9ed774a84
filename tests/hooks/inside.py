"""The team's pytest and opsproof in this very process: ten times as quick as one of their own, and good for all but
signals, memory, workers and what the interpreter is started with."""

from __future__ import annotations

from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from subprocess import CompletedProcess

import pytest
import pytest_html.plugin
import pytest_metadata.plugin

# Imported here for good: what a run inside imports for the first time is forgotten after it, and its classes
# would be others the next time.
import opsproof.hooks.hooks
import opsproof.plugin
import opsproof.report.html
from opsproof.cli import main
from opsproof.model.result import Result
from tests.hooks.team import Shop, Team

# Given, and not found by their entry points: looking for those takes a fifth of each run.
PLUGINS = (opsproof.plugin, pytest_metadata.plugin, pytest_html.plugin)


@dataclass(frozen=True)
class Inside:
    """Runs `pytest ...` in the folder of a team."""

    team: Team
    shop: Shop
    pytester: pytest.Pytester

    def run(self, *words: str, plugins: tuple[object, ...] = ()) -> pytest.RunResult:
        strict = ("-W", "error", "-p", "no:cacheprovider")
        return self.pytester.runpytest_inprocess(*words, *strict, plugins=(*PLUGINS, *plugins))

    def opsproof(self, *words: str) -> CompletedProcess[str]:
        return opsproof_inside(*words)

    @property
    def result(self) -> Result:
        return self.team.result()

    @property
    def outcomes(self) -> dict[str, str]:
        return self.team.outcomes()


def opsproof_inside(*words: str) -> CompletedProcess[str]:
    """`opsproof ...` in this process, in the folder that it is in."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
        main(words)
    return CompletedProcess(words, int(end.value.code or 0), out.getvalue(), err.getvalue())


def said(done: pytest.RunResult) -> str:
    """All that was printed, as one line: how a terminal breaks it says nothing."""
    return " ".join(" ".join([*done.outlines, *done.errlines]).split())
