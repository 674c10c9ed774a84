"""The record of a plan: what a run's folder and its reports keep of requirements, limits, checks and systems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from opsproof.environment.bind import Bound
from opsproof.environment.environment import Environment
from opsproof.environment.system import System
from opsproof.examine.check import Check
from opsproof.model.level import Level
from opsproof.model.requirement import Procedure, Requirement
from opsproof.model.result import (
    CheckRecord,
    LimitRecord,
    Plan,
    PlannedRecord,
    ProcedureRecord,
    RequirementRecord,
    StepRecord,
    SystemRecord,
)


def recorded(
    systems: Mapping[str, System],
    chosen: Sequence[Environment],
    requirements: Sequence[RequirementRecord],
    checks: Mapping[str, Check],
) -> Plan:
    """The plan, before its items have the names by which pytest knows them."""
    used = {name for record in requirements for name in record.checks}
    return Plan(
        systems=tuple(_system(systems[one.system], one) for one in chosen),
        requirements=tuple(requirements),
        checks=tuple(
            CheckRecord(check.name, check.title, check.risk, check.measures)
            for name, check in sorted(checks.items())
            if name in used
        ),
    )


def requirement(
    system: System, environment: Environment, row: Requirement, level: Level, bound: Mapping[str, Bound]
) -> RequirementRecord:
    """One automated row in one environment."""
    severity = system.severity(row, level)
    return RequirementRecord(
        id=row.id,
        system=system.name,
        environment=environment.name,
        says=row.says,
        lines=row.lines,
        kind=row.kind,
        cadence=row.cadence,
        level=level,
        level_basis=_level_basis(row),
        severity=severity.label,
        respond_within=severity.respond_within,
        checks=row.checks,
        partial=row.proves_partial,
        when_empty=row.when_empty,
        limits=tuple(_limits(row, bound)),
        respond=row.respond,
    )


def _level_basis(row: Requirement) -> str:
    if "level" in row.inferred or row.level is None:
        return "adopted" if row.adopted else "inferred"
    return "stated"


def _limits(row: Requirement, bound: Mapping[str, Bound]) -> Iterable[LimitRecord]:
    shown: dict[str, LimitRecord] = {}
    for one in bound.values():
        if one.limits is None:
            continue
        scoped = one.limits.scoped_fields()
        for name, text in one.limits.shown().items():
            if text in {"", "None"}:
                continue
            shown.setdefault(name, LimitRecord(name, text, _basis(row, one, name, name in scoped)))
    return shown.values()


def _basis(row: Requirement, bound: Bound, name: str, scoped: bool) -> str:
    if scoped:
        return "scope"
    inferred = name in bound.used_defaults or any(
        word == f"limits.{name}" or word.startswith(f"limits.{name}.") for word in row.inferred
    )
    if not inferred:
        return "stated"
    return "adopted" if row.adopted else "inferred"


def _system(system: System, environment: Environment) -> SystemRecord:
    rows = system.requirements.values()
    automated = sum(row.automated for row in rows)
    named = {name for row in rows if row.automated for name in row.respond}
    return SystemRecord(
        name=system.name,
        title=system.title,
        environment=environment.name,
        in_runbook=len(rows),
        automated=automated,
        planned=len(rows) - automated,
        procedures=tuple(_procedure(one) for one in system.procedures.values() if one.id in named),
        runbook=system.runbook.title,
        source=system.runbook.source,
        without_automation=tuple(_planned(row) for row in rows if not row.automated),
    )


def _planned(row: Requirement) -> PlannedRecord:
    return PlannedRecord(
        id=row.id,
        says=row.says,
        lines=row.lines,
        cadence=row.cadence,
        level=row.level.value if row.level else "",
        planned=row.planned,
        awaits=row.awaits,
    )


def _procedure(procedure: Procedure) -> ProcedureRecord:
    return ProcedureRecord(
        procedure.id,
        procedure.says,
        procedure.lines,
        tuple(StepRecord(one.do, one.changes_state, one.warning, one.instead) for one in procedure.steps),
    )
