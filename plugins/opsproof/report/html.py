"""`report.html`: one file without any network, for the person who has to act and the one who has to believe."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from opsproof.evidence.passing import NAME as PASSING
from opsproof.model.finding import Finding, ItemResult
from opsproof.model.level import Level
from opsproof.model.moment import SKEW_REPORTED
from opsproof.model.outcome import Outcome
from opsproof.model.result import RequirementResult, Result, SystemRecord
from opsproof.model.text import printable
from opsproof.model.words import IDENTITY, ago, several
from opsproof.report.advice import advice
from opsproof.report.ages import LIMIT, by_system, newest
from opsproof.report.chart import bars
from opsproof.report.compiled import Compiled
from opsproof.report.grouping import grouped
from opsproof.report.urgency import urgency

URGENT = (Level.CRITICAL, Level.HIGH)
STATIC = 25  # entries of one requirement in the page itself; the rest waits in the data below it
NAMES = 3  # subjects of one entry in the page itself
PLANNED = 10  # rows without automation
MOVING = 10  # of all subjects in transition
BACKUPS = 10  # of the newest backups
SYSTEMS = 30  # whose newest backup is drawn

Folded: TypeAlias = "dict[str, list[list[str]] | list[str]]"  # rows of a table, or names of subjects


def render(result: Result, passing: Mapping[str, Sequence[str]] | None = None) -> str:
    """The whole page.

    Args:
        result: what it shows.
        passing: the names of some who passed, by the requirement's key; all stand in the run's own files.
    """
    folded: Folded = {}
    systems = {(system.name, system.environment): system for system in result.systems}
    requirements = [
        _requirement(one, result, systems, folded, (passing or {}).get(one.requirement.key, ()))
        for one in _ordered(result.requirements)
    ]
    moving = _transitions(result)
    if moving[MOVING:]:
        folded["transitions"] = [_transition_cells(one) for one in moving[MOVING:]]
    planned = _planned(result)
    if planned[PLANNED:]:
        folded["planned"] = [[printable(text) for text in row] for row in planned[PLANNED:]]
    backups = newest(result)
    if backups[BACKUPS:]:
        folded["backups"] = [[printable(text) for text in one.cells] for one in backups[BACKUPS:]]
    ages = by_system(backups)
    urgent = [cause for cause in result.causes if cause.level in URGENT]
    explained = {key for cause in urgent for key in cause.requirements}
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
        urgent=urgent,
        later=[cause for cause in result.causes if cause.level not in URGENT],
        undecided=_to_act_on(requirements, "unknown", explained),
        failed=_to_act_on(requirements, "fail", set()),
        planned=planned[:PLANNED],
        more_planned=len(planned[PLANNED:]),
        identity=IDENTITY,
        requirements=requirements,
        ages=ages[:SYSTEMS],
        more_ages=len(ages[SYSTEMS:]),
        age_limit=LIMIT,
        backups=backups[:BACKUPS],
        more_backups=len(backups[BACKUPS:]),
        transitions=moving[:MOVING],
        more_transitions=len(moving[MOVING:]),
        waivers={waiver.id: waiver for waiver in result.waivers},
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
        bytecode_cache=Compiled(Path(__file__).with_name("templates"), Path(__file__)),
    )
    environment.filters["moment"] = _moment
    environment.filters["advice"] = advice
    environment.filters["several"] = several
    environment.filters["link"] = lambda text: text if text.startswith(("https://", "http://")) else ""
    environment.filters["words"] = lambda text: str(text).replace("_", " ")
    environment.filters["short"] = lambda key: str(key).rpartition("/")[2]
    return environment.get_template("report.html.j2")


def _harmless(value: object) -> object:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _ordered(results: Iterable[RequirementResult]) -> list[RequirementResult]:
    """By level what is broken, then what nobody knows; after all of that what is waived, in transition, kept."""
    return sorted(results, key=_place)


def _place(one: RequirementResult) -> tuple[int | str, ...]:
    first, second, third = urgency(one.outcome, one.level)
    return first, second, not first or not _moving(one), third, one.requirement.key


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


def _to_act_on(
    requirements: Iterable[dict[str, Any]], outcome: str, explained: set[str]
) -> list[dict[str, Any]]:
    """The urgent ones of an outcome, but for those whose reason stands there already."""
    levels = {level.value for level in URGENT}
    return [
        one
        for one in requirements
        if one["outcome"] == outcome and one["level"] in levels and one["key"] not in explained
    ]


def _planned(result: Result) -> list[list[str]]:
    """Each row without automation once, in however many environments its system lives."""
    rows = {(system.name, row.id): row for system in result.systems for row in system.without_automation}
    return [
        [row.id, system, row.says, row.level, ", ".join(row.cadence), row.lines]
        for (system, _), row in rows.items()
    ]


def _entries(one: RequirementResult, now: datetime, folded: Folded) -> list[dict[str, Any]]:
    """Its findings, what is equal once; the names beyond the first of each entry wait in the data."""
    found = [(finding, item) for item in one.items for finding in item.findings]
    found.sort(key=lambda pair: (*urgency(pair[0].outcome, pair[0].level), str(pair[0].subject)))
    checks = {id(finding): item for finding, item in found}
    entries = []
    for number, group in enumerate(grouped(finding for finding, _ in found)):
        oldest, subjects = group.oldest, group.subjects
        entry = _finding(oldest, checks[id(oldest)], now)
        entry |= {"subjects": subjects[:NAMES], "more": max(0, len(subjects) - NAMES)}
        entry |= {"key": f"{one.requirement.key}#{number}", "count": len(subjects), "all": subjects}
        if number < STATIC and entry["more"]:
            folded[entry["key"]] = [printable(name) for name in subjects[NAMES:]]
        entries.append(entry)
    return entries


def _requirement(
    one: RequirementResult,
    result: Result,
    systems: Mapping[tuple[str, str], SystemRecord],
    folded: Folded,
    passing: Sequence[str],
) -> dict[str, Any]:
    row = one.requirement
    system = systems.get((row.system, row.environment))
    entries = _entries(one, result.provenance.now, folded)
    if entries[STATIC:]:
        folded[row.key] = [_cells(entry) for entry in entries[STATIC:]]
    if passing[NAMES:]:
        folded[f"{row.key}#passed"] = [printable(name) for name in passing[NAMES:]]
    return {
        "runbook": system.runbook if system else "",
        "source": system.source if system else "",
        "passing": passing[:NAMES],
        "passing_more": len(passing[NAMES:]),
        "passing_file": PASSING,
        "key": row.key,
        "id": row.id,
        "row": row,
        "level": one.level.value,
        "outcome": one.outcome.value,
        "findings": entries[:STATIC],
        "more": sum(entry["count"] for entry in entries[STATIC:]),
        "failed": sum(entry["count"] for entry in entries if entry["outcome"] == "fail"),
        "undecided": sum(entry["count"] for entry in entries if entry["outcome"] == "unknown"),
        "moving": _moving(one),
        "examined": sum(item.examined for item in one.items),
        "passed": sum(item.passed for item in one.items),
        "excluded": [excluded for item in one.items for excluded in item.excluded],
        "notes": [note for item in one.items for note in item.notes],
        "facts": [_facts(digest, item) for item in one.items for digest in item.asks],
        "attempts": [_attempts(item) for item in one.items if item.attempts > 1],
        "incomplete": one.incomplete,
        "procedures": [one for one in system.procedures if one.id in row.respond] if system else [],
    }


def _facts(digest: str, item: ItemResult) -> str:
    """The file of the answer that the item was decided on: the last one, or that of an earlier attempt."""
    attempt = item.decided_on.get(digest, 0)
    return f"facts/{digest}.{attempt}.json.gz" if attempt else f"facts/{digest}.json.gz"


def _attempts(item: ItemResult) -> str:
    """What `--wait` did: how often it was asked, and whether an earlier answer than the last one counts."""
    final = ", and decided by answers before the last" if item.decided_on else ""
    return f"{item.check} was asked {item.attempts} times (--wait){final}"


def _finding(finding: Finding, item: ItemResult, now: datetime) -> dict[str, Any]:
    since = ""
    if finding.since is not None:
        since = f"{_moment(finding.since)} ({ago(finding.since, now)})" + (
            f", {finding.since_from}" if finding.since_from else ""
        )
    return {
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


def _cells(entry: dict[str, Any]) -> list[str]:
    names = "\n".join(entry["all"])
    values = (entry[name] for name in ("message", "measured", "limit", "since"))
    return [printable(text) for text in (entry["outcome"], entry["level"], names, *values)]


def _reasons(result: Result) -> list[str]:
    gate = result.gate
    named = (
        (gate.failures, "not kept"),
        (gate.undecided, "undecided"),
        (gate.incomplete, "not run to the end"),
    )
    found = [f"{len(keys)} {word}" for keys, word in named if keys]
    return [*found, "its source cannot be believed"] if gate.unsound else found


def _island(folded: Folded) -> Markup:
    """Data for the page's own script. `<` is escaped, so that no text can end the element."""
    text = json.dumps(folded, ensure_ascii=True, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704 - escaped here


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment is not None else ""
