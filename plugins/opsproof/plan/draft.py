"""Requirement x environment x check: the items of a plan while it is made, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from opsproof.environment.bind import Bound, bind
from opsproof.environment.context import AmbiguousTarget, EnvironmentContext, Undeclared
from opsproof.environment.environment import Environment
from opsproof.environment.problems import Problem, choices, short
from opsproof.environment.system import System
from opsproof.examine.check import Check
from opsproof.examine.decide import Item
from opsproof.library import Found, file_of
from opsproof.model.ask import Ask
from opsproof.model.failure import NotConfigured
from opsproof.model.level import Level
from opsproof.model.limits import Limits
from opsproof.model.requirement import NotApplicableHere, Requirement
from opsproof.model.result import RequirementRecord
from opsproof.plan import record
from opsproof.plan.changes import Change, changed
from opsproof.plan.static import Watched, said_by_arguments, too_long


class Draft(msgspec.Struct):
    """What `add` has made so far."""

    found: Found
    now: datetime
    changes: tuple[Change, ...] = ()
    items: list[Item] = []
    records: list[RequirementRecord] = []
    problems: list[Problem] = []
    tags: dict[str, type[Ask]] = {}

    def add(self, system: System, environment: Environment, row: Requirement) -> None:
        """The items of one row in one environment."""
        row = changed(row, self.changes)
        checks = {name: self.found.checks[name] for name in row.checks if name in self.found.checks}
        if len(checks) < len(row.checks):
            self.problems += _lost(row, self.found)
            return
        bound = bind(row, {name: check.limits for name, check in checks.items()}, environment)
        wrong = [problem for one in bound.values() for problem in one.problems]
        self.problems += wrong
        if not wrong:
            level = row.level or next(iter(checks.values())).level
            self.records.append(record.requirement(system, environment, row, level, bound))
            made = [self._item(environment, row, check, level, bound[name]) for name, check in checks.items()]
            self.items += made
            self.problems += _idle(row, environment, made)

    def _item(
        self, environment: Environment, row: Requirement, check: Check, level: Level, bound: Bound
    ) -> Item:
        limits = bound.limits
        context = EnvironmentContext(environment, limits or Limits(), row.on)
        reason: Exception | None = bound.failure
        asks: dict[str, tuple[Any, ...]] = {}
        if reason is None:
            asks, reason = self._asks(row, check, context)
            self.problems += self._unfit(row, environment, asks)
        declared = self._declared(environment, row)
        return Item(
            requirement=row.id,
            system=environment.system,
            environment=environment.name,
            check=check,
            level=level,
            limits=limits,
            context=context,
            asks={} if declared else asks,
            when_empty=row.when_empty,
            undecidable=reason,
            not_applicable=declared,
            quiet=next((one.reason for one in environment.quiet_hours if one.includes(self.now)), ""),
        )

    def _asks(
        self, row: Requirement, check: Check, context: EnvironmentContext
    ) -> tuple[dict[str, tuple[Ask, ...]], NotConfigured | None]:
        """What the check asks; or what the environment does not set for it. Mistakes are kept as problems."""
        watched = Watched(context)
        wrong: list[tuple[str, str]] = []
        asks: dict[str, tuple[Ask, ...]] = {}
        reason: NotConfigured | None = None
        try:
            asks = {name: source.asks(watched) for name, source in check.sources.items()}
        except Undeclared as missing:
            watched.undeclared.append(missing)
        except NotConfigured as missing:
            reason = missing
            if missing.message not in watched.unset:
                wrong.append((f"{check.name}: {missing.message}", ""))
        except AmbiguousTarget as several:
            where = row.positions.at("on" if row.on else "checks")
            self.problems.append(Problem.at(where, f"{row.id}: {several}", several.hint))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            wrong.append((f"{check.name} cannot ask: {error}", ""))
        wrong += [(f"{check.name}: {one.message}", one.hint) for one in watched.undeclared]
        if not wrong:
            wrong = [(f"{check.name}: {text}", "") for text in said_by_arguments(check, watched)]
        where = row.positions.at("checks", row.checks.index(check.name))
        self.problems += [Problem.at(where, f"{row.id}: {text}", hint) for text, hint in wrong]
        return asks, reason

    def _unfit(
        self, row: Requirement, environment: Environment, asks: Mapping[str, tuple[Ask, ...]]
    ) -> Iterator[Problem]:
        """Asks that cannot be made in time, and that cannot be told from others."""
        every = [ask for some in asks.values() for ask in some]
        where = row.positions.at("limits", "spacing")
        for wrong, hint in too_long(every, environment.targets.values()):
            yield Problem.at(where, f"{row.id}: {wrong}", hint)
        for ask in every:
            tag = str(type(ask).__struct_config__.tag)
            known = self.tags.setdefault(tag, type(ask))
            if known is not type(ask):
                wrong = f"{row.id}: {_named(type(ask))} and {_named(known)} are asks of one tag, {tag!r}"
                hint = "they would share their answers; give one of them another tag"
                yield Problem.at(row.positions.at("checks"), wrong, hint)

    def _declared(self, environment: Environment, row: Requirement) -> str:
        """Why the row was declared not to apply; empty when it does."""
        for one in environment.not_applicable:
            if one.requirement == row.id and one.in_force(self.now):
                return _declaration(one)
        return ""


def _named(kind: type[Ask]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _lost(row: Requirement, found: Found) -> Iterator[Problem]:
    """Checks of the row that are nowhere. One that is broken says so itself."""
    known = {*found.known, *found.checks}
    for index, name in enumerate(row.checks):
        if name not in found.checks and name not in found.broken:
            hint = choices(name, known) + (f"; its file would be {file}" if (file := file_of(name)) else "")
            where = row.positions.at("checks", index)
            yield Problem.at(where, f"unknown check {short(name)}", hint)


def _idle(row: Requirement, environment: Environment, items: Sequence[Item]) -> Iterator[Problem]:
    """Roles of `on` that none of the row's items asks. Where one of them cannot ask, nobody knows."""
    asked = {ask.target for item in items for ask in item.all_asks}
    if not all(item.asks and item.undecidable is None for item in items):
        return
    kinds = sorted({one.kind for one in environment.targets.values() if one.id in asked})
    for index, role in enumerate(row.on):
        target = environment.targets.get(role)
        if target is not None and target.id not in asked:
            where = row.positions.at("on", index)
            wrong = f"{row.id}: on names {role}, of kind {target.kind}, which none of its checks asks"
            yield Problem.at(where, wrong, f"they ask: {', '.join(kinds) or 'nothing'}")


def _declaration(one: NotApplicableHere) -> str:
    return f"{one.reason} (declared by {one.declared_by}, until {one.until:%Y-%m-%d})"
