"""What the API would tell somebody who asks to evict a pod now."""

from __future__ import annotations

from collections.abc import Sequence

from opsproof.model.failure import Undecided
from opsproof.model.words import several
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.scaling import DisruptionBudget

# Of a pod that does not run the API asks no budget.
_NOT_ASKED = frozenset({"Pending", "Succeeded", "Failed"})


def refusal(pod: Pod, covering: Sequence[DisruptionBudget]) -> str:
    """Why the eviction would be refused; "" when it would not.

    Args:
        pod: any pod.
        covering: the budgets that select it.

    Raises:
        Undecided: the budget's status tells about an older one.
    """
    if pod.terminating or pod.phase in _NOT_ASKED or not covering:
        return ""
    if len(covering) > 1:
        names = ", ".join(sorted(one.name for one in covering))
        return f"{len(covering)} PodDisruptionBudgets ({names}) select it: no eviction succeeds"
    (budget,) = covering
    if not budget.observed:
        raise Undecided(f"the controller has not seen the newest change of budget {budget.name}")
    if budget.status.disruptions_allowed > 0 or (not pod.ready and _lets_unhealthy_go(budget)):
        return ""
    return f"budget {budget.name} allows no disruption now ({state(budget)})"


def _lets_unhealthy_go(budget: DisruptionBudget) -> bool:
    """A pod that is not ready goes always by one policy; by the other while enough are healthy without it."""
    status = budget.status
    if budget.spec.unhealthy_pod_eviction_policy == "AlwaysAllow":
        return True
    return 0 < status.desired_healthy <= status.current_healthy


def state(budget: DisruptionBudget) -> str:
    """`3 pods, 3 healthy, 2 required`."""
    status = budget.status
    pods = several(status.expected_pods, "pod")
    return f"{pods}, {status.current_healthy} healthy, {status.desired_healthy} required"
