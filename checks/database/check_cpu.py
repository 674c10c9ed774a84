"""How much of the CPU that it may use a database uses."""

from __future__ import annotations

from typing import Annotated, Literal

from opsproof import HIGH, Examination, Scoped, Subject, Undecided, check
from opsproof.examine.beside import Beside
from opsproof.examine.container_use import NODE, Use, UseBounds, examine_use
from opsproof.examine.deciding import deciding
from opsproof.model.failure import Failure
from opsproof.sources.prometheus.facts import PromQL, Recorded, Samples
from opsproof.sources.prometheus.growth import folded
from opsproof.sources.prometheus.known import Known, Matched

_BY = "by (namespace, pod, container)"
_RATE, _LIMITS = folded("rate(${database_cpu_usage}[${window}])"), folded("${container_cpu_limits}")
# The limits of all containers: that the metric has none of this one says then that there is none.
_CORES = "max by (node) (${node_cpu})"
_OF_ITS_NODE = f"max by (namespace, pod) (max by (namespace, pod, node) (${{pod_info}}) * on (node) group_left () {_CORES})"


class DatabaseCpuLimits(UseBounds):
    """`base`: what 100 % is; a container without a limit may use its whole node.

    `sustained`: use must be above `highest` during all of it to be a violation.
    """

    base: Scoped[Literal["limit", "node"]] = "limit"

    @property
    def wholes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.base, NODE)))

    @property
    def needs_limit(self) -> bool:
        return self.base == "limit"


@check("database/cpu", title="The database's CPU use stays below its limit", level=HIGH)
def check_database_cpu(
    used: Annotated[Samples, PromQL(f"sum {_BY} ({_RATE})")],
    most: Annotated[Samples | None, PromQL(f"sum {_BY} ({_LIMITS})", over="", when="needs_limit")],
    of_node: Annotated[Samples | Failure, Beside(PromQL(_OF_ITS_NODE, over=""))],
    recording: Annotated[Samples, Recorded("${database_cpu_usage}")],
    usage_known: Annotated[Known | Failure, Beside(Matched("${database_cpu_usage}"))],
    limits_known: Annotated[Known | Failure | None, Beside(Matched("${container_cpu_limits}"), when="needs_limit")],
    limits: DatabaseCpuLimits,
    examine: Examination,
) -> None:  # fmt: skip
    """A database at its CPU limit is throttled: each query waits, and sessions pile up until none is left."""
    bases = {"limit": most, NODE: None if isinstance(of_node, Failure) else of_node}
    matched = {"used": usage_known} | ({} if limits_known is None else {"limit": limits_known})
    use = Use("CPU", used, bases, limits, examine, matched, every=True)
    with deciding(examine, Subject("signal", "CPU use")):
        use.require_series()
        if used.empty:
            raise Undecided("no container of the database is measured now")
        if most is not None and most.empty:
            raise Undecided("Prometheus has no CPU limits of containers now")
        examine_use(use, recording)
