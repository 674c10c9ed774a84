"""Bounds and their steps, as rows write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsproof import CRITICAL, MEDIUM, AtLeast, AtMost, Count, Percent

RATIOS = st.floats(0, 1)


@given(RATIOS, RATIOS)
def test_a_bound_allows_itself_and_a_strict_one_does_not(bound: float, value: float) -> None:
    most, least = AtMost(((None, Percent(bound), False),)), AtLeast(((None, Percent(bound), False),))
    below, above = AtMost(((None, Percent(bound), True),)), AtLeast(((None, Percent(bound), True),))
    assert most.allows(value) == (value <= bound)
    assert least.allows(value) == (value >= bound)
    assert below.allows(value) == (value < bound)
    assert above.allows(value) == (value > bound)


@pytest.mark.parametrize(
    ("value", "broken"),
    [(0.80, None), (0.81, MEDIUM), (0.90, MEDIUM), (0.91, CRITICAL), (float("inf"), CRITICAL)],
)
def test_the_worst_broken_step_counts(value: float, broken: object) -> None:
    steps = AtMost.parse({"medium": "80%", "critical": "90%"}, Percent).broken(value)
    assert (steps[0] if steps else None) == broken


def test_not_a_number_keeps_no_bound() -> None:
    """A value that could not be measured must not look fine."""
    assert not AtMost.parse("5%", Percent).allows(float("nan"))
    assert not AtLeast.parse("5%", Percent).allows(float("nan"))


@pytest.mark.parametrize("text", ["<1%", "< 1%", " <1% "])
def test_a_strict_bound_is_written_with_its_sign(text: str) -> None:
    assert not AtMost.parse(text, Percent).allows(0.01)
    assert str(AtMost.parse(text, Percent)) == "below 1 %"


@pytest.mark.parametrize(
    "given_", [">1%", "<=1%", "1", "<", {}, {"severe": "1%"}, {"high": 1}, [], None, "<\u00b2"]
)
def test_what_is_no_bound_is_refused(given_: object) -> None:
    with pytest.raises(ValueError, match="write"):
        AtMost.parse(given_, Percent)


def test_counts_are_whole_also_behind_a_sign() -> None:
    assert AtMost.parse("<5", Count).allows(4)
    assert not AtMost.parse("<5", Count).allows(5)
    with pytest.raises(ValueError, match="whole number"):
        AtMost.parse("<\u0665", Count)
