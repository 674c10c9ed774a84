"""Whether a run reaches a folder of checks, and whether it was asked to: a bare `pytest` never goes live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path

import pytest

_ASKING = ("--env", "--replay")


@dataclass(frozen=True)
class Reach:
    """The folder of systems that the arguments lead to. `asked`: the user named its checks or an environment."""

    systems: Path
    asked: bool

    def shown(self, directory: Path) -> str:
        """The folder of checks, as an argument of pytest."""
        return relpath(self.systems.parent, directory)


def reach(config: pytest.Config) -> Reach | None:
    """Where the arguments lead; None when they reach no folder of checks. A worker is told by its controller."""
    if hasattr(config, "workerinput"):
        told = config.workerinput.get("opsproof")
        return Reach(Path(told["systems"]), asked=True) if told else None
    paths = [_path(config, argument) for argument in config.args]
    systems = _systems(config, paths)
    if systems is None:
        return None
    root = systems.parent
    if not any(path == root or root in path.parents or path in root.parents for path in paths):
        return None
    return Reach(systems, asked=_named(config, root) or bool(_asking(config)))


def asked_in_vain(config: pytest.Config) -> str:
    """What to say when an option asks for a run, and no argument reaches a folder of checks; else empty."""
    option = "" if hasattr(config, "workerinput") else _asking(config)
    return (
        option
        and f"{option}: no argument reaches a folder of checks; name it, e.g. pytest checks {option} ..."
    )


def whole_folder(config: pytest.Config, systems: Path) -> bool:
    """Some argument is the folder of checks, or a folder above it."""
    root = systems.parent
    paths = [_path(config, argument) for argument in config.args]
    return any(path == root or path in root.parents for path in paths)


def _named(config: pytest.Config, root: Path) -> bool:
    """The folder, or something below it, stands among the words that the user typed.

    What an ini file or PYTEST_ADDOPTS adds is none of them. Words out of an `@file` are taken on trust.
    """
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        return False
    typed = list(map(str, config.invocation_params.args))
    trusted = any(word.startswith("@") for word in typed)
    paths = [_path(config, argument) for argument in config.args if trusted or argument in typed]
    return any(path == root or root in path.parents for path in paths)


def _asking(config: pytest.Config) -> str:
    """The option by which the user asked for a run, of those that were typed."""
    typed = map(str, config.invocation_params.args)
    return next((word.partition("=")[0] for word in typed if word.partition("=")[0] in _ASKING), "")


def _path(config: pytest.Config, argument: str) -> Path:
    return (config.invocation_params.dir / argument.split("::")[0]).resolve()


def _systems(config: pytest.Config, paths: Sequence[Path]) -> Path | None:
    """The folder of systems: the setting's, below the rootdir, else one beside or above the arguments.

    pytest takes the value of an unknown option for an argument while it looks for its rootdir, so that
    without an ini file the rootdir may be any folder above.
    """
    named = [
        base / config.getini("opsproof_systems") for base in (config.rootpath, config.invocation_params.dir)
    ]
    beside = [folder / "systems" for path in paths for folder in (path, *path.parents)]
    return next((folder.resolve() for folder in (*named, *beside) if folder.is_dir()), None)
