"""One system's folder: its files, read as far as they are wanted, and files that do not belong there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable
from pathlib import Path

import msgspec

from opsproof.environment.problems import Problem, choices, short
from opsproof.environment.yaml import Document, read
from opsproof.model.requirement import Position

FILES = ("system.yaml", "runbook.yaml", "waivers.yaml")
ATTESTATIONS = "attestations.yaml"


class Folder(msgspec.Struct):
    """One system's folder while it is read.

    Args:
        path: absolute.
        root: what messages show paths from.
        names: all environments that have a file, read or not.
        whole: every environment is read.
    """

    path: Path
    root: Path
    names: tuple[str, ...]
    whole: bool
    documents: dict[str, Document] = {}
    damaged: set[str] = set()
    problems: list[Problem] = []
    digests: dict[str, str] = {}

    def shown(self, name: str) -> str:
        return (self.path / name).relative_to(self.root).as_posix()

    def read(self, name: str) -> Document | None:
        """One file of it, kept under its name."""
        document, problems = read(self.path / name)
        self.problems += problems
        if problems:
            self.damaged.add(name)
        if document is not None:
            self.documents[name] = document
        if (digest := _digest(self.path / name)) is not None:
            self.digests[name] = digest
        return document


def read_folder(path: Path, only: Collection[str] | None = None) -> Folder:
    """Read a system's folder.

    Args:
        path: the folder.
        only: the environments that are wanted, which are read with those they are like; None: all.
    """
    path = path.absolute()
    root = path.parents[2] if len(path.parents) > 2 else path.parent
    files = _names(path / "environments")
    names = tuple(name.removesuffix(".yaml") for name in files if name.endswith(".yaml"))
    folder = Folder(path, root, names, whole=only is None)
    folder.problems += [*_strangers(path, files), *_attested(path)]
    for name in FILES:
        if (path / name).exists():
            folder.read(name)
        elif name != "waivers.yaml":
            folder.problems.append(Problem.at(Position(path / name), "the file is missing"))
    _read_environments(folder, names if only is None else [name for name in names if name in only])
    return folder


def _read_environments(folder: Folder, wanted: Collection[str]) -> None:
    left, seen = [*wanted], set(wanted)
    while left:
        document = folder.read(f"environments/{left.pop(0)}.yaml")
        like = document.value.get("like") if document is not None else None
        if isinstance(like, str) and like in folder.names and like not in seen:
            seen.add(like)
            left.append(like)


def _names(folder: Path) -> list[str]:
    """What lies in a folder, by name alone: a thousand environments are not looked at one by one."""
    try:
        with os.scandir(folder) as found:
            return sorted(one.name for one in found)
    except OSError:
        return []


def _strangers(path: Path, environments: Iterable[str]) -> list[Problem]:
    """Files that look like ours and would be passed over in silence: `runbook.yml`, `waiver.yaml`."""
    known = (*FILES, ATTESTATIONS)
    found = [
        one for one in sorted(path.iterdir()) if one.suffix in {".yaml", ".yml"} and one.name not in known
    ]
    problems = [
        Problem.at(Position(one), f"unknown file {short(one.name)}", choices(one.name, known))
        for one in found
    ]
    odd = [path / "environments" / name for name in environments if name.endswith(".yml")]
    return problems + [
        Problem.at(Position(one), f"unknown file {short(one.name)}", "call it .yaml") for one in odd
    ]


def _attested(path: Path) -> list[Problem]:
    if not (path / ATTESTATIONS).exists():
        return []
    message = "attestations are not read yet: nothing that this file states would count"
    return [Problem.at(Position(path / ATTESTATIONS), message, "take it away, and leave its rows planned")]


def _digest(file: Path) -> str | None:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return None
