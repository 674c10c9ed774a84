"""A row's scope and limits, in one environment, as the `Limits` of its checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from pydantic import ValidationError

from opsproof.environment.environment import Environment
from opsproof.environment.names import Names, UnknownName, mentioned
from opsproof.environment.problems import Problem, choices, short, unknown
from opsproof.environment.runbook import RequirementShape
from opsproof.environment.shape import described, problem
from opsproof.environment.syntax import spaces
from opsproof.model.failure import NotConfigured
from opsproof.model.limits import Limits
from opsproof.model.requirement import Requirement


class Bound(msgspec.Struct, frozen=True):
    """One check of one requirement in one environment.

    `limits` is None exactly when there are problems or a failure. `failure` says why the item is UNKNOWN:
    a name that the environment does not set, or limits that the row says nobody states (`missing`). `used_defaults` are
    the fields of limits (not of scope) left to our default: they count as inferred.
    """

    check: str
    limits: Limits | None = None
    missing: tuple[str, ...] = ()
    used_defaults: tuple[str, ...] = ()
    failure: NotConfigured | None = None
    problems: tuple[Problem, ...] = ()


def bind(
    requirement: Requirement, checks: Mapping[str, type[Limits]], environment: Environment
) -> dict[str, Bound]:
    """Make each check's limits.

    Args:
        requirement: its raw `scope` and `limits`; a field is accepted if any of its checks has it.
        checks: the requirement's checks, by name, with the type of their limits.
        environment: its names replace `${name}` in scope.
    """
    problems = check_fields(requirement, checks.values())
    problems += check_names(requirement, checks.values(), environment.names)
    if problems:
        return {name: Bound(name, problems=tuple(problems)) for name in checks}
    return {name: _bound(name, kind, requirement, environment) for name, kind in checks.items()}


def check_fields(requirement: Requirement, kinds: Iterable[type[Limits]]) -> list[Problem]:
    """Keys of scope, limits and inferred that no check of the row has, or that stand in the wrong section."""
    kinds = list(kinds)
    scope = {name for kind in kinds for name in kind.scoped_fields()}
    limits = {name for kind in kinds for name in kind.model_fields if name not in kind.scoped_fields()}
    problems = _misplaced(requirement, "scope", scope, "limits", limits)
    problems += _misplaced(requirement, "limits", limits, "scope", scope)
    for index, name in enumerate(requirement.inferred):
        head, _, rest = name.partition(".")
        known = {"limits": limits, "scope": scope}.get(head)
        if rest and known is not None and rest.split(".")[0] not in known:
            known_names = sorted(f"{head}.{one}" for one in known)
            problems.append(unknown(requirement.positions.at("inferred", index), "field", name, known_names))
    return problems


def _misplaced(
    requirement: Requirement, section: str, known: set[str], other: str, elsewhere: set[str]
) -> list[Problem]:
    problems = []
    for name in getattr(requirement, section):
        where = requirement.positions.key(section, name)
        if name in known:
            continue
        if name in elsewhere:
            wrong = f"{requirement.id}: {name} is a field of {other}, not of {section}"
            problems.append(Problem.at(where, wrong, f"move it to {other}"))
        elif name in RequirementShape.model_fields:
            column = requirement.positions.key(section).column - 1
            wrong = f"{requirement.id}: {name} is a key of the row, not of {section}"
            problems.append(Problem.at(where, wrong, f"indent it by {spaces(column)}, as {section} is"))
        else:
            hint = choices(name, known) if known else f"its checks have no {section}"
            what = f"{requirement.id}: unknown {section} field {short(name)}"
            problems.append(Problem.at(where, what, hint))
    return problems


def check_names(requirement: Requirement, kinds: Iterable[type[Limits]], names: Names) -> list[Problem]:
    """`${name}`s in scope that nobody declares, and any in limits, which belong to the runbook alone."""
    fields = {name for kind in kinds for name in kind.model_fields}
    known = {*fields, *names.known()}
    problems = [
        unknown(requirement.positions.at("scope", *path), "name", name, known)
        for path, name in mentioned(requirement.scope)
        if name.partition(".")[0] not in known
    ]
    for path, name in mentioned(requirement.limits):
        wrong = f"{requirement.id}: ${{{name}}} in limits"
        where = requirement.positions.at("limits", *path)
        problems.append(
            Problem.at(where, wrong, "limits are the runbook's, an environment does not change them")
        )
    return problems


def _bound(check: str, kind: type[Limits], requirement: Requirement, environment: Environment) -> Bound:
    scope = {name: value for name, value in requirement.scope.items() if name in kind.model_fields}
    given = {name: value for name, value in requirement.limits.items() if name in kind.model_fields}
    given = {
        name: value
        for name, value in given.items()
        if value is not None or not kind.model_fields[name].is_required()
    }
    row = {**_defaults(kind), **requirement.limits, **requirement.scope}
    try:
        filled = {name: _filled(name, value, row, environment.names) for name, value in scope.items()}
    except NotConfigured as failure:
        return Bound(check, failure=failure)
    except UnknownName as error:
        where = requirement.positions.at("scope")
        return Bound(check, problems=(Problem.at(where, f"{requirement.id}: {error}", error.hint),))
    missing = tuple(
        name
        for name, field in kind.model_fields.items()
        if field.is_required() and name not in {**given, **filled}
    )
    forgotten = [name for name in missing if name not in {**requirement.limits, **requirement.scope}]
    if forgotten:
        return Bound(check, missing=missing, problems=tuple(_forgotten(forgotten, kind, check, requirement)))
    if missing:
        return Bound(check, missing=missing, failure=_unstated(missing, kind, requirement))
    return _made(check, kind, requirement, {**given, **filled})


def _defaults(kind: type[Limits]) -> dict[str, Any]:
    return {name: field.default for name, field in kind.model_fields.items() if not field.is_required()}


def _filled(name: str, value: Any, row: Mapping[str, Any], names: Names) -> Any:
    """`scope: {jobs: "${jobs}"}` means the environment's name, not itself."""
    return names.replaced(value, {key: other for key, other in row.items() if key != name})


def _forgotten(
    missing: Iterable[str], kind: type[Limits], check: str, requirement: Requirement
) -> Iterator[Problem]:
    """Fields that the row has to state. `null` states that the runbook has none."""
    for name in missing:
        section = "scope" if name in kind.scoped_fields() else "limits"
        wrong = f"{requirement.id}: {check} needs {section}.{name}"
        hint = f"add it to the row; {name}: null says that the runbook does not state it"
        yield Problem.at(requirement.positions.key(section), wrong, hint)


def _unstated(missing: tuple[str, ...], kind: type[Limits], requirement: Requirement) -> NotConfigured:
    keys = ", ".join(f"{'scope' if name in kind.scoped_fields() else 'limits'}.{name}" for name in missing)
    return NotConfigured(f"{keys} of {requirement.id} is not set; add it to the row in runbook.yaml")


def _made(check: str, kind: type[Limits], requirement: Requirement, values: Mapping[str, Any]) -> Bound:
    wrong = tuple(
        _not_boolean(kind, requirement, name, value) for name, value in _texts_for_bool(kind, values)
    )
    if wrong:
        return Bound(check, problems=wrong)
    try:
        limits = kind.model_validate(values)
    except ValidationError as error:
        details = error.errors(include_url=False)
        return Bound(check, problems=tuple(_problem(kind, requirement, detail) for detail in details))
    defaults = tuple(name for name in _demands(kind) if name not in values)
    return Bound(check, limits, used_defaults=defaults)


def _texts_for_bool(kind: type[Limits], values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """pydantic would read 1 and "no" as booleans."""
    return [
        (name, value)
        for name, value in values.items()
        if kind.model_fields[name].annotation is bool and not isinstance(value, bool)
    ]


def _not_boolean(kind: type[Limits], requirement: Requirement, name: str, value: Any) -> Problem:
    section = "scope" if name in kind.scoped_fields() else "limits"
    message = f"{requirement.id}: {section}.{name}: needs true or false, found {described(value)}"
    return Problem.at(requirement.positions.at(section, name), message)


def _demands(kind: type[Limits]) -> list[str]:
    """Limits whose default decides something: None means that nothing is demanded."""
    scoped = kind.scoped_fields()
    return [
        name for name, field in kind.model_fields.items() if name not in scoped and field.default is not None
    ]


def _problem(kind: type[Limits], requirement: Requirement, detail: Any) -> Problem:
    field = str(detail["loc"][0]) if detail["loc"] else ""
    section = "scope" if field in kind.scoped_fields() else "limits"
    found = problem(kind, detail, requirement.positions.below(section))
    dot = "." if found.message.startswith(field) else ": "
    return msgspec.structs.replace(found, message=f"{requirement.id}: {section}{dot}{found.message}")
