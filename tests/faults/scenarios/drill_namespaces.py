"""Releases as Helm records them: one failed, and of one the record alone is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.faults.elsewhere import edited, reached
from tests.faults.scenario import Changes, fail, scenario
from tests.faults.scenarios.kubernetes_targets import credentials
from tests.testbed import kubernetes_access as access
from tests.testbed import kubernetes_age as age
from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_undo as undo
from tests.testbed import kubernetes_world as world

EMPTY = "smartcloudops-drill"
RELEASE = world.RELEASE["app.kubernetes.io/instance"]


@contextmanager
def emptied() -> Iterator[None]:
    """The row that wants nothing left looks into a namespace in which nothing is but our rights."""

    def change(document: Any) -> None:
        document["requirements"]["SC-136"]["scope"]["drill_namespace"] = EMPTY

    rights = [
        {**each, "metadata": {**each["metadata"], "namespace": EMPTY}}
        for each in world.load(access.RBAC / "role.yaml")
    ]
    with (
        undo.added(make.thing("v1", "Namespace", EMPTY), *rights),
        edited("systems/smartcloudops/runbook.yaml", change),
    ):
        yield


@scenario(
    "Helm calls a release failed whose pods run, and of another only its record is left",
    group="KEDA, Karpenter and failing backups",
)
def recorded() -> Iterator[Changes]:
    """Where the names of Secrets may be listed; their data are never asked for."""
    left = make.release(EMPTY, RELEASE, "uninstalling")
    with (
        emptied(),
        reached("smartcloudops", "kubernetes", kubeconfig=credentials("admin"), allow=["secret-names"]),
        undo.added(make.release(world.RESTORED, RELEASE, "failed", revision=2), left),
    ):
        age.made_earlier("Secret", EMPTY, left["metadata"]["name"], seconds=3 * 24 * age.HOUR)
        yield {
            "SC-133": fail(
                "high",
                f"release {world.RESTORED}/{RELEASE}",
                measured="failed",
                message="revision 2 is failed",
            ),
            "SC-136": fail(
                "low",
                f"namespace {EMPTY}",
                measured="1",
                message=f"1 thing of a drill left: release/{RELEASE}.v1",
            ),
        }
