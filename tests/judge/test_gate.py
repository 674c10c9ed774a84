"""What closes the gate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsproof.judge.gate import judge
from opsproof.model.level import Level
from opsproof.model.outcome import Outcome, worst
from opsproof.model.result import RequirementRecord, RequirementResult

RESULTS = st.lists(st.tuples(st.sampled_from(Outcome), st.sampled_from(Level), st.booleans()))


def result(number: int, outcome: Outcome, level: Level, incomplete: bool = False) -> RequirementResult:
    row = RequirementRecord(id=f"T-{number}", system="t", environment="e", says="x", level=level)
    return RequirementResult(requirement=row, outcome=outcome, level=level, incomplete=incomplete)


@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.WAIVED, Outcome.NOT_APPLICABLE])
def test_what_is_kept_or_excepted_leaves_it_open(outcome: Outcome) -> None:
    """PASS, WAIVED and NOT APPLICABLE of any level do not close the gate."""
    assert not judge([result(1, outcome, Level.CRITICAL)], Level.LOW).closed


def test_an_undecided_requirement_closes_it_like_a_failed_one() -> None:
    """UNKNOWN is not a pass."""
    verdict = judge([result(1, Outcome.UNKNOWN, Level.LOW)], Level.LOW)

    assert verdict.closed
    assert ("t/e/T-1",) == verdict.undecided


def test_incomplete_is_told_apart() -> None:
    """What was selected and did not run is named as such."""
    assert ("t/e/T-1",) == judge([result(1, Outcome.UNKNOWN, Level.HIGH, True)], Level.LOW).incomplete


@given(found=RESULTS, level=st.sampled_from(Level))
def test_every_bad_requirement_is_listed_exactly_once(
    found: list[tuple[Outcome, Level, bool]], level: Level
) -> None:
    """Closed exactly when a FAIL or UNKNOWN is at least as bad as the level; lower ones are listed below it."""
    results = [result(number, *one) for number, one in enumerate(found)]

    verdict = judge(results, level)

    bad = {one.requirement.key for one in results if one.outcome in {Outcome.FAIL, Outcome.UNKNOWN}}
    listed = [*verdict.failures, *verdict.undecided, *verdict.incomplete, *verdict.below]
    assert sorted(bad) == sorted(listed)
    serious = {one.requirement.key for one in results if one.level.rank <= level.rank}
    assert bool(bad & serious) == verdict.closed
    assert not set(verdict.below) & serious


@given(st.lists(st.sampled_from(Outcome)))
def test_the_worst_outcome_stands_for_all(outcomes: list[Outcome]) -> None:
    """FAIL > UNKNOWN > WAIVED > PASS > NOT APPLICABLE, in any order; of nothing it is UNKNOWN."""
    order = [Outcome.FAIL, Outcome.UNKNOWN, Outcome.WAIVED, Outcome.PASS, Outcome.NOT_APPLICABLE]

    expected = next((one for one in order if one in outcomes), Outcome.UNKNOWN)

    assert expected is worst(outcomes)
