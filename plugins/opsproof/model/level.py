"""How bad a violation is. A level never says whether there is one."""

from __future__ import annotations

from enum import Enum


class Level(str, Enum):
    """The four severities, worst first. Compare with `worse_than`, not with `<`."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    def __init__(self, value: str) -> None:
        self.rank = len(type(self).__members__)  # 0 for critical ... 3 for low: sorts worst first

    def __str__(self) -> str:
        return self.value

    def at_least(self, other: Level) -> bool:
        """True when this level is as bad as `other`, or worse."""
        return self.rank <= other.rank


CRITICAL, HIGH, MEDIUM, LOW = Level
