"""What a run comes to: the data behind `result.json` and every report."""

from __future__ import annotations

from datetime import datetime

import msgspec

from opsproof.model.finding import ItemResult
from opsproof.model.level import Level
from opsproof.model.outcome import Outcome
from opsproof.model.target import TargetReport


class StepRecord(msgspec.Struct, frozen=True):
    """One response step in our own words. `warning` and `instead` come with a step known to be wrong."""

    do: str
    changes_state: bool = False
    warning: str = ""
    instead: str = ""


class ProcedureRecord(msgspec.Struct, frozen=True):
    id: str
    says: str
    lines: str = ""
    steps: tuple[StepRecord, ...] = ()


class LimitRecord(msgspec.Struct, frozen=True):
    """One number of a requirement, as people write it. `basis`: stated, inferred, adopted or scope."""

    name: str
    value: str
    basis: str


class RequirementRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement in one environment, as planned: what a reader of the report needs of the runbook."""

    id: str
    system: str
    environment: str
    says: str
    lines: str = ""
    kind: str = "check"
    cadence: tuple[str, ...] = ()
    level: Level = Level.MEDIUM
    level_basis: str = "stated"
    severity: str = ""
    respond_within: str = ""
    checks: tuple[str, ...] = ()
    partial: str = ""
    when_empty: str = "unknown"
    limits: tuple[LimitRecord, ...] = ()
    respond: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.system}/{self.environment}/{self.id}"

    @property
    def bases(self) -> tuple[str, ...]:
        """Where its level and each of its limits come from: stated, inferred (our default) or adopted."""
        return (self.level_basis, *(limit.basis for limit in self.limits if limit.basis != "scope"))


class PlannedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A row that no check decides yet. `planned` is the check that it waits for, `awaits` what that one lacks."""

    id: str
    says: str
    lines: str = ""
    cadence: tuple[str, ...] = ()
    level: str = ""
    planned: str = ""
    awaits: str = ""


class SystemRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A system in one environment, with its runbook's title, source and size, and the rows without automation."""

    name: str
    title: str
    environment: str
    in_runbook: int
    automated: int
    planned: int
    procedures: tuple[ProcedureRecord, ...] = ()
    runbook: str = ""
    source: str = ""
    without_automation: tuple[PlannedRecord, ...] = ()


class ItemRecord(msgspec.Struct, frozen=True):
    nodeid: str
    requirement: str
    check: str


class CheckRecord(msgspec.Struct, frozen=True):
    """A check's header. `measures` is what it measures, where a report draws that (`BACKUP_AGE`)."""

    name: str
    title: str
    risk: str
    measures: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`plan.json`: what could be decided, written down before anything is asked."""

    systems: tuple[SystemRecord, ...] = ()
    requirements: tuple[RequirementRecord, ...] = ()
    checks: tuple[CheckRecord, ...] = ()
    items: tuple[ItemRecord, ...] = ()


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What of the plan this run was to decide.

    `expected` is how many requirements the plan has under `expression` (`-m`, all without one). `missing` are
    those of them that were not selected, or not with all of their checks; `narrowed` says by what.
    """

    nodeids: tuple[str, ...] = ()
    expression: str = ""
    expected: int = 0
    missing: tuple[str, ...] = ()
    narrowed: tuple[str, ...] = ()


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Who ran what, where, with which code and files.

    `source_unsound` says why the run that is replayed is not what it left (altered, incomplete); such a source
    closes the gate, unless the user took it by name (`source_accepted`).
    """

    run: str
    started: datetime
    now: datetime
    mode: str = "live"
    source_run: str = ""
    source_unsound: str = ""
    source_accepted: bool = False
    environments: tuple[str, ...] = ()
    command: str = ""
    user: str = ""
    host: str = ""
    ci: dict[str, str] = {}
    git: dict[str, str] = {}
    versions: dict[str, str] = {}
    digests: dict[str, str] = {}
    gate: Level = Level.LOW
    changed_limits: dict[str, str] = {}
    code_differs: str = ""
    strict_selection: bool = False
    given: dict[str, str] = {}


class GateVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """Why the gate is closed, or that it is open. Each list holds requirement keys; one may stand in several.

    `unsound` says why nothing here can be believed: the run, or the one that it replays, is not as it was left.
    """

    closed: bool
    level: Level
    unsound: str = ""
    failures: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    below: tuple[str, ...] = ()


class WaiverUse(msgspec.Struct, frozen=True, kw_only=True):
    """A waiver and what became of it in this run. `states`: used, unused, expired, not yet, over-long, self-approved."""

    id: str
    requirement: str
    subject: str
    environment: str
    reason: str
    approved_by: str
    requested_by: str = ""
    starts: datetime | None = None
    until: datetime | None = None
    states: tuple[str, ...] = ()
    covers: tuple[str, ...] = ("fail",)
    system: str = ""
    uses: int = 0


class RequirementResult(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement's items folded into one line."""

    requirement: RequirementRecord
    outcome: Outcome
    level: Level
    items: tuple[ItemResult, ...] = ()
    incomplete: bool = False


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One reason that leaves requirements undecided: one entry, whatever their number.

    `kind` is the failure's (Unreachable), `target` the server that it is about; both may be empty.
    """

    cause: str
    kind: str = ""
    target: str = ""
    message: str
    level: Level
    requirements: tuple[str, ...]
    subjects: int = 0


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the runbooks a run speaks about, in requirements; `criteria` are levels and limits.

    `expected` is what the expression names, `ran` how many of those were decided by all of their checks: a run
    of fewer is PARTIAL.
    """

    in_runbook: int = 0
    automated: int = 0
    expected: int = 0
    selected: int = 0
    ran: int = 0
    decided: int = 0
    partial: int = 0
    criteria: int = 0
    inferred: int = 0


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """`result.json`, whose JSON Schema is shipped beside this module. All times are UTC.

    `verdict` is the gate in words. `narrowed` says what made the run PARTIAL; empty for a whole one.
    """

    format: str = "opsproof/result/1"
    provenance: Provenance
    finished: datetime | None
    complete: bool
    integrity: str
    gate: GateVerdict
    verdict: str
    coverage: Coverage
    counts: dict[str, dict[str, int]]
    systems: tuple[SystemRecord, ...]
    checks: tuple[CheckRecord, ...]
    targets: tuple[TargetReport, ...]
    requirements: tuple[RequirementResult, ...]
    causes: tuple[Cause, ...]
    waivers: tuple[WaiverUse, ...]
    selection: str = ""
    narrowed: tuple[str, ...] = ()
    requests: dict[str, int] = {}
