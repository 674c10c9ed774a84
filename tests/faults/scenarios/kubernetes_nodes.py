"""Nodes that are not ready, silent, under pressure, full or cordoned; and the cluster's own services."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.scenario import Changes, fail, scenario, transition, unknown
from tests.testbed import kubernetes_age as age
from tests.testbed import kubernetes_node_faults as nodes
from tests.testbed import kubernetes_object_faults as objects
from tests.testbed import kubernetes_pod_faults as faults
from tests.testbed import kubernetes_undo as undo
from tests.testbed import kubernetes_world as world
from tests.testbed.kubernetes_api import admin
from tests.testbed.process import await_that

HPA = "HorizontalPodAutoscaler"


@scenario("a node is not ready, one under memory pressure, one cordoned", group="nodes")
def bad_nodes() -> Iterator[Changes]:
    with (
        nodes.node("node-a1", "NotReady"),
        nodes.node("node-b1", "MemoryPressure"),
        nodes.cordoned("node-a2"),
    ):
        age.cordoned_earlier("node-a2")
        bad = fail("critical", "node node-a1", "node node-b1", message="*; needed: *")
        yield {
            "EP-002": bad,
            "OF-003": bad,
            "OF-022": bad,
            "RS-016": bad,
            "SC-099": fail("high", "node node-a1", "node node-b1", "node node-a2", message="*; needed: *"),
        }


@scenario("a node is silent", group="silent and full nodes")
def silent_node() -> Iterator[Changes]:
    """Its Ready is Unknown; the only pod on it, of node-agent, is not ready any more.

    The DaemonSet does not count a node that is silent among those it wants: it looks complete.
    """
    with nodes.node_new("node-c1") as name, nodes.node_silent(name):
        age.lasting("Node", "", name, "Ready")
        counted = {"numberMisscheduled": 1, "numberAvailable": 4}
        with nodes.daemons_counted("opsforge", "node-agent", name, **counted):
            silent = fail(
                "critical",
                f"node {name}",
                measured="Ready=Unknown*",
                message="Ready=Unknown (NodeStatusUnknown); needed: True",
            )
            pod = transition("critical", "pod opsforge/node-agent-*", message="Running but not Ready*")
            yield {
                "EP-002": silent,
                "OF-003": silent,
                "OF-022": silent,
                "RS-016": silent,
                "SC-099": fail("high", f"node {name}", measured="Ready=Unknown*"),
                "OF-027": pod,
                "OF-028": pod,
            }


@scenario("nodes use too much", group="silent and full nodes")
def used_nodes() -> Iterator[Changes]:
    """Both pass 85 %, one with its cpu, one with its memory."""
    with nodes.node_using("node-a1", cpu="7"), nodes.node_using("node-b1", cpu="1", memory="26Gi"):
        full = ("node node-a1", "node node-b1")
        yield {
            "RS-020": fail(
                "medium", *full, measured="* %", message="uses * of its allocatable *; needed: at most *"
            ),
            "AC-015": fail(
                "medium", *full, measured="* %", message="uses * of its allocatable *; needed: at most 85 %"
            ),
        }


@scenario("too much is requested on a node, by a pod without probes", group="silent and full nodes")
def reserved_node() -> Iterator[Changes]:
    with nodes.node_requested("node-a2", memory="20Gi"):
        yield {
            "OF-066": fail("low", "node node-a2", message="* requested; needed: at most 85 %"),
            "OF-088": fail("high", "pod opsforge/reserve-on-node-a2"),
        }


@scenario("metrics.k8s.io is unavailable and the cluster DNS scaled to nothing", group="cluster services")
def cluster_services_down() -> Iterator[Changes]:
    """A Deployment without replicas counts as Available. What needs measurements is not decided."""
    with objects.metrics_unavailable(), faults.scaled("kube-system", "coredns", 0):
        blind = [
            f"{each['metadata']['namespace']}/{each['spec']['scaleTargetRef']['name']}"
            for each in world.AUTOSCALERS
        ]
        await_that("the autoscalers see nothing", _autoscalers_blind, within=undo.SOON)
        down = fail("critical", "apiservice v1beta1.metrics.k8s.io", "deployment kube-system/coredns")
        waits = {
            space: [f"horizontalpodautoscaler {each}" for each in blind if each.startswith(f"{space}/")]
            for space in world.NAMESPACES
        }
        text = "ScalingActive is False (FailedGetResourceMetric)"
        yield {
            "EP-002": down,
            "OF-003": down,
            "RS-017": down,
            "RS-020": unknown("medium", "nodes usage"),
            "AC-015": unknown("medium", "nodes usage"),
            "RS-021": unknown("medium", "source usages"),
            "AC-016": unknown("low", "source usages"),
            "RS-050": transition("medium", *waits["repo-scanner"], message=text),
            "RS-109": transition("medium", *waits["repo-scanner"], message=text),
            "OF-064": transition("medium", *waits["opsforge"], message=text),
            "EP-067": transition("high", *waits["production"], message=text),
            "EP-090": transition("high", *waits["production"], message=text),
            "SC-073": transition("critical", *waits["smartcloudops"], message=text),
            "RS-041": transition("medium", *(f"{one} (Failed*)" for one in waits["repo-scanner"])),
            "EP-098": transition("medium", *(f"{one} (cpu)" for one in waits["production"])),
            "SC-071": transition("high", *(f"{one} (cpu)" for one in waits["smartcloudops"])),
            "SC-072": transition("medium", *(f"{one} (memory)" for one in waits["smartcloudops"])),
        }


def _autoscalers_blind() -> bool:
    found = admin().list(HPA)
    return all(
        undo.reason_of(each, "ScalingActive") == ("False", "FailedGetResourceMetric") for each in found
    )
