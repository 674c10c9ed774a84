"""What a check found out. An outcome never says how bad it is."""

from __future__ import annotations

from enum import Enum


class Outcome(str, Enum):
    """Ordered: of several outcomes the first one listed here stands for all."""

    FAIL = "fail"
    UNKNOWN = "unknown"
    WAIVED = "waived"
    PASS = "pass"  # noqa: S105
    NOT_APPLICABLE = "not_applicable"

    def __init__(self, value: str) -> None:
        self.rank = len(type(self).__members__)  # as they are ordered here

    def __str__(self) -> str:
        return self.value.upper().replace("_", " ")

    @property
    def bad(self) -> bool:
        """A violation, or what could not be decided: what closes the gate."""
        return self.rank <= Outcome.UNKNOWN.rank
