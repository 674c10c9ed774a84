"""What can be wrong with Velero's backup of a namespace, made on the real Velero; what comes of a drill of each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsproof.drill.cluster import proven_cluster
from opsproof.drill.perform import perform
from opsproof.drill.velero import PREFIX
from opsproof.model.outcome import Outcome
from opsproof.model.target import Target
from opsproof.sources.drill.facts import Drill
from opsproof.testing.links import target_of
from tests.testbed import kubernetes_access as access
from tests.testbed.kubernetes_api import admin
from tests.testbed.process import await_that
from tests.testbed.services import velero

_PROGRAM = """
import sys, json
from opsproof.drill.cluster import proven_cluster
from opsproof.drill.perform import perform
from opsproof.testing.links import target_of
target = target_of("drill", **json.load(sys.stdin))
perform(target, proven_cluster(target, ()), lambda step: None)
"""


def uid() -> str:
    return str(admin().get("Namespace", "kube-system")["metadata"]["uid"])


def settings(folder: Path, **more: Any) -> dict[str, Any]:
    cluster = {
        "kubeconfig": str(access.credentials() / "admin.kubeconfig"),
        "identity": {"kube-system-uid": uid()},
    }
    return {
        "records": str(folder / "records"),
        "velero": {"cluster": cluster, "namespace": "repo-scanner", **more},
        "within": "5m",
    }


def target(folder: Path, **more: Any) -> Target:
    return target_of("drill", **settings(folder, **more))


def drilled(folder: Path, **more: Any) -> Drill:
    at = target(folder, **more)
    return perform(at, proven_cluster(at, ()), lambda step: None)


def left() -> list[str]:
    """What drills have made and not taken away."""
    spaces = [one["metadata"] for one in admin().list("Namespace")]
    restores = [one["metadata"] for one in admin().list("Restore", "velero")]
    return [one["name"] for one in (*spaces, *restores) if one["name"].startswith(PREFIX)]


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A drill in a process of its own."""
    process = subprocess.Popen([sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(json.dumps(settings(folder)).encode())
    process.stdin.close()
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Case:
    """`make`: a drill with its records in a folder. `fails`: how what it says begins, empty where it succeeds."""

    name: str
    make: Callable[[Path], object]
    fails: str = ""
    outcome: Outcome = Outcome.FAIL


def _partially_failed(folder: Path) -> None:
    with velero.telling("Backup", velero.names()[0], phase="PartiallyFailed"):
        drilled(folder)


def _of_nothing(folder: Path) -> None:
    drilled(folder, namespace="accelerapp")


def _unarchived(folder: Path) -> None:
    with velero.unarchived(velero.names()[0]):
        drilled(folder)


def _killed(folder: Path) -> None:
    """Velero goes on with what it has begun, and only then it can be taken away."""
    with running(folder) as process:
        await_that("Velero restores", lambda: admin().list("Restore", "velero"), within=60)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    await_that("nothing is left", lambda: not left())


CASES = (
    Case("a namespace", drilled, outcome=Outcome.PASS),
    Case("the last one failed in part: the one before is restored", _partially_failed, outcome=Outcome.PASS),
    Case(
        "of a namespace that no backup holds",
        _of_nothing,
        "choose the newest backup: Velero has no completed backup of namespace accelerapp",
    ),
    Case("its archive is gone from the bucket", _unarchived, "restore the backup: Velero ended it as "),
    Case("killed in the middle (SIGKILL)", _killed, "it has not ended: it was killed"),
)
