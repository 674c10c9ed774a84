"""Bars from counts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opsproof.model.level import Level
from opsproof.model.outcome import Outcome
from opsproof.report.chart import bars

COUNTS = st.fixed_dictionaries(
    {
        level.value: st.fixed_dictionaries({one.value: st.integers(0, 900) for one in Outcome})
        for level in Level
    }
)


@given(COUNTS)
def test_bars_hold_every_count_in_proportion(counts: dict[str, dict[str, int]]) -> None:
    """Nothing is left out, nothing overlaps, the longest bar ends at the right edge."""
    drawn = bars(counts)
    assert list(counts) == [bar.level for bar in drawn]
    for bar in drawn:
        assert {name: n for name, n in counts[bar.level].items() if n} == {
            p.outcome: p.count for p in bar.parts
        }
        for left, right in zip(bar.parts, bar.parts[1:], strict=False):
            assert abs(left.x + left.width - right.x) < 0.05
    ends = [bar.parts[-1].x + bar.parts[-1].width for bar in drawn if bar.parts]
    assert not ends or abs(max(ends) - 100) < 0.1


def test_a_narrow_part_keeps_its_count_out() -> None:
    """A number that does not fit would cover its neighbours."""
    (bar,) = bars({"high": {"fail": 1, "not_applicable": 60}})
    assert [False, True] == [part.roomy for part in bar.parts]
    assert "high: 1 fail, 60 not applicable" == bar.text
