"""A system: what one runbook describes, with everything its folder says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from opsproof.environment.environment import Environment
from opsproof.environment.from_run import misdeclared
from opsproof.environment.names import Names, good_name, mentioned
from opsproof.environment.problems import Problem, short, unknown
from opsproof.environment.shape import LevelWord, Lines, Shape, Text, shaped
from opsproof.environment.yaml import Document
from opsproof.model.level import Level
from opsproof.model.requirement import Position, Positions, Procedure, Requirement, Severity, Waiver


class RunbookSource(msgspec.Struct, frozen=True):
    """The document that the requirements come from; their `lines` are its lines."""

    title: str = ""
    source: str = ""
    lines: int | None = None


class System(msgspec.Struct, frozen=True):
    """One folder below `checks/systems`, loaded. `digests` has the SHA-256 of each file, by its path."""

    name: str
    title: str
    folder: Path
    runbook: RunbookSource = RunbookSource()
    severities: tuple[Severity, ...] = ()
    names: Mapping[str, Any] = {}
    metrics: Mapping[str, str | None] = {}
    requirements: Mapping[str, Requirement] = {}
    procedures: Mapping[str, Procedure] = {}
    environments: Mapping[str, Environment] = {}
    waivers: tuple[Waiver, ...] = ()
    digests: Mapping[str, str] = {}

    def severity(self, requirement: Requirement, level: Level) -> Severity:
        """The runbook's word for a finding: the row's own severity, else the first of that level."""
        own = requirement.severity
        if own is not None and own.level is level:
            return own
        return next((one for one in self.severities if one.level is level), Severity("", level))


class RunbookShape(Shape):
    title: Text
    source: str = ""
    lines: int | None = None


class SeverityShape(Shape):
    label: Text
    level: LevelWord
    respond_within: str = ""
    lines: Lines = ""


class SystemShape(Shape):
    stand_ins = {"system": "?", "title": "?"}

    system: Text
    title: Text
    runbook: RunbookShape | None = None
    severities: list[SeverityShape] = []
    names: dict[str, Any] = {}
    metrics: dict[str, Text | None] = {}


class SystemFile(msgspec.Struct, frozen=True):
    """What `system.yaml` says."""

    shape: SystemShape
    positions: Positions

    @property
    def severities(self) -> tuple[Severity, ...]:
        return tuple(
            Severity(one.label, one.level, one.respond_within, one.lines) for one in self.shape.severities
        )


def read_system(document: Document, folder_name: str) -> tuple[SystemFile | None, list[Problem]]:
    """`system.yaml` as data, and what is wrong in it."""
    shape, problems = shaped(SystemShape, document)
    if shape is None:
        return None, problems
    positions = document.positions
    if shape.system not in {folder_name, "?"}:
        wrong = f"system {short(shape.system)} lies in the folder {short(folder_name)}"
        problems.append(Problem.at(positions.at("system"), wrong, "give both the same name"))
    problems += _twice(shape, positions) + _bad_names(shape, positions)
    problems += misdeclared(shape.names, positions)
    return SystemFile(shape, positions), problems


def _twice(shape: SystemShape, positions: Positions) -> list[Problem]:
    labels: dict[str, int] = {}
    problems = []
    for index, one in enumerate(shape.severities):
        if one.label in labels:
            problems.append(
                Problem.at(
                    positions.at("severities", index, "label"), f"duplicate severity {short(one.label)}"
                )
            )
        labels.setdefault(one.label, index)
    return problems


def _bad_names(shape: SystemShape, positions: Positions) -> list[Problem]:
    problems = []
    for section, values in (("names", shape.names), ("metrics", shape.metrics)):
        for name in values:
            where = positions.key(section, name)
            if not good_name(name):
                problems.append(
                    Problem.at(where, f"{short(name)} is not a name", "use letters, digits, _ and -")
                )
            elif section == "metrics" and name in shape.names:
                problems.append(Problem.at(where, f"{short(name)} is declared under names and under metrics"))
    problems += undeclared(shape, shape.names, shape.metrics, positions)
    return problems + circles(Names(shape.names, shape.metrics), positions.at)


def circles(names: Names, where: Callable[[str, str], Position]) -> list[Problem]:
    """Problems for names and metrics that are defined by themselves."""
    problems = []
    for section, values in (("names", names.values), ("metrics", names.metrics)):
        for name in values:
            if circle := names.circle(name):
                wrong = f"{section}.{name} is defined by itself: {' -> '.join(circle)}"
                problems.append(Problem.at(where(section, name), wrong))
    return problems


def undeclared(
    shape: SystemShape, names: Mapping[str, Any], metrics: Mapping[str, Any], positions: Positions
) -> list[Problem]:
    """Problems for each `${name}` in names and metrics that the system does not declare."""
    known = {*shape.names, *shape.metrics}
    return [
        unknown(positions.at(*path), "name", name, known)
        for path, name in mentioned({"names": names, "metrics": metrics})
        if name.partition(".")[0] not in known
    ]
