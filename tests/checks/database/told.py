"""Plain facts of a PostgreSQL server for the tests of its checks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from opsproof import MEDIUM, Examination
from opsproof.model.finding import Finding
from opsproof.model.moment import Clock

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)
CLOCK = Clock(NOW, "postgres:x")
AS = {
    "role": "postgres",
    "user": "opsproof",
    "database": "shop",
    "complete": True,
    "standby": False,
    "clock": CLOCK,
}


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def examined(check: Callable[..., None], *facts: Any, limits: Any) -> Examination:
    examine = Examination(level=MEDIUM)
    check(*facts, limits, examine)
    return examine


def told(examine: Examination) -> list[tuple[str, str, str]]:
    """Outcome, subject and message of each finding; what is in transition says so."""
    return [(_outcome(one), str(one.subject), one.message) for one in examine.findings]


def _outcome(finding: Finding) -> str:
    return "transition" if finding.in_transition else finding.outcome.value


def outcomes(examine: Examination) -> list[str]:
    return [_outcome(one) for one in examine.findings]
