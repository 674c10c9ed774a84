"""A program of this machine, run to its end or to its deadline; never through a shell."""

from __future__ import annotations

import errno
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from opsproof.model.failure import BadAnswer, CollectionError, Forbidden, NotFound, TimedOut

_LOOK = 0.02  # seconds between two looks whether it has ended
_CHUNK = 65536


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit status, negative for the signal that killed it, and what it wrote.

    `out` are the last bytes that were to be kept, `size` counts all.
    """

    status: int
    out: bytes = field(default=b"", repr=False)
    size: int = 0
    seconds: float = 0.0


def run(
    words: Sequence[str], *, env: Mapping[str, str], seconds: float, take: Callable[[int], None],
    keep: int | None = None, errors: bool = False, cwd: Path | None = None,
) -> Ended:  # fmt: skip
    """Run it in a process group of its own, which is killed as a whole before this returns.

    Args:
        words: the program and its arguments.
        env: the whole environment that it sees.
        seconds: until its deadline.
        take: is told of bytes before they are kept, and may raise.
        keep: how many of the last bytes are kept; None for all.
        errors: its standard error belongs to what it wrote; otherwise nobody reads that.

    Raises:
        NotFound, Forbidden, BadAnswer: it cannot be started.
        TimedOut: it had not ended at its deadline.
    """
    began = time.monotonic()
    process = _started(words, env, errors=errors, cwd=cwd)
    output = _Output(process, take, keep)
    try:
        while not output.ended(began + seconds):
            if time.monotonic() > began + seconds:
                raise TimedOut(f"{words[0]}: killed; it had not ended within {seconds:.3g} s")
    finally:
        _kill(process)
    return Ended(process.returncode, bytes(output.kept), output.size, round(time.monotonic() - began, 4))


def _started(
    words: Sequence[str], env: Mapping[str, str], *, errors: bool, cwd: Path | None
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if errors else subprocess.DEVNULL, env=dict(env), cwd=cwd,
            start_new_session=True, bufsize=0,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        raise _not_started(words[0], error) from None


def _not_started(name: str, error: Exception) -> CollectionError:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return NotFound(f"{name}: it, or what interprets it, is not there")
    if isinstance(error, PermissionError):
        return Forbidden(f"{name}: it may not be executed")
    if isinstance(error, OSError) and error.errno == errno.ENOEXEC:
        return BadAnswer(f"{name}: it is no program; a script begins with #! and its interpreter")
    return BadAnswer(f"{name}: it cannot be started ({type(error).__name__})")


class _Output:
    """What the program writes, while it runs and what is left when it has ended."""

    def __init__(
        self, process: subprocess.Popen[bytes], take: Callable[[int], None], keep: int | None
    ) -> None:
        assert process.stdout is not None
        self._process = process
        self._pipe = process.stdout.fileno()
        self._take = take
        self._most = keep
        self._open = True
        self.kept = bytearray()
        self.size = 0

    def ended(self, deadline: float) -> bool:
        """Read for a moment; whether the program has ended and all that it wrote is read."""
        over = _over(self._process)
        wait = 0.0 if over else max(0.0, min(_LOOK, deadline - time.monotonic()))
        if not self._open:
            time.sleep(wait)
            return over
        # A child that outlives the program may hold the pipe: what is there now is what it wrote.
        if not select.select([self._pipe], [], [], wait)[0]:
            return over
        self._read()
        return over and not self._open

    def _read(self) -> None:
        data = os.read(self._pipe, _CHUNK)
        self._open = bool(data)
        self._take(len(data))
        self.size += len(data)
        self.kept += data
        if self._most is not None and len(self.kept) > self._most:
            del self.kept[: len(self.kept) - self._most]


def _over(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended; it stays a zombie, so that its group's number cannot be another's."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # nobody of it is left, or what is left is no longer ours
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
