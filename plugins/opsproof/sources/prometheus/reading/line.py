"""The line that values follow, and where something other than growth broke it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import msgspec

from opsproof.sources.prometheus.facts import Point


class Line(msgspec.Struct, frozen=True):
    """Values that grow, oldest first; `fall`: by how much one has to drop to count as freed by somebody."""

    points: Sequence[Point]
    fall: float

    @property
    def slope(self) -> float:
        """Growth a second over all of it, by least squares; 0 where two points are not there."""
        if len(self.points) < 2:
            return 0.0
        middle = sum(point.time for point in self.points) / len(self.points)
        mean = sum(point.value for point in self.points) / len(self.points)
        spread = sum((point.time - middle) ** 2 for point in self.points)
        return sum((point.time - middle) * (point.value - mean) for point in self.points) / spread

    @property
    def falls(self) -> list[tuple[Point, float]]:
        """After which points something was freed, and how much; what has not grown since then is still that one."""
        found: list[tuple[Point, float]] = []
        lowest = -math.inf
        for before, after in itertools.pairwise(self.points):
            freed = before.value - after.value
            if freed > self.fall:
                again = before.value - lowest > self.fall
                found.append((after, freed if again else freed + found.pop()[1]))
                lowest = after.value
            elif found:
                lowest = min(lowest, after.value)
        return found

    @property
    def slope_between_falls(self) -> float:
        """Growth a second while nothing was freed."""
        steps = [
            (after.time - before.time, after.value - before.value)
            for before, after in itertools.pairwise(self.points)
            if before.value - after.value <= self.fall
        ]
        time = sum(seconds for seconds, _ in steps)
        return sum(grown for _, grown in steps) / time if time else 0.0


def until(room: float, slope: float) -> float:
    """Seconds until the room is used up; infinite for what does not grow."""
    return max(room, 0.0) / slope if slope > 0 else (0.0 if room <= 0 else math.inf)
