"""The recorded morning that this repository shows to newcomers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from opsproof.evidence.run import open_run
from opsproof.model.outcome import Outcome
from opsproof.model.result import Result

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, str]:
    """`pytest checks` as the README has it, on a Monday, and what it prints."""
    reports = tmp_path_factory.mktemp("reports")
    command = [sys.executable, "-m", "pytest", "checks", "-m", "daily or weekly", "--reports", str(reports)]
    shell = {name: value for name, value in os.environ.items() if not name.startswith("OPSPROOF_")}
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"], cwd=ROOT, env=shell, capture_output=True, text=True, check=False
    )
    assert 1 == done.returncode, done.stdout + done.stderr
    return open_run(reports / "latest").read("result.json", Result), done.stdout


def test_the_demo_is_the_default_and_says_so(demo: tuple[Result, str]) -> None:
    """No server, no variable, no option: the mode is named."""
    result, printed = demo

    assert "demo" == result.provenance.mode
    assert "DEMO of demo" in printed
    assert {} == result.requests
    assert "intact" == result.integrity
    assert "" == result.provenance.code_differs, "to be recorded anew: it names other code"


def test_the_demo_shows_every_kind_of_finding(demo: tuple[Result, str]) -> None:
    """Mostly green; a failure of each level, a waiver, an expired one, a transition, a source unreachable."""
    result, _ = demo
    _require_this_code(result)

    outcomes = [one.outcome for one in result.requirements]
    moving = [finding for one in result.requirements for item in one.items for finding in item.findings]
    assert outcomes.count(Outcome.PASS) > len(outcomes) / 2
    assert all(row["fail"] for row in result.counts.values())
    assert 1 == outcomes.count(Outcome.WAIVED)
    assert {("unused", "expired"), ("used",)} == {waiver.states for waiver in result.waivers}
    assert any(finding.in_transition for finding in moving)
    assert ["Unreachable: alertmanager:http://127.0.0.1:27093"] == [cause.cause for cause in result.causes]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("SC-062", "the newest is backup-"),  # a late backup
        ("AC-087", "the gzip ends before its end: it is truncated"),
        ("OF-075", "0 of 1 replica would take over"),  # one that lags
    ],
)
def test_the_demo_shows_what_could_be_lost(demo: tuple[Result, str], row: str, says: str) -> None:
    result, _ = demo
    _require_this_code(result)

    (one,) = (one for one in result.requirements if one.requirement.id == row)
    messages = [finding.message for item in one.items for finding in item.findings]
    assert (one.outcome, any(says in message for message in messages)) == (Outcome.FAIL, True), messages


def test_the_recording_fits_the_checks(demo: tuple[Result, str]) -> None:
    """Nothing is asked that the recording does not hold: else it has to be recorded anew."""
    result, _ = demo
    _require_this_code(result)

    assert not [cause for cause in result.causes if "holds no answer" in cause.message]


def _require_this_code(result: Result) -> None:
    """A recording of other code answers other asks: the first test says so until it is recorded anew."""
    if result.provenance.code_differs:
        pytest.skip("the demo is recorded by other code")
