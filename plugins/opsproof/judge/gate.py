"""From results to an exit status: any unwaived FAIL or UNKNOWN at or above the level closes the gate."""

from __future__ import annotations

from collections.abc import Iterable

from opsproof.model.level import Level
from opsproof.model.outcome import Outcome
from opsproof.model.result import Coverage, GateVerdict, RequirementResult


def judge(results: Iterable[RequirementResult], level: Level, unsound: str = "") -> GateVerdict:
    """What closes the gate, by requirement: each finding counts by its own level, whatever stands beside it.

    A requirement stands in the list of every reason that it gives; in `below` when it is bad and gives none.
    An item that did not run counts at its requirement's level. What is `unsound` opens no gate, whatever it holds.
    """
    failures, undecided, incomplete, below = [], [], [], []
    for result in results:
        key, closing = result.requirement.key, _closing(result, level)
        missing = result.incomplete and result.requirement.level.at_least(level)
        if Outcome.FAIL in closing:
            failures.append(key)
        if Outcome.UNKNOWN in closing:
            undecided.append(key)
        if missing:
            incomplete.append(key)
        if result.outcome.bad and not closing and not missing:
            below.append(key)
    return GateVerdict(
        closed=bool(failures or undecided or incomplete or unsound),
        level=level,
        unsound=unsound,
        failures=tuple(failures),
        undecided=tuple(undecided),
        incomplete=tuple(incomplete),
        below=tuple(below),
    )


def _closing(result: RequirementResult, level: Level) -> frozenset[Outcome]:
    """The outcomes of its findings that are as bad as the level."""
    return frozenset(
        outcome
        for item in result.items
        for outcome, of_finding in item.verdicts
        if outcome.bad and of_finding.at_least(level)
    )


def verdict(gate: GateVerdict, coverage: Coverage) -> str:
    """The gate in words; how much of what was expected it speaks about, where that is not all."""
    part = f"{coverage.ran} of {coverage.expected}"
    partial = coverage.ran < coverage.expected
    if not gate.closed:
        return f"GATE OPEN for {part}: PARTIAL" if partial else f"GATE OPEN at {gate.level}"
    counted = ((gate.failures, "failed"), (gate.undecided, "undecided"), (gate.incomplete, "incomplete"))
    reasons = [f"{len(keys)} {word}" for keys, word in counted if keys]
    reasons += [f"PARTIAL, {part} ran"] if partial else []
    reasons += ["it cannot be believed"] if gate.unsound else []
    return f"GATE CLOSED at {gate.level}: {', '.join(reasons)}"
