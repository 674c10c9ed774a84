"""What was measured and what was needed: a number with its unit, and the text that people read."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from opsproof.model.level import Level
from opsproof.model.limits import Steps
from opsproof.model.units import Unit


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of a limit. `comparison`: at most, below, at least, above; without level: the requirement's own."""

    value: float | None
    comparison: str
    level: Level | None = None


class Measure(msgspec.Struct, frozen=True, omit_defaults=True):
    """`value` in `unit` (seconds, ratio, bytes, cores, count; empty for a plain number), as `text` says it.

    Words have no value, nor have NaN and the infinite. A limit keeps every step; its own value is that of
    the only one.
    """

    value: float | None = None
    unit: str = ""
    text: str = ""
    steps: tuple[Step, ...] = ()

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(self.text)

    def __str__(self) -> str:
        return self.text


def measure(given: object) -> Measure:
    """The measure of a Unit's value, of Steps, of a plain number or of words; None says nothing."""
    if given is None:
        return Measure()
    if isinstance(given, Measure):
        return given
    if isinstance(given, Steps):
        return _of_steps(given)
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        unit = given.unit if isinstance(given, Unit) else ""
        return Measure(_finite(given), unit, _text(given))
    return Measure(text=str(given))


def _of_steps(limit: Steps[Any]) -> Measure:
    steps = tuple(
        Step(_finite(bound), limit.comparison(strict=strict), level) for level, bound, strict in limit.steps
    )
    value = steps[0].value if len(steps) == 1 else None
    return Measure(value, limit.steps[0][1].unit, str(limit), steps)


def _finite(number: float) -> float | None:
    """JSON knows neither NaN nor infinity: the text tells them."""
    return float(number) if math.isfinite(number) else None


def _text(number: float) -> str:
    plain = isinstance(number, float) and not isinstance(number, Unit)
    return f"{number:.4g}" if plain else str(number)
