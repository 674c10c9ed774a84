"""What one connection may receive, where far less is ever right than the ask's whole budget."""

from __future__ import annotations

from opsproof.model.failure import TooBig
from opsproof.transport.link import Link


class Portion:
    """Counts against the ask's budget, and against a bound of its own.

    For libraries that make an object of every few bytes, of answers that are always short.
    """

    def __init__(self, link: Link, most: int) -> None:
        self._link = link
        self._most = most
        self._count = 0

    def read(self, count: int) -> None:
        """Count received bytes, before they are kept. Raises TooBig."""
        self._link.read(count)
        self._count += count
        if self._count > self._most:
            raise TooBig(f"more than {self._most} bytes", target=self._link.target.id)
