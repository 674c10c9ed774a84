"""What a file may hold, as pydantic models, and pydantic's complaints in our words at our positions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timezone
from typing import Annotated, Any, ClassVar, NoReturn, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    StringConstraints,
    ValidationError,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from opsproof.environment.problems import Problem, choices, short
from opsproof.environment.syntax import spaces
from opsproof.environment.yaml import Document
from opsproof.model.level import Level
from opsproof.model.requirement import Positions, Steps


class Shape(BaseModel):
    """Base of the shapes: nothing is converted, nothing unknown is let through."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    stand_ins: ClassVar[Mapping[str, Any]] = {}
    """What to go on with in place of a required key that is wrong, so that later checks still find more."""


S = TypeVar("S", bound=BaseModel)


def refuse(message: str, hint: str = "") -> NoReturn:
    """End a validator with a message of ours, and a hint what to write."""
    raise PydanticCustomError("refused", "{message}", {"message": message, "hint": hint})


def shaped(
    model: type[S], document: Document, path: Steps = (), context: Any = None
) -> tuple[S | None, list[Problem]]:
    """The part of a document at `path` as `model`, and what is wrong in it.

    With problems the model is what is left without the wrong keys, good for finding more problems only;
    or None when too little is left.
    """
    value = document.value
    for step in path:
        value = value[step]
    try:
        return model.model_validate(value, context=context), []
    except ValidationError as error:
        positions = document.positions.below(*path)
        details = [
            one
            for one in error.errors(include_url=False)
            if not document.damaged((*path, *_steps(one["loc"])))
        ]
        problems = [problem(model, one, positions) for one in details]
        return _left(model, value, {one["loc"][0] for one in error.errors() if one["loc"]}, context), problems


def _left(model: type[S], value: object, wrong: set[int | str], context: Any) -> S | None:
    if not isinstance(value, dict):
        return None
    stand_ins = getattr(model, "stand_ins", {})
    left = {key: one for key, one in value.items() if key not in wrong}
    left |= {key: one for key, one in stand_ins.items() if key in wrong}
    try:
        return model.model_validate(left, context=context)
    except ValidationError:
        return None


def problem(model: type[BaseModel], detail: ErrorDetails, positions: Positions) -> Problem:
    """One of pydantic's error details as a problem. Never shows the value found, which may be a secret."""
    kind, loc = detail["type"], _steps(detail["loc"])
    if kind == "extra_forbidden":
        word = str(loc[-1])
        hint = _outer(model, loc, positions) or choices(word, allowed_keys(_model_at(model, loc[:-1])))
        return Problem.at(positions.key(*loc), f"unknown key {short(word)}", hint)
    if kind == "missing":
        return Problem.at(positions.at(*loc[:-1]), f"key {loc[-1]!r} is missing")
    name = ".".join(str(step) for step in loc)
    message, hint = words(detail)
    where = positions.key(*loc) if "[key]" in detail["loc"] else positions.at(*loc)
    return Problem.at(where, f"{name}: {message}" if name else message, hint)


def _outer(model: type[BaseModel], loc: Steps, positions: Positions) -> str:
    """The hint for a key that belongs to something further out: it is indented too deep."""
    for depth in range(len(loc) - 1):
        step = loc[depth]
        if isinstance(step, str) and loc[-1] in allowed_keys(_model_at(model, loc[:depth])):
            column = positions.key(*loc[: depth + 1]).column - 1
            return f"{loc[-1]} stands beside {step}: indent it by {spaces(column)}"
    return ""


_MAPPING = "a mapping of keys to values"
_NEEDED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
}
_QUOTABLE = (bool, int, float)


def words(detail: ErrorDetails) -> tuple[str, str]:
    """Message and hint for one of pydantic's error details."""
    kind, context = detail["type"], detail.get("ctx") or {}
    if kind == "refused":
        return str(context["message"]), str(context["hint"])
    if kind == "value_error":
        return str(context["error"]), ""
    if kind in _NEEDED:
        found = detail["input"]
        hint = "write it in quotes" if kind == "string_type" and isinstance(found, _QUOTABLE) else ""
        return f"needs {_NEEDED[kind]}, found {described(found)}", hint
    if kind == "literal_error":
        return f"{short(detail['input'])} is not one of its words", f"allowed: {context['expected']}"
    if kind == "string_too_short":
        return "must not be empty", ""
    return detail["msg"][:1].lower() + detail["msg"][1:], ""


def described(value: object) -> str:
    """What was found, without text that might be a secret."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return f"the number {value}"
    names: Mapping[type, str] = {str: "text", list: "a list", tuple: "a list", dict: "a mapping"}
    return names.get(type(value), type(value).__name__)


def allowed_keys(model: type[BaseModel] | None) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _steps(loc: Iterable[str | int]) -> Steps:
    return tuple(step for step in loc if step != "[key]")


def _model_at(model: type[BaseModel] | None, loc: Steps) -> type[BaseModel] | None:
    for step in loc:
        if model is None or isinstance(step, int):
            continue
        field = next((one for name, one in model.model_fields.items() if step in {name, one.alias}), None)
        model = _model_in(field.annotation) if field else model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


def word(what: str, allowed: Iterable[str]) -> Any:
    """Validator of a word that is one of `allowed`."""
    known = tuple(allowed)

    def check(value: object) -> object:
        if not isinstance(value, str):
            refuse(f"needs a {what}, found {described(value)}", choices("", known))
        if value not in known:
            refuse(f"unknown {what} {short(value)}", choices(value, known))
        return value

    return BeforeValidator(check)


def _level(value: object) -> Level:
    known = [one.value for one in Level]
    if not isinstance(value, str) or value not in known:
        refuse(f"unknown level {short(value)}", choices(str(value), known))
    return Level(value)


LevelWord = Annotated[Level, PlainValidator(_level)]


def _lines(value: object) -> str:
    parts = value if isinstance(value, list) else [value]
    text = ", ".join(
        str(part) for part in parts if isinstance(part, (int, str)) and not isinstance(part, bool)
    )
    if not re.fullmatch(r"\d+(-\d+)?(, ?\d+(-\d+)?)*", text):
        refuse("needs line numbers", "write 63, 63-70 or [63, 70]")
    return text


Lines = Annotated[str, PlainValidator(_lines)]

_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(Z|[+-]\d{2}:\d{2})?")
_MOMENT_EXAMPLE = "write it like 2026-01-31T08:00:00Z or 2026-01-31T09:00:00+01:00"


def _moment(value: object) -> datetime:
    match = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        day = isinstance(value, str) and _day_or_none(value)
        refuse("a day without a time and zone" if day else "not a moment in time", _MOMENT_EXAMPLE)
    if match[3] is None:
        refuse("a time without zone", _MOMENT_EXAMPLE)
    try:
        zone = "+00:00" if match[3] == "Z" else match[3]
        return datetime.fromisoformat(f"{match[1]}T{match[2]}{zone}").astimezone(timezone.utc)
    except (ValueError, OverflowError):
        refuse("no such day or time", _MOMENT_EXAMPLE)


def _day_or_none(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) else None
    except ValueError:
        return None


def _day(value: object) -> date:
    day = _day_or_none(value) if isinstance(value, str) else None
    if day is None:
        refuse("not a day", "write it like 2026-01-31")
    return day


Moment = Annotated[datetime, PlainValidator(_moment)]
Day = Annotated[date, PlainValidator(_day)]


def each(positions: Positions, found: Mapping[Any, Any], known: Iterable[str], what: str) -> list[Problem]:
    """Problems for the keys of `found` that are not in `known`."""
    allowed = list(known)
    return [
        Problem.at(positions.key(name), f"unknown {what} {short(name)}", choices(str(name), allowed))
        for name in found
        if name not in allowed
    ]
