"""Numbers with units, as runbooks write them: `5m`, `80%`, `1Gi`, `500m` cores.

Each is a float in its base unit (seconds, ratio, bytes, cores) that is parsed from text only, so that
`5` is never guessed to be minutes, and that prints as people write it.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from typing_extensions import Self


class Unit(float):
    """Base of the units. Subclasses give `example` and `unit`, and parse and print their text."""

    example: ClassVar[str] = ""
    unit: ClassVar[str] = ""

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read the unit's text form.

        Raises:
            ValueError: the text is not of this unit; the message shows an example.
        """
        if isinstance(text, cls):
            return text
        if not isinstance(text, str):
            raise ValueError(f"{text!r} has no unit; write it like {cls.example}")
        value = cls._read(text.strip())
        if value is None or not math.isfinite(value) or value < 0:
            raise ValueError(f"{text!r} is not understood; write it like {cls.example}")
        return cls(value)

    @classmethod
    def _read(cls, text: str) -> float | None:
        raise NotImplementedError

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse)


_DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")


class Duration(Unit):
    """Seconds. Text: `500ms`, `30s`, `5m`, `1h30m`, `26h`, `21d`, `2w`."""

    example = "30s, 5m, 26h or 21d"
    unit = "seconds"

    @classmethod
    def _read(cls, text: str) -> float | None:
        parts = _DURATION.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            return None
        return sum(float(number) * _DURATION_UNITS[unit] for number, unit in parts)

    def __str__(self) -> str:
        return duration_text(float(self))

    @property
    def promql(self) -> str:
        """As a PromQL range: whole milliseconds or seconds."""
        return f"{round(self)}s" if float(self).is_integer() else f"{round(self * 1000)}ms"


def duration_text(seconds: float) -> str:
    """`90061` -> `1d1h`: the largest unit and the one below it."""
    if seconds < 0:
        return "-" + duration_text(-seconds)
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 59.95:
        return f"{seconds:.3g}s"
    left = round(seconds)
    sizes = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    first = next(number for number, (_, size) in enumerate(sizes) if left >= size)
    parts = []
    for unit, size in sizes[first : first + 2]:
        count, left = divmod(left, size)
        parts.append(f"{count}{unit}" if count else "")
    return "".join(parts)


class Percent(Unit):
    """A ratio; 0.05 is `5%`."""

    example = "5%"
    unit = "ratio"

    @classmethod
    def _read(cls, text: str) -> float | None:
        match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*%", text)
        return float(Decimal(match[1]) / 100) if match else None

    def __str__(self) -> str:
        return f"{float(self) * 100:.4g} %"


_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_QUANTITY = re.compile(
    r"([+-]?[0-9]+(?:\.[0-9]*)?|[+-]?\.[0-9]+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?[0-9]+)?"
)


def quantity(text: str) -> float:
    """A Kubernetes quantity (`500m`, `1Gi`, `12345678n`, `1e3`) as a number.

    Raises:
        ValueError: not a quantity.
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a quantity")
    try:
        value = _scaled(match[1], match[2] or "")
    except (InvalidOperation, OverflowError) as error:
        raise ValueError(f"{text!r} is not a quantity") from error
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not a quantity")
    return value


def _scaled(number: str, suffix: str) -> float:
    if suffix in _BINARY:
        return float(Decimal(number) * _BINARY[suffix])
    if suffix in _DECIMAL:
        return float(Decimal(number).scaleb(_DECIMAL[suffix]))
    return float(Decimal(number + suffix))


class Bytes(Unit):
    """Bytes. Text: a quantity with a unit: `256Mi`, `1Gi`, `500M`."""

    example = "512Mi"
    unit = "bytes"

    @classmethod
    def _read(cls, text: str) -> float | None:
        match = _QUANTITY.fullmatch(text)
        return quantity(text) if match and match[2] in {*_BINARY, "k", "M", "G", "T", "P", "E"} else None

    def __str__(self) -> str:
        value = float(self)
        for unit in reversed(_BINARY):
            if value >= _BINARY[unit]:
                return f"{value / _BINARY[unit]:.4g}{unit}"
        return f"{value:.0f}B"


class Cores(Unit):
    """CPU cores. Text: `500m`, `1`, `0.5`."""

    example = "500m"
    unit = "cores"

    @classmethod
    def parse(cls, text: object) -> Self:
        return super().parse(str(text) if type(text) in (int, float) else text)

    @classmethod
    def _read(cls, text: str) -> float | None:
        match = _QUANTITY.fullmatch(text)
        return quantity(text) if match and match[2] in {None, "m"} else None

    def __str__(self) -> str:
        return f"{float(self) * 1000:.0f}m"


class Count(Unit):
    """How many. A whole number."""

    example = "3"
    unit = "count"

    @classmethod
    def parse(cls, text: object) -> Self:
        if isinstance(text, cls):
            return text
        if type(text) is not int or text < 0:
            raise ValueError(f"{text!r} is not a count; write a whole number like {cls.example}")
        return cls(text)

    def __str__(self) -> str:
        return f"{int(self)}"
