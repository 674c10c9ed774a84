"""What was measured and what was needed, as data and as text."""

from __future__ import annotations

import math

import msgspec
import pytest

from opsproof import AtLeast, AtMost, Bytes, Cores, Count, Duration, Level, Percent
from opsproof.model.measure import Measure, Step, measure


@pytest.mark.parametrize(
    ("given", "value", "unit", "text"),
    [
        (Percent(0.05), 0.05, "ratio", "5 %"),
        (Duration(90), 90.0, "seconds", "1m30s"),
        (Bytes(2**30), 2.0**30, "bytes", "1Gi"),
        (Cores(0.5), 0.5, "cores", "500m"),
        (Count(3), 3.0, "count", "3"),
        (7, 7.0, "", "7"),
        (1 / 3, 1 / 3, "", "0.3333"),
        ("Pending", None, "", "Pending"),
        (True, None, "", "True"),
        (None, None, "", ""),
    ],
)
def test_a_number_keeps_its_value_and_unit_beside_its_text(
    given: object, value: float | None, unit: str, text: str
) -> None:
    """Units, plain numbers and words."""
    assert Measure(value, unit, text) == measure(given)


def test_a_limit_of_several_steps_keeps_each_with_its_level() -> None:
    """A later comparison can tell which step a value broke."""
    given = AtMost.parse({"medium": "80%", "critical": "<90%"}, Percent)

    assert measure(given) == Measure(
        None,
        "ratio",
        "medium at most 80 %, critical below 90 %",
        (Step(0.8, "at most", Level.MEDIUM), Step(0.9, "below", Level.CRITICAL)),
    )


def test_a_limit_of_one_step_has_its_value() -> None:
    """The plain bound."""
    assert measure(AtLeast.parse(2, Count)) == Measure(2.0, "count", "at least 2", (Step(2.0, "at least"),))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_say_is_told_by_the_text_alone(number: float) -> None:
    """NaN would come back as null, and be another thing than what was measured."""
    found = measure(number)

    assert (None, f"{number:.4g}") == (found.value, found.text)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Measure) == found


def test_a_measure_that_says_nothing_is_false() -> None:
    """Renderers leave it out."""
    assert [bool(measure(None)), bool(measure(0))] == [False, True]
