"""A run that decides on facts which nobody had to collect: pods by the thousand, all ready or none."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec

from opsproof.evidence.kept import Kept, parts
from opsproof.evidence.run import Run, end_record
from opsproof.evidence.store import Recorded, Store
from opsproof.model.ask import Ask, Identify
from opsproof.model.result import Provenance
from opsproof.model.target import TargetReport
from opsproof.plan.files import read_files
from opsproof.plan.plan import make_plan
from opsproof.plan.wanted import Wanted
from tests.benchmarks import system
from tests.benchmarks.world import namespace_of

READY = "BE-003"  # the row of the system on pods
NOW = datetime(2026, 1, 31, 12, 0, tzinfo=timezone.utc)
_CHANGED = 500  # pods that became unready at one moment


def write(folder: Path, pods: int) -> None:
    """A folder of checks with the one row, and nothing to ask: its runs are replays."""
    folder.mkdir()
    system.write(folder, pods, folder / "kubeconfig", {READY: system.ROWS[READY]})


def record(folder: Path, pods: int, *, ready: bool) -> Path:
    """A run of the folder's row over that many pods."""
    files = read_files(folder / "checks" / "systems", folder, Wanted((f"{system.NAME}/big",)))
    planned = make_plan(files, replaying=True, now=NOW)
    made = Run.create(folder / ("passing" if ready else "failing"), NOW)
    made.journal.append("start", Provenance(run=made.id, started=NOW, now=NOW, digests=planned.digests))
    for name in ("plan.json", "selection.json", "result.json", "junit.xml", "report.html"):
        made.write(name, "{}")
    store = Store(made.folder / "facts")
    for target in planned.targets.values():
        report = TargetReport(target=target.id, kind=target.kind, role=target.role)
        _publish(store, Identify(target=target.id), report)
    for ask in {ask.digest: ask for item in planned.items for ask in item.all_asks}.values():
        _publish(store, ask, _objects(ask, pods, ready=ready))
    made.journal.append("end", end_record(NOW))
    made.finish(made.folder.parent, planned.environments)
    return made.folder


def _objects(ask: Ask, pods: int, *, ready: bool) -> list[dict[str, Any]]:
    """Pods in their namespace, and nothing else."""
    resource = getattr(ask, "resource", "")
    if resource == "namespaces":
        return [{"metadata": {"name": namespace_of(pods)}, "status": {"phase": "Active"}}]
    return [pod(number, pods, ready=ready) for number in range(pods)] if resource == "pods" else []


def pod(number: int, of: int, *, ready: bool) -> dict[str, Any]:
    """As facts keep it. What is not ready has its own moment and reason, as in a cluster that breaks by and by."""
    workload = f"load-{number // 20:03}"
    changed = NOW - timedelta(minutes=20 + number // _CHANGED)
    state = {} if ready else {"waiting": {"reason": "CrashLoopBackOff"}}
    return {
        "metadata": {
            "name": f"{workload}-5d9c7b8f64-{number:05}",
            "namespace": namespace_of(of),
            "creationTimestamp": (NOW - timedelta(days=3)).isoformat(),
            "ownerReferences": [{"kind": "ReplicaSet", "name": f"{workload}-5d9c7b8f64", "controller": True}],
            "labels": {"app": workload, "pod-template-hash": "5d9c7b8f64"},
        },
        "spec": {
            "nodeName": f"node-{number % 100}",
            "containers": [{"name": workload, "image": "reg.example.com/shop/load:1.2.3"}],
        },
        "status": {
            "phase": "Running",
            "conditions": [
                {"type": "Ready", "status": str(ready), "lastTransitionTime": changed.isoformat()}
            ],
            "containerStatuses": [{"name": workload, "ready": ready, "state": state}],
        },
    }


def _publish(store: Store, ask: Ask, facts: Any) -> None:
    kept = Kept(ask)
    for part in parts(facts):
        encoded = msgspec.json.encode(part)
        kept.add(part, encoded, encoded)
    asked = msgspec.Raw(msgspec.json.encode(ask, order="sorted"))
    store.publish(
        Recorded(
            ask=asked, digest=ask.digest, target=ask.target, asked=NOW, answered=NOW, clock=NOW, skew=0.0
        ),
        kept,
    )
