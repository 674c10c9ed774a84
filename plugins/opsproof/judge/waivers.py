"""Waivers over findings: a covered FAIL becomes WAIVED; the raw outcome stays beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from fnmatch import fnmatchcase

import msgspec

from opsproof.model.finding import Finding, ItemResult, standing
from opsproof.model.outcome import Outcome
from opsproof.model.requirement import Waiver
from opsproof.model.result import WaiverUse


def waived(result: ItemResult, waivers: Sequence[Waiver], now: datetime) -> ItemResult:
    """The result with each covered finding WAIVED, and the outcome and level that follow."""
    own = [one for one in waivers if applies(one, result, now)]
    if not own or not result.findings:
        return result
    named = [(waiver, identity(waiver, result.system)) for waiver in own]
    findings = tuple(_covered(finding, named) for finding in result.findings)
    verdicts = [(finding.outcome, finding.level) for finding in findings]
    passed = [(Outcome.PASS, result.level)] if result.passed else []
    outcome, level = standing([*verdicts, *passed], result.level)
    return msgspec.structs.replace(result, findings=findings, outcome=outcome, level=level)


def applies(waiver: Waiver, result: ItemResult, now: datetime) -> bool:
    """The waiver is in force and names this requirement and environment."""
    return (
        waiver.requirement == result.requirement
        and waiver.environment in {result.environment, "*"}
        and waiver.in_force(now)
    )


def _covered(finding: Finding, waivers: Iterable[tuple[Waiver, str]]) -> Finding:
    for waiver, name in waivers:
        if finding.outcome in waiver.covers and fnmatchcase(finding.subject.pattern_text, waiver.subject):
            return msgspec.structs.replace(finding, outcome=Outcome.WAIVED, waiver=name)
    return finding


def identity(waiver: Waiver, system: str) -> str:
    """Names a system's waiver over runs: 12 hex digits over what it covers, by whom and when."""
    parts = (
        system,
        waiver.requirement,
        waiver.subject,
        waiver.environment,
        waiver.approved_by,
        str(waiver.begins),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def use(waiver: Waiver, system: str, now: datetime) -> WaiverUse:
    """A waiver as a report shows it, before it is known whether this run used it."""
    states = [
        name
        for name, holds in (
            ("expired", now >= waiver.until),
            ("not yet in force", now < waiver.begins),
            ("over-long", waiver.over_long),
            ("self-approved", waiver.self_approved),
        )
        if holds
    ]
    return WaiverUse(
        id=identity(waiver, system),
        system=system,
        requirement=waiver.requirement,
        subject=waiver.subject,
        environment=waiver.environment,
        reason=waiver.reason,
        approved_by=waiver.approved_by,
        requested_by=waiver.requested_by,
        starts=waiver.begins,
        until=waiver.until,
        states=tuple(states),
        covers=tuple(outcome.value for outcome in waiver.covers),
    )
