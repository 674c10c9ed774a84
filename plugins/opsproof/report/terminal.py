"""The run on a terminal, for a tired person: what is broken, how bad, since when, what to do first."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from opsproof.model.finding import Finding
from opsproof.model.level import Level
from opsproof.model.moment import SKEW_REPORTED
from opsproof.model.outcome import Outcome
from opsproof.model.result import Cause, Coverage, RequirementResult, Result, StepRecord
from opsproof.model.text import one_line, printable
from opsproof.model.words import IDENTITY, ago, are, compared, several, warned
from opsproof.report.advice import advice
from opsproof.report.grouping import Group, grouped
from opsproof.report.urgency import urgency

_SHOWN = 5  # subjects of one requirement before the rest is folded, unless -v
_NOT_RUN = "it was selected and did not run to its end"
_STYLE = {
    Level.CRITICAL: {"red": True, "bold": True},
    Level.HIGH: {"red": True},
    Level.MEDIUM: {"yellow": True},
    Level.LOW: {"cyan": True},
}


class Line(msgspec.Struct, frozen=True):
    """A line of text with the terminal writer's markup. Whatever it is made of, it is one line that steers nothing."""

    text: str = ""
    markup: dict[str, bool] | None = None

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "text", one_line(self.text))


def lines(result: Result, *, width: int = 80, verbosity: int = 0, folder: str = "") -> Iterator[Line]:
    """The summary. `verbosity` -1 (-q) gives a line for each finding, -2 the gate alone, 1 (-v) unfolds long lists."""
    width = max(60, min(width, 120))
    if verbosity < -1:
        yield from _gate(result, width)
        return
    if verbosity < 0:
        yield from _one_by_one(result)
    else:
        yield from _findings(result, width, verbosity)
        yield from _other(result, width, verbosity)
    yield from _closing(result, width, folder)


def _one_by_one(result: Result) -> Iterator[Line]:
    """One line for each finding that is not PASS, worst first, for those who search and count lines."""
    told = [
        (
            urgency(finding.outcome, finding.level),
            one.requirement,
            finding.outcome,
            finding.level,
            _named(finding),
        )
        for one in result.requirements
        for item in one.items
        for finding in item.findings
        if finding.outcome is not Outcome.PASS
    ]
    told += [
        (urgency(Outcome.UNKNOWN, one.level), one.requirement, Outcome.UNKNOWN, one.level, _NOT_RUN)
        for one in result.requirements
        if one.incomplete
    ]
    for _, row, outcome, level, text in sorted(told, key=lambda one: one[0]):
        yield Line(
            printable(f"{level} {outcome} {row.id} {row.system}/{row.environment} {text}"), _STYLE[level]
        )


def _named(finding: Finding) -> str:
    return " ".join(f"{finding.subject}: {finding.message}".split())


def notes(texts: Iterable[str], width: int, markup: dict[str, bool] | None = None) -> Iterator[Line]:
    """Sentences about the run itself, wrapped; a path stays whole, to be copied."""
    for text in texts:
        wrapped = textwrap.wrap(
            printable(text),
            max(60, min(width, 120)),
            subsequent_indent="  ",
            break_on_hyphens=False,
            break_long_words=False,
        )
        yield from (Line(line, markup) for line in wrapped)


def _findings(result: Result, width: int, verbosity: int) -> Iterator[Line]:
    """Level by level, what is not kept before what nobody knows: no low failure hides a critical question."""
    steps = _steps(result)
    explained = {key for cause in result.causes for key in cause.requirements}
    for level in Level:
        of_level = [one for one in result.requirements if one.level is level]
        failed = [one for one in of_level if one.outcome is Outcome.FAIL]
        if failed:
            yield Line(
                f"{level.value.upper()}: {several(len(failed), 'requirement')} not kept", _STYLE[level]
            )
        for one in failed:
            yield from _failed(one, steps, width, verbosity, result.provenance.now)
        if failed:
            yield Line()
        unknown = [one for one in of_level if one.outcome is Outcome.UNKNOWN]
        own = [one for one in unknown if one.requirement.key not in explained]
        yield from _undecided(level, own, steps, result, width, verbosity)


def _steps(result: Result) -> dict[tuple[str, str], tuple[StepRecord, ...]]:
    return {
        (system.name, procedure.id): procedure.steps
        for system in result.systems
        for procedure in system.procedures
    }


def _failed(
    one: RequirementResult,
    steps: dict[tuple[str, str], tuple[StepRecord, ...]],
    width: int,
    verbosity: int,
    now: datetime,
) -> Iterator[Line]:
    yield from _headed(one, width)
    findings = [
        finding
        for item in one.items
        for finding in item.findings
        if finding.outcome in {Outcome.FAIL, Outcome.UNKNOWN}
    ]
    findings.sort(key=lambda finding: urgency(finding.outcome, finding.level))
    yield from _listed(findings, width, verbosity, now)
    if one.incomplete:
        yield Line("      and not all of it ran to its end")
    yield from _first_step(one, steps, width)


def _first_step(
    one: RequirementResult, steps: dict[tuple[str, str], tuple[StepRecord, ...]], width: int
) -> Iterator[Line]:
    for name in one.requirement.respond[:1]:
        for step in steps.get((one.requirement.system, name), ())[:1]:
            yield from _step(step, name, width)


def _listed(findings: Iterable[Finding], width: int, verbosity: int, now: datetime) -> Iterator[Line]:
    """What says the same of many subjects is one entry with their number."""
    groups = grouped(findings)
    shown = groups if verbosity > 0 else groups[:_SHOWN]
    for group in shown:
        yield from _wrapped(_group_text(group, now), width, "      ")
        if len(group.findings) > 1:
            names = group.subjects[: None if verbosity > 0 else _SHOWN]
            left = len(group.findings) - len(names)
            more = f" ... and {left} more (-v shows all)" if left else ""
            yield from _wrapped(f"{', '.join(names)}{more}", width, "        ")
    left = sum(len(group.findings) for group in groups[len(shown) :])
    if left:
        yield Line(f"      ... and {left} more (-v shows all)")


def _headed(one: RequirementResult, width: int) -> Iterator[Line]:
    row = one.requirement
    label = row.severity or one.level.value
    respond = f", respond: {row.respond_within}" if row.respond_within else ""
    heading = f"{row.id}  {row.system}/{row.environment}  [{label}{respond}]"
    yield from _wrapped(heading, width, "  ", {"bold": True})
    yield from _wrapped(f"{row.says} ({', '.join(row.checks)})", width, "    ")


def _group_text(group: Group, now: datetime) -> str:
    finding, many = group.oldest, len(group.findings)
    word = "" if finding.outcome is Outcome.FAIL else "undecided: "
    parts = [f"{several(many, 'subject') if many > 1 else finding.subject}: {word}{finding.message}"]
    if finding.measured or finding.limit:
        parts.append(compared(finding.measured, finding.limit))
    if finding.since is not None:
        known = f", {finding.since_from}" if finding.since_from else ""
        oldest = "the oldest " if many > 1 else ""
        parts.append(f"{oldest}since {finding.since:%Y-%m-%d %H:%M}Z ({ago(finding.since, now)}{known})")
    return " | ".join(parts)


def _step(step: StepRecord, name: str, width: int) -> Iterator[Line]:
    mark = " [changes state]" if step.changes_state else ""
    yield from _wrapped(f"first step ({name}){mark}: {step.do}", width, "      ", {"cyan": True})
    if step.warning or step.instead:
        yield from _wrapped(warned(step.warning, step.instead), width, "      ", {"yellow": True})


def _undecided(
    level: Level,
    unexplained: Sequence[RequirementResult],
    steps: dict[tuple[str, str], tuple[StepRecord, ...]],
    result: Result,
    width: int,
    verbosity: int,
) -> Iterator[Line]:
    """What nobody knows up to this level: by its cause, and one by one where none explains it."""
    causes = [cause for cause in result.causes if cause.level is level]
    keys = {key for cause in causes for key in cause.requirements}
    count = len(keys.union(one.requirement.key for one in unexplained))
    if not count:
        return
    yield Line(
        f"{level.value.upper()}, UNKNOWN: {several(count, 'requirement')} could not be decided",
        {"purple": True, "bold": True},
    )
    for cause in causes:
        yield from _cause(cause, width, verbosity)
    for one in unexplained:
        yield from _headed(one, width)
        if one.incomplete:
            yield Line(f"      {_NOT_RUN}")
        findings = [finding for item in one.items for finding in item.findings]
        unknown_ones = [finding for finding in findings if finding.outcome is Outcome.UNKNOWN]
        yield from _listed(unknown_ones, width, verbosity, result.provenance.now)
        yield from _first_step(one, steps, width)
    yield Line()


def _cause(cause: Cause, width: int, verbosity: int) -> Iterator[Line]:
    count = several(len(cause.requirements), "requirement")
    known = not cause.target or cause.target in cause.message
    text = cause.message if known else f"{cause.target}: {cause.message}"
    yield from _wrapped(text, width, "  ", {"bold": True})
    ids = [key.rpartition("/")[2] for key in cause.requirements]
    listed = ids if verbosity > 0 else ids[:12]
    more = f" and {len(ids) - len(listed)} more" if len(ids) > len(listed) else ""
    yield from _wrapped(
        f"leaves {count} undecided, up to {cause.level}: {' '.join(listed)}{more}", width, "      "
    )
    yield from _wrapped(f"to do: {advice(cause.kind)}", width, "      ", {"cyan": True})


def _other(result: Result, width: int, verbosity: int) -> Iterator[Line]:
    moving = [
        (one, finding)
        for one in result.requirements
        for item in one.items
        for finding in item.findings
        if finding.in_transition
    ]
    if moving:
        yield Line(f"IN TRANSITION: {several(len(moving), 'subject')} within the limit", {"cyan": True})
        for one, finding in moving[: None if verbosity > 0 else _SHOWN]:
            until = f"until {finding.transition_until:%H:%M}Z" if finding.transition_until else ""
            text = f"{one.requirement.id}  {finding.subject}: {finding.message}, {until}"
            yield from _wrapped(text, width, "  ", indent="      ")
        if len(moving) > _SHOWN and verbosity <= 0:
            yield Line(f"  ... and {len(moving) - _SHOWN} more (-v shows all)")
        yield Line()
    waivers = [waiver for waiver in result.waivers if waiver.states]
    if waivers:
        yield Line("WAIVERS", {"cyan": True})
        for waiver in waivers:
            until = f" until {waiver.until:%Y-%m-%d}" if waiver.until else ""
            text = (
                f"{waiver.requirement} {waiver.subject}: {', '.join(waiver.states)}{until} ({waiver.reason})"
            )
            yield from _wrapped(text, width, "  ", indent="      ")
        yield Line()


def _closing(result: Result, width: int, folder: str) -> Iterator[Line]:
    coverage = result.coverage
    source = f" of {result.provenance.source_run}" if result.provenance.source_run else ""
    where = ", ".join(result.provenance.environments)
    given = "".join(f", {name}={value}" for name, value in result.provenance.given.items())
    yield from _wrapped(
        f"{result.provenance.mode.upper()}{source}: {where}{given}", width, "", {"bold": True}
    )
    yield from _soundness(result, width)
    yield from _wrapped(_covered(coverage), width, "")
    if coverage.inferred:
        yield from _wrapped(
            f"{coverage.inferred} of {coverage.criteria} levels and limits are defaults: the runbook does not "
            "state them, and nobody has confirmed them",
            width,
            "",
        )
    yield from _servers(result, width)
    if result.narrowed:
        told = f"PARTIAL: {coverage.ran} of {coverage.expected} ran, narrowed by {', '.join(result.narrowed)}"
        yield from _wrapped(told, width, "", {"yellow": True, "bold": True})
    yield from _table(result)
    yield from _gate(result, width)
    if folder:
        yield Line(f"report: {folder}/report.html")


def _covered(coverage: Coverage) -> str:
    by_hand = coverage.in_runbook - coverage.automated
    parts = [
        f"{several(coverage.in_runbook, 'requirement')} in the runbooks, {coverage.automated} automated, "
        f"{coverage.selected} selected, {coverage.decided} decided"
    ]
    if coverage.partial:
        parts.append(f"a pass of {coverage.partial} of them shows only a part of what the row says")
    if by_hand:
        parts.append(f"{are(by_hand, 'row')} not automated: no check looks there")
    return "; ".join(parts)


def _soundness(result: Result, width: int) -> Iterator[Line]:
    """Whether the run, and the one that it replays, are as they were left."""
    bad = {"red": True, "bold": True}
    if result.integrity != "intact":
        yield from _wrapped(f"ALTERED: {result.integrity}", width, "", bad)
    unsound = result.provenance.source_unsound
    if unsound:
        accepted = "; accepted by --accept-altered" if result.provenance.source_accepted else ""
        yield from _wrapped(f"SOURCE {result.provenance.source_run}: {unsound}{accepted}", width, "", bad)


def _servers(result: Result, width: int) -> Iterator[Line]:
    """Whether the servers proved who they are, and whose clocks are wrong."""
    if result.targets:
        verdicts = Counter(target.verified for target in result.targets)
        told = ", ".join(
            f"{count} {IDENTITY.get(verdict, verdict)}" for verdict, count in sorted(verdicts.items())
        )
        yield from _wrapped(f"{several(len(result.targets), 'server')}: {told}", width, "")
    for target in result.targets:
        if target.verified == "mismatch":
            yield from _wrapped(
                f"NOT THE DECLARED SERVER: {target.target}", width, "", {"red": True, "bold": True}
            )
        if target.sensitive:
            names = ", ".join(target.sensitive)
            yield from _wrapped(
                f"SENSITIVE RIGHT: the environment allows {names} on {target.target}",
                width,
                "",
                {"yellow": True},
            )
        if target.skew is not None and abs(target.skew) > SKEW_REPORTED:
            yield from _wrapped(
                f"CLOCK: {target.target} is {target.skew:+.1f} s off ours", width, "", {"yellow": True}
            )


def _table(result: Result) -> Iterator[Line]:
    widths = {outcome: max(7, len(str(outcome)) + 2) for outcome in Outcome}
    yield Line(" " * 10 + "".join(f"{outcome!s:>{width}}" for outcome, width in widths.items()))
    for level in Level:
        row = result.counts[level.value]
        if any(row.values()):
            cells = (f"{row[outcome.value] or '.':>{width}}" for outcome, width in widths.items())
            yield Line(f"{level.value:<10}{''.join(cells)}")


def _gate(result: Result, width: int) -> Iterator[Line]:
    gate = result.gate
    yield from _wrapped(
        result.verdict, width, "", {"red" if gate.closed else "green": True, "bold": True}, indent="  "
    )
    if gate.below:
        ids = " ".join(key.rpartition("/")[2] for key in gate.below)
        yield from _wrapped(f"let through below {gate.level}: {ids}", width, "  ")


def _wrapped(
    text: str, width: int, margin: str, markup: dict[str, bool] | None = None, indent: str = ""
) -> Iterable[Line]:
    wrapped = textwrap.wrap(
        printable(text),
        width,
        initial_indent=margin,
        subsequent_indent=indent or margin + "  ",
        break_on_hyphens=False,
    )
    return (Line(line, markup) for line in wrapped or [""])
