"""From plan, selection and journal to the result: pure, so that any run can be rebuilt from its folder."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from opsproof.judge.gate import judge, verdict
from opsproof.model.finding import Finding, ItemResult, standing
from opsproof.model.level import Level
from opsproof.model.outcome import Outcome
from opsproof.model.result import (
    Cause,
    Coverage,
    Plan,
    Provenance,
    RequirementRecord,
    RequirementResult,
    Result,
    Selection,
    WaiverUse,
)
from opsproof.model.target import TargetReport


def build(
    *,
    plan: Plan,
    selection: Selection,
    provenance: Provenance,
    items: Sequence[ItemResult],
    targets: Sequence[TargetReport] = (),
    waivers: Sequence[WaiverUse] = (),
    finished: datetime | None = None,
    integrity: str = "intact",
    requests: dict[str, int] | None = None,
) -> Result:
    """Fold everything that a run's folder holds into one result."""
    results = tuple(_folded(plan, selection, items))
    coverage = _coverage(plan, selection, results, items)
    partial = coverage.ran < coverage.expected
    gate = judge(results, provenance.gate, _unsound(provenance, integrity))
    if partial and provenance.strict_selection:
        gate = msgspec.structs.replace(gate, closed=True)
    return Result(
        provenance=provenance,
        finished=finished,
        complete=finished is not None and not any(result.incomplete for result in results),
        integrity=integrity,
        gate=gate,
        verdict=verdict(gate, coverage),
        coverage=coverage,
        counts=_counts(results),
        systems=plan.systems,
        checks=plan.checks,
        targets=tuple(targets),
        requirements=results,
        causes=tuple(_causes(results)),
        waivers=_used(waivers, results),
        selection=selection.expression,
        narrowed=tuple(_narrowed(selection, coverage)) if partial else (),
        requests=requests or {},
    )


def _unsound(provenance: Provenance, integrity: str) -> str:
    if integrity != "intact":
        return f"ALTERED: {integrity}"
    if provenance.source_unsound and not provenance.source_accepted:
        return f"the run that is replayed is not as it was left: {provenance.source_unsound}"
    return ""


def _folded(plan: Plan, selection: Selection, items: Sequence[ItemResult]) -> Iterable[RequirementResult]:
    selected = set(selection.nodeids)
    expected: dict[str, set[str]] = defaultdict(set)
    for item in plan.items:
        if item.nodeid in selected:
            expected[item.requirement].add(item.nodeid)
    # Of an item that ran twice (a rerun plugin, a restarted worker) the later result stands.
    latest = {item.nodeid: item for item in items}
    for record in plan.requirements:
        wanted = expected.get(record.key)
        if wanted:
            done = tuple(latest[nodeid] for nodeid in sorted(wanted) if nodeid in latest)
            yield _one(record, done, incomplete=len(done) < len(wanted))


def _one(record: RequirementRecord, done: tuple[ItemResult, ...], *, incomplete: bool) -> RequirementResult:
    missing = [(Outcome.UNKNOWN, record.level)] if incomplete else []
    found = [one for item in done for one in item.verdicts]
    outcome, level = standing([*found, *missing], record.level)
    return RequirementResult(
        requirement=record, outcome=outcome, level=level, items=done, incomplete=incomplete
    )


def _narrowed(selection: Selection, coverage: Coverage) -> Iterable[str]:
    """What made a run PARTIAL."""
    yield from selection.narrowed
    if coverage.ran < coverage.expected - len(selection.missing):
        yield "an end before all had run"


def _coverage(
    plan: Plan, selection: Selection, results: Sequence[RequirementResult], items: Sequence[ItemResult]
) -> Coverage:
    done = {item.nodeid for item in items}
    selected = set(selection.nodeids)
    unfinished = {item.requirement for item in plan.items if item.nodeid in selected - done}
    bases = [basis for result in results for basis in result.requirement.bases]
    return Coverage(
        in_runbook=sum(system.in_runbook for system in plan.systems),
        automated=sum(system.automated for system in plan.systems),
        expected=selection.expected or len(results),
        selected=len(results),
        ran=sum(one.requirement.key not in unfinished.union(selection.missing) for one in results),
        decided=sum(result.outcome is not Outcome.UNKNOWN for result in results),
        partial=sum(bool(result.requirement.partial) for result in results),
        criteria=len(bases),
        inferred=bases.count("inferred"),
    )


def _counts(results: Sequence[RequirementResult]) -> dict[str, dict[str, int]]:
    """Level -> outcome -> how many requirements, every combination named."""
    counted = Counter((result.level, result.outcome) for result in results)
    return {level.value: {outcome.value: counted[level, outcome] for outcome in Outcome} for level in Level}


def _causes(results: Sequence[RequirementResult]) -> Iterable[Cause]:
    grouped: dict[str, list[tuple[RequirementResult, Finding]]] = defaultdict(list)
    for result in results:
        for item in result.items:
            for finding in item.findings:
                if finding.outcome is Outcome.UNKNOWN and finding.cause:
                    grouped[finding.cause].append((result, finding))
    causes = [
        Cause(
            cause=cause,
            kind=found[0][1].failure,
            target=found[0][1].target,
            message=found[0][1].message,
            level=min((finding.level for _, finding in found), key=lambda level: level.rank),
            requirements=tuple(dict.fromkeys(result.requirement.key for result, _ in found)),
            subjects=len(found),
        )
        for cause, found in grouped.items()
    ]
    return sorted(causes, key=lambda cause: (cause.level.rank, -len(cause.requirements), cause.cause))


def _used(waivers: Sequence[WaiverUse], results: Sequence[RequirementResult]) -> tuple[WaiverUse, ...]:
    """Each waiver once, with its uses in all environments."""
    findings = (finding for result in results for item in result.items for finding in item.findings)
    uses = Counter(finding.waiver for finding in findings if finding.waiver)
    return tuple(
        msgspec.structs.replace(
            waiver,
            uses=uses[waiver.id],
            states=(("used",) if uses[waiver.id] else ("unused",)) + waiver.states,
        )
        for waiver in {waiver.id: waiver for waiver in waivers}.values()
    )
