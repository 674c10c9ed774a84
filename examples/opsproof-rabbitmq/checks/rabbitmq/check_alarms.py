"""Nodes: running, in one cluster, without an alarm."""

from __future__ import annotations

from opsproof import CRITICAL, Examination, Limits, check
from opsproof_rabbitmq.facts import Nodes


@check("rabbitmq/alarms", title="No node has an alarm, and all of them run", level=CRITICAL)
def check_alarms(nodes: Nodes, limits: Limits, examine: Examination) -> None:
    """While one node has an alarm, nobody can publish anything."""
    for node in nodes:
        with examine(node, limit="running, no alarm"):
            assert node.running, "it does not run"
            assert not node.partitions, f"it has lost {', '.join(node.partitions)}: the cluster is divided"
            assert not node.alarms, f"alarm: {', '.join(node.alarms)}"
