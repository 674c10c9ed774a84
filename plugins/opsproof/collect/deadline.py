"""The last resort: a process beside ours that ends it when its deadline is over and nothing in it can.

An expression over a server's text, or a library's C code, may hold the interpreter's lock for any time: then no
thread of ours runs, no timer and no signal handler. What a run waits for is bounded elsewhere; this is for what
is not known yet. The child imports nothing of ours: it reads a pipe, and kills.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

MARGIN = 0.1  # of the deadline
_SHORTEST_MARGIN = 0.3
_BEAT = 0.1
_SILENCE = 1.0  # seconds without a beat: no thread of the process can run
_PATIENCE = 30.0  # seconds between two results, once the deadline is over


class Deadline:
    """Beats while the process can run, and says when something was decided.

    Args:
        seconds: until the run's deadline.
        allowed: the length of the deadline; a tenth of it is let pass.
        afterwards: a command for when the process had to be killed: it finishes the reports.
    """

    def __init__(self, seconds: float, allowed: float, afterwards: Sequence[str] = ()) -> None:
        grace = max(_SHORTEST_MARGIN, allowed * MARGIN)
        # -I and -S: it is there in a moment, whatever is installed.
        command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("deadline_child.py"))]
        numbers = [f"{os.getpid()}", f"{seconds + grace:.3f}", f"{_SILENCE}", f"{_PATIENCE}"]
        self._child = subprocess.Popen(
            [*command, *numbers, *afterwards],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a keyboard's interrupt is for the run
        )
        self._over = threading.Event()
        self._seconds = seconds
        self._beats = threading.Thread(target=self._beat, name="opsproof-deadline", daemon=True)
        self._beats.start()

    def decided(self) -> None:
        """Something came of the process: it is not stuck."""
        self._say(b"d")

    def close(self) -> None:
        """The process ends by itself."""
        self._over.set()
        self._beats.join()
        self._say(b"e")
        assert self._child.stdin is not None
        try:
            self._child.stdin.close()
        except OSError:
            pass
        try:
            self._child.wait(5)
        except subprocess.TimeoutExpired:
            os.kill(self._child.pid, signal.SIGKILL)
            self._child.wait()

    def _beat(self) -> None:
        if self._over.wait(max(0.0, self._seconds - _SILENCE)):
            return
        while not self._over.wait(_BEAT):
            self._say(b"b")

    def _say(self, what: bytes) -> None:
        assert self._child.stdin is not None
        try:
            os.write(self._child.stdin.fileno(), what)
        except (OSError, ValueError):
            pass  # a child that is gone cannot be helped
