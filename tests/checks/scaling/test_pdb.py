"""scaling/pdb on plain facts."""

from __future__ import annotations

from typing import Any

import msgspec

from checks.scaling.check_pdb import BudgetLimits, check_disruption_budgets
from opsproof import HIGH, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.model.scope import in_namespace
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.scaling import DisruptionBudget
from tests.checks.cluster import (
    SHOP,
    autoscaler,
    budget,
    condition,
    daemon_set,
    deployment,
    examination,
    listing,
    meta,
    pod,
)


def examined(
    *budgets: DisruptionBudget,
    there: Any = None,
    scaled: bool = False,
    pods: tuple[Pod, ...] = (),
    gaps: Any = (),
    **limits: Any,
) -> Examination:
    examine = examination(HIGH)
    asked = BudgetLimits(**limits)
    check_disruption_budgets(
        listing(*([deployment()] if there is None else there)),
        listing(*budgets, gaps=gaps),
        listing(*([autoscaler()] if scaled else [])),
        listing(*pods) if asked.drain else None,
        asked,
        examine,
    )
    return examine


def test_a_budget_that_lets_one_go_passes() -> None:
    assert examined(budget()).passed == 1


def test_no_budget_fails() -> None:
    (finding,) = examined().findings
    assert (finding.outcome, finding.level) == (Outcome.FAIL, HIGH)
    assert (str(finding.subject), finding.measured.text, finding.limit.text) == (
        "deployment shop/api",
        "0",
        "at least 1",
    )
    assert finding.message == "3 replicas, and no PodDisruptionBudget"


def test_expressions_select_too() -> None:
    by_expression = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["api", "web"]}]}
    assert examined(budget(selector=by_expression)).passed == 1
    others = {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["api"]}]}
    assert examined(budget(selector=others)).findings


def test_an_empty_selector_selects_the_whole_namespace() -> None:
    assert examined(budget(selector={})).passed == 1
    elsewhere = budget(selector={})
    other = deployment(metadata=meta("api", namespace="other", generation=2))
    assert examined(elsewhere, there=[other]).findings


def test_a_budget_that_never_lets_one_go_fails() -> None:
    """maxUnavailable 0, minAvailable 100 % or as many as there are replicas: the status says it alike."""
    (finding,) = examined(budget(disruptionsAllowed=0, desiredHealthy=3)).findings
    assert finding.outcome is Outcome.FAIL
    assert finding.message == (
        "budget api allows 0 disruptions of 3 pods (3 healthy, 3 required), at least 1 needed"
    )


def test_no_disruption_while_a_pod_is_away_is_right() -> None:
    away = budget(disruptionsAllowed=0, currentHealthy=2)
    assert examined(away).passed == 1
    assert examined(away, drain=True).findings[0].outcome is Outcome.FAIL


def test_two_budgets_on_one_pod_fail() -> None:
    (finding,) = examined(budget(), budget("everything", selector={})).findings
    assert finding.message == "2 PodDisruptionBudgets (api, everything) select its pods: no eviction succeeds"


def test_a_budget_that_protects_nothing_fails() -> None:
    (finding,) = examined(budget(desiredHealthy=0, disruptionsAllowed=3)).findings
    assert finding.message == "budget api protects nothing: of 3 pods all may go at once"


def test_a_budget_that_cannot_be_computed_fails() -> None:
    failed = budget(conditions=[condition("DisruptionAllowed", False, reason="SyncFailed")])
    assert examined(failed).findings[0].message == "budget api cannot be computed (SyncFailed)"


def test_a_status_older_than_the_spec_decides_nothing() -> None:
    newer = msgspec.structs.replace(
        budget(), metadata=msgspec.structs.replace(budget().metadata, generation=4)
    )
    assert examined(newer).findings[0].outcome is Outcome.UNKNOWN


def test_a_budget_keeps_fewer_than_the_autoscalers_minimum() -> None:
    assert examined(budget(spec={"minAvailable": 1}), scaled=True).passed == 1
    (finding,) = examined(budget(spec={"minAvailable": 2}), scaled=True).findings
    assert finding.message == "budget api keeps 2 pods, the autoscaler's minimum is 2"


def test_single_replicas_and_daemon_sets_need_none() -> None:
    examine = examined(there=[deployment(replicas=1), daemon_set()])
    assert [one.why for one in examine.excluded] == [
        "has fewer than 2 replicas",
        "a DaemonSet, which drains leave alone",
    ]


def test_a_silent_namespace_is_undecided() -> None:
    gap = Failure(
        "Forbidden", "list poddisruptionbudgets in namespace shop is not allowed", "k", in_namespace(SHOP)
    )
    assert examined(gaps=[gap]).findings[0].outcome is Outcome.UNKNOWN


def test_a_named_workload_must_exist() -> None:
    (finding,) = examined(budget(), workloads=("deployment/worker",)).findings
    assert (finding.outcome, finding.message) == (Outcome.FAIL, "there is no deployment/worker")


def test_a_drain_destroys_bare_pods_and_what_is_in_empty_dirs() -> None:
    scratch = pod(spec={"volumes": [{"name": "scratch", "emptyDir": {}}]})
    examine = examined(budget(), pods=(scratch, pod("bare", of="")), drain=True)
    found = {str(finding.subject): finding.message for finding in examine.findings}
    assert found == {
        "pod shop/bare": "nothing replaces this pod when a drain evicts it",
        "deployment shop/api (volumes)": "a drain deletes what is in its emptyDir volumes: scratch",
    }
    assert not examined(budget(), pods=(pod(),), drain=True).findings


ONE = {"expectedPods": 1, "currentHealthy": 1, "desiredHealthy": 1, "disruptionsAllowed": 0}
SINGLE = [deployment(replicas=1)]


def test_a_single_replica_that_its_budget_keeps_cannot_be_drained() -> None:
    """minAvailable 1 of 1 pod: the eviction is answered 429, whatever the number of replicas."""
    kept = budget(spec={"minAvailable": 1}, **ONE)
    (finding,) = examined(kept, there=SINGLE, pods=(pod(),), drain=True).findings
    assert (finding.outcome, finding.level, str(finding.subject)) == (
        Outcome.FAIL,
        HIGH,
        "deployment shop/api",
    )
    assert finding.message == (
        "1 of 1 pod cannot be evicted: budget api allows no disruption now (1 pod, 1 healthy, 1 required)"
    )
    assert examined(kept, there=SINGLE).nothing_examined


def test_a_single_replica_that_may_go_can_be_drained() -> None:
    free = budget(**{**ONE, "desiredHealthy": 0, "disruptionsAllowed": 1})
    for budgets in ((free,), ()):
        assert not examined(*budgets, there=SINGLE, pods=(pod(),), drain=True).findings


def test_the_pods_of_anything_that_a_drain_moves_count() -> None:
    """Whatever made them, such as an operator; DaemonSets stay where they are."""
    kept = budget(selector={}, **ONE)
    made = pod("kafka-0", metadata=meta("kafka-0", owner="StrimziPodSet/kafka"))
    stays = pod("agent-x", metadata=meta("agent-x", owner="DaemonSet/agent"))
    (finding,) = examined(kept, there=[], pods=(made, stays), drain=True).findings
    assert str(finding.subject) == "strimzipodset shop/kafka"


def test_evictions_in_a_silent_namespace_are_undecided() -> None:
    gap = Failure(
        "Forbidden", "list poddisruptionbudgets in namespace shop is not allowed", "k", in_namespace(SHOP)
    )
    examine = examined(there=SINGLE, pods=(pod(),), drain=True, gaps=[gap])
    assert examine.findings[0].outcome is Outcome.UNKNOWN
