"""Weekly windows of RDS."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from opsproof.sources.aws.reading.window import begun


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """2026-11-23 is a Monday."""
    return datetime(2026, 11, 22 + day, hour, minute, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("window", "now", "began"),
    [
        ("wed:06:38-wed:07:08", at(3, 6, 38), at(3, 6, 38)),
        ("wed:06:38-wed:07:08", at(3, 7, 7), at(3, 6, 38)),
        ("wed:06:38-wed:07:08", at(3, 7, 8), None),
        ("wed:06:38-wed:07:08", at(3, 6, 37), None),
        ("wed:06:38-wed:07:08", at(4, 6, 40), None),
        ("Sun:23:45-Mon:00:15", at(7, 23, 50), at(7, 23, 45)),
        ("sun:23:45-mon:00:15", at(8, 0, 10), at(7, 23, 45)),
        ("sun:23:45-mon:00:15", at(1, 0, 10), at(0, 23, 45)),
        ("", at(1, 1), None),
        ("every day", at(1, 1), None),
    ],
)
def test_a_window_is_begun_until_it_ends(window: str, now: datetime, began: datetime | None) -> None:
    """Over midnight, and from the end of a week into the next one, too."""
    assert began == begun(window, now)
