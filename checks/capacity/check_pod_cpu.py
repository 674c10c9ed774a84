"""How much of the CPU that they may use containers use."""

from __future__ import annotations

from typing import Annotated

from opsproof import MEDIUM, Examination, check
from opsproof.examine.container_use import Use, UseLimits, examine_use
from opsproof.sources.prometheus.facts import PromQL, Recorded, Samples

_BY = "by (namespace, pod, container)"
CpuUsed = Annotated[Samples, PromQL(f"sum {_BY} (rate(${{container_cpu_usage}}[${{window}}]))")]
CpuLimits = Annotated[
    Samples | None, PromQL(f"sum {_BY} (${{container_cpu_limits}})", over="", when="needs_limit")
]
CpuRequests = Annotated[
    Samples | None, PromQL(f"sum {_BY} (${{container_cpu_requests}})", over="", when="needs_request")
]
CpuRecording = Annotated[Samples, Recorded("${container_cpu_usage}")]


@check("capacity/pod-cpu", title="Containers use less CPU than the limit allows", level=MEDIUM)
def check_cpu(
    used: CpuUsed, most: CpuLimits, requested: CpuRequests, recording: CpuRecording, limits: UseLimits,
    examine: Examination,
) -> None:  # fmt: skip
    """A container at its CPU limit is throttled: it answers late without failing."""
    examine_use(Use("CPU", used, {"limit": most, "request": requested}, limits, examine), recording)
