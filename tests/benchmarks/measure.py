"""Runs a program and says what it cost: wall clock, CPU seconds, and the memory of its largest process."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
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


def in_turn(
    contestants: Mapping[str, Callable[[], Sample]],
    rounds: int,
    rarely: Collection[str] = (),
    *,
    compiles: bool = False,
) -> dict[str, Series]:
    """In turn, so that whatever else the machine does falls on all of them.

    Args:
        rarely: who takes minutes, and is executed in a third of the rounds.
        compiles: everyone is executed once before, since the first time compiles its modules.
    """
    measured = {name: Series(name) for name in contestants}
    for execute in contestants.values() if compiles else ():
        execute()
    for number in range(rounds):
        for name, execute in contestants.items():
            if name in rarely and number * 3 >= max(rounds, 3):
                continue
            sample = execute()
            measured[name].samples.append(sample)
            say(f"  {name}: {sample.wall:.2f} s, CPU {sample.cpu:.2f} s, {sample.rss:.0f} MB")
    return measured


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def wall(sample: Sample) -> float:
    return sample.wall


def cpu(sample: Sample) -> float:
    return sample.cpu


def inner_wall(sample: Sample) -> float:
    """Seconds of the work alone, without starting the interpreter and importing."""
    return float(sample.stages["work"]["wall"])


def inner_cpu(sample: Sample) -> float:
    return float(sample.stages["work"]["cpu"])
