"""script/exit-status on plain facts."""

from __future__ import annotations

from typing import Any

from checks.script.check_exit_status import ExitLimits, check_exit_status
from opsproof import MEDIUM, Examination
from opsproof.model.finding import Finding
from opsproof.model.outcome import Outcome
from opsproof.sources.script.facts import ProgramRun


def examined(status: int | None, tail: str = "", **limits: Any) -> Examination:
    examine = Examination(level=MEDIUM)
    run = None
    if status is not None:
        run = ProgramRun(
            program="smoke", arguments=("-q",), status=status, sha256="0" * 64, seconds=1.0, size=9, tail=tail
        )
    with examine.whole("script/exit-status"):
        check_exit_status(run, ExitLimits(program="smoke", **limits), examine)
    return examine


def only(examine: Examination) -> Finding:
    (finding,) = examine.findings
    return finding


def test_zero_passes() -> None:
    assert 1 == examined(0).passed


def test_another_status_fails_with_the_last_line_that_it_wrote() -> None:
    finding = only(examined(3, tail="looking\nno order came through\n"))
    assert (Outcome.FAIL, "exit status 3; needed: 0: no order came through") == (
        finding.outcome,
        finding.message,
    )


def test_the_row_says_what_is_good() -> None:
    """And nothing else is, zero neither."""
    assert 1 == examined(2, good=[1, 2]).passed
    assert Outcome.FAIL is only(examined(0, good=[1, 2])).outcome


def test_a_signal_decides_nothing() -> None:
    finding = only(examined(-9))
    assert (Outcome.UNKNOWN, True) == (finding.outcome, "signal 9" in finding.message)


def test_what_changes_state_and_was_not_asked_for_does_not_apply() -> None:
    finding = only(examined(None, intrusive=True))
    assert (Outcome.NOT_APPLICABLE, True) == (finding.outcome, "--set run_intrusive=smoke" in finding.message)
