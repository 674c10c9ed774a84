"""What deciding costs grows with the subjects, not with their square: counted in calls, not in seconds."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from opsproof import Examination
from opsproof.examine.decide import ItemResult
from opsproof.judge.fold import build
from opsproof.judge.waivers import waived
from opsproof.model.level import Level
from opsproof.model.outcome import Outcome
from opsproof.model.result import ItemRecord, Plan, Provenance, RequirementRecord, Result, Selection
from tests.examine.test_decide import NOW, decided
from tests.judge.test_waivers import EVERYWHERE


def judged(count: int) -> tuple[ItemResult, Result]:
    """As many subjects that fail, each with a cause of its own, from the check to the gate."""

    def body(things: Any, examine: Examination) -> None:
        for number in range(count):
            with examine(f"pod-{number}", measured=number, limit=0):
                raise AssertionError("down")

    row = RequirementRecord(id="T-1", system="t", environment="e", says="x", level=Level.HIGH)
    result = waived(decided(body, nodeid="n"), [EVERYWHERE], NOW)
    whole = build(
        plan=Plan(requirements=(row,), items=(ItemRecord("n", row.key, "c"),)),
        selection=Selection(nodeids=("n",)),
        provenance=Provenance(run="r", started=NOW, now=NOW, gate=Level.LOW),
        items=[result],
    )
    return result, whole


def calls(count: int) -> int:
    """How many calls, of Python and of C, that takes."""
    made = 0

    def counted(frame: Any, event: str, argument: Any) -> None:
        nonlocal made
        made += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        judged(count)
    finally:
        sys.setprofile(before)
    return made


def test_what_a_failing_subject_costs_does_not_depend_on_how_many_there_are() -> None:
    """The third hundred takes as many calls as the second."""
    result, whole = judged(300)
    assert (300, Outcome.FAIL, True) == (len(result.findings), result.outcome, whole.gate.closed)

    first, second, third = (calls(count) for count in (100, 200, 300))

    assert third - second == pytest.approx(second - first, rel=0.02)
