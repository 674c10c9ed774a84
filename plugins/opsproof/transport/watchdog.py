"""A total deadline for libraries whose timeouts bound one read and not the whole exchange."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Watchdog:
    """Shuts the watched sockets down when the time is up, so that whoever reads from them wakes up."""

    def __init__(self, seconds: float) -> None:
        self.bitten = False
        self._watched: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(max(0.0, seconds), self._bite)
        self._timer.daemon = True

    def watch(self, descriptor: int) -> None:
        """Watch one more socket. A duplicate is kept: TLS detaches the original."""
        with self._lock:
            self._watched.append(socket.socket(fileno=os.dup(descriptor)))
        if self.bitten:
            self._bite()

    def _bite(self) -> None:
        self.bitten = True
        with self._lock:
            for watched in self._watched:
                try:
                    watched.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _close(self) -> None:
        self._timer.cancel()
        with self._lock:
            for watched in self._watched:
                watched.close()
            self._watched.clear()


@contextmanager
def watchdog(seconds: float) -> Iterator[Watchdog]:
    """Bound the block: `bitten` tells afterwards whether its sockets were shut down."""
    dog = Watchdog(seconds)
    dog._timer.start()
    try:
        yield dog
    finally:
        dog._close()
