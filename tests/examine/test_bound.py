"""Only the comparison with the limit takes a step's level."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from opsproof import (
    CRITICAL,
    HIGH,
    LOW,
    MEDIUM,
    AtLeast,
    AtMost,
    Clock,
    Count,
    Duration,
    Examination,
    Percent,
)
from opsproof.examine.examination import Block
from opsproof.model.finding import Finding
from opsproof.model.outcome import Outcome

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)
DAYS = AtLeast.parse({"medium": "30d", "critical": "3d"}, Duration)
SHARE = AtMost.parse({"medium": "80%", "critical": "90%"}, Percent)


def found(body: Callable[[Block], None]) -> Finding | None:
    """The finding of one block in an item of level HIGH; None when it passes."""
    examine = Examination(level=HIGH)
    with examine("it") as it:
        body(it)
    return examine.findings[0] if examine.findings else None


def days(left: float, *beside: str) -> Finding | None:
    def body(it: Block) -> None:
        it.holds(DAYS, Duration(86400 * left), f"{left} days left", beside=beside)

    return found(body)


@pytest.mark.parametrize(
    ("left", "beside", "level", "message"),
    [
        (20, (), MEDIUM, "20 days left"),
        (1, (), CRITICAL, "1 days left"),
        (300, ("not trusted",), HIGH, "not trusted"),
        (20, ("not trusted",), HIGH, "not trusted; 20 days left"),
        (1, ("not trusted",), CRITICAL, "not trusted; 1 days left"),
    ],
)
def test_what_is_wrong_beside_the_value_is_of_the_rows_level(
    left: float, beside: tuple[str, ...], level: object, message: str
) -> None:
    """An untrusted certificate is as bad with 20 days left as with 300; the date can only make it worse."""
    finding = days(left, *beside)

    assert finding is not None
    assert (Outcome.FAIL, level, message) == (finding.outcome, finding.level, finding.message)


def test_a_value_that_keeps_its_limit_passes() -> None:
    """No finding at all."""
    assert days(300) is None


def test_any_other_assert_has_the_rows_level_whatever_the_value() -> None:
    """The value breaks a step; what is asserted before is something else."""

    def body(it: Block) -> None:
        assert False, "not trusted"  # noqa: B011, PT015
        it.holds(SHARE, Percent(0.85))

    finding = found(body)

    assert finding is not None
    assert HIGH is finding.level


def test_the_subjects_own_level_stands_over_the_step() -> None:
    """An alert is as bad as its own severity says."""
    examine = Examination(level=HIGH)
    with examine("alert", level=LOW) as it:
        it.holds(SHARE, Percent(0.95))

    assert LOW is examine.findings[0].level


def test_value_and_limit_are_shown_without_being_told_twice() -> None:
    """As measured and needed, and in the message where there is none."""
    finding = found(lambda it: it.holds(SHARE, Percent(0.85)))

    assert finding is not None
    assert (0.85, "85 %", str(SHARE)) == (finding.measured.value, finding.measured.text, finding.limit.text)
    assert f"85 %; {SHARE} needed" == finding.message


@pytest.mark.parametrize("value", [None, math.nan])
def test_no_number_is_undecided(value: float | None) -> None:
    """It neither keeps the limit nor breaks it."""
    finding = found(lambda it: it.holds(AtMost.parse(3, Count), value))

    assert finding is not None
    assert Outcome.UNKNOWN is finding.outcome


@pytest.mark.parametrize(
    ("skew", "seconds", "outcome"),
    [
        (0, 60, None),
        (0, 400, Outcome.FAIL),
        (-7200, 60, Outcome.UNKNOWN),  # a minute by its clock, two hours and a minute by ours
        (-7200, 400, Outcome.FAIL),
        (7200, 60, None),  # told by its clock after two hours in the future: young by both
        (7200, 7260, Outcome.UNKNOWN),  # two hours and a minute by its clock, a minute by ours
    ],
)
def test_an_age_that_only_one_clock_allows_is_undecided(
    skew: float, seconds: float, outcome: Outcome | None
) -> None:
    """The heartbeat of a kubelet, read from an API server whose clock is hours off."""
    clock = Clock(NOW + timedelta(seconds=skew), "kubernetes:shop", skew)
    age = clock.age(clock.as_of - timedelta(seconds=seconds))

    finding = found(lambda it: it.holds(AtMost.parse("5m", Duration), age, "silent"))

    assert outcome is (finding.outcome if finding else None)
    assert outcome is not Outcome.UNKNOWN or "kubernetes:shop is 2h" in (finding.message if finding else "")


def _asserted_limits(path: Path) -> list[str]:
    """Where a file asserts what a limit says of a value."""
    tree = ast.parse(path.read_text())
    return [
        f"{path}:{node.lineno}: use `it.holds(limit, value, ...)` in place of an assert"
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
        for part in ast.walk(node.test)
        if isinstance(part, ast.Attribute) and part.attr in {"allows", "broken"}
    ]


def test_no_check_of_the_library_asserts_a_limit() -> None:
    """Such an assert would have the row's level, not its step's."""
    folder = Path(__file__).parents[2]
    files = [*folder.glob("checks/**/*.py"), *folder.glob("plugins/opsproof/examine/*.py")]

    assert [] == [one for path in files for one in _asserted_limits(path)]
