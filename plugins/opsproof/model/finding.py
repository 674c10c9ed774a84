"""What examining a subject led to, and what all of an item's findings add up to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from opsproof.model.level import Level
from opsproof.model.measure import Measure
from opsproof.model.outcome import Outcome
from opsproof.model.subject import Subject


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Item x subject. Passing subjects get no finding: `ItemResult` counts them; the run's `passing.jsonl.gz` lists them."""

    subject: Subject
    outcome: Outcome
    raw: Outcome
    level: Level
    message: str
    measured: Measure = Measure()
    limit: Measure = Measure()
    since: datetime | None = None
    since_from: str = ""
    transition_until: datetime | None = None
    cause: str = ""
    failure: str = ""  # its kind
    target: str = ""  # where the cause lies
    fingerprint: str = ""
    waiver: str = ""

    @property
    def in_transition(self) -> bool:
        """An ordinary change under way (rollout, drain, start) that is still within its limit."""
        return self.transition_until is not None and self.outcome is Outcome.PASS


def standing(verdicts: Iterable[tuple[Outcome, Level]], otherwise: Level) -> tuple[Outcome, Level]:
    """What several outcomes come to, each with its level: the worst outcome, and how bad it is.

    A FAIL of a low level hides no critical UNKNOWN: the level is the worst one over both. Of no outcome at all
    it is UNKNOWN. `otherwise` is the level where none comes with the outcome.
    """
    worst: dict[Outcome, Level] = {}
    for outcome, level in verdicts:
        known = worst.get(outcome)
        if known is None or level.rank < known.rank:
            worst[outcome] = level
    if not worst:
        return Outcome.UNKNOWN, otherwise
    shown = min(worst, key=lambda outcome: outcome.rank)
    alike = [level for outcome, level in worst.items() if outcome is shown or (shown.bad and outcome.bad)]
    return shown, min(alike, key=lambda level: level.rank)


class Excluded(msgspec.Struct, frozen=True):
    """Subjects that were listed and, for a reason, not examined."""

    why: str
    count: int
    examples: tuple[str, ...] = ()


BACKUP_AGE = "age of the newest backup"  # in seconds


class Passed(msgspec.Struct, frozen=True):
    """A subject that passed, with what was measured and needed: kept of checks that say what they measure."""

    subject: Subject
    measured: Measure
    limit: Measure


class ItemResult(msgspec.Struct, frozen=True, kw_only=True):
    """One item, decided: a line of the journal.

    `attempts` is how often its asks were asked (`--wait`). `decided_on` names the asks of which an earlier
    attempt than the last one decided it, and which. `measured` is what those who passed measured, where the
    check says what that is.
    """

    requirement: str
    system: str
    environment: str
    check: str
    outcome: Outcome
    level: Level
    findings: tuple[Finding, ...] = ()
    passed: int = 0
    excluded: tuple[Excluded, ...] = ()
    notes: tuple[str, ...] = ()
    limits: dict[str, str] = {}
    asks: tuple[str, ...] = ()
    nodeid: str = ""
    seconds: float = 0.0
    attempts: int = 1
    decided_on: dict[str, int] = {}
    measured: tuple[Passed, ...] = ()

    @property
    def key(self) -> str:
        """Its requirement, as `RequirementRecord.key` has it."""
        return f"{self.system}/{self.environment}/{self.requirement}"

    @property
    def examined(self) -> int:
        return self.passed + len(self.findings)

    @property
    def verdicts(self) -> Iterable[tuple[Outcome, Level]]:
        """Outcome and level of each finding, and the item's own where no finding explains it."""
        yield from ((finding.outcome, finding.level) for finding in self.findings)
        if not (self.outcome.bad and any(finding.outcome is self.outcome for finding in self.findings)):
            yield self.outcome, self.level

    def as_json(self) -> dict[str, Any]:
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built
