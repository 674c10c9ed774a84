"""Whose clock a moment is read by, and what is excused by it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from opsproof import Clock, Duration, Moment
from opsproof.model.moment import joined

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)
GRACE = timedelta(minutes=5)


def clock(skew: float | None) -> Clock:
    """Of a server that answered at our NOW."""
    return Clock(NOW + timedelta(seconds=skew or 0.0), "kubernetes:shop", skew)


def ago(one: Clock, **time: float) -> Moment:
    """A moment that long ago by the server's own clock."""
    return Moment(one.as_of - timedelta(**time), "condition Ready", one)


@pytest.mark.parametrize(
    ("skew", "minutes", "lasts"),
    [
        (None, 4.9, True),
        (None, 5, False),
        (60, 4.9, True),
        (-60, 5, False),
        (-7200, 1, False),  # two hours back: by our clock it is over
        (-7200, -119, None),  # since a minute by our clock: nobody knows
        (7200, 1, None),  # two hours ahead: perhaps since two hours ago by our clock, perhaps not yet
        (7200, 5, False),
        (0, -2, None),  # in the future of its own clock
        (0, -0.5, True),  # the clocks of one cluster differ by less than a minute
    ],
)
def test_how_long_something_lasts_is_excused_by_no_wrong_clock(
    skew: float | None, minutes: float, lasts: bool | None
) -> None:
    """Within a minute of ours a server's clock counts; beyond it grace is over by the later one, or not known."""
    assert lasts is ago(clock(skew), minutes=minutes).lasts(GRACE)


def test_a_moment_in_the_future_is_excused_for_no_longer_than_the_grace() -> None:
    """The grace begins now at the latest."""
    assert NOW + GRACE == ago(clock(0), seconds=-30).until(GRACE)


@pytest.mark.parametrize(("skew", "age"), [(None, 60), (50, 60), (-50, 60), (7200, 60), (-7200, 7260)])
def test_an_age_is_by_the_later_clock(skew: float | None, age: float) -> None:
    """What may be stale is not made young by a clock that is behind."""
    one = clock(skew)

    assert Duration(age) == one.age(one.as_of - timedelta(seconds=60))


@pytest.mark.parametrize(("skew", "seconds"), [(None, 0), (60, 60), (7200, 0), (-7200, -7200)])
def test_a_window_that_is_looked_at_begins_by_the_earlier_clock(skew: float | None, seconds: float) -> None:
    """What happened within it is not put out of it by a clock that is ahead."""
    assert NOW + timedelta(seconds=seconds) == clock(skew).earliest


def test_the_doubt_names_server_and_distance() -> None:
    """So that somebody can set the clock."""
    assert "the clock of kubernetes:shop is 2h behind ours" == ago(clock(-7200), minutes=1).doubt
    assert "in the future of its server's clock" in ago(clock(0), minutes=-2).doubt


def test_several_answers_have_one_clock() -> None:
    """The earliest time, and the skew that is furthest off, in any order."""
    some = [clock(1), clock(-90), clock(30)]

    assert (
        joined(some) == joined(reversed(some)) == Clock(NOW - timedelta(seconds=90), "kubernetes:shop", -90)
    )
