"""What stands first in every report: no low failure hides a critical question."""

from __future__ import annotations

from opsproof.model.level import Level
from opsproof.model.outcome import Outcome


def urgency(outcome: Outcome, level: Level) -> tuple[int, int, int]:
    """Sorts what closes gates by its level, FAIL before UNKNOWN; then the rest by outcome."""
    return (0, level.rank, outcome.rank) if outcome.bad else (1, outcome.rank, level.rank)
