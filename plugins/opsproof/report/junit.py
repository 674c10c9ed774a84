"""`junit.xml`: one testcase per requirement and environment, outcome and severity kept apart."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree

from opsproof.model.finding import Finding
from opsproof.model.outcome import Outcome
from opsproof.model.result import RequirementResult, Result
from opsproof.model.text import printable
from opsproof.model.words import compared
from opsproof.report.urgency import urgency

_ELEMENT = {
    Outcome.FAIL: "failure",
    Outcome.UNKNOWN: "error",
    Outcome.WAIVED: "skipped",
    Outcome.NOT_APPLICABLE: "skipped",
}


def render(result: Result) -> bytes:
    """The result as JUnit XML (xunit2). FAIL is a failure, UNKNOWN an error, WAIVED and NOT APPLICABLE skipped."""
    suites = ElementTree.Element("testsuites", name="opsproof")
    groups: dict[str, list[RequirementResult]] = {}
    for one in result.requirements:
        groups.setdefault(f"{one.requirement.system}/{one.requirement.environment}", []).append(one)
    for name, members in groups.items():
        suites.append(_suite(name, members, result))
    ElementTree.indent(suites)
    text: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _suite(name: str, members: list[RequirementResult], result: Result) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=name)
    cases = [_case(member) for member in members]
    suite.set("tests", str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.3f}")
    suite.set("timestamp", f"{result.provenance.started:%Y-%m-%dT%H:%M:%S}")
    told = {
        "mode": result.provenance.mode,
        "run": result.provenance.run,
        "gate": result.verdict,
        "integrity": result.integrity,
        **({"source": result.provenance.source_unsound} if result.provenance.source_unsound else {}),
    }
    given = {f"set.{name}": value for name, value in result.provenance.given.items()}
    _properties(suite, {**told, **given, **_without_automation(name, result)})
    suite.extend(cases)
    return suite


def _without_automation(name: str, result: Result) -> dict[str, str]:
    """The rows that no check decides: they are no testcases, and are not kept silent."""
    return {
        f"planned.{row.id}": row.says
        for system in result.systems
        if f"{system.name}/{system.environment}" == name
        for row in system.without_automation
    }


def _case(member: RequirementResult) -> ElementTree.Element:
    row = member.requirement
    case = ElementTree.Element(
        "testcase",
        classname=f"{row.system}.{row.environment}",
        name=printable(f"{row.id} {row.says}"),
        time=f"{sum(item.seconds for item in member.items):.3f}",
    )
    _properties(
        case,
        {
            "requirement": row.id,
            "system": row.system,
            "environment": row.environment,
            "severity": member.level.value,
            "severity_label": row.severity,
            "outcome": member.outcome.value,
            "checks": " ".join(row.checks),
        },
    )
    tag = _ELEMENT.get(member.outcome)
    if tag is not None:
        told = [_line(finding, member.outcome) for finding in _decisive(member)]
        missing = ["it did not run" if not member.items else "not all of it ran"] if member.incomplete else []
        said = "; ".join([*told[:3], *missing])
        element = ElementTree.SubElement(case, tag, message=printable(said))
        if tag != "skipped":
            element.set("type", f"{member.outcome.value}.{member.level.value}")
        element.text = printable("\n".join(told))
    return case


def _decisive(member: RequirementResult) -> Iterable[Finding]:
    """What has its outcome; beside what is not kept, also what nobody knows."""
    shown = {member.outcome} | ({Outcome.UNKNOWN} if member.outcome is Outcome.FAIL else set())
    found = [finding for item in member.items for finding in item.findings if finding.outcome in shown]
    return sorted(found, key=lambda finding: urgency(finding.outcome, finding.level))


def _line(finding: Finding, outcome: Outcome) -> str:
    needed = compared(finding.measured, finding.limit)
    word = "undecided: " if finding.outcome is not outcome else ""
    return f"{finding.subject}: {word}{finding.message}" + (f" ({needed})" if needed else "")


def _properties(parent: ElementTree.Element, values: dict[str, str]) -> None:
    properties = ElementTree.SubElement(parent, "properties")
    for name, value in values.items():
        ElementTree.SubElement(properties, "property", name=name, value=printable(value))
