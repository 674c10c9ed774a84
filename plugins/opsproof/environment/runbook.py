"""`runbook.yaml`: the requirements and response procedures of one system."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator

from opsproof.environment.problems import Problem, choices, place, short, unknown
from opsproof.environment.shape import Day, LevelWord, Lines, Shape, Text, refuse, shaped, word
from opsproof.environment.yaml import Document
from opsproof.model.requirement import (
    CADENCES,
    KINDS,
    Adoption,
    Positions,
    Procedure,
    Requirement,
    Severity,
    Step,
)

WHEN_EMPTY = ("fail", "unknown", "not_applicable", "pass")
_ID = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_.][A-Za-z0-9]+)*")


def _partial(given: object) -> str:
    if given == "full":
        return ""
    text = given.get("partial") if isinstance(given, dict) and len(given) == 1 else None
    if not isinstance(text, str) or not text.strip():
        refuse("needs full, or partial with what a PASS does not show", 'write full or {partial: "..."}')
    return text.strip()


def _list(given: object) -> object:
    return [given] if isinstance(given, str) else given


class AdoptionShape(Shape):
    by: Text
    on: Day


Mapping = Annotated[dict[str, Any], BeforeValidator(lambda given: {} if given is None else given)]


class RequirementShape(Shape):
    stand_ins = {"says": "?", "cadence": ["daily"]}

    says: Text
    lines: Lines = ""
    kind: Annotated[str, word("kind", KINDS)] = "check"
    checks: list[Text] = []
    on: Annotated[list[Text], BeforeValidator(_list)] = []
    planned: str = ""
    awaits: str = ""
    proves: Annotated[str, PlainValidator(_partial)] = ""
    cadence: Annotated[
        list[Annotated[str, word("cadence", CADENCES)]], BeforeValidator(_list), Field(min_length=1)
    ]
    level: LevelWord | None = None
    severity: Text | None = None
    scope: Mapping = {}
    limits: Mapping = {}
    when_empty: Annotated[str, word("when_empty", WHEN_EMPTY)] = "unknown"
    inferred: list[Text] = []
    adopted: AdoptionShape | None = None
    respond: Annotated[list[Text], BeforeValidator(_list)] = []


class StepShape(Shape):
    do: Text
    changes_state: bool = False
    warning: str = ""
    instead: str = ""


class ProcedureShape(Shape):
    says: Text
    lines: Lines = ""
    steps: list[StepShape] = []


class RunbookFile(Shape):
    requirements: dict[str, Any]
    procedures: dict[str, Any] = {}


def read_runbook(
    document: Document, system: str, severities: Iterable[Severity]
) -> tuple[dict[str, Requirement], dict[str, Procedure], list[Problem]]:
    """The rows of a runbook that are right, and what is wrong in the others."""
    file, problems = shaped(RunbookFile, document)
    if file is None:
        return {}, {}, problems
    if not file.requirements:
        problems.append(Problem.at(document.positions.at("requirements"), "no requirement"))
    procedures, wrong = _procedures(file, document)
    problems += wrong
    labels = {one.label: one for one in severities}
    requirements = {}
    for name in file.requirements:
        made, wrong = _requirement(name, document, system, labels, file.procedures)
        problems += wrong
        if made is not None:
            requirements[name] = made
    return requirements, procedures, problems


def _procedures(file: RunbookFile, document: Document) -> tuple[dict[str, Procedure], list[Problem]]:
    made, problems = {}, []
    for name in file.procedures:
        where = document.positions.key("procedures", name)
        problems += _bad_id(name, document.positions.key("procedures", name))
        if name in file.requirements:
            first = place(document.positions.key("requirements", name))
            problems.append(
                Problem.at(where, f"{name} is a requirement and a procedure", f"first at {first}")
            )
        shape, wrong = shaped(ProcedureShape, document, ("procedures", name))
        problems += wrong
        if shape is not None:
            steps = tuple(Step(one.do, one.changes_state, one.warning, one.instead) for one in shape.steps)
            made[name] = Procedure(name, shape.says, shape.lines, steps)
    return made, problems


def _bad_id(name: str, where: Any) -> list[Problem]:
    if _ID.fullmatch(name):
        return []
    return [Problem.at(where, f"{short(name)} is not an id", "write it like RS-018")]


def _requirement(
    name: str, document: Document, system: str, labels: dict[str, Severity], procedures: Iterable[str]
) -> tuple[Requirement | None, list[Problem]]:
    positions = document.positions.below("requirements", name)
    shape, problems = shaped(RequirementShape, document, ("requirements", name))
    if name in RequirementShape.model_fields:
        return None, [_too_shallow(name, document)]
    problems = _bad_id(name, positions.key()) + [_named(name, problem) for problem in problems]
    if shape is None:
        return None, problems
    problems += _contradictions(shape, name, positions, labels, procedures)
    severity = labels.get(shape.severity or "")
    made = Requirement(
        id=name,
        system=system,
        says=shape.says,
        lines=shape.lines,
        kind=shape.kind,
        cadence=tuple(shape.cadence),
        level=shape.level or (severity.level if severity else None),
        severity=severity,
        checks=tuple(shape.checks),
        on=tuple(dict.fromkeys(shape.on)),
        planned=shape.planned,
        awaits=shape.awaits,
        proves_partial=shape.proves,
        scope=shape.scope,
        limits=shape.limits,
        when_empty=shape.when_empty,
        inferred=tuple(shape.inferred),
        adopted=Adoption(shape.adopted.by, shape.adopted.on) if shape.adopted else None,
        respond=tuple(shape.respond),
        positions=positions,
    )
    return made, problems


def _too_shallow(name: str, document: Document) -> Problem:
    """A key of a row that stands where the ids do."""
    ids = document.positions.key("requirements", name)
    column = ids.column + 1
    return Problem.at(
        ids, f"{name} is a key of a requirement, not an id", f"indent it by {column} spaces or more"
    )


def _named(name: str, problem: Problem) -> Problem:
    return Problem(problem.file, problem.line, problem.column, f"{name}: {problem.message}", problem.hint)


def _contradictions(
    shape: RequirementShape,
    name: str,
    positions: Positions,
    labels: dict[str, Severity],
    procedures: Iterable[str],
) -> list[Problem]:
    problems = []
    if bool(shape.checks) == bool(shape.planned):
        problems.append(Problem.at(positions.key(), f"{name}: needs exactly one of checks and planned"))
    if shape.severity and shape.severity not in labels:
        problems.append(unknown(positions.at("severity"), "severity", shape.severity, labels))
    elif shape.severity and shape.level and labels[shape.severity].level is not shape.level:
        wrong = f"{name}: level {shape.level} contradicts severity {short(shape.severity)}"
        problems.append(Problem.at(positions.at("level"), wrong, f"it is {labels[shape.severity].level}"))
    known = list(procedures)
    problems += [
        unknown(positions.at("respond", index), "procedure", one, known)
        for index, one in enumerate(shape.respond)
        if one not in known
    ]
    problems += _repeated(shape.checks, "check", "checks", positions)
    problems += _repeated(shape.on, "target", "on", positions)
    return problems + _inferred(shape, positions)


def _repeated(found: list[str], what: str, key: str, positions: Positions) -> list[Problem]:
    return [
        Problem.at(positions.at(key, index), f"{what} {short(one)} is listed twice")
        for index, one in enumerate(found)
        if one in found[:index]
    ]


def _inferred(shape: RequirementShape, positions: Positions) -> list[Problem]:
    """`level`, `cadence`, `limits.grace`: fields of limits and scope are looked up when checks are bound."""
    known = [*RequirementShape.model_fields]
    return [
        Problem.at(positions.at("inferred", index), f"unknown key {short(one)}", choices(one, known))
        for index, one in enumerate(shape.inferred)
        if one.split(".")[0] not in known
    ]
