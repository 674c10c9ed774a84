"""What an eviction would be told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from opsproof.model.failure import Undecided
from opsproof.sources.kubernetes.reading.eviction import refusal
from tests.checks.cluster import ago, budget, pod

FULL = {"expectedPods": 3, "currentHealthy": 3, "desiredHealthy": 3, "disruptionsAllowed": 0}
SHORT = {"expectedPods": 3, "currentHealthy": 2, "desiredHealthy": 3, "disruptionsAllowed": 0}
ENOUGH = {"expectedPods": 3, "currentHealthy": 2, "desiredHealthy": 2, "disruptionsAllowed": 0}


@pytest.mark.parametrize(
    ("refused", "ready", "policy", "state"),
    [
        (False, True, None, {}),
        (True, True, None, FULL),
        (True, True, "AlwaysAllow", FULL),
        (False, False, None, ENOUGH),
        (True, True, None, ENOUGH),
        (True, False, None, SHORT),
        (True, False, "IfHealthyBudget", SHORT),
        (False, False, "AlwaysAllow", SHORT),
        (True, False, None, {**SHORT, "desiredHealthy": 0, "currentHealthy": 0}),
    ],
)
def test_a_budget_lets_go_what_its_policy_says(
    refused: bool, ready: bool, policy: str | None, state: dict[str, Any]
) -> None:
    spec = {"unhealthyPodEvictionPolicy": policy} if policy else {}
    assert bool(refusal(pod(ready=ready), [budget(spec=spec, **state)])) is refused


@pytest.mark.parametrize(
    "one",
    [pod(phase="Pending", ready=False), pod(phase="Failed"), pod(metadata={"deletionTimestamp": ago(1)})],
)
def test_no_budget_is_asked_for_a_pod_that_does_not_run(one: Any) -> None:
    assert refusal(one, [budget(**FULL), budget("other", **FULL)]) == ""


def test_two_budgets_refuse_and_none_refuses_nothing() -> None:
    assert refusal(pod(), [budget("b"), budget("a")]) == (
        "2 PodDisruptionBudgets (a, b) select it: no eviction succeeds"
    )
    assert refusal(pod(), []) == ""


def test_a_status_older_than_the_spec_tells_nothing() -> None:
    newer = budget(**FULL)
    newer = msgspec.structs.replace(newer, metadata=msgspec.structs.replace(newer.metadata, generation=4))
    with pytest.raises(Undecided):
        refusal(pod(), [newer])
