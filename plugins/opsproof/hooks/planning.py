"""Planning: from files alone to what this session can decide. Bad input ends the session here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from opsproof.evidence.run import Run, open_run
from opsproof.examine.decide import Item
from opsproof.hooks.settings import Settings
from opsproof.model.requirement import Requirement
from opsproof.plan.files import Files, read_files
from opsproof.plan.given import Given
from opsproof.plan.plan import make_plan
from opsproof.plan.planned import Planned


class Planning(msgspec.Struct, frozen=True):
    """What can be decided, the same in every process of the session. `source` is the run that is replayed."""

    settings: Settings
    planned: Planned
    source: Run | None
    now: datetime
    given: Given
    by_check: Mapping[str, Sequence[Item]]

    @property
    def mode(self) -> str:
        if self.settings.changes:
            return "what-if"
        if self.settings.replay is not None:
            return "replay"
        return "demo" if self.source is not None else "live"

    def items_in(self, file: Path) -> Iterator[Item] | None:
        """The items of the checks that a file brings; None for a file that the plan does not know."""
        names = self.planned.files.get(file.resolve())
        return None if names is None else (item for name in names for item in self.by_check.get(name, ()))

    def passes_over(self, path: Path) -> bool:
        """Nothing to be collected: the folder of systems, and files of checks that no row of the plan names."""
        real, settings = path.resolve(), self.settings
        if real == settings.systems:
            return True
        ours = real.match("check_*.py") and settings.checks in real.parents
        return ours and real not in self.planned.files

    def markers(self, item: Item) -> Iterator[str]:
        """What `-m` sees of an item."""
        return self.planned.markers(item)

    def header(self) -> str:
        """The mode is never left out."""
        return f"opsproof: {self.mode}: {', '.join(self.planned.environments)}"


planning_key = pytest.StashKey[Planning]()


def plan(settings: Settings, now: datetime) -> Planning:
    """Read the files, and make the plan.

    Args:
        settings: what the user wants.
        now: the moment to plan for; a replay takes that of its run.

    Raises:
        pytest.UsageError: with every problem, one line each.
    """
    files = read_files(settings.systems, settings.rootdir, settings.wanted)
    source = _source(settings, files)
    now = source.read_now() if source is not None else now
    given = Given(source.start().given, recorded=True) if source is not None else settings.given
    planned = make_plan(
        files, changes=settings.changes, given=given, replaying=settings.replay is not None, now=now
    )
    problems = [*planned.problems]
    if settings.changes and source is None:
        problems.append("--limits shows what would have changed in a recorded run: add --replay RUN")
    if settings.wait and source is not None:
        problems.append("--wait asks again, and a run that is decided again asks nobody")
    if settings.given.values and source is not None:
        problems.append("--set: a run that is decided again keeps what it was given")
    if problems:
        raise pytest.UsageError(*problems)
    by_check: dict[str, list[Item]] = defaultdict(list)
    for item in planned.items:
        by_check[item.check.name].append(item)
    return Planning(settings, planned, source, now, given, by_check)


def name_of(item: Item) -> str:
    """`check_pods_ready[RS-018-repo-scanner/production]`: what -k and --lf see."""
    return f"{item.check.function.__name__}[{item.requirement}-{item.system}/{item.environment}]"


def row_markers(row: Requirement) -> Iterator[str]:
    """What `-m` would see of a row, were it automated."""
    if row.level is not None:
        yield row.level.value
    yield from _markers(row)


def _markers(row: Requirement) -> Iterator[str]:
    yield from row.markers
    yield row.system
    if row.kind == "gate":
        yield "gate"


def _source(settings: Settings, files: Files) -> Run | None:
    """The run whose facts are decided on again: named by --replay, or the environments' recording."""
    recordings = {one.recording for one in files.chosen if one.recording is not None}
    path = settings.replay or next(iter(recordings), None)
    if path is None:
        return None
    try:
        return open_run(path)
    except FileNotFoundError as missing:
        raise pytest.UsageError(f"{missing}") from None
