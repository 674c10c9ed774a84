"""The counts as a picture: one bar for each severity, its parts the outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

_LEFT = 16.0  # per cent of the width that the names of the severities take
_SHOWN = 4.0  # per cent that a part needs to have its count inside


class Part(msgspec.Struct, frozen=True):
    """One outcome's part of a bar. `x` and `width` are per cent of the picture's width."""

    outcome: str
    count: int
    x: float
    width: float

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 2)

    @property
    def roomy(self) -> bool:
        return self.width >= _SHOWN


class Bar(msgspec.Struct, frozen=True):
    """One severity's bar."""

    level: str
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """`critical: 3 fail, 42 pass`."""
        parts = ", ".join(f"{part.count} {part.outcome.replace('_', ' ')}" for part in self.parts)
        return f"{self.level}: {parts or 'none'}"


def bars(counts: Mapping[str, Mapping[str, int]]) -> list[Bar]:
    """Severity -> outcome -> count as bars; the longest fills the width."""
    longest = max((sum(row.values()) for row in counts.values()), default=0)
    return [Bar(level, tuple(_parts(row, longest))) for level, row in counts.items()]


def _parts(row: Mapping[str, int], longest: int) -> Iterator[Part]:
    x = _LEFT
    for outcome, count in row.items():
        if count:
            width = (100.0 - _LEFT) * count / longest
            yield Part(outcome, count, round(x, 2), round(width, 2))
            x += width
