"""On an ordinary day nothing fails; what is under way is shown as such, with its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from opsproof.model.finding import Finding
from opsproof.model.result import Result
from tests.detection import Detection
from tests.faults.run import differences, findings, in_time
from tests.faults.scenario import Changes, Expected, load
from tests.normal.waits import all_scraped, told

GROUPS = load("tests.normal.scenarios")
# Gates before a deployment that want everything at this very moment, on whatever day: their grace is none.
AT_ONCE = frozenset({"OF-024", "EP-085", "AC-056", "AC-063", "AC-098", "RS-145", "SC-127", "SC-131"})


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_nothing_fails_on_an_ordinary_day(
    group: str, healthy: Result, detection: Detection, tmp_path: Path
) -> None:
    """What is under way is named by its scenario; any other change is a false alarm."""
    changes: dict[str, Expected] = {}
    named: dict[str, Changes] = {}
    all_scraped()  # Prometheus may still be finding the pods that the last group left.
    with ExitStack() as stack:
        for scenario in GROUPS[group]:
            own = stack.enter_context(scenario.apply())
            assert not set(own) & set(changes), f"{scenario.name!r} and another of {group!r} change the same"
            named[scenario.name] = own
            changes |= own
        if not any(subject.startswith("target ") for each in changes.values() for subject in each.subjects):
            all_scraped()  # The same of the pods that the scenarios have made.
        told()
        after = in_time(tmp_path, changes)
    wrong = [*differences(healthy, after, changes), *_failing(changes), *_endless(after)]
    assert not wrong, "\n".join([f"{group}:", *wrong])
    for scenario in GROUPS[group]:
        detection.add(scenario, named[scenario.name], after)


def _failing(changes: Changes) -> Iterator[str]:
    for name, expected in changes.items():
        if expected.outcome in {"fail", "unknown"} and name not in AT_ONCE:
            yield f"{name}: its scenario calls an ordinary day {expected.outcome}"


def _endless(after: Result) -> Iterator[str]:
    """What is in transition must end after now, and say since when it lasts."""
    for one in after.requirements:
        for finding in filter(_under_way, findings(one)):
            until, since = finding.transition_until, finding.since
            if until is None or since is None or until <= since or not finding.since_from:
                yield f"{one.requirement.id}: {finding.subject}: in transition from {since} to {until}"


def _under_way(finding: Finding) -> bool:
    return finding.in_transition
