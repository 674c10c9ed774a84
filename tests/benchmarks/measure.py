"""Runs a program and says what it cost: wall clock, CPU seconds, and the memory of its largest process."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STAGES = "OPSPROOF_BENCH_STAGES"  # where the measured program writes what happened when
BEGAN = "OPSPROOF_BENCH_BEGAN"  # the monotonic clock when it was started


@dataclass(frozen=True)
class Sample:
    """One execution. Seconds; `rss` in MB. `stages` is what the program told of itself."""

    wall: float
    cpu: float
    rss: float
    status: int
    stages: Mapping[str, Any] = field(default_factory=dict)


class Failed(Exception):
    """A measured program ended as it should not; its figures mean nothing."""


def run(
    command: Sequence[str], folder: Path, *, env: Mapping[str, str] | None = None, good: Sequence[int] = (0,)
) -> Sample:
    """Execute a command in `folder`, output to files there; CPU and memory include its children.

    Raises:
        Failed: its exit status is not among `good`.
    """
    stages, output = folder / "stages.json", folder / "output.txt"
    stages.unlink(missing_ok=True)
    with output.open("wb") as out:
        began = time.monotonic()
        told = {STAGES: str(stages), BEGAN: repr(began), "NO_COLOR": "1", "COLUMNS": "100"}
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **told, **(env or {})}, stdout=out, stderr=out
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in good:
        tail = output.read_text(errors="replace")[-2000:]
        raise Failed(f"{' '.join(command[:6])} ...: exit {process.returncode}\n{tail}")
    return Sample(
        wall,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / 1024,
        process.returncode,
        json.loads(stages.read_text()) if stages.exists() else {},
    )


@dataclass
class Series:
    """All executions of one contender."""

    name: str
    samples: list[Sample] = field(default_factory=list)

    def median(self, of: Callable[[Sample], float]) -> float:
        return statistics.median(of(sample) for sample in self.samples)

    def spread(self, of: Callable[[Sample], float]) -> tuple[float, float]:
        values = [of(sample) for sample in self.samples]
        return min(values), max(values)

    @property
    def rss(self) -> float:
        """The worst, not the typical."""
        return max(sample.rss for sample in self.samples)


def wall(sample: Sample) -> float:
    return sample.wall


def cpu(sample: Sample) -> float:
    return sample.cpu


def inner_wall(sample: Sample) -> float:
    """Seconds of the work alone, without starting the interpreter and importing."""
    return float(sample.stages["work"]["wall"])


def inner_cpu(sample: Sample) -> float:
    return float(sample.stages["work"]["cpu"])
