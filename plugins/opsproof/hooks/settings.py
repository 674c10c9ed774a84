"""What the command line and the ini file say about a run, read once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from opsproof.hooks.reach import whole_folder
from opsproof.model.level import Level
from opsproof.model.requirement import CADENCES
from opsproof.model.units import Bytes, Duration
from opsproof.plan.changes import Change, parse_changes
from opsproof.plan.given import Given, parse_given
from opsproof.plan.wanted import Wanted


class Settings(msgspec.Struct, frozen=True):
    """A run as the user wants it. Paths are absolute, durations in seconds, memory in bytes."""

    systems: Path
    rootdir: Path
    wanted: Wanted
    gate: str
    replay: Path | None
    accept_altered: bool
    changes: tuple[Change, ...]
    given: Given
    reports: Path
    deadline: float
    wait: float
    memory: int
    strict_selection: bool
    whole_folder: bool
    expression: str
    keywords: str
    command: tuple[str, ...]

    @classmethod
    def of(cls, config: pytest.Config, systems: Path) -> Settings:
        """Raises pytest.UsageError for what cannot be meant."""
        option = config.option
        here = config.invocation_params.dir
        return cls(
            systems=systems,
            rootdir=config.rootpath,
            wanted=Wanted.of(option.env, config.getini("opsproof_environment")),
            gate=option.gate or "",
            replay=here / option.replay if option.replay is not None else None,
            accept_altered=option.accept_altered,
            changes=parse_changes(option.limits),
            given=parse_given(option.set),
            reports=_reports(config, systems),
            deadline=_seconds("--deadline", option.deadline or config.getini("opsproof_deadline")),
            wait=_seconds("--wait", option.wait) if option.wait else 0.0,
            memory=_bytes("opsproof_memory", config.getini("opsproof_memory")),
            strict_selection=option.strict_selection or config.getini("opsproof_strict_selection"),
            whole_folder=whole_folder(config, systems),
            expression=option.markexpr or "",
            keywords=option.keyword or "",
            command=("pytest", *map(str, config.invocation_params.args)),
        )

    @property
    def checks(self) -> Path:
        """The folder of checks."""
        return self.systems.parent

    @property
    def markers(self) -> Iterable[str]:
        """Markers for `-m`, as pytest registers them: cadences, levels, kinds, and the systems' names."""
        for word in CADENCES:
            yield f"{word}: requirements of that cadence (continuous ones are daily too)"
        for level in Level:
            yield f"{level.value}: requirements of that severity"
        yield "gate: requirements that gate a change"
        for folder in sorted(path.name for path in self.systems.iterdir() if path.is_dir()):
            yield f"{folder}: requirements of that system"

    def shown(self, path: Path) -> str:
        """A file of checks below the team's repository."""
        try:
            return path.resolve().relative_to(self.systems.parents[1]).as_posix()
        except ValueError:
            return path.name


def _reports(config: pytest.Config, systems: Path) -> Path:
    named: str | None = config.option.reports
    if named is not None:
        return (config.invocation_params.dir / named).resolve()
    folder: str = config.getini("opsproof_reports")
    return (systems.parents[1] / folder).resolve()


def _seconds(option: str, text: str) -> float:
    try:
        return float(Duration.parse(text))
    except ValueError as error:
        raise pytest.UsageError(f"{option}: {error}") from None


def _bytes(option: str, text: str) -> int:
    try:
        return int(Bytes.parse(text))
    except ValueError as error:
        raise pytest.UsageError(f"{option}: {error}") from None
