"""`checks/systems` -> systems with their environments, requirements and waivers, and all problems at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from opsproof.environment.cited import Cited, beyond, document_lines
from opsproof.environment.environment import Environment
from opsproof.environment.folder import Folder, read_folder
from opsproof.environment.index import Index
from opsproof.environment.inherit import EnvironmentFile, environments, read_environment
from opsproof.environment.problems import Problem, place, unknown
from opsproof.environment.runbook import read_runbook
from opsproof.environment.system import RunbookSource, System, SystemFile, read_system
from opsproof.environment.waivers import read_waivers
from opsproof.model.requirement import Position, Procedure, Requirement, Waiver


class Loaded(msgspec.Struct, frozen=True):
    """All systems of a folder. Where `problems` is not empty, nothing may be asked of any server."""

    systems: dict[str, System] = {}
    problems: list[Problem] = []

    def environments(self) -> dict[str, Environment]:
        """Every environment by its id `system/name`."""
        found = (one for system in self.systems.values() for one in system.environments.values())
        return {one.id: one for one in found}

    def digests(self) -> dict[str, str]:
        """SHA-256 of each file, by its path below the folder of systems: `repo-scanner/runbook.yaml`."""
        return {
            f"{system.name}/{name}": digest
            for system in self.systems.values()
            for name, digest in sorted(system.digests.items())
        }


def load_systems(folder: Path, only: Collection[str] | None = None) -> Loaded:
    """Load the systems below `folder` (`checks/systems`). Only reads; never raises for what files hold.

    Args:
        folder: of the systems.
        only: ids of environments (`system/environment`): no file of any other is opened, but of those that
            one of them is like. None: everything.
    """
    if not folder.is_dir():
        return Loaded(
            problems=[
                Problem.at(Position(folder), "no folder of systems here", "make checks/systems/<system>/")
            ]
        )
    loaded = Loaded()
    for name, wanted in _wanted(folder, only).items():
        system, problems = load_system(folder / name, wanted)
        loaded.problems.extend(problems)
        if system is not None:
            loaded.systems[system.name] = system
    loaded.problems.extend(_shared_ids(loaded.systems.values()))
    loaded.problems[:] = sorted(set(loaded.problems))
    return loaded


def _wanted(folder: Path, only: Collection[str] | None) -> dict[str, list[str] | None]:
    """The systems to read, with the environments of each; None: all of them."""
    if only is None:
        return dict.fromkeys(Index(folder).systems())
    found: dict[str, list[str] | None] = {}
    for one in only:
        system, _, environment = one.rpartition("/")
        found[system] = [*(found.get(system) or ()), environment]
    return found


def load_system(path: Path, only: Collection[str] | None = None) -> tuple[System | None, list[Problem]]:
    """One system's folder, with these environments or all. None when its `system.yaml` cannot be used."""
    folder = read_folder(path, only)
    document = folder.documents.get("system.yaml")
    if document is None:
        return None, folder.problems
    file, problems = read_system(document, path.name)
    folder.problems += problems
    if file is None:
        _check_alone(folder)
        return None, folder.problems
    requirements, procedures, ids = _runbook(folder, file)
    folder.problems += _cited(folder, file, requirements, procedures)
    known = _environments(folder, file, ids)
    waivers = _waivers(folder, ids, known)
    folder.problems += _homeless(folder, requirements.values())
    if folder.whole and not folder.damaged and len(known) == len(folder.names):
        folder.problems += _nowhere(requirements.values(), known.values())
    return _system(folder, file, requirements, procedures, known, waivers), folder.problems


def _cited(
    folder: Folder, file: SystemFile, rows: Mapping[str, Requirement], procedures: Mapping[str, Procedure]
) -> Iterator[Problem]:
    """Lines that the runbook's document does not have."""
    shape = file.shape.runbook
    source, declared = (shape.source, shape.lines) if shape else ("", None)
    last = document_lines(source, (folder.path, folder.root), declared)
    cited = [Cited(row.id, row.lines, row.positions.at("lines")) for row in rows.values()]
    document = folder.documents.get("runbook.yaml")
    if document is not None:
        places = document.positions.below("procedures")
        cited += [Cited(one.id, one.lines, places.at(one.id, "lines")) for one in procedures.values()]
    cited += [
        Cited(one.label, one.lines, file.positions.at("severities", index, "lines"))
        for index, one in enumerate(file.severities)
    ]
    return beyond(cited, last)


def _homeless(folder: Folder, rows: Iterable[Requirement]) -> list[Problem]:
    """Automated rows of a system that lives nowhere: no run could decide them."""
    automated = sum(row.automated for row in rows)
    if folder.names or not automated:
        return []
    wrong = f"no environment: nothing decides the automated rows ({automated})"
    return [Problem.at(Position(folder.path / "system.yaml"), wrong, "add environments/<name>.yaml")]


def _nowhere(rows: Iterable[Requirement], known: Collection[Environment]) -> list[Problem]:
    """Roles of `on` that no environment of the system has."""
    roles = {role for one in known for role in one.targets}
    return [
        unknown(row.positions.at("on", index), "target", role, roles)
        for row in rows
        for index, role in enumerate(row.on)
        if known and role not in roles
    ]


def _check_alone(folder: Folder) -> None:
    """Without system.yaml the other files can still be checked by themselves."""
    for name, document in folder.documents.items():
        if name.startswith("environments/"):
            folder.problems += read_environment(document)[1]


def _runbook(
    folder: Folder, file: SystemFile
) -> tuple[dict[str, Requirement], dict[str, Procedure], tuple[str, ...] | None]:
    """Requirements, procedures, and the ids of all rows, also of wrong ones; None without any rows."""
    document = folder.documents.get("runbook.yaml")
    if document is None:
        return {}, {}, None
    requirements, procedures, problems = read_runbook(document, file.shape.system, file.severities)
    folder.problems += problems
    rows = document.value.get("requirements")
    return requirements, procedures, tuple(rows) if isinstance(rows, dict) else None


def _environments(folder: Folder, file: SystemFile, ids: tuple[str, ...] | None) -> dict[str, Environment]:
    files: dict[str, EnvironmentFile] = {}
    for name, document in folder.documents.items():
        if name.startswith("environments/"):
            read_file, problems = read_environment(document)
            folder.problems += problems
            if read_file is not None:
                files[Path(name).stem] = read_file
    shown = {name: folder.shown(f"environments/{name}.yaml") for name in files}
    made, problems = environments(files, set(folder.names) - set(files), file, ids, shown)
    folder.problems += problems
    return made


def _waivers(folder: Folder, ids: tuple[str, ...] | None, known: Iterable[str]) -> tuple[Waiver, ...]:
    document = folder.documents.get("waivers.yaml")
    if document is None:
        return ()
    waivers, problems = read_waivers(document, ids, {*folder.names, *known})
    folder.problems += problems
    return waivers


def _system(
    folder: Folder,
    file: SystemFile,
    requirements: dict[str, Requirement],
    procedures: dict[str, Procedure],
    known: dict[str, Environment],
    waivers: tuple[Waiver, ...],
) -> System:
    shape = file.shape
    runbook = RunbookSource(**shape.runbook.model_dump()) if shape.runbook else RunbookSource()
    return System(
        name=shape.system, title=shape.title, folder=folder.path, runbook=runbook, severities=file.severities,
        names=shape.names, metrics=shape.metrics, requirements=requirements, procedures=procedures,
        environments=known, waivers=waivers, digests=folder.digests,
    )  # fmt: skip


def _shared_ids(systems: Iterable[System]) -> list[Problem]:
    first: dict[str, Requirement] = {}
    problems = []
    for system in systems:
        for name, one in system.requirements.items():
            if name in first:
                hint = f"first at {place(first[name].positions.key())}"
                problems.append(Problem.at(one.positions.key(), f"duplicate requirement {name}", hint))
            first.setdefault(name, one)
    return problems
