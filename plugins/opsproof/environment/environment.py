"""An environment: where a system lives. Targets, names, metrics, gate, declarations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, model_validator

from opsproof.environment.names import Names
from opsproof.environment.problems import Problem, short, shown
from opsproof.environment.references import FilePath, missing_path
from opsproof.environment.settings import paths, secrets
from opsproof.environment.shape import LevelWord, Moment, Shape, Text, refuse, word
from opsproof.model.level import Level
from opsproof.model.requirement import NotApplicableHere, Position, Positions, QuietHours
from opsproof.model.target import Target

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Environment:
    """One environment of a system with `like` resolved. `sources` says which file each part comes from."""

    name: str
    system: str
    file: Path
    targets: Mapping[str, Target] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    gate: Level | None = None
    recording: Path | None = None
    not_applicable: tuple[NotApplicableHere, ...] = ()
    quiet_hours: tuple[QuietHours, ...] = ()
    like: str = ""
    sources: Mapping[tuple[str, str], Positions] = field(default_factory=dict, compare=False, repr=False)

    @property
    def id(self) -> str:
        """`repo-scanner/production`, as `--env` has it."""
        return f"{self.system}/{self.name}"

    @property
    def metrics(self) -> Mapping[str, str | None]:
        return self.names.metrics

    def where(self, section: str, name: str, *rest: str | int) -> Position:
        """Position of a part, also one taken over by `like`: `where("targets", "postgres", "password")`."""
        source = self.sources.get((section, name))
        return source.at(section, name, *rest) if source else Position(self.file)


def missing_secrets(environment: Environment, role: str) -> list[Problem]:
    """What a target refers to and is not there: variables, files. Looks only whether they exist."""
    settings = environment.targets[role].settings
    gaps = [(path, reference.missing()) for path, reference in secrets(settings)]
    gaps += [(path, missing_path(shown(file), Path())) for path, file in paths(settings)]
    return [
        Problem.at(environment.where("targets", role, *path), f"targets.{role}.{'.'.join(path)}: {why}")
        for path, why in gaps
        if why and path[0] not in settings.unasked
    ]


def unfit(environment: Environment, role: str) -> list[Problem]:
    """Why the files that a target refers to do not fit it; nothing for those that are not there."""
    why = environment.targets[role].settings.unfit()
    return [Problem.at(environment.where("targets", role), f"targets.{role}: {why}")] if why else []


class NotApplicableShape(Shape):
    requirement: Text
    reason: Text
    declared_by: Text
    until: Moment


def _time(value: object) -> time:
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        refuse("not a time of day", 'write it like "06:30", in quotes')
    return time(int(match[1]), int(match[2]))


def _end(value: object) -> time:
    """A time of day; "24:00" is midnight at its end."""
    return time(0) if value == "24:00" else _time(value)


def _zone(value: str) -> str:
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        refuse(f"unknown time zone {short(value)}", "write it like Europe/Berlin or UTC")


TimeOfDay = Annotated[time, PlainValidator(_time)]


class QuietHoursShape(Shape):
    days: Annotated[list[Annotated[str, word("day", DAYS)]], Field(min_length=1)]
    begins: Annotated[TimeOfDay, Field(alias="from")] = time(0)
    until: Annotated[time, PlainValidator(_end)] = time(0)
    zone: Annotated[str, AfterValidator(_zone)]
    reason: Text

    @model_validator(mode="before")
    @classmethod
    def _lasts(cls, given: Any) -> Any:
        if isinstance(given, dict) and "from" in given and given["from"] == given.get("until"):
            refuse("from and until are the same", "for the whole day leave both out")
        return given

    def made(self) -> QuietHours:
        return QuietHours(
            tuple(DAYS.index(day) for day in self.days), self.begins, self.until, self.zone, self.reason
        )


def _nothing_is_empty(given: object) -> object:
    return {} if given is None else given


RawMapping = Annotated[dict[str, Any], BeforeValidator(_nothing_is_empty)]


class EnvironmentShape(Shape):
    stand_ins = {"environment": "?"}

    environment: Text
    like: Text | None = None
    targets: RawMapping = {}
    names: RawMapping = {}
    metrics: Annotated[dict[str, Text | None], BeforeValidator(_nothing_is_empty)] = {}
    gate: LevelWord | None = None
    recording: FilePath | None = None
    not_applicable: list[NotApplicableShape] = []
    quiet_hours: list[QuietHoursShape] = []
