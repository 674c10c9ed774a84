"""Runs opsproof as its users do, against the testbed, and compares two runs requirement by requirement."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from opsproof.evidence.run import Run, open_run
from opsproof.model.finding import Finding
from opsproof.model.result import RequirementResult, Result
from tests.faults import elsewhere
from tests.faults.scenario import Changes, Expected
from tests.testbed import place

ROOT = Path(__file__).parents[2]
TRIES = 5


def opsproof(
    reports: Path, *words: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """`pytest checks ...` in a process of its own, its run below `reports`."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--reports", str(reports), *words]
    shell = {**os.environ, "OPSPROOF_TESTBED": str(place.state()), "COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run(
        command,
        cwd=cwd,
        env={**shell, **(env or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def everything(reports: Path, *words: str, environment: str = "testbed") -> Result:
    """All automated requirements of all five systems, decided once."""
    done = opsproof(reports, "checks", "-q", "--env", environment, *words, cwd=elsewhere.checkout(reports))
    return result_of(reports, done)


def in_time(reports: Path, named: Collection[str] = ()) -> Result:
    """The same, again while requirements that nobody names fail for nothing but slow answers.

    On a machine that is busy the servers are slow, and a check is right to say so; what stays slow is returned.
    """
    for number in range(TRIES):
        folder = reports / f"{number}"
        folder.mkdir()
        result = everything(folder)
        if not any(slow(one) for one in result.requirements if one.requirement.id not in named):
            break
    return result


def slow(one: RequirementResult) -> bool:
    """Whether it failed for nothing but slow answers."""
    failed = [finding.message for finding in findings(one) if finding.outcome.value == "fail"]
    return bool(failed) and all("probes: slow: more than" in message for message in failed)


def result_of(reports: Path, done: subprocess.CompletedProcess[str]) -> Result:
    try:
        run = latest(reports)
    except FileNotFoundError:
        raise AssertionError(f"no run: exit {done.returncode}\n{done.stdout}\n{done.stderr}") from None
    return run.read("result.json", Result)


def latest(reports: Path) -> Run:
    return open_run(reports / "latest")


def by_id(result: Result) -> dict[str, RequirementResult]:
    return {one.requirement.id: one for one in result.requirements}


def findings(one: RequirementResult) -> list[Finding]:
    return [finding for item in one.items for finding in item.findings]


def differences(before: Result, after: Result, changes: Changes) -> list[str]:
    """Every way in which `after` is not `before` plus the named changes. Empty when it is exactly that."""
    old, new = by_id(before), by_id(after)
    wrong = [f"{name}: named by the scenario, but not decided" for name in changes if name not in new]
    for name, one in new.items():
        expected = changes.get(name)
        if expected is None:
            wrong += unchanged(name, old[name], one)
        else:
            wrong += [f"{name}: {text}" for text in misfits(one, expected)]
    return wrong


def unchanged(name: str, before: RequirementResult, after: RequirementResult) -> Iterable[str]:
    """A requirement that no scenario names must be as it was: anything else is a false alarm."""
    if after.outcome is not before.outcome:
        said = "; ".join(f"{finding.subject}: {finding.message}" for finding in findings(after)[:4])
        yield f"{name}: false alarm: {before.outcome.value} became {after.outcome.value} ({said})"
    elif noted(after) != noted(before):
        yield f"{name}: false alarm: findings {noted(before)} became {noted(after)}"


def noted(one: RequirementResult) -> set[tuple[str, str]]:
    return {(str(finding.subject), finding.raw.value) for finding in findings(one)}


def misfits(one: RequirementResult, expected: Expected) -> Iterable[str]:
    outcome = "pass" if expected.outcome == "transition" else expected.outcome
    if one.outcome.value != outcome:
        said = "; ".join(f"{finding.subject}: {finding.message}" for finding in findings(one)[:4])
        yield f"is {one.outcome.value}, should be {expected.outcome} ({said})"
        return
    if expected.outcome in {"fail", "unknown"} and one.level.value != expected.level:
        yield f"is {one.level.value}, should be {expected.level}"
    decisive = [
        finding
        for finding in findings(one)
        if (finding.in_transition if expected.outcome == "transition" else finding.outcome.value == outcome)
    ]
    yield from _subjects(decisive, expected)
    for finding in decisive:
        for word, pattern, text in (
            ("measured", expected.measured, finding.measured.text),
            ("message", expected.message, finding.message),
        ):
            if pattern is not None and not fnmatchcase(text, pattern):
                yield f"{finding.subject}: {word} is {text!r}, should be {pattern!r}"


def _subjects(decisive: Sequence[Finding], expected: Expected) -> Iterable[str]:
    names = [str(finding.subject) for finding in decisive]
    for name in names:
        if not any(fnmatchcase(name, pattern) for pattern in expected.subjects):
            yield f"also finds {name}, which the scenario does not name"
    for pattern in expected.subjects:
        if not any(fnmatchcase(name, pattern) for name in names):
            yield f"does not find {pattern} (finds {', '.join(names) or 'nothing'})"


def proved(after: Result, changes: Changes) -> dict[str, dict[str, str]]:
    """Requirement -> check -> outcome, for those that the scenario changed: what `docs/detection.md` keeps."""
    found = by_id(after)
    return {
        name: {item.check: item.outcome.value for item in found[name].items}
        for name in changes
        if name in found
    }


def encode(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1)
