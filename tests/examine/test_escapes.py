"""What leaves a check in other ways than by an assert: nothing is lost, nothing becomes a pass."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import pytest

from opsproof import CRITICAL, HIGH, LOW, Examination, Limits, Undecided, check
from opsproof.examine.check import CheckError
from opsproof.model.failure import Forbidden
from opsproof.model.outcome import Outcome

Ending = Callable[[], Any]
ENDINGS: dict[str, tuple[Ending, Outcome, str]] = {
    "pytest.fail": (lambda: pytest.fail("it is down"), Outcome.FAIL, "it is down"),
    "pytest.xfail": (lambda: pytest.xfail("it is known"), Outcome.FAIL, "it is known"),
    "pytest.skip": (lambda: pytest.skip("not today"), Outcome.UNKNOWN, "skipped: not today"),
    "pytest.exit": (lambda: pytest.exit("enough"), Outcome.UNKNOWN, "the check crashed: Exit"),
    "sys.exit": (lambda: sys.exit(0), Outcome.UNKNOWN, "the check crashed: SystemExit"),
    "cancelled": (
        lambda: _raise(asyncio.CancelledError()),
        Outcome.UNKNOWN,
        "the check crashed: CancelledError",
    ),
}


def _raise(error: BaseException) -> None:
    raise error


@pytest.fixture(params=ENDINGS)
def ending(request: pytest.FixtureRequest) -> tuple[Ending, Outcome, str]:
    return ENDINGS[request.param]


def before(examine: Examination) -> None:
    """What had been found already."""
    with examine("first"):
        assert not "down", "down"


def test_in_a_block_it_is_its_subjects_finding_and_the_loop_goes_on(
    ending: tuple[Ending, Outcome, str],
) -> None:
    """The findings before and after stay."""
    end, outcome, message = ending
    examine = Examination(level=HIGH)
    before(examine)
    with examine("second"):
        end()
    with examine("third"):
        assert not "down", "down"

    first, second, third = examine.findings
    assert (Outcome.FAIL, Outcome.FAIL, 0) == (first.outcome, third.outcome, examine.passed)
    assert (outcome, True) == (second.outcome, second.message.startswith(message))


def test_outside_of_a_block_it_is_the_checks_finding(ending: tuple[Ending, Outcome, str]) -> None:
    """What was found before stays."""
    end, outcome, message = ending
    examine = Examination(level=HIGH)
    with examine.whole("test/it"):
        before(examine)
        end()

    first, second = examine.findings
    assert Outcome.FAIL is first.outcome
    assert ("check", outcome, True) == (
        second.subject.kind,
        second.outcome,
        second.message.startswith(message),
    )


@pytest.mark.parametrize("error", [Undecided("?"), Forbidden("no", target="k"), KeyError("x")])
def test_what_is_undecided_is_as_bad_as_its_subject(error: Exception) -> None:
    """A critical alert that cannot be judged is no high one; and its cause names the server."""
    examine = Examination(level=HIGH)
    with examine("alert", level=CRITICAL):
        raise error

    (finding,) = examine.findings
    assert (Outcome.UNKNOWN, CRITICAL) == (finding.outcome, finding.level)
    assert getattr(error, "target", "") == finding.target


@pytest.mark.parametrize("inside", [True, False])
def test_a_keyboard_interrupt_passes(inside: bool) -> None:
    """It is about the run."""
    examine = Examination(level=HIGH)

    def interrupted() -> None:
        with examine.whole("test/it"):
            if not inside:
                raise KeyboardInterrupt
            with examine("it"):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert ([], 0) == (examine.findings, examine.passed)


def without(limits: Limits) -> None: ...


def unused(limits: Limits, examine: Any) -> None: ...


def used(examine: Any) -> None:
    examine("it")


def used_inside(examine: Any) -> None:
    def inner() -> None:
        examine("it")

    inner()


def handed_on(examine: Any) -> None:
    used(examine)


def wrapped(*given: Any, **named: Any) -> None:
    used(*given, **named)


wrapped.__wrapped__ = used  # type: ignore[attr-defined]


@pytest.mark.parametrize("function", [without, unused])
def test_a_check_that_never_examines_is_refused_when_it_is_found(function: Callable[..., None]) -> None:
    """It could only ever be undecided."""
    with pytest.raises(CheckError, match="test/it: it never calls `examine`"):
        check("test/it", title="t", level=LOW)(function).require_usable()


@pytest.mark.parametrize("function", [used, used_inside, handed_on, wrapped])
def test_a_check_that_may_examine_is_not(function: Callable[..., None]) -> None:
    """Handed on, used in an inner function, or behind a decorator."""
    found = check("test/it", title="t", level=LOW)(function)
    found.require_usable()

    assert {} == found.sources
