"""What a team's files say, as data: requirements, procedures, waivers, declarations, with their positions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from opsproof.model.level import Level
from opsproof.model.outcome import Outcome

CADENCES = (
    "continuous", "daily", "weekly", "monthly", "quarterly", "annual", "predeploy", "postdeploy", "rollback",
    "incident", "dr",
)  # fmt: skip
KINDS = ("check", "gate")
LONGEST_WAIVER = timedelta(days=90)

Steps: TypeAlias = "tuple[str | int, ...]"


class Position(NamedTuple):
    """A place in a file; line and column count from 1."""

    file: Path
    line: int = 1
    column: int = 1


@dataclass(frozen=True)
class Positions:
    """Where the keys and values below one place of a file stand: by their paths, line and column."""

    file: Path
    values: Mapping[Steps, tuple[int, int]] = field(repr=False)
    keys: Mapping[Steps, tuple[int, int]] = field(repr=False)
    prefix: Steps = ()

    def at(self, *path: str | int) -> Position:
        """The value at `path`, e.g. `at("limits", "grace")`, or its nearest known parent."""
        return self._nearest(self.values, (*self.prefix, *path))

    def key(self, *path: str | int) -> Position:
        """The key that holds the value at `path`, or what `at` gives."""
        whole = (*self.prefix, *path)
        found = self.keys.get(whole)
        return Position(self.file, *found) if found else self._nearest(self.values, whole)

    def below(self, *path: str | int) -> Positions:
        """The same, seen from `path`."""
        return Positions(self.file, self.values, self.keys, (*self.prefix, *path))

    def _nearest(self, known: Mapping[Steps, tuple[int, int]], path: Steps) -> Position:
        while path not in known and path:
            path = path[:-1]
        return Position(self.file, *known.get(path, ()))


class Severity(msgspec.Struct, frozen=True):
    """The runbook's own word for a level, and its promised response time, as it writes them."""

    label: str
    level: Level
    respond_within: str = ""
    lines: str = ""


class Step(msgspec.Struct, frozen=True):
    """One response step. `warning`: why doing it as the runbook says is wrong; `instead`: the right way."""

    do: str
    changes_state: bool = False
    warning: str = ""
    instead: str = ""


class Procedure(msgspec.Struct, frozen=True):
    """A response of the runbook; requirements name it under `respond`."""

    id: str
    says: str
    lines: str = ""
    steps: tuple[Step, ...] = ()


class Adoption(msgspec.Struct, frozen=True):
    """Who made our defaults the team's own, and when."""

    by: str
    on: date


@dataclass(frozen=True)
class Requirement:
    """One row of a runbook.

    Exactly one of `checks` and `planned` is set. `scope` and `limits` are raw values as the file has them:
    `opsproof.environment.bind` makes a check's `Limits` of them. `level` None leaves it to the check.
    `on` names the targets it is about, by their
    roles. `inferred` names what the runbook does not state (`level`, `limits.grace`).
    """

    id: str
    system: str
    says: str
    lines: str = ""
    kind: str = "check"
    cadence: tuple[str, ...] = ()
    level: Level | None = None
    severity: Severity | None = None
    checks: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    planned: str = ""
    awaits: str = ""
    proves_partial: str = ""
    scope: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    when_empty: str = "unknown"
    inferred: tuple[str, ...] = ()
    adopted: Adoption | None = None
    respond: tuple[str, ...] = ()
    positions: Positions = field(default_factory=lambda: Positions(Path(), {}, {}), compare=False, repr=False)

    @property
    def automated(self) -> bool:
        return bool(self.checks)

    @property
    def markers(self) -> tuple[str, ...]:
        """The cadence markers: what is watched continuously is also looked at daily."""
        return tuple(dict.fromkeys(m for word in self.cadence for m in _MARKERS.get(word, (word,))))


_MARKERS = {"continuous": ("continuous", "daily")}


@dataclass(frozen=True)
class Waiver:
    """A named, approved exception for requirement x subject x environment, from `begins` to `until` (UTC).

    `subject` is an fnmatch pattern for `Subject.pattern_text`; environment `*` means all of the system. A
    waiver covers FAIL, and UNKNOWN only where it says so.
    """

    requirement: str
    subject: str
    environment: str
    reason: str
    requested_by: str
    approved_by: str
    begins: datetime
    until: datetime
    covers: tuple[Outcome, ...] = (Outcome.FAIL,)
    position: Position = field(default_factory=lambda: Position(Path()), compare=False, repr=False)

    @property
    def self_approved(self) -> bool:
        return self.requested_by.strip().casefold() == self.approved_by.strip().casefold()

    @property
    def over_long(self) -> bool:
        return self.until - self.begins > LONGEST_WAIVER

    def in_force(self, moment: datetime) -> bool:
        return self.begins <= moment < self.until


@dataclass(frozen=True)
class NotApplicableHere:
    """A requirement that an environment declares not applicable, by whom, why and until when (UTC)."""

    requirement: str
    reason: str
    declared_by: str
    until: datetime
    position: Position = field(default_factory=lambda: Position(Path()), compare=False, repr=False)

    def in_force(self, moment: datetime) -> bool:
        return moment < self.until


class QuietHours(msgspec.Struct, frozen=True):
    """When no traffic is expected: days (0 = Monday) and times of day in `zone`.

    Past midnight when `begins` is later than `until`; the days are those on which it begins. Both the same:
    the whole day. `until` midnight is the end of the day.
    """

    days: tuple[int, ...]
    begins: time
    until: time
    zone: str
    reason: str

    def includes(self, moment: datetime) -> bool:
        """No traffic is expected at `moment`."""
        local = moment.astimezone(ZoneInfo(self.zone))
        clock, today = local.time(), local.weekday() in self.days
        if self.begins == self.until:
            return today
        if self.begins < self.until:
            return today and self.begins <= clock < self.until
        yesterday = (local - timedelta(days=1)).weekday() in self.days
        return (today and clock >= self.begins) or (yesterday and clock < self.until)
