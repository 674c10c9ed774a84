"""Nodes that are cordoned, drained, taken away or new.

They come first in their groups: what is put back last waits until every workload is as it was.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.scenario import Changes, scenario, transition
from tests.testbed import kubernetes_undo as undo
from tests.testbed.kubernetes_api import admin
from tests.testbed.kubernetes_node_faults import cordoned


def _seen_cordoned(node: str) -> None:
    """The node controller notes the moment a little later."""
    undo.await_condition(
        admin(), "Node", "", node, lambda now: any(one.get("timeAdded") for one in now["spec"].get("taints", []))
    )


@scenario(
    "a node is cordoned",
    situation="ordinary",
    group="a day of deployments",
    proves=("health/nodes-ready", "capacity/node-usage"),
)
def cordoned_node() -> Iterator[Changes]:
    with cordoned("node-a1"):
        _seen_cordoned("node-a1")
        yield {"SC-099": transition("high", "node node-a1", message="cordoned, one of 1; needed: at most 0")}
