"""What closes the gate."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsproof.judge.fold import build
from opsproof.judge.gate import judge
from opsproof.model.finding import ItemResult, standing
from opsproof.model.level import Level
from opsproof.model.outcome import Outcome
from opsproof.model.result import (
    GateVerdict,
    ItemRecord,
    Plan,
    Provenance,
    RequirementRecord,
    RequirementResult,
    Result,
    Selection,
)
from tests.report.results import NOW, finding

Verdict = tuple[Outcome, Level]
BAD = {Outcome.FAIL, Outcome.UNKNOWN}
ORDER = [Outcome.FAIL, Outcome.UNKNOWN, Outcome.WAIVED, Outcome.PASS, Outcome.NOT_APPLICABLE]
LEVELS = [Level.CRITICAL, Level.HIGH, Level.MEDIUM, Level.LOW]

VERDICTS = st.tuples(st.sampled_from(Outcome), st.sampled_from(Level))
# An item that ran has findings in any order, and perhaps passing subjects; None did not run.
ITEMS = st.one_of(st.none(), st.tuples(st.lists(VERDICTS, max_size=4), st.booleans()))
ROWS = st.lists(st.tuples(st.sampled_from(Level), st.lists(ITEMS, min_size=1, max_size=3)), max_size=4)


def item(number: int, at: int, level: Level, verdicts: Sequence[Verdict], passed: bool) -> ItemResult:
    """An item as deciding it gives it."""
    every = [*verdicts, *([(Outcome.PASS, level)] if passed else [])]
    outcome, shown = standing(every, level)
    findings = tuple(finding(f"p{n}", one, level=its) for n, (one, its) in enumerate(verdicts))
    return ItemResult(
        requirement=f"T-{number}", system="t", environment="e", check="c", outcome=outcome, level=shown,
        findings=findings, passed=int(passed), nodeid=f"{number}/{at}",
    )  # fmt: skip


def folded(
    rows: Sequence[tuple[Level, Sequence[tuple[Sequence[Verdict], bool] | None]]], gate: Level
) -> Result:
    """The result of a run whose rows had these items."""
    records = [
        RequirementRecord(id=f"T-{number}", system="t", environment="e", says="x", level=level)
        for number, (level, _) in enumerate(rows)
    ]
    nodes = [(number, at) for number, (_, items) in enumerate(rows) for at in range(len(items))]
    done = [
        item(number, at, level, *one)
        for number, (level, items) in enumerate(rows)
        for at, one in enumerate(items)
        if one is not None
    ]
    return build(
        plan=Plan(
            requirements=tuple(records),
            items=tuple(ItemRecord(f"{n}/{at}", records[n].key, "c") for n, at in nodes),
        ),
        selection=Selection(nodeids=tuple(f"{number}/{at}" for number, at in nodes)),
        provenance=Provenance(run="r", started=NOW, now=NOW, gate=gate),
        items=done,
        finished=NOW,
    )


def naive(level: Level, items: Sequence[tuple[Sequence[Verdict], bool] | None]) -> list[Verdict]:
    """Every outcome of a requirement by itself: of findings, of what ran and found nothing, of what did not run."""
    every: list[Verdict] = []
    for one in items:
        if one is None:
            every.append((Outcome.UNKNOWN, level))
        else:
            verdicts, passed = one
            every += verdicts
            if passed:
                every.append((Outcome.PASS, level))
            elif not verdicts:
                every.append((Outcome.UNKNOWN, level))
    return every


@given(rows=ROWS, gate=st.sampled_from(Level))
def test_the_gate_is_closed_by_any_bad_finding_or_missing_item_of_its_level(
    rows: list[tuple[Level, list[tuple[list[Verdict], bool] | None]]], gate: Level
) -> None:
    """However many findings, items and requirements stand beside it, in any order."""
    verdict = folded(rows, gate).gate

    serious = LEVELS[: LEVELS.index(gate) + 1]
    closing = [
        [one for one in naive(*row) if one[0] in BAD and one[1] in serious]
        for row in rows
    ]  # fmt: skip
    assert verdict.closed == any(closing)
    for number, (row, its) in enumerate(zip(rows, closing, strict=True)):
        key, bad = f"t/e/T-{number}", any(one[0] in BAD for one in naive(*row))
        missing = None in row[1] and row[0] in serious
        ran = [one for one in its if one[0] is Outcome.UNKNOWN]
        assert (key in verdict.failures) == any(one[0] is Outcome.FAIL for one in its)
        assert (key in verdict.incomplete) == missing
        assert (key in verdict.undecided) == (len(ran) > (row[1].count(None) if missing else 0))
        assert (key in verdict.below) == (bad and not its)


@given(rows=ROWS)
def test_what_is_shown_is_the_worst_outcome_with_the_worst_level_of_all_that_is_bad(
    rows: list[tuple[Level, list[tuple[list[Verdict], bool] | None]]],
) -> None:
    """So that the level of what is shown decides the gate, too; and what did not run is never lost."""
    results = folded(rows, Level.LOW).requirements

    assert len(rows) == len(results)
    for row, found in zip(rows, results, strict=True):
        every = naive(*row)
        shown = next(one for one in ORDER if one in {outcome for outcome, _ in every})
        alike = BAD if shown in BAD else {shown}
        levels = [level for outcome, level in every if outcome in alike]
        assert (shown, next(one for one in LEVELS if one in levels)) == (found.outcome, found.level)
        assert found.incomplete == (None in row[1])


def closed(*verdicts: Verdict, gate: Level, missing: bool = False) -> GateVerdict:
    """The verdict on one requirement of level CRITICAL."""
    items: list[tuple[Sequence[Verdict], bool] | None] = [(verdicts, True)]
    return folded([(Level.CRITICAL, [*items, *([None] * missing)])], gate).gate


def test_a_mild_failure_hides_no_critical_doubt() -> None:
    """One node at 75 % fails at low, another one is undecided at critical."""
    verdict = closed((Outcome.FAIL, Level.LOW), (Outcome.UNKNOWN, Level.CRITICAL), gate=Level.HIGH)

    assert (True, (), ("t/e/T-0",)) == (verdict.closed, verdict.failures, verdict.undecided)


def test_a_mild_failure_hides_no_check_that_did_not_run() -> None:
    """It counts at its requirement's level, and the run is not complete."""
    verdict = closed((Outcome.FAIL, Level.LOW), gate=Level.HIGH, missing=True)

    assert (True, ("t/e/T-0",)) == (verdict.closed, verdict.incomplete)


def test_what_closes_for_several_reasons_stands_under_each() -> None:
    """The list of the undecided is whole."""
    verdict = closed((Outcome.UNKNOWN, Level.HIGH), (Outcome.FAIL, Level.HIGH), gate=Level.LOW, missing=True)

    assert ("t/e/T-0",) == verdict.failures == verdict.undecided == verdict.incomplete


@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.WAIVED, Outcome.NOT_APPLICABLE])
def test_what_is_kept_or_excepted_leaves_it_open(outcome: Outcome) -> None:
    """PASS, WAIVED and NOT APPLICABLE of any level do not close the gate."""
    assert not closed((outcome, Level.CRITICAL), gate=Level.LOW).closed


def test_an_item_without_any_finding_counts_by_its_own_outcome() -> None:
    """Whatever made it, it was not a pass."""
    bare = ItemResult(
        requirement="T-0", system="t", environment="e", check="c", outcome=Outcome.UNKNOWN, level=Level.HIGH,
        passed=3,
    )  # fmt: skip
    row = RequirementRecord(id="T-0", system="t", environment="e", says="x", level=Level.LOW)
    result = RequirementResult(requirement=row, outcome=Outcome.UNKNOWN, level=Level.HIGH, items=(bare,))

    assert ("t/e/T-0",) == judge([result], Level.HIGH).undecided


def test_of_an_item_that_ran_twice_the_later_result_stands() -> None:
    """A rerun plugin, or a worker that was started anew."""
    row = RequirementRecord(id="T-0", system="t", environment="e", says="x", level=Level.HIGH)
    runs = [
        item(0, 0, Level.HIGH, [(outcome, Level.HIGH)], False) for outcome in (Outcome.UNKNOWN, Outcome.FAIL)
    ]
    result = build(
        plan=Plan(requirements=(row,), items=(ItemRecord("0/0", row.key, "c"),)),
        selection=Selection(nodeids=("0/0",)),
        provenance=Provenance(run="r", started=NOW, now=NOW, gate=Level.LOW),
        items=runs,
    )

    assert (("t/e/T-0",), ()) == (result.gate.failures, result.gate.undecided)
