"""Start, await and end the testbed's own processes, each known by the id it was started with."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.testbed import place


class TestbedError(Exception):
    """A server of the testbed could not be built, started or reached."""

    __test__ = False


def _pid_file(name: str) -> Path:
    return place.state() / "run" / f"{name}.pid"


def log_file(name: str) -> Path:
    return place.state() / "log" / f"{name}.log"


def _started_at(pid: int) -> str | None:
    """The kernel's start time of a process: tells a reused id from the process we started."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return None


def running(name: str) -> int | None:
    """The id of the named process if it is one that we started and that still runs."""
    try:
        pid, started = _pid_file(name).read_text().split()
    except (OSError, ValueError):
        return None
    if _started_at(int(pid)) != started:
        return None
    state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return None if state == "Z" else int(pid)


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
) -> int:
    """Start a server in a session of its own unless it runs already; its output goes to its log."""
    already = running(name)
    if already is not None:
        return already
    for folder in (_pid_file(name).parent, log_file(name).parent):
        folder.mkdir(parents=True, exist_ok=True)
    with log_file(name).open("ab") as log:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            user=user,
            start_new_session=True,
        )
    process.returncode = 0  # it outlives this object, which must not warn about that
    started = _started_at(process.pid)
    _pid_file(name).write_text(f"{process.pid} {started}")
    return process.pid


def stop(name: str, *, within: float = 10.0, how: signal.Signals = signal.SIGTERM) -> None:
    """End the named process: by `how`, then by SIGKILL when it has not gone `within` seconds."""
    pid = running(name)
    if pid is not None:
        os.kill(pid, how)
        deadline = time.monotonic() + within
        while running(name) is not None and time.monotonic() < deadline:
            _reap(pid)
            time.sleep(0.02)
        if running(name) is not None:
            os.kill(pid, signal.SIGKILL)
        _reap(pid)
    _pid_file(name).unlink(missing_ok=True)


def stop_all() -> None:
    """End whatever was started and runs still. Of what is started behind a shell's back SIGINT is ignored."""
    for file in _pid_file("any").parent.glob("*.pid"):
        stop(file.stem, how=signal.SIGINT if file.stem == "postgres" else signal.SIGTERM)


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def await_that(what: str, holds: Callable[[], object], *, within: float = 120.0, every: float = 0.05) -> None:
    """Poll until `holds()` is true; an exception counts as not yet.

    Raises:
        TestbedError: it did not come true in time; names `what` and the last exception.
    """
    deadline = time.monotonic() + within
    last: Exception | None = None
    while time.monotonic() < deadline:
        try:
            if holds():
                return
            last = None
        except Exception as error:
            last = error
        time.sleep(every)
    raise TestbedError(f"{what}: not within {within:g} s" + (f" ({last!r})" if last else ""))


def answers(server: str, path: str, *, status: int = 200) -> bool:
    """Whether a server of the testbed answers a plain GET with that status."""
    return get(server, path)[0] == status


def get(server: str, path: str) -> tuple[int, bytes]:
    """Status and body of a plain GET from a server of the testbed, named as in `place.PORTS`."""
    connection = http.client.HTTPConnection(place.HOST, place.PORTS[server], timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
