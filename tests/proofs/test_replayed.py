"""A replay of a live run of all five systems needs no server and finds the same, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from opsproof.model.result import RequirementResult, Result
from tests.faults.run import encode, latest, opsproof
from tests.proofs.conftest import Proof

pytestmark = [pytest.mark.testbed, pytest.mark.slow]
NOBODY = {"OPSPROOF_TESTBED": "/nonexistent"}


def timeless(result: Result) -> list[RequirementResult]:
    """All that was decided, without how long deciding took."""
    return [
        replace(one, items=type(one.items)(replace(item, seconds=0.0) for item in one.items))
        for one in result.requirements
    ]


def test_a_replay_finds_the_same(proof: Proof, tmp_path: Path) -> None:
    """With secrets and credentials out of reach, so that nothing could be asked."""
    replay = ("--env", "testbed", "--replay", str(proof.run.folder))
    done = opsproof(tmp_path, "checks", "-q", *replay, env=NOBODY, cwd=proof.checkout)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    again = latest(tmp_path)
    assert encode(timeless(again.read("result.json", Result))) == encode(timeless(proof.result))
    assert not (again.folder / "requests.jsonl").exists() or not (again.folder / "requests.jsonl").read_text()
