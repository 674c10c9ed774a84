"""What a scenario is: a cause, and by hand and completely the requirements that it changes."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

Situation = Literal[
    "violated", "ordinary", "unreachable", "forbidden", "partly forbidden", "empty", "garbage", "slow"
]


@dataclass(frozen=True)
class Expected:
    """What becomes of one requirement.

    `subjects` are patterns (fnmatch) for the findings of that outcome, complete: every such finding
    matches one and every pattern matches at least one. `measured` and `message` are patterns that each
    such finding's text must match; empty means the text must be empty, None that it is not looked at.
    `absent`: what is examined is not there at all.
    """

    outcome: str
    level: str
    subjects: tuple[str, ...]
    measured: str | None = None
    message: str | None = None
    absent: bool = False


def absent(expected: Expected) -> Expected:
    """It fails for nothing but what is not there: that proves nothing of what the check says of a thing."""
    return replace(expected, absent=True)


def fail(level: str, *subjects: str, measured: str | None = None, message: str | None = None) -> Expected:
    return Expected("fail", level, subjects, measured, message)


def unknown(level: str, *subjects: str, message: str | None = None) -> Expected:
    return Expected("unknown", level, subjects, None, message)


def transition(level: str, *subjects: str, message: str | None = None) -> Expected:
    """An ordinary change: the requirement still passes, and these subjects are shown as in transition."""
    return Expected("transition", level, subjects, None, message)


def not_applicable(level: str, *subjects: str, message: str | None = None) -> Expected:
    return Expected("not_applicable", level, subjects, None, message)


def passes() -> Expected:
    """Named only to say that a reader might expect otherwise; a requirement not named must pass too."""
    return Expected("pass", "", ())


Changes = Mapping[str, Expected]


@dataclass(frozen=True)
class Scenario:
    """A cause with what it changes. `group` batches scenarios that do not touch each other's requirements."""

    name: str
    situation: Situation
    group: str
    apply: Callable[[], AbstractContextManager[Changes]]
    module: str = ""
    proves: tuple[str, ...] = field(default=())


REGISTRY: list[Scenario] = []


def scenario(
    name: str, *, situation: Situation = "violated", group: str, proves: tuple[str, ...] = ()
) -> Callable[[Callable[[], Iterator[Changes]]], Callable[[], Iterator[Changes]]]:
    """Declare a scenario: a generator that applies the cause, waits for its effect, yields the changes, and undoes it.

    Args:
        name: the situation as an operator would tell it; unique.
        situation: the column of `docs/detection.md` that it proves.
        group: scenarios of one group share one run; they must change different requirements.
        proves: check names it proves beyond those of the requirements in its changes (for `ordinary`
            ones: the checks that stay quiet).
    """

    def declare(function: Callable[[], Iterator[Changes]]) -> Callable[[], Iterator[Changes]]:
        made = Scenario(name, situation, group, contextmanager(function), function.__module__, proves)
        if any(one.name == name for one in REGISTRY):
            raise ValueError(f"two scenarios are called {name!r}")
        REGISTRY.append(made)
        return function

    return declare


def load(package: str) -> dict[str, list[Scenario]]:
    """All scenarios of a package of modules, by group."""
    root = importlib.import_module(package)
    for info in sorted(pkgutil.iter_modules(root.__path__), key=lambda info: info.name):
        importlib.import_module(f"{package}.{info.name}")
    groups: dict[str, list[Scenario]] = {}
    for one in REGISTRY:
        if one.module.startswith(f"{package}."):
            groups.setdefault(one.group, []).append(one)
    return groups
