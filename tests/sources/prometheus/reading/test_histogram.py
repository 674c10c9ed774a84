"""Quantiles of histograms and the bounds between which they lie."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsproof.model.failure import Undecided
from opsproof.sources.prometheus.facts import Samples, Series
from opsproof.sources.prometheus.reading.histogram import by_time, quantile


def test_it_interpolates_within_the_bucket() -> None:
    found = quantile(0.95, {0.1: 50, 0.5: 90, 1.0: 100, math.inf: 100})
    assert (found.low, found.high, found.events) == (0.5, 1.0, 100)
    assert math.isclose(found.estimate, 0.75)


def test_the_first_bucket_begins_at_zero() -> None:
    found = quantile(0.95, {0.1: 100, math.inf: 100})
    assert found.low == 0
    assert math.isclose(found.estimate, 0.095)


def test_the_top_bucket_has_no_upper_bound() -> None:
    found = quantile(0.95, {1.0: 10, math.inf: 100})
    assert found.at_least
    assert found.estimate == 1.0


def test_small_differences_are_rounding() -> None:
    assert quantile(0.95, {0.1: 99.99, 0.5: 99.98, math.inf: 100}).high == 0.1


@pytest.mark.parametrize(
    "buckets",
    [
        {},
        {math.inf: 5},
        {0.1: 5, 0.5: 5},
        {0.1: 0, math.inf: 0},
        {0.1: 9, math.inf: 5},
        {0.1: math.nan, math.inf: 5},
    ],
)
def test_what_is_no_histogram_is_undecided(buckets: dict[float, float]) -> None:
    with pytest.raises(Undecided):
        quantile(0.95, buckets)


@given(st.lists(st.floats(0.001, 30), min_size=1, max_size=200), st.floats(0.01, 1))
def test_the_true_quantile_lies_between_the_bounds(seconds: list[float], share: float) -> None:
    bounds = [0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, math.inf]
    found = quantile(share, {bound: sum(one <= bound for one in seconds) for bound in bounds})
    true = sorted(seconds)[max(0, math.ceil(share * len(seconds) - 1e-9) - 1)]
    assert found.low < true <= found.high
    assert found.low <= found.estimate <= found.high


def test_boundaries_written_differently_are_one_bucket() -> None:
    series = tuple(Series(labels={"le": le}, values=((1.0, "5"),)) for le in ("1", "1.0", "+Inf"))
    assert by_time(Samples(result_type="vector", at=1.0, series=series)) == {1.0: {1.0: 10.0, math.inf: 5.0}}


@pytest.mark.parametrize("le", ["", "x", "NaN"])
def test_a_bucket_needs_a_boundary(le: str) -> None:
    series = (Series(labels={"le": le}, values=((1.0, "5"),)),)
    with pytest.raises(Undecided):
        by_time(Samples(result_type="vector", at=1.0, series=series))
