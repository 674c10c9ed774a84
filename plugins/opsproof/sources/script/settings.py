"""Which programs may be run, and what they see."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo

from opsproof.environment.references import located
from opsproof.environment.settings import TargetSettings
from opsproof.environment.shape import described, refuse

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def _program(given: object, info: ValidationInfo) -> str:
    """A path; whether it is there is seen when it is run, since the row that names it is then UNKNOWN."""
    if not isinstance(given, str) or not given.strip():
        refuse(f"needs a path, found {described(given)}")
    return str(located(given, Path(info.context) if info.context else Path()))


def _name(given: str) -> str:
    if not _NAME.fullmatch(given):
        refuse(f"{given!r} is not the name of a program", "write letters, digits, dots and dashes")
    return given


def _variable(given: str) -> str:
    if not _VARIABLE.fullmatch(given):
        refuse(f"{given!r} is not the name of an environment variable")
    return given


Program = Annotated[str, PlainValidator(_program)]
Name = Annotated[str, AfterValidator(_name)]
Variable = Annotated[str, AfterValidator(_variable)]


class ScriptSettings(TargetSettings):
    """Programs that rows may run: `allow: {name: path}`, relative to the environment's file.

    They see PATH, HOME, LANG and the environment variables that `pass_on` names, and no other.
    """

    identities = ()

    allow: Annotated[dict[Name, Program], Field(min_length=1)]
    pass_on: list[Variable] = []

    @property
    def address(self) -> str:
        return "local"
