"""The load budget of who asks one target from one thread, outside of a run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from opsproof.model.target import Target


class InTurn:
    """One request after the other, not faster than the target's budget allows."""

    def __init__(self) -> None:
        self._free_at = 0.0

    @contextmanager
    def slot(self, target: Target, deadline: float) -> Iterator[None]:
        time.sleep(max(0.0, min(self._free_at, deadline) - time.monotonic()))
        self._free_at = time.monotonic() + 1 / target.budget.rate
        yield
