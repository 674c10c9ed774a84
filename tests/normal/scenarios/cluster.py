"""Nodes that are cordoned, drained, taken away or new.

They come first in their groups (modules are loaded by name): a node is put back only when every workload
is as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.scenario import Changes, Expected, scenario, transition
from tests.normal.waits import all_scraped, settled
from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_undo as undo
from tests.testbed.kubernetes_api import Object, admin
from tests.testbed.kubernetes_node_faults import cordoned, drained, node_gone
from tests.testbed.kubernetes_objects import NOTE
from tests.testbed.process import await_that

FORGOTTEN = "cordoned, one of 1; needed: at most 0"
LEAVING = {"key": "ToBeDeletedByClusterAutoscaler", "value": "now", "effect": "NoSchedule"}


def _seen_cordoned(node: str) -> None:
    """The node controller notes the moment a little later."""

    def noted(now: Object) -> bool:
        return any(one.get("timeAdded") for one in now["spec"].get("taints", []))

    undo.await_condition(admin(), "Node", "", node, noted)


@scenario(
    "a node is cordoned",
    situation="ordinary",
    group="a day of deployments",
    proves=("health/nodes-ready", "capacity/node-usage"),
)
def cordoned_node() -> Iterator[Changes]:
    with cordoned("node-a1"):
        _seen_cordoned("node-a1")
        yield {"SC-099": transition("high", "node node-a1", message=FORGOTTEN)}


@scenario(
    "a node is drained, its pods are evicted and run elsewhere",
    situation="ordinary",
    group="a node is drained",
    proves=(
        "health/nodes-ready",
        "health/pods-ready",
        "health/workloads-available",
        "health/services-have-endpoints",
        "health/volumes-bound",
        "scaling/pdb",
        "capacity/node-usage",
        "capacity/pod-cpu",
        "capacity/pod-memory",
        "monitoring/targets-up",
        "slo/availability",
        "database/connections",
    ),
)
def drained_node() -> Iterator[Changes]:
    with drained("node-b2"):
        _seen_cordoned("node-b2")
        all_scraped()
        yield {"SC-099": transition("high", "node node-b2", message=FORGOTTEN)}


@contextmanager
def _leaving(name: str) -> Iterator[None]:
    """The cluster autoscaler is about to take a node away."""
    api = admin()
    api.patch("Node", name, {"spec": {"taints": [LEAVING]}})
    try:
        yield
    finally:
        api.patch("Node", name, {"spec": {"taints": None}})


@contextmanager
def _joining(name: str) -> Iterator[None]:
    """A node that has just joined: not ready yet, and nothing is measured there."""
    api, node = admin(), make.node(name, "zone-b")
    node["metadata"]["annotations"] = {f"{NOTE}/fault": "NotReady"}
    with undo.added(node):
        undo.await_condition(api, "Node", "", name, lambda now: undo.reason_of(now, "Ready")[0] == "False")
        await_that("its DaemonSet pod is there", lambda: _agents(name), within=undo.SOON)
        yield
    for pod in _agents(name):
        api.delete("Pod", pod, "opsforge", grace=0)


def _agents(node: str) -> list[str]:
    found = undo.pods_of(admin(), undo.workload("opsforge", "node-agent"))
    return [pod["metadata"]["name"] for pod in found if pod["spec"].get("nodeName") == node]


@scenario(
    "a spot node is being taken away, another is gone, a new one joins",
    situation="ordinary",
    group="nodes come and go",
    proves=(
        "health/nodes-ready",
        "health/pods-ready",
        "capacity/node-usage",
        "capacity/metrics-api-available",
    ),
)
def spot_nodes() -> Iterator[Changes]:
    with node_gone("node-a2"), _leaving("node-b1"):
        settled()
        all_scraped()
        with _joining("node-c1"):
            new = "Ready=False (KubeletNotReady); needed: True"
            joining = transition("critical", "node node-c1", message=new)
            changes: dict[str, Expected] = dict.fromkeys(("RS-016", "EP-002", "OF-003", "OF-022"), joining)
            yield {**changes, "SC-099": transition("high", "node node-c1", message=new)}
