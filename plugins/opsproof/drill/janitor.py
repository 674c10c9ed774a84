"""A process that outlives a drill that is killed, and takes its database away.

It waits for the end of its input. `done` there means that nothing is left to do.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO

_PATIENCE = 60.0  # seconds


@contextmanager
def watching(parameters: Mapping[str, str], database: str) -> Iterator[None]:
    """While this runs, its end by a signal leaves no database behind."""
    child = subprocess.Popen(
        [sys.executable, "-m", "opsproof.drill.janitor"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert child.stdin is not None
    try:
        child.stdin.write(json.dumps({"parameters": dict(parameters), "database": database}).encode() + b"\n")
        child.stdin.flush()
        yield
    finally:
        _dismissed(child, child.stdin)


def _dismissed(child: subprocess.Popen[bytes], pipe: IO[bytes]) -> None:
    try:
        pipe.write(b"done\n")
        pipe.close()
        child.wait(_PATIENCE)
    except (BrokenPipeError, subprocess.TimeoutExpired):
        child.kill()
        child.wait()


def main(told: IO[bytes]) -> None:
    """Wait, and clean up."""
    task = json.loads(told.readline())
    if told.read().strip() == b"done":
        return
    import psycopg

    from opsproof.drill.scratch import drop

    with psycopg.connect(**task["parameters"], autocommit=True) as session:
        drop(session, task["database"])


if __name__ == "__main__":
    main(sys.stdin.buffer)
