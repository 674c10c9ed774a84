"""python -m tests.demo: record the demo anew, a realistic Monday morning of all five systems on the testbed.

Mostly green; a failure of each level, a waiver that is used and one that has expired, a rollout under way, a late
backup, a truncated dump, a lagging replica, and one source that cannot be reached. The recording replaces
`reports/demo`, which the `demo` environments replay.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from opsproof.evidence import provenance
from tests.faults.scenarios.backups import ACCELERAPP, DATABASE, DUMP, SMARTCLOUDOPS, named, nights
from tests.faults.scenarios.kubernetes_rollouts import not_measured
from tests.testbed import __main__ as bed
from tests.testbed import kubernetes_age as age
from tests.testbed import kubernetes_pod_faults as pods
from tests.testbed import place, stored
from tests.testbed.process import TestbedError
from tests.testbed.services import certificates, healthy, monitoring_faults, nginx, redis_failover, s3

ROOT = Path(__file__).parents[1]
RECORDING = ROOT / "reports" / "demo"


@contextmanager
def morning() -> Iterator[None]:
    """What went wrong overnight, and what is simply going on."""
    with ExitStack() as stack:
        enter = stack.enter_context
        busy = healthy.healthy().with_use("cpu", 0.76, ago=1500, namespace="repo-scanner")
        enter(monitoring_faults.world(busy))
        (crashing,) = enter(pods.pods("repo-scanner", "repo-scanner-worker", "crash-loop", count=1))
        age.unavailable("repo-scanner", "repo-scanner-worker", crashing)
        enter(contextmanager(not_measured)())
        soon = certificates.issue("api.smartcloudops.ai", days=9)
        enter(nginx.showing("api.smartcloudops.ai", soon))
        enter(pods.image("smartcloudops", "frontend", "registry.company.com/smartcloudops/frontend:latest"))
        enter(pods.without("opsforge", "grafana", "limits"))
        enter(pods.rollout_in_progress("production", "analytics-engine"))
        enter(backups())
        enter(redis_failover.lagging())
        enter(monitoring_faults.alertmanager_stopped())
        yield


@contextmanager
def backups() -> Iterator[None]:
    """Nobody dumped one database over the weekend; the last dump of another is cut off."""
    with ExitStack() as stack:
        for night in nights(3):
            stack.enter_context(s3.replaced(SMARTCLOUDOPS, named(DUMP, night), None))
        whole = stored.packed(stored.dump())
        (night,) = nights(1)
        stack.enter_context(s3.replaced(ACCELERAPP, named(DATABASE, night), whole[: len(whole) * 9 // 10]))
        yield


def record() -> Path:
    """Bring the testbed up, make the morning, run the daily and the weekly checks, keep the run."""
    if "opsproof" not in provenance.versions():
        raise TestbedError(
            "install the package first (pip install -e .): the recording has to name its version"
        )
    bed.up()
    with tempfile.TemporaryDirectory(prefix="opsproof-demo-") as name, morning():
        command = [
            sys.executable,
            "-m",
            "pytest",
            "checks",
            "-m",
            "daily or weekly",
            "--env",
            "testbed",
            "--reports",
            name,
        ]
        shell = {**os.environ, "OPSPROOF_TESTBED": str(place.state())}
        done = subprocess.run([*command, "-p", "no:cacheprovider"], cwd=ROOT, env=shell, check=False)
        if done.returncode not in {0, 1}:
            raise TestbedError(f"the run ended with exit status {done.returncode}")
        _keep(Path(name) / "latest")
    return RECORDING


def _keep(run: Path) -> None:
    shutil.rmtree(RECORDING, ignore_errors=True)
    shutil.copytree(run.resolve(), RECORDING)


if __name__ == "__main__":
    print(f"recorded in {record().relative_to(ROOT)}")
