"""The requirements that a PostgreSQL's own statistics decide: their levels, and what is undecided without them."""

from __future__ import annotations

from tests.faults.scenario import Changes, unknown

# Level, and the argument of the check that the server gives.
_ROWS = {
    "AC-078": ("medium", "statements"),
    "AC-133": ("medium", "activity"),
    "EP-071": ("medium", "tables"),
    "EP-091": ("medium", "tables"),
    "EP-092": ("medium", "indexes"),
    "EP-093": ("medium", "activity"),
    "EP-094": ("low", "statistics"),
    "RS-102": ("medium", "statements"),
    "RS-103": ("low", "indexes"),
    "SC-030": ("medium", "activity"),
    "SC-066": ("low", "sizes"),
    "SC-067": ("medium", "statements"),
    "SC-068": ("medium", "tables"),
    "SC-089": ("medium", "tables"),
    "SC-104": ("medium", "configured"),
    "SC-105": ("medium", "statements"),
    "SC-106": ("medium", "indexes"),
}
_SUM = "SC-108"


def unasked(message: str, *systems: str, total: str | None = None) -> Changes:
    """The server of these systems (AC, EP, RS, SC; all without any) answers nothing that needs an answer.

    `total`: what is said of the sum of pools, if it is another thing.
    """
    found = {
        name: unknown(level, f"source {argument}", message=message)
        for name, (level, argument) in _ROWS.items()
        if not systems or name[:2] in systems
    }
    if not systems or "SC" in systems:
        found[_SUM] = unknown("critical", "*", message=total or message)
    return found


def told(message: str, *without: str) -> Changes:
    """Each of them is undecided as a whole, for what the server says of itself."""
    return {
        name: unknown(level, "database postgres", message=message)
        for name, (level, _) in _ROWS.items()
        if name not in without
    }
