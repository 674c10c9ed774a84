"""`docs/detection.md`: of all that made a requirement fail, the page cites what proves the most."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.detection import ONLY_ABSENT, PAGE, Detection, merged
from tests.faults.scenario import Changes, Expected, Scenario, Situation, absent, fail
from tests.report.results import finding, item, result

LATE, EMPTY, HUNG = "the backup is late", "the bucket is empty", "the server never answers"


def scenario(name: str, situation: Situation = "violated") -> Scenario:
    return Scenario(name, situation, "group", nullcontext)


def proved(*scenarios: Scenario, expected: Expected | None = None) -> Detection:
    """What these make of one requirement, one after the other."""
    found, failing = Detection(), result([item(1, [finding()])])
    changes: Changes = {"SH-001": expected or fail("critical", "pod *")}
    for one in scenarios:
        found.add(one, changes, failing)
    return found


def cited(found: Detection) -> str:
    (line,) = (one for one in found.page().splitlines() if one.startswith("| SH-001 "))
    return line.split("|")[3].strip()


@pytest.mark.parametrize("first", [0, 1, 2])
def test_a_violation_is_cited_before_emptiness(first: int) -> None:
    """In whatever order they were tried."""
    tried = [scenario(EMPTY, "empty"), scenario(LATE), scenario(HUNG, "slow")]
    assert LATE == cited(proved(*tried[first:], *tried[:first]))
    assert HUNG == cited(proved(tried[0], tried[2]))


def test_of_equal_claims_the_first_is_cited() -> None:
    assert LATE == cited(proved(scenario(LATE), scenario("another")))


def test_what_failed_only_for_what_is_not_there_says_so() -> None:
    """An empty place, and a violated world in which just this thing is gone."""
    assert f"{ONLY_ABSENT} {EMPTY}" == cited(proved(scenario(EMPTY, "empty")))
    gone = absent(fail("critical", "pod *"))
    assert f"{ONLY_ABSENT} {LATE}" == cited(proved(scenario(LATE), expected=gone))


def test_sessions_are_merged_by_what_proves_more(tmp_path: Path) -> None:
    files = []
    for one in (scenario(EMPTY, "empty"), scenario(LATE)):
        files.append(tmp_path / f"{one.situation}.json")
        proved(one).keep(files[-1])
    assert LATE == cited(merged(files))
    assert LATE == cited(merged(reversed(files)))


def test_every_requirement_of_the_page_failed_for_its_own_reason() -> None:
    """A check that only ever saw nothing has not been seen to judge anything."""
    assert ONLY_ABSENT not in PAGE.read_text()
