"""The numbers that a requirement gives its check: typed, with units, declared beside the check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Generic, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from typing_extensions import Self

from opsproof.model.level import Level
from opsproof.model.units import Unit

U = TypeVar("U", bound=Unit)


class _Scoped:
    """Marks a field that says what is looked at; a runbook row gives it under `scope`."""


SCOPED = _Scoped()
T = TypeVar("T")
Scoped = Annotated[T, SCOPED]


class Limits(BaseModel):
    """Base of every check's limits. A field without default must be stated by the requirement.

    Fields annotated `Scoped[...]` come from the row's `scope` (what to look at), all others from its
    `limits` (numbers). Defaults are ours: a report shows them as inferred until the team adopts them.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, arbitrary_types_allowed=True
    )

    @classmethod
    def scoped_fields(cls) -> frozenset[str]:
        return frozenset(name for name, field in cls.model_fields.items() if SCOPED in field.metadata)

    def shown(self) -> dict[str, str]:
        """Every field as people write it, for reports."""
        return {name: _text(getattr(self, name)) for name in type(self).model_fields}


class Steps(Generic[U]):
    """One bound, or several of rising level: `5%`, `<1%`, `{medium: 80%, critical: 90%}`.

    A bound without level is of the requirement's own level. `<` and `>` exclude the value itself.
    """

    strict_sign: ClassVar[str] = "<"
    words: ClassVar[tuple[str, str]] = ("at most", "below")

    def __init__(self, steps: tuple[tuple[Level | None, U, bool], ...]) -> None:
        self.steps = steps

    def broken(self, value: float) -> tuple[Level | None, U] | None:
        """The worst step that `value` breaks, with its level (None: the requirement's own)."""
        broken = [(level, bound) for level, bound, strict in self.steps if self._breaks(value, bound, strict)]
        return min(broken, key=lambda step: step[0].rank if step[0] else 0, default=None)

    def allows(self, value: float) -> bool:
        return self.broken(value) is None

    def comparison(self, *, strict: bool) -> str:
        """The words before a bound: `at most`, or `below` where the bound itself is excluded."""
        return self.words[strict]

    def _breaks(self, value: float, bound: float, strict: bool) -> bool:
        raise NotImplementedError

    @classmethod
    def parse(cls, given: object, unit: type[U]) -> Self:
        """Read a bound or a mapping of level to bound.

        Raises:
            ValueError: not of this form, an unknown level, or a unit that does not fit.
        """
        if isinstance(given, cls):
            return given
        if isinstance(given, Mapping):
            if not given:
                raise ValueError("no step; write a limit or a mapping of level to limit")
            return cls(tuple((_level(name), *cls._bound(text, unit)) for name, text in given.items()))
        return cls(((None, *cls._bound(given, unit)),))

    @classmethod
    def _bound(cls, given: object, unit: type[U]) -> tuple[U, bool]:
        if isinstance(given, str) and given.strip().startswith(cls.strict_sign):
            text = given.strip()[1:].strip()
            return unit.parse(int(text) if text.isascii() and text.isdigit() else text), True
        return unit.parse(given), False

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        (unit,) = get_args(source)
        return core_schema.no_info_plain_validator_function(lambda given: cls.parse(given, unit))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.steps == other.steps

    def __hash__(self) -> int:
        return hash(self.steps)

    def __str__(self) -> str:
        return ", ".join(
            (f"{level} " if level else "") + f"{self.comparison(strict=strict)} {bound}"
            for level, bound, strict in self.steps
        )

    __repr__ = __str__


class AtMost(Steps[U]):
    """The value must not be higher."""

    def _breaks(self, value: float, bound: float, strict: bool) -> bool:
        return not (value < bound if strict else value <= bound)


class AtLeast(Steps[U]):
    """The value must not be lower."""

    strict_sign = ">"
    words = ("at least", "above")

    def _breaks(self, value: float, bound: float, strict: bool) -> bool:
        return not (value > bound if strict else value >= bound)


def _level(name: object) -> Level:
    try:
        return Level(str(name))
    except ValueError:
        raise ValueError(f"{name!r} is not a level; write one of {', '.join(Level)}") from None


def _text(value: object) -> str:
    if isinstance(value, (tuple, list, frozenset, set)):
        return ", ".join(_text(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}={_text(part)}" for key, part in value.items())
    return str(value)
