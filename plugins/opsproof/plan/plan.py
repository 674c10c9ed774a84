"""Plan: from files alone to the items that could be decided, and to everything wrong in the files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from opsproof.environment.bind import Bound, bind
from opsproof.environment.context import EnvironmentContext
from opsproof.environment.environment import Environment, missing_secrets
from opsproof.environment.load import Loaded
from opsproof.environment.problems import Problem, unknown
from opsproof.environment.system import System
from opsproof.examine.check import Check
from opsproof.examine.decide import Item
from opsproof.library import Found
from opsproof.model.failure import NotConfigured
from opsproof.model.level import Level
from opsproof.model.limits import Limits
from opsproof.model.requirement import QuietHours, Requirement, Waiver
from opsproof.model.result import (
    CheckRecord,
    ItemRecord,
    LimitRecord,
    Plan,
    ProcedureRecord,
    RequirementRecord,
    StepRecord,
    SystemRecord,
)
from opsproof.model.target import Target, joined


@dataclass(frozen=True)
class Wanted:
    """Which environments: `system/environment`, or a name that several systems share; else the default."""

    named: tuple[str, ...]
    default: str = ""

    @classmethod
    def of(cls, named: Sequence[str], default: str) -> Wanted:
        return cls(tuple(named), default)

    def choose(self, environments: Mapping[str, Environment]) -> tuple[list[Environment], list[str]]:
        """The environments, and what is wrong with the wish."""
        named = self.named or ((self.default,) if self.default else ())
        if not named and len(environments) == 1:
            return list(environments.values()), []
        listed = ", ".join(environments) or "none: add checks/systems/<system>/environments/<name>.yaml"
        if not named:
            return [], [f"which environment? give --env, or set opsproof_environment; there are: {listed}"]
        chosen: dict[str, Environment] = {}
        problems = []
        for name in named:
            found = {key: one for key, one in environments.items() if name in {key, one.name}}
            if not found:
                near = get_close_matches(
                    name, [*environments, *(one.name for one in environments.values())], n=1
                )
                hint = f"; did you mean {near[0]}?" if near else ""
                problems.append(f"--env {name}: no such environment{hint} there are: {listed}")
            chosen |= found
        return list(chosen.values()), problems


@dataclass(frozen=True)
class Change:
    """`RS-048.highest=60%`: another limit for a replay."""

    requirement: str
    limit: str
    value: str
    text: str


def parse_changes(texts: Iterable[str]) -> tuple[Change, ...]:
    """What `--limits` says; a text that is not of the form becomes a change of nothing, refused later."""
    changes = []
    for text in texts:
        name, _, value = text.partition("=")
        requirement, _, limit = name.partition(".")
        changes.append(Change(requirement.strip(), limit.strip(), value.strip(), text))
    return tuple(changes)


@dataclass(frozen=True)
class Planned:
    """What a run could decide, and what is wrong. Nothing is asked while there are problems."""

    items: tuple[Item, ...]
    record: Plan
    environments: tuple[str, ...]
    targets: Mapping[str, Target]
    waivers: tuple[Waiver, ...]
    digests: dict[str, str]
    gate: str
    recording: Path | None
    rows: Mapping[tuple[str, str], Requirement]
    waivers_by_system: Mapping[str, tuple[Waiver, ...]]
    problems_without_lost: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """All of them; `lost` are automated requirements that no collected check decides."""
        return self.problems_without_lost + self.lost

    def row(self, item: Item) -> Requirement:
        return self.rows[item.system, item.requirement]

    def waivers_of(self, item: Item) -> tuple[Waiver, ...]:
        return self.waivers_by_system.get(item.system, ())

    def with_nodeids(self, nodeids: Mapping[int, str]) -> Plan:
        """The plan's record, its selected items named as pytest knows them."""
        items = tuple(
            ItemRecord(
                nodeids.get(id(item), ""),
                f"{item.system}/{item.environment}/{item.requirement}",
                item.check.name,
            )
            for item in self.items
        )
        return msgspec.structs.replace(self.record, items=items)


@dataclass
class _Draft:
    """The plan while it is made."""

    loaded: Loaded
    found: Found
    now: datetime
    changes: tuple[Change, ...] = ()
    items: list[Item] = field(default_factory=list)
    records: list[RequirementRecord] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lost: list[Problem] = field(default_factory=list)

    @cached_property
    def changed(self) -> Mapping[str, dict[str, Any]]:
        changed: dict[str, dict[str, Any]] = {}
        for change in self.changes:
            value: Any = int(change.value) if change.value.isdigit() else change.value
            changed.setdefault(change.requirement, {})[change.limit] = value
        return changed

    def add(self, system: System, environment: Environment, row: Requirement) -> None:
        if row.id in self.changed:
            row = replace(row, limits=MappingProxyType({**row.limits, **self.changed[row.id]}))
        checks = {name: self.found.checks[name] for name in row.checks if name in self.found.checks}
        for index, name in enumerate(row.checks):
            if name not in self.found.checks:
                where = row.positions.at("checks", index)
                self.lost.append(unknown(where, "check", name, self.found.checks))
        if len(checks) < len(row.checks):
            return
        bound = bind(row, {name: check.limits for name, check in checks.items()}, environment)
        self.problems += [problem for one in bound.values() for problem in one.problems]
        if any(one.problems for one in bound.values()):
            return
        level = row.level or next(iter(checks.values())).level
        self.records.append(_record(system, environment, row, level, bound))
        for name, check in checks.items():
            self.items.append(self._item(environment, row, check, level, bound[name]))

    def _item(
        self, environment: Environment, row: Requirement, check: Check, level: Level, bound: Bound
    ) -> Item:
        limits = bound.limits
        context = EnvironmentContext(environment, limits or Limits())
        reason: Exception | None = bound.failure
        asks: dict[str, tuple[Any, ...]] = {}
        if reason is None:
            try:
                asks = {name: source.asks(context) for name, source in check.sources.items()}
            except NotConfigured as missing:
                reason, asks = missing, {}
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                where = row.positions.at("checks")
                self.problems.append(Problem.at(where, f"{row.id}: {check.name} cannot ask: {error}"))
        declared = [one for one in environment.not_applicable if one.requirement == row.id]
        applies = [one for one in declared if one.in_force(self.now)]
        return Item(
            requirement=row.id,
            system=environment.system,
            environment=environment.name,
            check=check,
            level=level,
            limits=limits,
            context=context,
            asks={} if applies else asks,
            when_empty=row.when_empty,
            undecidable=reason,
            not_applicable=_declaration(applies[0]) if applies else "",
            quiet=next((one.reason for one in environment.quiet_hours if is_quiet(one, self.now)), ""),
        )


def make_plan(
    loaded: Loaded,
    found: Found,
    wanted: Wanted,
    *,
    changes: tuple[Change, ...] = (),
    replaying: bool = False,
    secrets: bool = True,
    now: datetime,
) -> Planned:
    """Make the plan for the wanted environments. Reads nothing but what was loaded.

    Args:
        replaying: facts come from a run named by the user: no secret is needed, no recording is used.
        secrets: look whether the references to secrets lead anywhere.
    """
    chosen, problems = wanted.choose(loaded.environments())
    draft = _Draft(loaded, found, now, changes)
    for environment in chosen:
        system = loaded.systems[environment.system]
        for row in system.requirements.values():
            if row.automated:
                draft.add(system, environment, row)
    recordings = {one.recording.resolve() for one in chosen if one.recording is not None}
    recording = next(iter(recordings)) if recordings and not replaying else None
    if secrets and recording is None and not replaying:
        draft.problems += [problem for one in chosen for problem in missing_secrets(one)]
    if recording is not None and (len(recordings) > 1 or any(one.recording is None for one in chosen)):
        problems.append("environments with different recordings, or with and without one, cannot share a run")
    targets, contradictions = joined(target for one in chosen for target in one.targets.values())
    problems += contradictions
    problems += [f"--limits {change.text}: {why}" for change in changes if (why := _refused(change, draft))]
    systems = {one.system: loaded.systems[one.system] for one in chosen}
    # What comes of a value that was refused already is no second problem.
    known = {(one.file, one.line, one.column) for one in loaded.problems}
    drafted = {one for one in draft.problems if (one.file, one.line, one.column) not in known}
    every = [str(problem) for problem in sorted({*loaded.problems, *drafted})]
    return Planned(
        items=tuple(draft.items),
        record=_plan_record(draft, systems, chosen),
        environments=tuple(one.id for one in chosen),
        targets=targets,
        waivers=tuple(
            waiver
            for one in chosen
            for waiver in loaded.systems[one.system].waivers
            if waiver.environment in {one.name, "*"}
        ),
        digests={**loaded.digests(), **_check_digests(found)},
        gate=_gate(chosen),
        recording=recording,
        rows={
            (system.name, row.id): row for system in systems.values() for row in system.requirements.values()
        },
        waivers_by_system={name: system.waivers for name, system in systems.items()},
        problems_without_lost=(*found.problems, *every, *problems),
        lost=tuple(str(problem) for problem in sorted(set(draft.lost))),
    )


def _refused(change: Change, draft: _Draft) -> str:
    if not (change.requirement and change.limit and change.value):
        return "write it like RS-048.highest=60%"
    if not any(record.id == change.requirement for record in draft.records):
        return f"no automated requirement {change.requirement} in this environment"
    return ""


def _gate(chosen: Sequence[Environment]) -> str:
    """The strictest of the environments' gates; low when none says."""
    gates = [one.gate or Level.LOW for one in chosen]
    return max(gates, key=lambda level: level.rank, default=Level.LOW).value


def _declaration(one: Any) -> str:
    return f"{one.reason} (declared by {one.declared_by}, until {one.until:%Y-%m-%d})"


def is_quiet(hours: QuietHours, moment: datetime) -> bool:
    """No traffic is expected at `moment`: the hours may run past midnight, into a day not listed."""
    local = moment.astimezone(ZoneInfo(hours.zone))
    clock = local.time()
    if hours.begins <= hours.until:
        return local.weekday() in hours.days and hours.begins <= clock < hours.until
    before = (local - timedelta(days=1)).weekday()
    return (local.weekday() in hours.days and clock >= hours.begins) or (
        before in hours.days and clock < hours.until
    )


def _record(
    system: System, environment: Environment, row: Requirement, level: Level, bound: Mapping[str, Bound]
) -> RequirementRecord:
    severity = system.severity(row, level)
    adopted = row.adopted is not None
    basis = "stated"
    if "level" in row.inferred or row.level is None:
        basis = "adopted" if adopted else "inferred"
    return RequirementRecord(
        id=row.id,
        system=system.name,
        environment=environment.name,
        says=row.says,
        lines=row.lines,
        kind=row.kind,
        cadence=row.cadence,
        level=level,
        level_basis=basis,
        severity=severity.label,
        respond_within=severity.respond_within,
        checks=row.checks,
        partial=row.proves_partial,
        when_empty=row.when_empty,
        limits=tuple(_limits(row, bound)),
        respond=row.respond,
    )


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


def _plan_record(draft: _Draft, systems: Mapping[str, System], chosen: Sequence[Environment]) -> Plan:
    used = {name for record in draft.records for name in record.checks}
    return Plan(
        systems=tuple(_system_record(systems[one.system], one) for one in chosen),
        requirements=tuple(draft.records),
        checks=tuple(
            CheckRecord(check.name, check.title, check.risk)
            for name, check in sorted(draft.found.checks.items())
            if name in used
        ),
    )


def _system_record(system: System, environment: Environment) -> SystemRecord:
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
        procedures=tuple(
            ProcedureRecord(
                one.id,
                one.says,
                one.lines,
                tuple(
                    StepRecord(step.do, step.changes_state, step.warning, step.instead) for step in one.steps
                ),
            )
            for one in system.procedures.values()
            if one.id in named
        ),
    )


def _check_digests(found: Found) -> dict[str, str]:

    files = {Path(check.function.__code__.co_filename) for check in found.checks.values()}
    texts = "\n".join(
        hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(files) if file.exists()
    )
    return {"checks": hashlib.sha256(texts.encode()).hexdigest()}
