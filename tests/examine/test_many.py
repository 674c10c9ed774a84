"""A check ends when it has found more than memory and reports hold: what it did not come to is undecided."""

from __future__ import annotations

from opsproof import HIGH
from opsproof.examine.examination import MOST, Examination
from opsproof.hooks.running import most_findings
from opsproof.model.failure import Undecided


def examined(most: int, subjects: int, *, text: str = "bad", undecided: bool = False) -> list[str]:
    """The outcomes of a check that looks at so many subjects, all of which are bad."""
    examine = Examination(level=HIGH, most=most)
    with examine.whole("test/many"):
        for number in range(subjects):
            if undecided:
                examine.unknown(f"{number}", Undecided(text))
                continue
            with examine(f"{number}"):
                raise AssertionError(text)
    return [finding.outcome.value for finding in examine.findings]


def test_after_the_last_that_is_written_the_rest_is_unknown() -> None:
    assert examined(3, 100) == ["fail", "fail", "fail", "unknown"]
    assert examined(3, 100, undecided=True) == ["unknown"] * 4


def test_fewer_are_all_written() -> None:
    assert examined(3, 2) == ["fail", "fail"]


def test_a_long_text_counts_for_several() -> None:
    assert examined(10, 100, text="x" * 2000) == ["fail", "fail", "unknown"]


def test_passing_subjects_are_without_end() -> None:
    examine = Examination(level=HIGH, most=3)
    for number in range(1000):
        with examine(f"{number}"):
            pass
    assert (examine.passed, examine.findings) == (1000, [])


def test_items_share_what_a_run_may_write_and_workers_share_it_too() -> None:
    assert [most_findings(found, 1) for found in (0, 30_000, 1_000_000)] == [MOST, 10_000, 100]
    assert most_findings(0, 4) == 10_000
