"""`report.html`: one file without any network, for the person who has to act and the one who has to believe."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from opsproof.model.finding import Finding, ItemResult
from opsproof.model.level import Level
from opsproof.model.moment import SKEW_REPORTED
from opsproof.model.outcome import Outcome
from opsproof.model.result import ProcedureRecord, RequirementResult, Result
from opsproof.model.text import printable
from opsproof.model.units import duration_text
from opsproof.report.chart import bars

STATIC = 25  # subjects of one requirement in the page itself; the rest waits in the data below it
MOVING = 10  # of all subjects in transition


def render(result: Result) -> str:
    """The whole page."""
    folded: dict[str, list[list[str]]] = {}
    requirements = [_requirement(one, result, folded) for one in _ordered(result.requirements)]
    moving = _transitions(result)
    if moving[MOVING:]:
        folded["transitions"] = [_transition_cells(one) for one in moving[MOVING:]]
    critical = [
        one
        for one in requirements
        if one["outcome"] in {"fail", "unknown"} and one["level"] in {"critical", "high"}
    ]
    page: str = _template().render(
        result=result,
        run=result.provenance,
        gate=result.gate,
        coverage=result.coverage,
        levels=[level.value for level in Level],
        outcomes=[outcome.value for outcome in Outcome],
        counts=result.counts,
        totals={
            outcome.value: sum(row[outcome.value] for row in result.counts.values()) for outcome in Outcome
        },
        critical=critical,
        requirements=requirements,
        transitions=moving[:MOVING],
        more_transitions=len(moving[MOVING:]),
        chart=bars(result.counts),
        titles={check.name: check for check in result.checks},
        island=_island(folded),
        reasons=_reasons(result),
        skew=SKEW_REPORTED,
    )
    return page


@cache
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("opsproof.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    environment.filters["moment"] = _moment
    environment.filters["words"] = lambda text: str(text).replace("_", " ")
    environment.filters["short"] = lambda key: str(key).rpartition("/")[2]
    return environment.get_template("report.html.j2")


def _harmless(value: object) -> object:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _ordered(results: Iterable[RequirementResult]) -> list[RequirementResult]:
    """What is broken first, worst first; then what is undecided, waived, in transition, kept."""
    return sorted(
        results,
        key=lambda one: (one.outcome.rank, not _moving(one), one.level.rank, one.requirement.key),
    )


def _moving(one: RequirementResult) -> int:
    """How many of its subjects are in transition."""
    return sum(finding.in_transition for item in one.items for finding in item.findings)


def _transitions(result: Result) -> list[dict[str, Any]]:
    """What is in transition: each change once, with all requirements that see it; what ends first comes first."""
    seen: dict[tuple[str, str, str, str], list[tuple[str, str]]] = {}
    times: dict[tuple[str, str, str, str], datetime | None] = {}
    for one in result.requirements:
        for item in one.items:
            for finding in item.findings:
                if finding.in_transition:
                    shown = _finding(finding, item, result.provenance.now)
                    change = (shown["subject"], shown["message"], shown["since"], shown["until"])
                    named = (one.requirement.key, one.requirement.id)
                    times[change] = finding.transition_until
                    if named not in seen.setdefault(change, []):
                        seen[change].append(named)
    return [
        {
            "subject": change[0],
            "message": change[1],
            "since": change[2],
            "until": change[3],
            "by": seen[change],
        }
        for change in sorted(seen, key=lambda change: (times[change] or result.provenance.now, change))
    ]


def _transition_cells(one: dict[str, Any]) -> list[str]:
    ids = " ".join(name for _, name in one["by"])
    return [printable(text) for text in (ids, one["subject"], one["message"], one["since"], one["until"])]


def _requirement(
    one: RequirementResult, result: Result, folded: dict[str, list[list[str]]]
) -> dict[str, Any]:
    row = one.requirement
    findings = [
        _finding(finding, item, result.provenance.now) for item in one.items for finding in item.findings
    ]
    findings.sort(key=lambda finding: (finding["rank"], finding["subject"]))
    if len(findings) > STATIC:
        folded[row.key] = [_cells(finding) for finding in findings[STATIC:]]
    return {
        "key": row.key,
        "id": row.id,
        "row": row,
        "level": one.level.value,
        "outcome": one.outcome.value,
        "findings": findings[:STATIC],
        "more": max(0, len(findings) - STATIC),
        "failed": sum(finding["outcome"] == "fail" for finding in findings),
        "moving": _moving(one),
        "examined": sum(item.examined for item in one.items),
        "passed": sum(item.passed for item in one.items),
        "excluded": [excluded for item in one.items for excluded in item.excluded],
        "notes": [note for item in one.items for note in item.notes],
        "asks": [digest for item in one.items for digest in item.asks],
        "incomplete": one.incomplete,
        "procedures": _procedures(one, result),
    }


def _finding(finding: Finding, item: ItemResult, now: datetime) -> dict[str, Any]:
    since = ""
    if finding.since is not None:
        passed = (now - finding.since).total_seconds()
        ago = duration_text(passed) if passed >= 1 else "just now"
        since = f"{_moment(finding.since)} ({ago})" + (
            f", {finding.since_from}" if finding.since_from else ""
        )
    return {
        "rank": (finding.outcome.rank, finding.level.rank),
        "outcome": "transition" if finding.in_transition else finding.outcome.value,
        "level": finding.level.value,
        "subject": str(finding.subject),
        "message": finding.message,
        "measured": finding.measured.text,
        "limit": finding.limit.text,
        "since": since,
        "check": item.check,
        "transition": finding.in_transition,
        "until": _moment(finding.transition_until) if finding.transition_until else "",
        "waiver": finding.waiver,
    }


def _cells(finding: dict[str, Any]) -> list[str]:
    return [
        printable(finding[name])
        for name in ("outcome", "level", "subject", "message", "measured", "limit", "since")
    ]


def _procedures(one: RequirementResult, result: Result) -> list[ProcedureRecord]:
    wanted = one.requirement.respond
    for system in result.systems:
        if system.name == one.requirement.system and system.environment == one.requirement.environment:
            return [procedure for procedure in system.procedures if procedure.id in wanted]
    return []


def _reasons(result: Result) -> list[str]:
    gate = result.gate
    named = (
        (gate.failures, "not kept"),
        (gate.undecided, "undecided"),
        (gate.incomplete, "not run to the end"),
    )
    found = [f"{len(keys)} {word}" for keys, word in named if keys]
    return [*found, "its source cannot be believed"] if gate.unsound else found


def _island(folded: dict[str, list[list[str]]]) -> Markup:
    """Data for the page's own script. `<` is escaped, so that no text can end the element."""
    text = json.dumps(folded, ensure_ascii=True, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704 - escaped here


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment is not None else ""
