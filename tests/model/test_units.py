"""Numbers with units are read from text only, and mean what is written."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opsproof import Bytes, Cores, Count, Duration, Percent
from opsproof.model.units import Unit, quantity

SIZES = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
NUMBERS = st.decimals(min_value=0, max_value=10**9, allow_nan=False, allow_infinity=False, places=3)
UNITS = [Duration, Percent, Bytes, Cores, Count]


@given(st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(sorted(SIZES))), min_size=1, max_size=4))
def test_a_duration_is_the_sum_of_its_parts(parts: list[tuple[int, str]]) -> None:
    text = "".join(f"{number}{unit}" for number, unit in parts)
    assert Duration.parse(text) == pytest.approx(sum(number * SIZES[unit] for number, unit in parts))


@given(st.integers(0, 10**9))
def test_a_duration_prints_as_one_that_is_read_back(seconds: int) -> None:
    """The two largest units: less than one of the second is lost."""
    duration = Duration(seconds)
    again = Duration.parse(str(duration))
    assert again <= duration
    assert duration - again < (3600 if seconds >= 86400 else 60 if seconds >= 3600 else 1)


@given(st.integers(1, 10**6))
def test_a_promql_range_is_exact_to_the_millisecond(milliseconds: int) -> None:
    assert Duration.parse(Duration(milliseconds / 1000).promql) == pytest.approx(milliseconds / 1000)


@given(NUMBERS)
def test_a_percentage_is_a_hundredth(number: Decimal) -> None:
    assert Percent.parse(f"{number}%") == float(number / 100)


@given(NUMBERS, st.sampled_from(sorted(BINARY)))
def test_binary_quantities_are_powers_of_two(number: Decimal, suffix: str) -> None:
    assert quantity(f"{number}{suffix}") == float(number * 2 ** BINARY[suffix])
    assert Bytes.parse(f"{number}{suffix}") == float(number * 2 ** BINARY[suffix])


@given(NUMBERS, st.sampled_from(sorted(DECIMAL)))
def test_decimal_quantities_are_powers_of_ten(number: Decimal, suffix: str) -> None:
    assert quantity(f"{number}{suffix}") == float(number.scaleb(DECIMAL[suffix]))


@given(st.integers(0, 10**6))
def test_millicores_are_read_back(millicores: int) -> None:
    assert Cores.parse(f"{millicores}m") == pytest.approx(millicores / 1000)
    assert str(Cores.parse(f"{millicores}m")) == f"{millicores}m"


@given(st.sampled_from(UNITS), st.text(max_size=20))
def test_a_text_is_refused_or_is_finite_and_not_negative(unit: type[Unit], text: str) -> None:
    try:
        found = unit.parse(text)
    except ValueError:
        return
    assert math.isfinite(found)
    assert found >= 0


@given(st.text(alphabet="0123456789.eE+-KMGi", max_size=12))
@example("1e999")
@example("1e99999999999999999999")
def test_a_quantity_is_a_finite_number_or_refused(text: str) -> None:
    try:
        found = quantity(text)
    except ValueError:
        return
    assert math.isfinite(found)


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        (Duration, "5"),
        (Duration, 5),
        (Duration, "5 m"),
        (Duration, "1h 30m"),
        (Duration, "-5m"),
        (Duration, "5M"),
        (Duration, "1:30"),
        (Duration, ""),
        (Duration, "٥m"),
        (Percent, "5"),
        (Percent, 0.05),
        (Percent, "5 percent"),
        (Percent, "-1%"),
        (Percent, "1e1%"),
        (Percent, "5%%"),
        (Bytes, "512"),
        (Bytes, 512),
        (Bytes, "500m"),
        (Bytes, "1e3"),
        (Bytes, "1 Gi"),
        (Bytes, "1GB"),
        (Cores, "1Gi"),
        (Cores, "1k"),
        (Cores, True),
        (Count, "3"),
        (Count, -1),
        (Count, 1.0),
        (Count, True),
    ],
)
def test_what_has_another_unit_or_none_is_refused(unit: type[Unit], text: Any) -> None:
    with pytest.raises(ValueError, match=r"write it like|write a whole number"):
        unit.parse(text)
