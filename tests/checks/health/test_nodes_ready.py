"""health/nodes-ready on plain facts."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Literal

import pytest

from checks.health.check_nodes_ready import NodeLimits, check_nodes
from opsproof import CRITICAL, Examination, Listing
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.meta import Condition, Meta
from opsproof.sources.kubernetes.facts.nodes import Lease, LeaseSpec, Node, NodeSpec, NodeStatus, Taint

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)
LONG_AGO = NOW - timedelta(days=30)
State = Literal["True", "False", "Unknown"]


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def ready(status: State = "True", since: datetime = LONG_AGO, beat: datetime | None = NOW) -> Condition:
    reason = {"True": "KubeletReady", "False": "KubeletNotReady", "Unknown": "NodeStatusUnknown"}[status]
    return Condition(
        type="Ready", status=status, reason=reason, last_transition_time=since, last_heartbeat_time=beat
    )


def pressure(kind: str, status: State = "True") -> Condition:
    return Condition(type=kind, status=status, reason="Found", last_transition_time=ago(hours=2))


def node(
    *conditions: Condition,
    created: datetime = LONG_AGO,
    cordoned: bool = False,
    taints: tuple[Taint, ...] = (),
) -> Node:
    return Node(
        metadata=Meta(name="node-1", creation_timestamp=created),
        spec=NodeSpec(unschedulable=cordoned, taints=taints),
        status=NodeStatus(conditions=conditions),
    )


def lease(renewed: datetime | None = NOW) -> Lease:
    return Lease(
        metadata=Meta(name="node-1", namespace="kube-node-lease"), spec=LeaseSpec(renew_time=renewed)
    )


def examined(*nodes: Node, leases: Any = None, **limits: Any) -> Examination:
    examine = Examination(level=CRITICAL)
    given = [lease()] if leases is None else leases
    beats = given if isinstance(given, Failure) else Listing(given, as_of=NOW)
    check_nodes(Listing(nodes, as_of=NOW), beats, NodeLimits(**limits), examine)
    return examine


def test_a_ready_node_with_a_heartbeat_passes() -> None:
    examine = examined(node(ready(), pressure("MemoryPressure", "False")))
    assert (examine.findings, examine.passed) == ([], 2)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("False", "Ready=False (KubeletNotReady); needed: True"),
        ("Unknown", "Ready=Unknown (NodeStatusUnknown); needed: True"),
    ],
)
def test_a_node_that_is_not_ready_fails_at_once(state: State, message: str) -> None:
    (finding,) = examined(node(ready(state, since=ago(seconds=5)))).findings
    assert (finding.outcome, finding.in_transition, finding.level) == (Outcome.FAIL, False, CRITICAL)
    assert (finding.message, finding.measured.text) == (message, f"Ready={state}")
    assert (finding.since, finding.since_from) == (ago(seconds=5), "condition Ready")


def test_a_node_that_reports_nothing_fails() -> None:
    (finding,) = examined(node()).findings
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "no condition Ready")


@pytest.mark.parametrize("kind", ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"])
def test_pressure_fails_though_the_node_is_ready(kind: str) -> None:
    (finding,) = examined(node(ready(), pressure(kind))).findings
    assert (finding.outcome, finding.since) == (Outcome.FAIL, ago(hours=2))
    assert finding.message == f"{kind}=True; needed: all False"


def test_the_word_of_a_silent_kubelet_is_worth_nothing() -> None:
    (finding,) = examined(node(ready()), leases=[lease(ago(minutes=6))]).findings
    assert (finding.outcome, finding.measured.text, finding.limit.text) == (Outcome.FAIL, "6m", "at most 5m")
    assert finding.message == "last heartbeat 6m ago; needed: at most 5m"
    assert finding.subject.stable == "node/node-1/heartbeat"


def test_heartbeats_are_compared_with_the_clock_of_the_server() -> None:
    """Our own clock, ten minutes ahead, does not matter."""
    examine = Examination(level=CRITICAL)
    nodes, leases = Listing([node(ready())], as_of=NOW), Listing([lease()], as_of=NOW)
    check_nodes(nodes, leases, NodeLimits(), examine)
    assert examine.findings == []


def test_without_a_lease_the_condition_tells_the_heartbeat() -> None:
    assert examined(node(ready(beat=ago(minutes=1))), leases=()).passed == 2
    (finding,) = examined(node(ready(beat=ago(minutes=9))), leases=()).findings
    assert (finding.outcome, finding.since_from) == (Outcome.FAIL, "condition Ready")


def test_without_any_heartbeat_it_is_undecided() -> None:
    examine = examined(node(ready(beat=None)), leases=[lease(None)])
    (finding,) = examine.findings
    assert (finding.outcome, examine.passed) == (Outcome.UNKNOWN, 1)


def test_refused_leases_hide_no_failure() -> None:
    refused = Failure("Forbidden", "the permission to list leases is missing", "kubernetes:prod")
    other = Node(metadata=Meta(name="node-2"), status=NodeStatus(conditions=(ready("False"),)))
    outcomes = [finding.outcome for finding in examined(node(ready()), other, leases=refused).findings]
    assert outcomes == [Outcome.UNKNOWN, Outcome.FAIL]


@pytest.mark.parametrize(
    ("age", "outcome"), [(timedelta(minutes=4), "transition"), (timedelta(minutes=6), "fail")]
)
def test_a_node_that_joins_has_a_while(age: timedelta, outcome: str) -> None:
    """It is as it was at its creation: it has not been ready yet."""
    created = NOW - age
    (finding,) = examined(
        node(ready("False", since=created + timedelta(seconds=1)), created=created)
    ).findings
    assert ("transition" if finding.in_transition else finding.outcome.value) == outcome


def test_a_young_node_that_was_ready_and_is_not_any_more_fails() -> None:
    (finding,) = examined(node(ready("Unknown", since=ago(seconds=30)), created=ago(minutes=3))).findings
    assert (finding.outcome, finding.in_transition) == (Outcome.FAIL, False)


@pytest.mark.parametrize(("minutes", "outcome"), [(4, "transition"), (6, "fail")])
def test_a_cordoned_node_is_being_worked_on_for_a_while(minutes: int, outcome: str) -> None:
    examine = examined(node(ready("False", since=ago(minutes=minutes)), cordoned=True))
    (finding,) = examine.findings
    assert ("transition" if finding.in_transition else finding.outcome.value) == outcome
    assert examine.notes == ["cordoned: node-1"]


@pytest.mark.parametrize(
    "taint",
    [
        "ToBeDeletedByClusterAutoscaler",
        "cloud.google.com/impending-node-termination",
        "aws-node-termination-handler/spot-itn",
    ],
)
def test_a_node_that_is_taken_away_is_not_examined(taint: str) -> None:
    gone = node(ready("Unknown", since=ago(minutes=5)), taints=(Taint(key=taint),))
    examine = examined(gone, cordoned=0)
    assert examine.findings == []
    assert [one.examples for one in examine.excluded] == [("node node-1",)]


TO_BE_DELETED = "ToBeDeletedByClusterAutoscaler"


@pytest.mark.parametrize(
    ("outcome", "taint"),
    [
        ("fail", Taint(key=TO_BE_DELETED)),  # no moment: bad for three days counts
        ("fail", Taint(key=TO_BE_DELETED, value=f"{ago(days=3).timestamp():.0f}")),
        ("excluded", Taint(key=TO_BE_DELETED, value=f"{ago(minutes=59).timestamp():.0f}")),
        ("fail", Taint(key="karpenter.sh/disrupted", time_added=ago(minutes=61))),
        ("excluded", Taint(key="karpenter.sh/disrupted", time_added=ago(minutes=59))),
        ("fail", Taint(key=TO_BE_DELETED, value="9999999999")),  # a moment that is still to come is none
        ("fail", Taint(key=TO_BE_DELETED, value="9" * 40)),
    ],
)
def test_leaving_does_not_take_for_ever(outcome: str, taint: Taint) -> None:
    """After an hour a node that is about to be taken away is judged as the others are."""
    examine = examined(node(ready("False", since=ago(days=3)), taints=(taint,)))
    assert [one.outcome.value for one in examine.findings] == ([outcome] if outcome == "fail" else [])
    assert bool(examine.excluded) is (outcome == "excluded")
    assert bool(examine.notes) is (outcome == "fail")


def test_the_time_to_leave_is_the_rows() -> None:
    gone = node(ready("False", since=ago(days=3)), taints=(Taint(key=TO_BE_DELETED),))
    assert examined(gone, leaving="4d").excluded


@pytest.mark.parametrize(("minutes", "findings"), [(59, 0), (61, 1)])
def test_a_node_that_is_being_deleted_goes_in_a_while(minutes: int, findings: int) -> None:
    meta = Meta(name="node-1", creation_timestamp=LONG_AGO, deletion_timestamp=ago(minutes=minutes))
    stuck = Node(metadata=meta, status=NodeStatus(conditions=(ready("Unknown", since=ago(days=3)),)))
    assert len(examined(stuck).findings) == findings


def test_a_node_that_leaves_and_is_well_is_not_examined() -> None:
    assert examined(node(ready(), taints=(Taint(key=TO_BE_DELETED),)), cordoned=0).excluded


def test_problems_that_others_report_fail_though_the_node_is_ready() -> None:
    found = node(
        ready(), pressure("ReadonlyFilesystem"), pressure("KernelDeadlock"), pressure("NTPProblem", "False")
    )
    (finding,) = examined(found).findings
    assert (finding.outcome, finding.level, finding.since) == (Outcome.FAIL, CRITICAL, ago(hours=2))
    assert finding.message == (
        "a problem is reported: ReadonlyFilesystem=True (Found), KernelDeadlock=True (Found); needed: none"
    )


@pytest.mark.parametrize(
    ("findings", "kind", "status"),
    [
        (0, "EtcdIsVoter", "True"),
        (0, "KernelReady", "True"),
        (1, "KernelReady", "False"),
        (0, "KernelReady", "Unknown"),
        (0, "FrequentKubeletRestart", "Unknown"),
        (1, "FrequentKubeletRestart", "True"),
        (1, "example.com/Broken", "True"),
    ],
)
def test_a_problem_is_true_and_readiness_is_bad_when_false(findings: int, kind: str, status: State) -> None:
    assert len(examined(node(ready(), pressure(kind, status))).findings) == findings


def test_a_row_declares_conditions_harmless_by_name() -> None:
    both = node(ready(), pressure("VMEventScheduled"), pressure("KernelDeadlock"))
    (finding,) = examined(both, harmless=("VMEventScheduled",)).findings
    assert "VMEventScheduled" not in finding.message
    assert not examined(both, harmless=("VMEventScheduled", "KernelDeadlock")).findings


def evicting(added: datetime | None, key: str = "node.kubernetes.io/unreachable") -> Taint:
    return Taint(key=key, effect="NoExecute", time_added=added)


@pytest.mark.parametrize(
    ("outcome", "added"), [("fail", None), ("fail", ago(minutes=6)), ("transition", ago(minutes=4))]
)
def test_a_ready_node_that_evicts_its_pods_fails_beyond_grace(outcome: str, added: datetime | None) -> None:
    (finding,) = examined(node(ready(), taints=(evicting(added),))).findings
    assert ("transition" if finding.in_transition else finding.outcome.value) == outcome
    assert finding.measured.text == "taint node.kubernetes.io/unreachable:NoExecute"
    assert finding.message == (
        "ready, and its taint node.kubernetes.io/unreachable evicts every pod; needed: none that does"
    )


def test_a_node_that_has_just_recovered_still_bears_its_taint() -> None:
    (finding,) = examined(node(ready(since=ago(seconds=5)), taints=(evicting(ago(hours=2)),))).findings
    assert finding.in_transition


def test_taints_of_teams_are_their_own() -> None:
    """A node that is reserved evicts on purpose."""
    reserved = Taint(key="example.com/gpu", effect="NoExecute")
    soft = Taint(key="node.kubernetes.io/unreachable", effect="NoSchedule")
    assert not examined(node(ready(), taints=(reserved, soft))).findings


def test_cordoned_nodes_are_only_noted_without_a_limit() -> None:
    examine = examined(node(ready(), cordoned=True))
    assert (examine.findings, examine.notes) == ([], ["cordoned: node-1"])


@pytest.mark.parametrize(("minutes", "outcome"), [(4, "transition"), (6, "fail"), (None, "fail")])
def test_cordoned_nodes_above_the_limit_fail_when_forgotten(minutes: int | None, outcome: str) -> None:
    added = None if minutes is None else ago(minutes=minutes)
    taint = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule", time_added=added)
    (finding,) = examined(node(ready(), cordoned=True, taints=(taint,)), cordoned=0).findings
    assert ("transition" if finding.in_transition else finding.outcome.value) == outcome
    assert (finding.measured.text, finding.limit.text) == ("1", "at most 0")
    assert finding.message == "cordoned, one of 1; needed: at most 0"


def test_no_cordoned_node_keeps_the_limit() -> None:
    assert examined(node(ready()), cordoned=0).passed == 3
    assert examined(node(ready(), cordoned=True), cordoned=1).findings == []


def test_a_condition_older_than_its_node_is_none_that_it_joined_with() -> None:
    """A node that was made anew, or a clock that was wrong, is no reason for patience."""
    (finding,) = examined(node(ready("False", since=ago(hours=2)), created=ago(minutes=2))).findings
    assert (finding.outcome, finding.in_transition) == (Outcome.FAIL, False)
