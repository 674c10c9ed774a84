"""One queue per target, served in turn: a target that hangs holds its own share of the threads, and no other's."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Condition
from typing import Generic, TypeVar

T = TypeVar("T")
_THREADS = 256


class _Queue(Generic[T]):
    """What waits for one target. Its first one goes alone: who is it?"""

    def __init__(self, waiting: Iterable[T], most: int) -> None:
        self.waiting = deque(waiting)
        self.most = most
        self.under_way = 0
        self.opened = False

    @property
    def ready(self) -> bool:
        return bool(self.waiting) and self.under_way < (self.most if self.opened else 1)

    @property
    def threads(self) -> int:
        return min(self.most, len(self.waiting))


class Turns(Generic[T]):
    """Hands out the work of several queues, one of each in turn, to threads that ask for it."""

    def __init__(self, queues: Mapping[str, Iterable[T]], most: Mapping[str, int]) -> None:
        self._queues = {name: _Queue(waiting, most[name]) for name, waiting in queues.items()}
        self._order = deque(self._queues)
        self._changed = Condition()

    @property
    def threads(self) -> int:
        """As many as all queues together can keep busy."""
        return max(1, min(_THREADS, sum(queue.threads for queue in self._queues.values())))

    def take(self) -> tuple[str, T] | None:
        """The next one, as soon as there is one that may go; None when nothing waits any more."""
        with self._changed:
            while self._waiting:
                for _ in range(len(self._order)):
                    name = self._order[0]
                    self._order.rotate(-1)
                    queue = self._queues[name]
                    if queue.ready:
                        queue.under_way += 1
                        taken = queue.waiting.popleft()
                        if not self._waiting:  # whoever waits for more waits in vain
                            self._changed.notify_all()
                        return name, taken
                self._changed.wait()
            return None

    def done(self, name: str) -> None:
        """One of that queue has ended. As many are woken as may go now: of a hundred threads most would wake in vain."""
        with self._changed:
            queue = self._queues[name]
            queue.under_way -= 1
            self._changed.notify(1 if queue.opened else queue.most)
            queue.opened = True

    @property
    def _waiting(self) -> bool:
        return any(queue.waiting for queue in self._queues.values())


def serve(turns: Turns[T], work: Callable[[T], None]) -> None:
    """Do all that waits. Raises what `work` raises, after the rest is done."""

    def serving() -> None:
        while taken := turns.take():
            name, one = taken
            try:
                work(one)
            finally:
                turns.done(name)

    with ThreadPoolExecutor(turns.threads) as pool:
        ends = [pool.submit(serving) for _ in range(turns.threads)]
    for end in ends:
        end.result()
