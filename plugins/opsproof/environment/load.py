"""`checks/systems` -> systems with their environments, requirements and waivers, and all problems at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from opsproof.environment.environment import Environment
from opsproof.environment.inherit import EnvironmentFile, environments, read_environment
from opsproof.environment.problems import Problem, choices, place, short
from opsproof.environment.runbook import read_runbook
from opsproof.environment.system import RunbookSource, System, SystemFile, read_system
from opsproof.environment.waivers import read_waivers
from opsproof.environment.yaml import Document, read
from opsproof.model.requirement import Position, Procedure, Requirement, Waiver

FILES = ("system.yaml", "runbook.yaml", "waivers.yaml", "attestations.yaml")


@dataclass(frozen=True)
class Loaded:
    """All systems of a folder. Where `problems` is not empty, nothing may be asked of any server."""

    systems: dict[str, System] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

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


@dataclass
class _Folder:
    """One system's folder while it is read."""

    path: Path
    root: Path
    documents: dict[str, Document] = field(default_factory=dict)
    damaged: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def shown(self, name: str) -> str:
        return (self.path / name).relative_to(self.root).as_posix()


def load_systems(folder: Path) -> Loaded:
    """Load every system below `folder` (`checks/systems`). Only reads; never raises for what files hold."""
    if not folder.is_dir():
        return Loaded(
            problems=[
                Problem.at(Position(folder), "no folder of systems here", "make checks/systems/<system>/")
            ]
        )
    loaded = Loaded()
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith((".", "_")):
            system, problems = load_system(path)
            loaded.problems.extend(problems)
            if system is not None:
                loaded.systems[system.name] = system
    loaded.problems.extend(_shared_ids(loaded.systems.values()))
    loaded.problems[:] = sorted(set(loaded.problems))
    return loaded


def load_system(path: Path) -> tuple[System | None, list[Problem]]:
    """One system's folder. None when its `system.yaml` cannot be used."""
    folder = _read_all(path)
    document = folder.documents.get("system.yaml")
    if document is None:
        return None, folder.problems
    file, problems = read_system(document, path.name)
    folder.problems += problems
    if file is None:
        _check_alone(folder)
        return None, folder.problems
    requirements, procedures, ids = _runbook(folder, file)
    known = _environments(folder, file, ids)
    waivers = _waivers(folder, ids, known)
    return _system(folder, file, requirements, procedures, known, waivers), folder.problems


def _read_all(path: Path) -> _Folder:
    folder = _Folder(path, path.absolute().parents[2] if len(path.absolute().parents) > 2 else path.parent)
    folder.path = path.absolute()
    folder.problems += _strangers(path)
    names = [name for name in FILES if (path / name).exists()]
    names += sorted(f"environments/{file.name}" for file in (path / "environments").glob("*.yaml"))
    for name in names:
        document, problems = read(path / name)
        folder.problems += problems
        if problems:
            folder.damaged.add(name)
        if document is not None:
            folder.documents[name] = document
    for name in ("system.yaml", "runbook.yaml"):
        if name not in names:
            folder.problems.append(Problem.at(Position(path / name), "the file is missing"))
    return folder


def _strangers(path: Path) -> list[Problem]:
    """Files that look like ours and would be passed over in silence: `runbook.yml`, `waiver.yaml`."""
    found = [
        one for one in sorted(path.iterdir()) if one.suffix in {".yaml", ".yml"} and one.name not in FILES
    ]
    problems = [
        Problem.at(Position(one), f"unknown file {short(one.name)}", choices(one.name, FILES))
        for one in found
    ]
    odd = sorted((path / "environments").glob("*.yml"))
    return problems + [
        Problem.at(Position(one), f"unknown file {short(one.name)}", "call it .yaml") for one in odd
    ]


def _check_alone(folder: _Folder) -> None:
    """Without system.yaml the other files can still be checked by themselves."""
    for name, document in folder.documents.items():
        if name.startswith("environments/"):
            folder.problems += read_environment(document)[1]


def _runbook(
    folder: _Folder, file: SystemFile
) -> tuple[dict[str, Requirement], dict[str, Procedure], tuple[str, ...] | None]:
    """Requirements, procedures, and the ids of all rows, also of wrong ones; None without any rows."""
    document = folder.documents.get("runbook.yaml")
    if document is None:
        return {}, {}, None
    requirements, procedures, problems = read_runbook(document, file.shape.system, file.severities)
    folder.problems += problems
    rows = document.value.get("requirements")
    return requirements, procedures, tuple(rows) if isinstance(rows, dict) else None


def _environments(folder: _Folder, file: SystemFile, ids: tuple[str, ...] | None) -> dict[str, Environment]:
    files: dict[str, EnvironmentFile] = {}
    for name, document in folder.documents.items():
        if name.startswith("environments/"):
            read_file, problems = read_environment(document)
            folder.problems += problems
            if read_file is not None:
                files[Path(name).stem] = read_file
    all_names = {one.stem for one in (folder.path / "environments").glob("*.yaml")}
    shown = {name: folder.shown(f"environments/{name}.yaml") for name in files}
    made, problems = environments(files, all_names - set(files), file, ids, shown)
    folder.problems += problems
    return made


def _waivers(folder: _Folder, ids: tuple[str, ...] | None, known: Iterable[str]) -> tuple[Waiver, ...]:
    document = folder.documents.get("waivers.yaml")
    if document is None:
        return ()
    names = {one.stem for one in (folder.path / "environments").glob("*.yaml")} | set(known)
    waivers, problems = read_waivers(document, ids, names)
    folder.problems += problems
    return waivers


def _system(
    folder: _Folder,
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
        environments=known, waivers=waivers, digests=digests(folder.path),
    )  # fmt: skip


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each YAML file of one system, by its path below the folder; of those that can be read."""
    found = {}
    for file in sorted(folder.rglob("*.yaml")):
        try:
            found[file.relative_to(folder).as_posix()] = hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError:
            continue
    return found


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
