"""Where checks come from: files named as their checks are, and the library that the distribution carries.

`capacity/pod-cpu` is defined in `capacity/check_pod_cpu.py`: what no row names is not imported. A team's
`checks/check_library.py` is one line:

    from opsproof.library import checks
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from types import ModuleType

import msgspec

from opsproof.environment.problems import shown
from opsproof.examine.check import Check, CheckError

LINE = "check_library.py"  # the file that brings a library, beside the topics
_NAME = re.compile(r"[a-z0-9]+(?:[-/][a-z0-9]+)*")


def file_of(name: str) -> str:
    """Where a check is defined, below the folder of checks; empty for what cannot be a check's name."""
    topic, slash, what = name.rpartition("/")
    return f"{topic}{slash}check_{what.replace('-', '_')}.py" if _NAME.fullmatch(name) else ""


def name_of(file: Path) -> str:
    """The check that a file below the folder of checks defines."""
    return (file.parent / file.stem.removeprefix("check_").replace("_", "-")).as_posix()


class Library(msgspec.Struct, frozen=True):
    """The checks of a distribution, found by the names of its files and never by bare names."""

    package: str = "opsproof.checks"

    def __iter__(self) -> Iterator[Check]:
        yield from self.named(self.names())

    def named(self, names: Iterable[str]) -> Iterator[Check]:
        """Its checks of these names, in their order; only their modules are imported."""
        for name in sorted(names):
            for place in self._places():
                if (file := file_of(name)) and (place / file).is_file():
                    yield from checks_in(importlib.import_module(self.module(file)))

    def names(self) -> list[str]:
        """What its files are named for. Nothing but the package is imported.

        Looks for files: folders without `__init__.py`, as topics are, stay unseen by pkgutil's walk.
        """
        return sorted(
            {
                name_of(path.relative_to(place))
                for place in self._places()
                for path in place.rglob("check_*.py")
            }
        )

    def _places(self) -> list[Path]:
        return [Path(place) for place in importlib.import_module(self.package).__path__]

    def module(self, file: str) -> str:
        """The name under which a file of it is imported."""
        return ".".join((self.package, *Path(file).with_suffix("").parts))


class Found(msgspec.Struct, frozen=True):
    """What a folder of checks holds, as far as it was wanted.

    Args:
        checks: by name.
        problems: what could not be used, one line each.
        files: the files below the folder that were imported, with the names of the checks that each brings.
        broken: names of checks whose file could not be used; `problems` say why.
        known: the names of all checks there are, by their files; looked for only when one is not there.
    """

    checks: dict[str, Check] = {}
    problems: list[str] = []
    files: dict[Path, list[str]] = {}
    broken: set[str] = set()
    known: set[str] = set()


def checks_in(module: ModuleType) -> Iterator[Check]:
    """The checks that a module defines, in their order; what it imports is defined elsewhere."""
    return (
        value for value in vars(module).values() if isinstance(value, Check) and value.file == module.__file__
    )


def discover(folder: Path, root: Path, names: Collection[str] | None = None) -> Found:
    """Import files of checks the way pytest will, and collect their checks.

    Args:
        folder: the checks folder.
        root: pytest's rootdir; decides the modules' names, so that nothing is imported twice.
        names: the checks that are wanted; None: all, so that every file is looked at.
    """
    found = Found()
    everything = names is None
    wanted = _names(folder) if names is None else names
    paths = [folder / file for name in sorted(wanted) if (file := file_of(name))]
    for path in [folder / LINE, *paths]:
        if path.is_file():
            found.files[path] = []
            _read(found, path, folder, root, None if everything else wanted)
    if not everything and not found.problems and any(name not in found.checks for name in wanted):
        found.known.update(_names(folder))
    return found


def _names(folder: Path) -> set[str]:
    """What the files of a folder are named for."""
    files = (path.relative_to(folder) for path in folder.rglob("check_*.py"))
    return {name_of(file) for file in files if file.as_posix() != LINE}


def _read(found: Found, path: Path, folder: Path, root: Path, names: Collection[str] | None) -> None:
    file = path.relative_to(folder)
    try:
        module = _imported(path, root)
        libraries = [value for value in vars(module).values() if isinstance(value, Library)]
        for library in libraries:
            _bring(found, library, path, names)
    except Exception as error:  # noqa: BLE001
        # Whatever a file of checks does wrong is one line for its author, before anything is asked.
        found.problems.append(f"{_where(path, error)}: {type(error).__name__}: {_first_line(error)}")
        found.broken.add(name_of(file))
        return
    own = list(checks_in(module))
    if not own and not libraries:
        found.problems.append(f"{shown(path)}:1:1: no check is defined here; {name_of(file)} is looked for")
    for check in own:
        _add(found, check, path, file.as_posix() == file_of(check.name))
    if not libraries and name_of(file) not in found.checks:
        found.broken.add(name_of(file))


def _bring(found: Found, library: Library, path: Path, names: Collection[str] | None) -> None:
    known = library.names()
    found.known.update(known)
    for check in library.named(known if names is None else names):
        _add(found, check, path, check.function.__module__ == library.module(file_of(check.name)))


def _imported(path: Path, root: Path) -> ModuleType:
    from _pytest.pathlib import ImportMode, import_path

    return import_path(path, mode=ImportMode.importlib, root=root, consider_namespace_packages=False)


def _add(found: Found, check: Check, path: Path, placed: bool) -> None:
    """Keep a check that `path` brings. One that is not `placed` in the file of its name is not found there."""
    known = found.checks.get(check.name)
    if known is not None and known is not check:
        problem = f"check {check.name!r} is defined a second time; first at {_placed(known)}"
    elif not (file := file_of(check.name)):
        problem = f"{check.name!r} is not the name of a check; write it like capacity/pod-cpu"
    elif not placed:
        problem = f"check {check.name!r} is not in the file of its name; move it to {file}"
    elif not (problem := _unusable(check)):
        found.checks[check.name] = check
        found.files[path].append(check.name)
        return
    found.problems.append(f"{_placed(check)}: {problem}")
    found.broken.add(check.name)


def _unusable(check: Check) -> str:
    try:
        check.require_usable()
    except (CheckError, NameError) as error:
        return str(error)
    return ""


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
        if trace.tb_frame.f_globals.get("__file__") == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{shown(path)}:{line}:1"


checks = Library()
