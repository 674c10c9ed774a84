"""Values of settings, whichever unit they are written in: `1000 ms`, `1s`, `128MB`, `on`."""

from __future__ import annotations

import re

# As PostgreSQL has them; of memory a B is the base, of time a ms.
_UNITS = {
    "us": 0.001, "ms": 1.0, "s": 1000.0, "min": 60_000.0, "h": 3_600_000.0, "d": 86_400_000.0,
    "B": 1.0, "kB": 1024.0, "MB": 1024.0**2, "GB": 1024.0**3, "TB": 1024.0**4,
}  # fmt: skip
_NUMBER = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)\s*(?:([0-9]*)(us|ms|s|min|h|d|B|kB|MB|GB|TB))?")
_TRUE, _FALSE = frozenset({"on", "true", "yes", "1"}), frozenset({"off", "false", "no", "0"})


def same(value: str, wanted: str, unit: str) -> bool:
    """Whether two texts are one value of a setting in `unit`, e.g. `8kB`; a number without a unit is in that."""
    left, right = _number(value, unit), _number(wanted, unit)
    if left is not None and right is not None:
        return left == right
    for words in (_TRUE, _FALSE):
        if value.lower() in words:
            return wanted.lower() in words
    return value.strip() == wanted.strip()


def _number(text: str, unit: str) -> float | None:
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        return None
    number, own = float(found[1]), found[3] or ""
    if not own and unit:
        found = re.fullmatch(r"([0-9]*)([A-Za-z]+)", unit)
        return number * float(found[1] or 1) * _UNITS.get(found[2], 1.0) if found else number
    # -1 and 0 have meanings of their own: they are no amounts.
    return number * _UNITS[own] if own and number > 0 else number
