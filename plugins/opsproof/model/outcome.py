"""What a check found out. An outcome never says how bad it is."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Outcome(str, Enum):
    """Ordered: of several outcomes the first one listed here stands for all."""

    FAIL = "fail"
    UNKNOWN = "unknown"
    WAIVED = "waived"
    PASS = "pass"  # noqa: S105
    NOT_APPLICABLE = "not_applicable"

    def __str__(self) -> str:
        return self.value.upper().replace("_", " ")

    @property
    def rank(self) -> int:
        return list(Outcome).index(self)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """FAIL > UNKNOWN > WAIVED > PASS > NOT_APPLICABLE; nothing at all is UNKNOWN."""
    return min(outcomes, key=lambda outcome: outcome.rank, default=Outcome.UNKNOWN)
