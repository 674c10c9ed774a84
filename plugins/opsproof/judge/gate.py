"""From results to an exit status: any unwaived FAIL or UNKNOWN at or above the level closes the gate."""

from __future__ import annotations

from collections.abc import Iterable

from opsproof.model.level import Level
from opsproof.model.outcome import Outcome
from opsproof.model.result import GateVerdict, RequirementResult


def judge(results: Iterable[RequirementResult], level: Level) -> GateVerdict:
    """What closes the gate, by requirement. An incomplete requirement counts as undecided, at its level."""
    failures, undecided, incomplete, below = [], [], [], []
    for result in results:
        if result.outcome not in {Outcome.FAIL, Outcome.UNKNOWN}:
            continue
        key = result.requirement.key
        if not result.level.at_least(level):
            below.append(key)
        elif result.outcome is Outcome.FAIL:
            failures.append(key)
        elif result.incomplete:
            incomplete.append(key)
        else:
            undecided.append(key)
    return GateVerdict(
        closed=bool(failures or undecided or incomplete),
        level=level,
        failures=tuple(failures),
        undecided=tuple(undecided),
        incomplete=tuple(incomplete),
        below=tuple(below),
    )
