"""recovery/multi-zone on plain facts."""

from __future__ import annotations

from typing import Any

import msgspec

from checks.recovery.check_multi_zone import ZoneLimits, check_zones
from opsproof import HIGH, Examination
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.nodes import Node
from opsproof.sources.kubernetes.facts.pods import Pod
from tests.checks.cluster import daemon_set, deployment, examination, listing, pod

ZONES = {"node-1": "a", "node-2": "a", "node-3": "b"}


def examined(*pods: Pod, zones: dict[str, str] = ZONES, workloads: Any = None, gaps: Any = ()) -> Examination:
    examine = examination(HIGH)
    check_zones(
        listing(*(workloads or [deployment(replicas=2)])),
        listing(*pods),
        listing(*(node(name, zone) for name, zone in zones.items()), gaps=gaps),
        ZoneLimits(),
        examine,
    )
    return examine


def node(name: str, zone: str) -> Node:
    labels = {"topology.kubernetes.io/zone": zone} if zone else {}
    return msgspec.convert({"metadata": {"name": name, "labels": labels}}, Node)


def on(name: str, **more: Any) -> Pod:
    return pod(f"api-7d9f8b6c5-{name}", spec={"nodeName": name}, **more)


def test_two_zones_pass() -> None:
    assert examined(on("node-1"), on("node-3")).passed == 1


def test_two_nodes_of_one_zone_fail() -> None:
    (finding,) = examined(on("node-1"), on("node-2")).findings
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "1")
    assert finding.message == "its 2 ready pods in 1 zone (a), at least 2 needed"


def test_a_pod_that_is_not_ready_serves_in_no_zone() -> None:
    """Nor is it waited for longer than the grace."""
    assert examined(on("node-1"), on("node-3", ready=False, since=2)).findings[0].in_transition
    (finding,) = examined(on("node-1"), on("node-3", ready=False, since=30)).findings
    assert finding.outcome is Outcome.FAIL


def test_a_pod_that_starts_in_the_same_zone_excuses_nothing() -> None:
    (finding,) = examined(on("node-1"), on("node-2", ready=False, since=2)).findings
    assert finding.outcome is Outcome.FAIL


def test_without_zone_labels_nothing_is_spread_over_zones() -> None:
    (finding,) = examined(on("node-1"), on("node-3"), zones=dict.fromkeys(ZONES, "")).findings
    assert finding.message == (
        "its 2 ready pods in 0 zones, at least 2 needed; their nodes bear no label topology.kubernetes.io/zone"
    )


def test_the_label_of_older_clusters_counts() -> None:
    old = msgspec.convert(
        {"metadata": {"name": "n", "labels": {"failure-domain.beta.kubernetes.io/zone": "z"}}}, Node
    )
    assert old.zone == "z"


def test_a_node_that_is_not_listed_leaves_it_undecided() -> None:
    (finding,) = examined(on("node-1"), on("node-9")).findings
    assert finding.outcome is Outcome.UNKNOWN


def test_single_replicas_and_daemon_sets_are_not_examined() -> None:
    examine = examined(workloads=[deployment(replicas=1), daemon_set()])
    assert examine.nothing_examined
    assert len(examine.excluded) == 2


def test_a_named_workload_must_be_there() -> None:
    examine = examination(HIGH)
    limits = ZoneLimits(workloads=("deployment/web",))
    check_zones(listing(deployment()), listing(), listing(), limits, examine)
    assert examine.findings[0].message == "there is no deployment/web"
