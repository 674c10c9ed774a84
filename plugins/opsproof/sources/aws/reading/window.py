"""Weekly windows, as RDS writes them: `wed:06:38-wed:07:08`, in UTC."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EDGE = rf"({'|'.join(_DAYS)}):([0-2][0-9]):([0-5][0-9])"
_WINDOW = re.compile(f"{_EDGE}-{_EDGE}")
_WEEK = timedelta(days=7)


def begun(window: str, now: datetime) -> datetime | None:
    """When the window began in which it is now; None: it is outside of it, or there is none."""
    found = _WINDOW.fullmatch(window.lower())
    if found is None:
        return None
    first, last = _since_monday(*found.groups()[:3]), _since_monday(*found.groups()[3:])
    monday = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=now.weekday())
    began = monday + first
    if began > now:
        began -= _WEEK
    return began if now < began + (last - first) % _WEEK else None


def _since_monday(day: str, hour: str, minute: str) -> timedelta:
    return timedelta(days=_DAYS.index(day), hours=int(hour), minutes=int(minute))
