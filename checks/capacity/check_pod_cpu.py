"""How much of the CPU that they may use containers use."""

from __future__ import annotations

from typing import Annotated

from opsproof import MEDIUM, Examination, check
from opsproof.examine.container_use import Bases, BasesOf, Use, UseLimits, examine_use
from opsproof.sources.prometheus.facts import PromQL, Recorded, Samples
from opsproof.sources.prometheus.growth import folded

_BY = "by (namespace, pod, container)"
_RATE = folded("rate(${container_cpu_usage}[${window}])")
CpuUsed = Annotated[Samples, PromQL(f"sum {_BY} ({_RATE})")]
_LIMITS = folded("${container_cpu_limits}")
CpuLimits = Annotated[Samples | None, PromQL(f"sum {_BY} ({_LIMITS})", over="", when="needs_limit")]
_REQUESTS = folded("${container_cpu_requests}")
CpuRequests = Annotated[Samples | None, PromQL(f"sum {_BY} ({_REQUESTS})", over="", when="needs_request")]
CpuRecording = Annotated[Samples, Recorded("${container_cpu_usage}")]
CpuKnown = Annotated[
    Bases, BasesOf("${container_cpu_usage}", "${container_cpu_limits}", "${container_cpu_requests}")
]


@check("capacity/pod-cpu", title="Containers use less CPU than the limit allows", level=MEDIUM)
def check_cpu(
    used: CpuUsed, most: CpuLimits, requested: CpuRequests, recording: CpuRecording, known: CpuKnown,
    limits: UseLimits, examine: Examination,
) -> None:  # fmt: skip
    """A container at its CPU limit is throttled: it answers late without failing."""
    mean = limits.aggregate == "mean"
    bases = {"limit": most, "request": requested}
    examine_use(Use("CPU", used, bases, limits, examine, known, mean=mean), recording)
