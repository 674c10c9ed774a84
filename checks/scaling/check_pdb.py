"""Disruption budgets: a drain takes some replicas, never all."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Annotated

from opsproof import HIGH, AtLeast, Count, Examination, Limits, Listing, Scoped, Undecided, check
from opsproof.examine.examination import Block
from opsproof.model.subject import Subject
from opsproof.model.words import several
from opsproof.sources.kubernetes.asks import Autoscalers, DisruptionBudgets, Kubernetes, Workloads
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.scaling import Autoscaler, BudgetFinder, DisruptionBudget
from opsproof.sources.kubernetes.facts.workloads import DaemonSet, Workload
from opsproof.sources.kubernetes.reading.choice import absent, named, referred
from opsproof.sources.kubernetes.reading.eviction import refusal
from opsproof.sources.kubernetes.reading.transitions import WorkloadKey, by_workload, workload_key


class BudgetLimits(Limits):
    """`replicated_from`: workloads with fewer replicas need no budget. `allowed`: disruptions at a time.

    `drain`: also what makes a drain unsafe now: pods nothing replaces, data in emptyDir volumes, and budgets
    that allow no disruption at this moment, of whatever a drain moves, single replicas included.
    """

    workloads: Scoped[tuple[str, ...]] = ()
    drain: Scoped[bool] = False
    replicated_from: Count = Count.parse(2)
    allowed: AtLeast[Count] = AtLeast.parse(1, Count)


_LEFT_ALONE = frozenset({"DaemonSet", "Node"})
PodsToDrain = Annotated[Listing[Pod] | None, Kubernetes("pods", wanted_by=("drain",))]


@check(
    "scaling/pdb", title="Replicated workloads keep a disruption budget that lets drains through", level=HIGH
)
def check_disruption_budgets(
    workloads: Workloads,
    budgets: DisruptionBudgets,
    autoscalers: Autoscalers,
    pods: PodsToDrain,
    limits: BudgetLimits,
    examine: Examination,
) -> None:
    """Without a budget, draining a node may evict every replica at once; with a tight one it never ends."""
    chosen, missing = named(workloads, limits.workloads)
    finder = BudgetFinder(budgets)
    for workload in chosen:
        if isinstance(workload, DaemonSet):
            examine.exclude(workload, "a DaemonSet, which drains leave alone")
        elif workload.replicas < limits.replicated_from:
            if pods is None:
                examine.exclude(workload, f"has fewer than {several(limits.replicated_from, 'replica')}")
        else:
            _examine(
                workload,
                finder.covering(workload.template.labels, workload.namespace),
                budgets,
                autoscalers,
                limits,
                examine,
            )
    for text in missing:
        with examine(referred(text), measured="absent", limit=limits.allowed):
            raise AssertionError(absent(workloads, text))
    if pods is not None:
        living = [pod for pod in pods if not (pod.finished or pod.terminating)]
        replicated = {workload_key(one) for one in chosen if one.replicas >= limits.replicated_from}
        _examine_evictions(by_workload(living), replicated, finder, budgets, examine)
        _examine_drain(living, examine)


def _examine(
    workload: Workload,
    covering: list[DisruptionBudget],
    budgets: Listing[DisruptionBudget],
    autoscalers: Listing[Autoscaler],
    limits: BudgetLimits,
    examine: Examination,
) -> None:
    allowed = min((_allowed(one, limits) for one in covering), default=0)
    with examine(workload, measured=Count(allowed), limit=limits.allowed) as it:
        budgets.within(workload.namespace)  # raises when its budgets are not known
        assert covering, f"{several(workload.replicas, 'replica')}, and no PodDisruptionBudget"
        names = ", ".join(sorted(one.name for one in covering))
        assert len(covering) == 1, (
            f"{len(covering)} PodDisruptionBudgets ({names}) select its pods: no eviction succeeds"
        )
        _decide(it, covering[0], workload, allowed, limits)
        _decide_floor(covering[0], workload, autoscalers)


def _allowed(budget: DisruptionBudget, limits: BudgetLimits) -> int:
    """Disruptions it allows while every pod is well; before a drain, those it allows now."""
    if limits.drain:
        return budget.status.disruptions_allowed
    return max(0, budget.status.expected_pods - budget.status.desired_healthy)


def _decide(
    it: Block, budget: DisruptionBudget, workload: Workload, allowed: int, limits: BudgetLimits
) -> None:
    status = budget.status
    failed = budget.condition("DisruptionAllowed")
    assert failed is None or failed.reason != "SyncFailed", (
        f"budget {budget.name} cannot be computed (SyncFailed)"
    )
    if not budget.observed:
        raise Undecided(f"the controller has not seen the newest change of budget {budget.name}")
    assert status.expected_pods, f"budget {budget.name} counts no pods"
    assert status.desired_healthy, (
        f"budget {budget.name} protects nothing: of {several(status.expected_pods, 'pod')} all may go at once"
    )
    it.holds(
        limits.allowed,
        allowed,
        f"budget {budget.name} allows {several(allowed, 'disruption')} "
        f"of {several(status.expected_pods, 'pod')} "
        f"({status.current_healthy} healthy, {status.desired_healthy} required), {limits.allowed} needed",
    )


def _decide_floor(budget: DisruptionBudget, workload: Workload, autoscalers: Listing[Autoscaler]) -> None:
    """A budget that asks for as many pods as the autoscaler's minimum blocks drains at quiet times."""
    floor = budget.spec.min_available
    if not isinstance(floor, int):
        return
    for autoscaler in autoscalers.within(workload.namespace):
        if autoscaler.target == workload.reference:
            least = autoscaler.spec.min_replicas
            assert floor < least, (
                f"budget {budget.name} keeps {several(floor, 'pod')}, the autoscaler's minimum is {least}"
            )


def _examine_evictions(
    groups: Mapping[WorkloadKey, list[Pod]],
    judged: Container[WorkloadKey],
    finder: BudgetFinder,
    budgets: Listing[DisruptionBudget],
    examine: Examination,
) -> None:
    """Every other pod that a drain moves: a budget of a single pod may hold it for ever."""
    for key, members in groups.items():
        namespace, kind, name = key
        if key in judged or kind in _LEFT_ALONE:
            continue
        told = [(pod, finder.covering(pod.labels, namespace)) for pod in members]
        with examine(Subject(kind.lower(), name, namespace), limit="evictions succeed"):
            budgets.within(namespace)  # raises when its budgets are not known
            refused = [why for pod, covering in told if (why := refusal(pod, covering))]
            assert not refused, (
                f"{len(refused)} of {several(len(members), 'pod')} cannot be evicted: {refused[0]}"
            )


def _examine_drain(living: list[Pod], examine: Examination) -> None:
    """What a drain destroys: bare pods, and the contents of emptyDir volumes."""
    for pod in living:
        if pod.owner is None:
            with examine(pod, measured="no owner", limit="a workload that replaces it"):
                raise AssertionError("nothing replaces this pod when a drain evicts it")
    for (namespace, kind, name), members in by_workload(living).items():
        if kind not in _LEFT_ALONE:
            held = sorted(
                {one.name for pod in members for one in pod.spec.volumes if one.empty_dir is not None}
            )
            with examine(
                Subject(kind.lower(), f"{name} (volumes)", namespace),
                measured=Count(len(held)),
                limit=Count(0),
            ):
                assert not held, f"a drain deletes what is in its emptyDir volumes: {', '.join(held)}"
