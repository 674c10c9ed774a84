"""capacity/node-usage on plain facts."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from checks.capacity.check_node_usage import NodeUsageLimits, check_node_usage
from opsproof import HIGH, MEDIUM, Examination, Listing, Undecided
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.meta import Amounts, Meta
from opsproof.sources.kubernetes.facts.nodes import Node, NodeSpec, NodeStatus, NodeUsage, Taint
from opsproof.sources.kubernetes.facts.pods import Container, Pod, PodSpec, PodStatus, Resources

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)
REFUSED = Failure(
    "Forbidden", "the permission to list pods in the whole cluster is missing", "kubernetes:prod"
)


def node(
    cpu: str = "4", memory: str = "8Gi", *, age: float = 3600, cordoned: bool = False, taint: str = ""
) -> Node:
    return Node(
        metadata=Meta(name="node-1", creation_timestamp=NOW - timedelta(seconds=age)),
        spec=NodeSpec(unschedulable=cordoned, taints=(Taint(key=taint),) if taint else ()),
        status=NodeStatus(allocatable=Amounts(cpu=cpu, memory=memory)),
    )


def usage(cpu: str = "1", memory: str = "2Gi", age: float = 10) -> NodeUsage:
    return NodeUsage(
        metadata=Meta(name="node-1"),
        timestamp=NOW - timedelta(seconds=age),
        usage=Amounts(cpu=cpu, memory=memory),
    )


def pod(cpu: str, memory: str = "", phase: str = "Running", on: str = "node-1") -> Pod:
    container = Container(name="c", resources=Resources(requests=Amounts(cpu=cpu, memory=memory)))
    return Pod(
        metadata=Meta(name="p", namespace="shop"),
        spec=PodSpec(containers=(container,), node_name=on),
        status=PodStatus(phase=phase),
    )


def examined(one: Node, *, usages: Any = None, pods: Any = None, **limits: Any) -> Examination:
    examine = Examination(level=MEDIUM)
    used, placed = (
        Listing(given, as_of=NOW) if isinstance(given, list) else given for given in (usages, pods)
    )
    check_node_usage(Listing([one], as_of=NOW), used, placed, NodeUsageLimits(**limits), examine)
    return examine


def test_use_below_the_limits_passes() -> None:
    examine = examined(node(), usages=[usage()], cpu="70%", memory="85%")
    assert (examine.findings, examine.passed) == ([], 2)


def test_use_above_a_step_is_a_failure_of_its_level() -> None:
    examine = examined(node(), usages=[usage(cpu="3600m")], cpu={"medium": "70%", "high": "85%"})
    (finding,) = examine.findings
    assert (finding.outcome, finding.level, finding.measured.text) == (Outcome.FAIL, HIGH, "90 %")
    assert finding.message.startswith("uses 90 % of its allocatable cpu; needed: ")
    assert (str(finding.subject), finding.subject.stable) == ("node node-1", "node/node-1/cpu")


def test_one_high_sample_among_others_is_no_failure() -> None:
    samples = [usage(cpu="3900m", age=20), usage(cpu="2", age=10), usage(cpu="3900m", age=1)]
    assert examined(node(), usages=samples, cpu="70%").passed == 1


@pytest.mark.parametrize(
    ("one", "usages", "message"),
    [
        (node(), [], "has no measurement"),
        (node(), [usage(age=121)], "is 2m1s old; needed: at most 2m"),
        (node(), [usage(cpu="")], "no cpu usage"),
        (node(cpu=""), [usage()], "no cpu usage"),
        (node(cpu="0"), [usage()], "no cpu usage"),
    ],
)
def test_without_measurement_it_is_undecided(one: Node, usages: list[NodeUsage], message: str) -> None:
    (finding,) = examined(one, usages=usages, cpu="70%").findings
    assert finding.outcome is Outcome.UNKNOWN
    assert message in finding.message


def test_a_new_node_is_not_measured_yet() -> None:
    examine = examined(node(age=60), usages=[], cpu="70%")
    assert examine.findings == []
    assert examine.excluded[0].why == "younger than 2m, not measured yet"


def test_a_node_that_is_taken_away_is_not_examined() -> None:
    examine = examined(node(taint="ToBeDeletedByClusterAutoscaler"), usages=[usage(cpu="4")], cpu="70%")
    assert (examine.findings, examine.passed) == ([], 0)


def test_what_is_requested_counts_only_pods_that_hold_a_place_there() -> None:
    pods = [pod("3"), pod("3", phase="Succeeded"), pod("3", phase="Failed"), pod("3", on="node-2")]
    assert examined(node(), pods=pods, requested="85%").passed == 2
    (finding,) = examined(node(), pods=[*pods, pod("600m")], requested="85%").findings
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "90 %")
    assert finding.message == "90 % of its cpu requested; needed: at most 85 %"


def test_a_node_is_underused_only_when_both_resources_are() -> None:
    assert examined(node(), pods=[pod("100m", "4Gi")], requested_lowest="30%").passed == 1
    (finding,) = examined(node(), pods=[pod("100m", "1Gi")], requested_lowest="30%").findings
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "12.5 %")


@pytest.mark.parametrize("one", [node(cordoned=True), node(age=60)])
def test_little_is_rightly_placed_on_new_and_cordoned_nodes(one: Node) -> None:
    examine = examined(one, pods=[], requested_lowest="30%")
    assert (examine.findings, len(examine.excluded)) == ([], 1)


def test_refused_pods_leave_only_the_requests_undecided() -> None:
    examine = examined(node(), usages=[usage()], pods=REFUSED, cpu="70%", requested="85%")
    (finding,) = examine.findings
    assert (finding.outcome, finding.message, examine.passed) == (Outcome.UNKNOWN, REFUSED.message, 1)


def test_no_limit_at_all_is_undecided() -> None:
    with pytest.raises(Undecided, match="no limit is set"):
        examined(node())


@pytest.mark.parametrize(("hours", "passed"), [(0.9, 0), (1.1, 1)])
def test_a_node_that_is_about_to_go_for_too_long_is_judged_again(hours: float, passed: int) -> None:
    taint = Taint(key="karpenter.sh/disrupted", time_added=NOW - timedelta(hours=hours))
    one = msgspec.structs.replace(node(), spec=NodeSpec(taints=(taint,)))
    examine = examined(one, usages=[usage()], cpu="70%")
    assert (examine.passed, len(examine.excluded)) == (passed, 1 - passed)
