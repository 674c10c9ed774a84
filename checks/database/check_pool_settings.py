"""The pools of database sessions that an application's processes hold."""

from __future__ import annotations

from typing import Annotated

from opsproof import (
    LOW,
    AtMost,
    Count,
    Examination,
    Limits,
    Listing,
    Percent,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside, known
from opsproof.examine.deciding import deciding
from opsproof.model.failure import Failure
from opsproof.sources.kubernetes.asks import Kubernetes
from opsproof.sources.kubernetes.config_values import ConfigOf, ConfigValues
from opsproof.sources.kubernetes.facts.scaling import Autoscaler
from opsproof.sources.kubernetes.facts.workloads import Workload
from opsproof.sources.kubernetes.reading.choice import named
from opsproof.sources.postgres.facts import PostgresSessions, Sessions
from opsproof.sources.postgres.reading.amount import same

_SIZE, _OVERFLOW = "pool_size", "max_overflow"
_WORKLOADS = ("deployments", "statefulsets")
Scaling = Annotated[
    Listing[Autoscaler] | None, Kubernetes("horizontalpodautoscalers", wanted_by=("workload",))
]
Scaled = Annotated[Listing[Workload] | None, Kubernetes(*_WORKLOADS, wanted_by=("workload",))]


class PoolLimits(Limits):
    """`settings`: the value of each in the ConfigMap `config` (namespace/name), under the key that `keys` gives it.

    `workload`: the sessions of all pools of all its `processes`, at the most replicas that it may have, and
    `others` beside, against those that the server has for applications: `highest`. The pool's size and overflow
    are `pool_size` and `max_overflow` of `keys`.
    """

    settings: dict[str, str] = {}
    highest: AtMost[Percent] | None = None
    others: Count = Count(10)
    config: Scoped[str]
    keys: Scoped[dict[str, str]]
    workload: Scoped[str] = ""
    processes: Scoped[Count] = Count(1)


@check("database/pool-settings", title="The pools are set as stated and fit the server", level=LOW)
def check_pool_settings(
    config: Annotated[Listing[ConfigValues] | None, ConfigOf("config", "keys")],
    autoscalers: Scaling,
    workloads: Scaled,
    sessions: Annotated[Sessions | Failure | None, Beside(PostgresSessions(), when="workload")],
    limits: PoolLimits,
    examine: Examination,
) -> None:
    """Pools that may grow beyond the server's slots lock everybody out at the very moment of the highest load."""
    found = next(iter(config or ()), None)
    for name, wanted in limits.settings.items():
        subject = Subject("pool setting", name)
        with deciding(examine, subject):
            value = _value(name, found, limits)
            with examine(subject, measured=value, limit=wanted):
                assert same(value, wanted, ""), f"{value}; needed {wanted}"
    if limits.workload and autoscalers is not None and workloads is not None:
        with deciding(examine, Subject("workload", limits.workload)):
            size, overflow = (_whole(name, found, limits) for name in (_SIZE, _OVERFLOW))
            for workload in _workloads(workloads, limits):
                replicas = _most(workload, autoscalers)
                _examine_sum(workload, replicas, (size, overflow), known(sessions), limits, examine)


def _value(name: str, config: ConfigValues | None, limits: PoolLimits) -> str:
    """What the ConfigMap says. Raises Undecided: it does not; what the application does then is not known."""
    if config is None:
        raise Undecided(f"there is no ConfigMap {limits.config}")
    if name not in limits.keys:
        raise Undecided(f"scope.keys names no key of {name}")
    value = config.value(limits.keys[name])
    if value is None:
        raise Undecided(f"the ConfigMap {limits.config} has no key {limits.keys[name]}")
    return value


def _whole(name: str, config: ConfigValues | None, limits: PoolLimits) -> int:
    try:
        return int(_value(name, config, limits))
    except ValueError:
        raise Undecided(f"{name} is no whole number") from None


def _workloads(workloads: Listing[Workload], limits: PoolLimits) -> list[Workload]:
    found, missing = named(workloads, [limits.workload])
    if missing:
        raise Undecided(f"there is no {missing[0]}: how many pools it has is not known")
    return found


def _most(workload: Workload, autoscalers: Listing[Autoscaler]) -> int:
    """The most replicas that it may have: its autoscaler's maximum, else what it has."""
    own = [one for one in autoscalers.within(workload.namespace) if one.target == workload.reference]
    return max((one.spec.max_replicas for one in own), default=workload.replicas)


def _examine_sum(
    workload: Workload,
    replicas: int,
    pool: tuple[int, int],
    sessions: Sessions,
    limits: PoolLimits,
    examine: Examination,
) -> None:
    size, overflow = pool
    wanted = replicas * int(limits.processes) * (size + overflow) + int(limits.others)
    share = Percent(wanted / sessions.available) if sessions.available > 0 else None
    bounded = size > 0 and overflow >= 0
    with examine(workload, measured=share if bounded else "no limit", limit=limits.highest) as it:
        assert bounded, f"pool_size {size} and max_overflow {overflow}: a pool without limit"
        if share is None or limits.highest is None:
            raise Undecided("how many sessions the server has is not told: no slot is left")
        it.holds(
            limits.highest,
            share,
            f"{replicas} replicas x {limits.processes} processes x ({size} + {overflow}) and {limits.others} others "
            f"may take {wanted} of {sessions.available} sessions",
        )
