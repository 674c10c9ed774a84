"""How much is asked at once: as the load budget counts it, and as the server sees it."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from opsproof.model.target import Target
from opsproof.testing.faulty import Behaviour, Spoiled


class Counted:
    """So many slots, and how many were held at once and in all."""

    def __init__(self, most: int) -> None:
        self._free = threading.Semaphore(most)
        self._lock = threading.Lock()
        self._held = 0
        self.peak = 0
        self.taken = 0

    @contextmanager
    def slot(self, target: Target, deadline: float) -> Iterator[None]:
        with self._free:
            with self._lock:
                self._held += 1
                self.taken += 1
                self.peak = max(self.peak, self._held)
            try:
                yield
            finally:
                with self._lock:
                    self._held -= 1


class Watching:
    """A server that counts its exchanges: from hearing something until it answers.

    Each answer waits a moment for one more exchange than is allowed to begin, so that one that holds no
    slot is seen. What is heard and needs no answer (a farewell) is no exchange.
    """

    def __init__(self, behave: Behaviour, most: int) -> None:
        self._behave = behave
        self._most = most
        self._changed = threading.Condition()
        self._open = 0
        self._times: list[tuple[float, int]] = []

    def __call__(self, connection: socket.socket) -> None:
        self._behave(cast("socket.socket", _Watched(connection, self)))

    @property
    def peak(self) -> int:
        """How many exchanges there were at once."""
        steps = itertools.accumulate(step for _, step in sorted(self._times))
        return max(steps, default=0)

    def began(self) -> float:
        with self._changed:
            self._open += 1
            self._changed.notify_all()
            return time.monotonic()

    def ends(self, began: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._open > self._most, timeout=0.01)
            self._open -= 1
            self._times += [(began, 1), (time.monotonic(), -1)]


class _Watched(Spoiled):
    def __init__(self, connection: socket.socket, server: Watching) -> None:
        super().__init__(connection)
        self._server = server
        self._began: float | None = None

    def recv(self, size: int) -> bytes:
        heard = self._connection.recv(size)
        if heard and self._began is None:
            self._began = self._server.began()
        return heard

    def sendall(self, data: bytes) -> None:
        if self._began is not None:
            self._server.ends(self._began)
            self._began = None
        self._connection.sendall(data)
