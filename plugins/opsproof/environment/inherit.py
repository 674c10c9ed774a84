"""`environments/*.yaml` of one system to Environments: `like` followed, targets made, names checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from opsproof.environment.environment import Environment, EnvironmentShape
from opsproof.environment.from_run import declared, misdeclared
from opsproof.environment.kinds import KindError, settings_of, targeted
from opsproof.environment.names import Names
from opsproof.environment.problems import Problem, choices, short, unknown
from opsproof.environment.settings import TargetSettings, target_id
from opsproof.environment.shape import described, each, shaped
from opsproof.environment.syntax import spaces
from opsproof.environment.system import SystemFile, circles, undeclared
from opsproof.environment.wellknown import misnamed
from opsproof.environment.yaml import Document
from opsproof.model.requirement import NotApplicableHere, Positions
from opsproof.model.target import Target


class EnvironmentFile(msgspec.Struct, frozen=True):
    """One file as it stands, before `like` is followed."""

    document: Document
    shape: EnvironmentShape

    @property
    def positions(self) -> Positions:
        return self.document.positions


class _Parts(msgspec.Struct):
    """What an environment has together with those it is like: values, and where each stands."""

    targets: dict[str, Target] = {}
    names: dict[str, Any] = {}
    metrics: dict[str, str | None] = {}
    sources: dict[tuple[str, str], Positions] = {}


def read_environment(document: Document) -> tuple[EnvironmentFile | None, list[Problem]]:
    """One environment file by itself."""
    file = document.positions.file
    shape, problems = shaped(EnvironmentShape, document, context=file.parent)
    if shape is None:
        return None, problems
    if shape.environment not in {file.stem, "?"}:
        wrong = f"environment {short(shape.environment)} in a file called {short(file.name)}"
        problems.append(Problem.at(document.positions.at("environment"), wrong, "give both the same name"))
    return EnvironmentFile(document, shape), problems


def environments(
    files: Mapping[str, EnvironmentFile],
    damaged: Collection[str],
    system: SystemFile,
    requirements: Collection[str] | None,
    shown_file: Mapping[str, str],
) -> tuple[dict[str, Environment], list[Problem]]:
    """All environments of a system that are right, and what is wrong in the others.

    Args:
        files: by name.
        damaged: names whose files have problems already; who is like them gets no second report.
        requirements: all ids, or None when they are not known.
        shown_file: each file's path as messages name it.
    """
    made, problems = {}, []
    own = {name: _own_parts(file, system) for name, file in files.items()}
    for name, (_, wrong) in own.items():
        problems += wrong + _unknown_requirements(files[name], requirements)
    for name, file in files.items():
        chain, wrong = _chain(name, files, damaged)
        problems += wrong
        if chain is not None:
            parts = _joined([own[one][0] for one in reversed(chain)], system)
            made[name] = one = _environment(name, file, system, parts, shown_file[name])
            problems += [*circles(one.names, one.where), *misnamed(one)]
    return made, problems


def _chain(
    name: str, files: Mapping[str, EnvironmentFile], damaged: Collection[str]
) -> tuple[list[str] | None, list[Problem]]:
    """The environment and those it is like, nearest first."""
    chain, where = [name], files[name].positions.at("like")
    while (like := files[chain[-1]].shape.like) is not None:
        if like in chain:
            circle = " -> ".join([*chain[chain.index(like) :], like])
            return None, [Problem.at(where, f"like goes in a circle: {circle}")] if like == name else []
        if like not in files:
            bad = len(chain) == 1 and like not in damaged
            return None, [unknown(where, "environment", like, [*files, *damaged])] if bad else []
        chain.append(like)
    return chain, []


def _own_parts(file: EnvironmentFile, system: SystemFile) -> tuple[_Parts, list[Problem]]:
    shape, positions = file.shape, file.positions
    problems = each(positions.below("names"), shape.names, system.shape.names, "name")
    problems += each(positions.below("metrics"), shape.metrics, system.shape.metrics, "metric")
    problems += undeclared(system.shape, shape.names, shape.metrics, positions)
    problems += misdeclared(shape.names, positions)
    parts = _Parts(names=dict(shape.names), metrics=dict(shape.metrics))
    for role, written in shape.targets.items():
        target, wrong = _target(role, written, file.document)
        problems += wrong
        if target is not None:
            parts.targets[role] = target
    for section in ("targets", "names", "metrics"):
        for key in getattr(shape, section):
            parts.sources[(section, key)] = positions
    return parts, problems


def _target(role: str, written: Any, document: Document) -> tuple[Target | None, list[Problem]]:
    path = ("targets", role)
    positions = document.positions
    if not isinstance(written, dict):
        needed = f"{'.'.join(path)}: needs a mapping of keys to values, found {described(written)}"
        return None, [Problem.at(positions.at(*path), needed, _elsewhere(role, positions))]
    kind = written.get("kind", role)
    try:
        allowed = targeted()
        if kind not in allowed:
            if "kind" in written:
                return None, [unknown(positions.at(*path, "kind"), "kind of target", str(kind), allowed)]
            hint = _elsewhere(role, positions) or choices(role, allowed)
            return None, [Problem.at(positions.key(*path), f"{role} needs a kind", hint)]
        form = settings_of(kind)
    except KindError as error:
        return None, [Problem.at(positions.key(*path), str(error))]
    settings, problems = shaped(form, document, path, context=document.positions.file.parent)
    problems = [_under(path, problem) for problem in problems]
    if settings is None:
        return None, problems
    problems += _unknown_identities(settings, positions.below(*path))
    made = Target(
        role=role, kind=kind, id=target_id(kind, settings, written), settings=settings,
        identity=dict(settings.identity), budget=settings.budget.made(),
    )  # fmt: skip
    return made, problems


def _elsewhere(role: str, positions: Positions) -> str:
    """The hint for a key at the depth of targets that belongs further out, or further in; else empty."""
    if role in EnvironmentShape.model_fields:
        column = positions.key("targets").column - 1
        return f"{role} stands beside targets: indent it by {spaces(column)}"
    try:
        known = any(role in settings_of(kind).model_fields for kind in targeted())
    except KindError:
        return ""
    deeper = positions.key("targets", role).column + 1
    return f"{role} is a key of a target: indent it by {spaces(deeper)}" if known else ""


def _unknown_identities(settings: TargetSettings, positions: Positions) -> list[Problem]:
    return [
        unknown(positions.key("identity", name), "identity", name, settings.identities)
        for name in settings.identity
        if name not in settings.identities
        and not ("." in name and f"{name.partition('.')[0]}.<name>" in settings.identities)
    ]


def _under(path: tuple[str, ...], problem: Problem) -> Problem:
    message = f"{'.'.join(path)}: {problem.message}"
    return Problem(problem.file, problem.line, problem.column, message, problem.hint)


def _joined(chain: list[_Parts], system: SystemFile) -> _Parts:
    """Later parts replace earlier ones, key by key; a target is replaced whole."""
    whole = _Parts(names=dict(system.shape.names), metrics=dict(system.shape.metrics))
    for section in ("names", "metrics"):
        for key in getattr(system.shape, section):
            whole.sources[(section, key)] = system.positions
    for parts in chain:
        whole.targets |= parts.targets
        whole.names |= parts.names
        whole.metrics |= parts.metrics
        whole.sources |= parts.sources
    return whole


def _environment(
    name: str, file: EnvironmentFile, system: SystemFile, parts: _Parts, shown: str
) -> Environment:
    shape, positions = file.shape, file.positions
    return Environment(
        name=name,
        system=system.shape.system,
        file=positions.file,
        targets=parts.targets,
        names=Names({name: declared(value) for name, value in parts.names.items()}, parts.metrics, shown),
        gate=shape.gate,
        recording=shape.recording,
        not_applicable=tuple(
            NotApplicableHere(
                one.requirement, one.reason, one.declared_by, one.until, positions.at("not_applicable", i)
            )
            for i, one in enumerate(shape.not_applicable)
        ),
        quiet_hours=tuple(one.made() for one in shape.quiet_hours),
        like=shape.like or "",
        sources=parts.sources,
    )


def _unknown_requirements(file: EnvironmentFile, requirements: Collection[str] | None) -> list[Problem]:
    if requirements is None:
        return []
    return [
        unknown(
            file.positions.at("not_applicable", i, "requirement"),
            "requirement",
            one.requirement,
            requirements,
        )
        for i, one in enumerate(file.shape.not_applicable)
        if one.requirement not in requirements
    ]
