"""What the answers of a run may take of this process's memory, all together: measured, not guessed."""

from __future__ import annotations

import ctypes
import gc
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Condition

from opsproof.model.failure import TooBig

MOST = 400_000_000
_FOR_ANSWERS = 3 / 4  # of it; the rest is for deciding and reporting
_USUAL = 120_000_000  # what a process holds before it asks anybody, at most
_SMALL = 16 * 1024  # what is made of so little is not worth counting
_PER_BYTE = 5  # a text decoded, encoded, redacted and encoded again
_PER_WIDE_BYTE = 14  # the same, where one letter may widen all others to four bytes
_STATM, _PAGE = Path("/proc/self/statm"), os.sysconf("SC_PAGE_SIZE")
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _LARGE = -1, -3, 128 * 1024
_LOOK = 0.2  # seconds between two looks whether others have given memory back


@dataclass(frozen=True)
class Form:
    """How a document tells its values apart, and what that costs.

    Args:
        marks: the bytes between values; every value has one.
        per_mark: bytes of memory for each: an empty object of JSON has two.
        worst: bytes of memory that one byte may become.
    """

    marks: bytes
    per_mark: int
    worst: int


JSON, WORDS = Form(b"{[,:", 96, 64), Form(b" \t\n", 96, 64)
PROTOBUF = Form(bytes(range(32)), 150, 128)  # the length of whatever is small


class Memory:
    """Hands out memory to the answers of one process of a run.

    Whoever needs more than is left ends as TooBig, our own side, before it is taken. An answer may never hold
    more than it leaves to all others, so that a server without end does not take it from the rest. What a process
    holds from before, a team's other tests, is no answer's doing.
    """

    def __init__(self, most: int = MOST, resident: Callable[[], int] | None = None) -> None:
        self.most = most
        self._resident = resident or _resident
        self._before = max(0, self._resident() - _USUAL)
        self._claimed = 0
        self._changed = Condition()

    @property
    def room(self) -> int:
        """What may still be taken; below zero where it was too much."""
        return int(self.most * _FOR_ANSWERS) + self._before - self._resident() - self._claimed

    def require(self, needed: int, target: str) -> None:
        """Raises TooBig where so much is not left, even after what is free was given back."""
        if needed > self.room:
            _give_back()
            if needed > self.room:
                raise self._too_big(target)

    def claim(self, needed: int, target: str, deadline: float) -> None:
        """Set so much apart until it is released; waits while others have memory set apart.

        Raises:
            TooBig: it is not left, with nobody to wait for, or no time.
        """
        with self._changed:
            released = True
            while needed > self.room:
                left = deadline - time.monotonic()
                if not self._claimed or left <= 0 or not released:
                    _give_back()  # takes as long as a page does: only where nobody releases anything
                    if needed <= self.room:
                        break
                    if not self._claimed or left <= 0:
                        raise self._too_big(target)
                released = self._changed.wait(min(_LOOK, left))
            self._claimed += needed

    def release(self, claimed: int) -> None:
        with self._changed:
            self._claimed -= claimed
            self._changed.notify_all()

    def unfolded(self, body: bytes, form: Form = JSON) -> int:
        """The most that a document may become when it is decoded, kept and redacted: counted only where it matters."""
        if len(body) < _SMALL:
            return 0
        worst = len(body) * form.worst
        if 2 * worst < self.room:
            return worst
        values = len(body) - len(body.translate(None, form.marks))
        wide = not body.isascii() or b"\\u" in body
        return values * form.per_mark + len(body) * (_PER_WIDE_BYTE if wide else _PER_BYTE)

    def _too_big(self, target: str) -> TooBig:
        return TooBig(
            f"the answers would take more memory than the {self.most / 1e6:.0f} MB of a run "
            "(opsproof_memory in the ini file)",
            target=target,
            own=True,
        )


def _resident() -> int:
    """The memory that the process holds now; 0 where the system does not tell it."""
    try:
        return int(_STATM.read_bytes().split()[1]) * _PAGE
    except OSError:
        return 0


@cache
def lend_large_blocks() -> None:
    """Have the allocator (glibc's) give large blocks back as they are freed: it would keep a page's bytes for later."""
    adjust = getattr(ctypes.CDLL(None), "mallopt", None)
    if adjust is not None:
        adjust(_M_MMAP_THRESHOLD, _LARGE)
        adjust(_M_TRIM_THRESHOLD, _LARGE)


def _give_back() -> None:
    """Have the system take back what is free: Python and its allocator keep it for later."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
