"""Each fault changes exactly what its scenario names, on the real servers; all else stays as it was."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from opsproof.model.result import Result
from tests.detection import Detection
from tests.faults.rollouts import catch_up
from tests.faults.run import differences, in_time
from tests.faults.scenario import Changes, load
from tests.normal.waits import all_scraped
from tests.testbed.kubernetes_undo import settling_together

GROUPS = load("tests.faults.scenarios")


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_a_fault_changes_what_it_says_and_nothing_else(
    group: str, healthy: Result, detection: Detection, tmp_path: Path
) -> None:
    """Requirements named by a scenario change as it says; any other change is a false alarm."""
    all_scraped()  # Prometheus may still be finding the pods that the last group left.
    with settling_together() as together, ExitStack() as stack:
        named: dict[str, Changes] = {}
        changes: dict[str, object] = {}
        for scenario in GROUPS[group]:
            own = stack.enter_context(scenario.apply())
            assert not set(own) & set(changes), f"{scenario.name!r} and another of {group!r} change the same"
            named[scenario.name] = own
            changes |= own
        stack.callback(together)
        catch_up()
        after = in_time(tmp_path, changes)
    wrong = differences(healthy, after, changes)  # type: ignore[arg-type]
    assert not wrong, "\n".join([f"{group}:", *wrong])
    for scenario in GROUPS[group]:
        detection.add(scenario, named[scenario.name], after)
