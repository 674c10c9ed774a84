"""The line that values follow."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsproof.sources.prometheus.facts import Point
from opsproof.sources.prometheus.reading.line import Line, until


def line(*values: float, fall: float = 1.0) -> Line:
    return Line([Point(10.0 * number, value) for number, value in enumerate(values)], fall)


@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(2, 30))
def test_the_slope_of_a_straight_line_is_its_growth_a_second(first: int, step: int, count: int) -> None:
    straight = line(*(first + step * number for number in range(count)), fall=10_000)
    assert straight.slope == pytest.approx(step / 10, abs=1e-9)
    assert straight.slope_between_falls == pytest.approx(step / 10, abs=1e-9)


def test_one_point_or_none_has_no_slope() -> None:
    assert (line().slope, line(5).slope, line(5).slope_between_falls) == (0.0, 0.0, 0.0)


def test_growth_between_falls_leaves_out_what_was_freed() -> None:
    sawtooth = line(1, 2, 3, 0, 1, 2)
    assert [freed for _, freed in sawtooth.falls] == [3]
    assert sawtooth.falls[0][0].time == 30
    assert sawtooth.slope_between_falls == pytest.approx(0.1)
    assert sawtooth.slope < 0.02


def test_a_fall_over_several_steps_is_one() -> None:
    """What is freed within the hour that a step averages shows in two of them."""
    falls = line(1, 2, 9, 6, 6, 3, 6, 1).falls
    assert [(point.time, freed) for point, freed in falls] == [(50, 6), (70, 5)]


def test_a_small_step_down_is_no_fall() -> None:
    assert line(1, 2, 1.5, 2.5).falls == []


def test_until_the_room_is_used_up() -> None:
    assert (until(100, 2), until(0, 0), until(-1, 0), until(0, 5)) == (50, 0, 0, 0)
    assert until(100, 0) == until(100, -1) == math.inf
