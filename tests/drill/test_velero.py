"""Restore drills of Velero: a namespace comes back under another name, is counted, and goes again."""

from __future__ import annotations

import json
import os
import signal
from datetime import datetime
from pathlib import Path

import pytest

from opsproof.drill.cluster import proven_cluster
from opsproof.drill.scratch import Refused
from opsproof.drill.velero import LABEL
from opsproof.environment.environment import Environment
from opsproof.model.target import Target
from opsproof.testing.links import target_of
from tests.drill.cases import found
from tests.drill.namespaces import CASES, Case, drilled, left, running, settings, target, uid
from tests.testbed import kubernetes_access as access
from tests.testbed.kubernetes_api import admin
from tests.testbed.process import await_that
from tests.testbed.services import velero

pytestmark = [pytest.mark.usefixtures("testbed"), pytest.mark.slow]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_wrong_with_a_backup_is_found_and_nothing_is_left(tmp_path: Path, case: Case) -> None:
    case.make(tmp_path)
    came = found(target(tmp_path))
    assert came.failure.startswith(case.fails)
    assert bool(came.failure) is bool(case.fails)
    assert (came.tested, came.whole) == (case.outcome, case.outcome)
    assert left() == []


def test_a_namespace_is_restored_counted_and_taken_away(tmp_path: Path) -> None:
    newest = velero.names()[0]
    drill = drilled(tmp_path)
    assert drill.good, drill.steps
    assert [step.name for step in drill.steps] == [
        "choose the newest backup",
        "make a namespace",
        "restore the backup",
        "look at the restored data",
    ]
    begun = velero.get("Backup", newest)["status"]["startTimestamp"]
    assert drill.dump is not None and drill.dump.name == newest
    assert drill.newest == datetime.fromisoformat(begun.replace("Z", "+00:00"))
    assert drill.rpo == (drill.began - drill.newest).total_seconds()
    (items,) = drill.rows
    assert items.equal and items.wanted > 5
    assert ("", []) == (drill.left, left())


def test_the_newest_good_one_is_restored(tmp_path: Path) -> None:
    newest, before = velero.names()[:2]
    with velero.telling("Backup", newest, phase="PartiallyFailed"):
        drill = drilled(tmp_path)
    assert drill.good, drill.steps
    assert drill.dump is not None and drill.dump.name == before


def test_a_drill_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    """Velero goes on with what it has begun, and only then it can be taken away."""
    with running(tmp_path) as process:
        await_that("Velero restores", lambda: admin().list("Restore", "velero"), within=60)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    await_that("nothing is left", lambda: not left(), within=120)
    (record,) = (tmp_path / "records").iterdir()
    assert json.loads(record.read_bytes())["ended"] is None
    velero.await_validated("Available")  # a while later, in which Velero would have made it anew
    assert [] == left()


def test_a_second_drill_is_refused_while_one_is_under_way(tmp_path: Path) -> None:
    name = "opsproof-drill-other"
    meta = {"name": name, "labels": {LABEL: "other"}}
    admin().apply({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    try:
        with pytest.raises(Refused, match=f"its namespace is {name}"):
            drilled(tmp_path)
    finally:
        admin().delete("Namespace", name)
        await_that("it is gone", lambda: admin().find("Namespace", name) is None, within=60)


def with_identity(folder: Path, identity: dict[str, str]) -> Target:
    given = settings(folder)
    given["velero"]["cluster"]["identity"] = identity
    return target_of("drill", **given)


def test_a_cluster_that_is_not_proven_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="declares no kube-system-uid"):
        proven_cluster(with_identity(tmp_path, {}), ())
    with pytest.raises(Refused, match="it is another cluster"):
        proven_cluster(with_identity(tmp_path, {"kube-system-uid": "1-2-3"}), ())


def test_production_is_never_restored_into(tmp_path: Path) -> None:
    kubeconfig = str(access.credentials() / "opsproof.kubeconfig")
    cluster = target_of("kubernetes", kubeconfig=kubeconfig, identity={"kube-system-uid": uid()})
    production = Environment("prod-eu", "shop", Path("x.yaml"), targets={"kubernetes": cluster})
    with pytest.raises(Refused, match="production is never restored into"):
        proven_cluster(target(tmp_path), (production,))


def test_a_cluster_without_velero_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="there is no deployment/velero in default"):
        proven_cluster(target(tmp_path, velero_in="default"), ())
