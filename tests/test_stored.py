"""Of which nights the testbed has backups."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.testbed import place, stored

MIDNIGHT = datetime(2026, 11, 16, tzinfo=timezone.utc)


@pytest.mark.parametrize("minutes", range(0, 24 * 60, 5))
def test_the_latest_night_is_over_and_no_day_ago_for_hours_to_come(minutes: int) -> None:
    now = MIDNIGHT + timedelta(minutes=minutes)
    assert timedelta(minutes=35) < now - stored.latest_night(now) < timedelta(hours=22)


def test_the_latest_night_stays_while_the_testbed_runs(tmp_path: Path) -> None:
    with place.elsewhere(tmp_path, {}):
        stored.settle(MIDNIGHT + timedelta(hours=2, minutes=59))
        later = next(stored.nights(MIDNIGHT + timedelta(hours=4)))
        stored.forget()
        unsettled = next(stored.nights(MIDNIGHT + timedelta(hours=4)))
    assert (MIDNIGHT, MIDNIGHT + timedelta(hours=3)) == (later, unsettled)
