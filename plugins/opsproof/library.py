"""Where checks come from: a folder of `check_*.py` files, and the library that the distribution carries.

A team's `checks/check_library.py` is one line:

    from opsproof.library import checks
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from opsproof.check import Check, CheckError


@dataclass(frozen=True)
class Library:
    """All checks of the distribution, found by walking its modules and never by bare names."""

    package: str = "opsproof.checks"

    def __iter__(self) -> Iterator[Check]:
        for module in modules(self.package):
            yield from checks_in(module)


@dataclass(frozen=True)
class Found:
    """What a folder of checks holds: checks by name, and what could not be used, one line each."""

    checks: dict[str, Check] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def modules(package: str) -> Iterator[ModuleType]:
    """Every `check_*` module below a package, imported, in the order of their names."""
    root = importlib.import_module(package)
    for info in sorted(pkgutil.walk_packages(root.__path__, f"{package}."), key=lambda info: info.name):
        if info.name.rpartition(".")[2].startswith("check_"):
            yield importlib.import_module(info.name)


def checks_in(module: ModuleType) -> Iterator[Check]:
    """The checks that a module defines, in their order; a library that it names brings all of its own."""
    for value in vars(module).values():
        if isinstance(value, Library):
            yield from value
        elif isinstance(value, Check):
            yield value


def discover(folder: Path, root: Path) -> Found:
    """Import every `check_*.py` below `folder` the way pytest will, and collect their checks.

    Args:
        folder: the checks folder.
        root: pytest's rootdir; decides the modules' names, so that nothing is imported twice.
    """
    found = Found()
    for path in sorted(folder.rglob("check_*.py")):
        try:
            module = _imported(path, root)
        except Exception as error:
            # Whatever a file of checks does wrong is one line for its author, before anything is asked.
            found.problems.append(
                f"{_where(path, error)}: {type(error).__name__}: {str(error).splitlines()[0]}"
            )
            continue
        for check in checks_in(module):
            _add(found, check, path)
    return found


def _imported(path: Path, root: Path) -> ModuleType:
    from _pytest.pathlib import ImportMode, import_path

    return import_path(path, mode=ImportMode.importlib, root=root, consider_namespace_packages=False)


def _add(found: Found, check: Check, path: Path) -> None:
    known = found.checks.get(check.name)
    if known is not None and known is not check:
        found.problems.append(
            f"{path}:1:1: check {check.name!r} is defined a second time (first: {known.place})"
        )
        return
    try:
        _ = check.sources, check.limits
    except (CheckError, NameError) as error:
        found.problems.append(f"{check.place}: {error}")
    else:
        found.checks[check.name] = check


def _where(path: Path, error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}:{error.offset}"
    trace = sys.exc_info()[2]
    line = 1
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{path}:{line}:1"


checks = Library()
