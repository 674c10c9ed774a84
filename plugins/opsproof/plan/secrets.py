"""Secrets of the targets that items ask: whether they are there, what they are worth, and where they go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import BaseModel

from opsproof.environment.environment import Environment, missing_secrets, unfit
from opsproof.environment.pins import Pins, Sent
from opsproof.environment.problems import Problem
from opsproof.environment.settings import secrets
from opsproof.examine.decide import Item
from opsproof.model.target import Target

SHORTEST = 8  # a shorter one stands within ordinary words of what servers answer


def asked_roles(environment: Environment, items: Iterable[Item]) -> list[str]:
    """The roles of an environment's targets that items ask."""
    asked = {ask.target for item in items if _belongs(item, environment) for ask in item.all_asks}
    return [role for role, target in environment.targets.items() if target.id in asked]


def unmet(environments: Iterable[Environment], items: Sequence[Item]) -> tuple[str, ...]:
    """What keeps the items' targets from being asked: references that lead nowhere, secrets that cannot be kept."""
    found = {
        problem
        for environment in environments
        for role in asked_roles(environment, items)
        for problem in of_target(environment, role)
    }
    return tuple(str(one) for one in sorted(found))


def of_target(environment: Environment, role: str) -> list[Problem]:
    """What keeps one target from being asked."""
    missing = missing_secrets(environment, role)
    return missing or [*unfit(environment, role), *_unkeepable(environment, role)]


def _unkeepable(environment: Environment, role: str) -> Iterator[Problem]:
    """Secrets that cannot be told from names: to blank them would blank what checks decide by."""
    words = None
    for path, reference in secrets(environment.targets[role].settings):
        text = "" if reference.missing() else reference.read().strip()
        if not text or "\n" in text:  # a file of several lines holds its secrets within
            continue
        words = words if words is not None else "\n".join(_words(environment))
        key = f"targets.{role}.{'.'.join(path)}"
        where = environment.where("targets", role, *path)
        if len(text) < SHORTEST:
            wrong = f"{key}: {reference} is shorter than {SHORTEST} characters, so that reports cannot be kept free of it"
            yield Problem.at(where, wrong, "give the server a longer one")
        elif text in words:
            wrong = f"{key}: {reference} is part of a name, label or key of this environment"
            yield Problem.at(where, wrong, "reports cannot be kept free of it; give the server another one")


def _words(environment: Environment) -> Iterator[str]:
    """Everything that the environment is called and calls things."""
    yield from (environment.id, *environment.targets)
    yield from _texts(environment.names.values)
    yield from _texts(environment.names.metrics)
    for target in environment.targets.values():
        yield from _texts(target.settings)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, BaseModel):
        yield from _texts({name: getattr(value, name) for name in type(value).model_fields})
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield str(name)
            yield from _texts(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _texts(part)


def sent(environment: Environment, items: Sequence[Item]) -> Iterator[Sent]:
    """Each secret of the environment's targets, with the servers that it goes to."""
    own = [item for item in items if _belongs(item, environment)]
    for role, target in environment.targets.items():
        for path, reference in secrets(target.settings):
            yield Sent(
                reference,
                environment.id,
                f"targets.{role}.{'.'.join(path)}",
                _hosts(target, path, own),
                environment.where("targets", role, *path),
            )


def strays(pins: Pins, environments: Iterable[Environment], items: Sequence[Item]) -> Iterator[Problem]:
    """Secrets that would go where the project's list does not let them."""
    for environment in environments:
        for one in sent(environment, items):
            yield from pins.broken(one)


def _hosts(target: Target, path: tuple[str, ...], items: Iterable[Item]) -> tuple[str, ...]:
    """The servers of a secret: the target's own, else those of the URLs that the items ask through it."""
    own: tuple[str, ...] = target.settings.hosts(path)
    if own:
        return own
    urls = {getattr(ask, "url", "") for item in items for ask in item.all_asks if ask.target == target.id}
    found = {target.settings.destination(path, url) for url in urls if url}
    return tuple(sorted(filter(None, found)))


def _belongs(item: Item, environment: Environment) -> bool:
    return (item.system, item.environment) == (environment.system, environment.name)
