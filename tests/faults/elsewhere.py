"""A run with other files: a copy of the checkout's checks in which a scenario has changed some.

with reached("repo-scanner", "prometheus", url=f"http://{gate.address}"):
    ...                               # `everything(...)` runs the copy meanwhile
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SYSTEMS = ("repo-scanner", "opsforge", "enterprise-platform", "accelerapp", "smartcloudops")
Change = Callable[[Any], object]
_CHANGES: list[tuple[str, Change]] = []


class _Quoting(yaml.SafeDumper):
    """Quotes every time of day: PyYAML leaves `09:52` bare, which opsproof refuses."""


class _Reading(yaml.SafeLoader):
    """Knows `true` and `false` alone: `on` is a key of rows, and no truth value."""


_BOOL = "tag:yaml.org,2002:bool"
_Reading.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in known if tag != _BOOL]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Reading.add_implicit_resolver(_BOOL, re.compile(r"^(?:true|false)$"), list("tf"))


class _Words(yaml.SafeLoader):
    """Reads `on` as the word that rows have, as opsproof does, and not as a truth value."""


_Words.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith(":bool")]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Words.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
_Quoting.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^\d+:\d+$"), list("0123456789"))


@contextmanager
def edited(file: str, change: Change) -> Iterator[None]:
    """Runs meanwhile see a YAML file below `checks/` as `change` leaves its document."""
    _CHANGES.append((file, change))
    try:
        yield
    finally:
        _CHANGES.remove((file, change))


@contextmanager
def reached(system: str, role: str, **settings: object) -> Iterator[None]:
    """A target of the system's testbed environment has other settings, e.g. a fault proxy's address."""

    def change(document: Any) -> None:
        document["targets"][role].update(settings)

    with edited(f"systems/{system}/environments/testbed.yaml", change):
        yield


@contextmanager
def everywhere(role: str, **settings: object) -> Iterator[None]:
    """The same for all five systems."""
    with ExitStack() as stack:
        for system in SYSTEMS:
            stack.enter_context(reached(system, role, **settings))
        yield


@contextmanager
def limited(system: str, requirement: str, **limits: object) -> Iterator[None]:
    """A row has other limits, e.g. a grace of seconds that passes within a test."""

    def change(document: Any) -> None:
        document["requirements"][requirement].setdefault("limits", {}).update(limits)

    with edited(f"systems/{system}/runbook.yaml", change):
        yield


def checkout(folder: Path) -> Path:
    """Where to run: the checkout itself, or below `folder` a copy with the changes of the moment."""
    if not _CHANGES:
        return ROOT
    copy = folder / "checkout"
    shutil.copytree(ROOT / "checks", copy / "checks", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "plugins").symlink_to(ROOT / "plugins")
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, copy)
    for file, change in _CHANGES:
        path = copy / "checks" / file
        document = yaml.load(path.read_text(), Loader=_Reading)
        change(document)
        path.write_text(yaml.dump(document, Dumper=_Quoting, sort_keys=False, width=1000))
    return copy
