"""A process that outlives a drill that is killed, and takes its database or namespace away.

It waits for the end of its input. `done` there means that nothing is left to do.
"""

from __future__ import annotations

import base64
import json
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opsproof.sources.kubernetes.settings import KubernetesSettings

_PATIENCE = 60.0  # seconds
_TRIES, _AGAIN = 600.0, 5.0


def watching(parameters: Mapping[str, str], database: str) -> AbstractContextManager[None]:
    """While this runs, its end by a signal leaves no database behind."""
    return _watched({"parameters": dict(parameters), "database": database})


def watching_cluster(
    cluster: KubernetesSettings, velero: str, name: str, within: float
) -> AbstractContextManager[None]:
    """The same of a namespace and the Restore that fills it, which Velero ends within so many seconds."""
    settings = base64.b64encode(pickle.dumps(cluster)).decode()  # secrets in it are references
    return _watched({"cluster": settings, "velero": velero, "name": name, "within": within})


@contextmanager
def _watched(task: Mapping[str, object]) -> Iterator[None]:
    child = subprocess.Popen(
        [sys.executable, "-m", "opsproof.drill.janitor"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert child.stdin is not None
    try:
        child.stdin.write(json.dumps(task).encode() + b"\n")
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
    if "cluster" in task:
        _cleared(task)
        return
    _dropped(task["parameters"], task["database"])


def _dropped(parameters: Mapping[str, str], database: str) -> None:
    """Where the server cannot be had now, it is tried again for a while."""
    import psycopg

    from opsproof.drill.scratch import await_made, drop

    deadline = time.monotonic() + _TRIES
    while True:
        try:
            with psycopg.connect(**parameters, autocommit=True) as session:  # type: ignore[arg-type]
                await_made(session, database, deadline)
                return drop(session, database)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN)


def _cleared(task: Mapping[str, Any]) -> None:
    from opsproof.drill.cluster import connected
    from opsproof.drill.velero import take_away

    # Nobody but the drill that started this writes to its input.
    settings = pickle.loads(base64.b64decode(task["cluster"]))  # noqa: S301
    with connected(settings) as api:
        take_away(api, task["velero"], task["name"], float(task["within"]))


if __name__ == "__main__":
    main(sys.stdin.buffer)
