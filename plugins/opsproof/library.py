"""Where checks come from: a folder of `check_*.py` files, and the library that the distribution carries.

A team's `checks/check_library.py` is one line:

    from opsproof.library import checks
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from opsproof.environment.problems import shown
from opsproof.examine.check import Check, CheckError


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
    """Every `check_*` module below a package, imported, in the order of their names.

    Looks for files: folders without `__init__.py`, as topics are, stay unseen by pkgutil's walk.
    """
    root = importlib.import_module(package)
    names = {
        ".".join((package, *path.relative_to(place).with_suffix("").parts))
        for place in root.__path__
        for path in Path(place).rglob("check_*.py")
    }
    for name in sorted(names):
        yield importlib.import_module(name)


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
            checks = list(checks_in(_imported(path, root)))
        except Exception as error:  # noqa: BLE001
            # Whatever a file of checks does wrong is one line for its author, before anything is asked.
            found.problems.append(f"{_where(path, error)}: {type(error).__name__}: {_first_line(error)}")
            continue
        for check in checks:
            _add(found, check, path)
    return found


def _imported(path: Path, root: Path) -> ModuleType:
    from _pytest.pathlib import ImportMode, import_path

    return import_path(path, mode=ImportMode.importlib, root=root, consider_namespace_packages=False)


def _add(found: Found, check: Check, path: Path) -> None:
    known = found.checks.get(check.name)
    if known is not None and known is not check:
        found.problems.append(
            f"{_placed(check)}: check {check.name!r} is defined a second time; first at {_placed(known)}"
        )
        return
    try:
        check.require_usable()
    except (CheckError, NameError) as error:
        found.problems.append(f"{_placed(check)}: {error}")
    else:
        found.checks[check.name] = check


def _placed(check: Check) -> str:
    file, line, column = check.place.rsplit(":", 2)
    return f"{shown(Path(file))}:{line}:{column}"


def _first_line(error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return error.msg
    return next(iter(str(error).splitlines()), "without a message")


def _where(path: Path, error: Exception) -> str:
    """The line of the file itself that failed, even when the error came from something it imports."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{shown(Path(error.filename))}:{error.lineno or 1}:{error.offset or 1}"
    trace = sys.exc_info()[2]
    line = 1
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{shown(path)}:{line}:1"


checks = Library()
