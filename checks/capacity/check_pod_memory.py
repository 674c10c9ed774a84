"""How much of the memory that they may use containers use."""

from __future__ import annotations

from typing import Annotated

from opsproof import HIGH, Duration, Examination, check
from opsproof.examine.container_use import Bases, BasesOf, Use, UseLimits, examine_use
from opsproof.sources.prometheus.facts import PromQL, Recorded, Samples

_BY = "by (namespace, pod, container)"
# Working set, not usage: page cache is given back when needed.
MemoryUsed = Annotated[Samples, PromQL(f"max {_BY} (${{container_memory_working_set}})")]
MemoryLimits = Annotated[
    Samples | None, PromQL(f"max {_BY} (${{container_memory_limits}})", over="", when="needs_limit")
]
MemoryRequests = Annotated[
    Samples | None, PromQL(f"max {_BY} (${{container_memory_requests}})", over="", when="needs_request")
]
MemoryRecording = Annotated[Samples, Recorded("${container_memory_working_set}")]
MemoryKnown = Annotated[
    Bases,
    BasesOf("${container_memory_working_set}", "${container_memory_limits}", "${container_memory_requests}"),
]


class MemoryUseLimits(UseLimits):
    """As for CPU, but memory is a gauge: `window` only widens what must have been recorded."""

    window: Duration = Duration(0)


@check("capacity/pod-memory", title="Containers use less memory than the limit allows", level=HIGH)
def check_memory(
    used: MemoryUsed, most: MemoryLimits, requested: MemoryRequests, recording: MemoryRecording,
    known: MemoryKnown, limits: MemoryUseLimits, examine: Examination,
) -> None:  # fmt: skip
    """A container that reaches its memory limit is killed in the middle of its work."""
    mean = limits.aggregate == "mean"
    bases = {"limit": most, "request": requested}
    examine_use(Use("memory", used, bases, limits, examine, known, mean=mean), recording)
