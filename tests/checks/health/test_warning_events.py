"""health/warning-events on plain facts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.health.check_warning_events import EventLimits, check_warning_events
from opsproof import MEDIUM, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.events import Event
from opsproof.sources.kubernetes.facts.storage import VolumeClaim
from tests.checks.cluster import (
    SHOP,
    ago,
    autoscaler,
    condition,
    deployment,
    ended_job,
    examination,
    job,
    listing,
    meta,
    pod,
    replica_set,
)

REFUSED = Failure("Forbidden", "list events in namespace kube-system is not allowed", "kubernetes:test")
POD = pod().name


def examined(*events: Event, things: tuple[Any, ...] = (), system: Any = None, **limits: Any) -> Examination:
    examine = examination(MEDIUM)
    others = listing() if system is None else system
    check_warning_events(listing(*events), listing(*things), others, EventLimits(**limits), examine)
    return examine


def event(
    kind: str = "Pod",
    name: str = POD,
    *,
    reason: str = "Unhealthy",
    first: float = 30,
    last: float = 5,
    **more: Any,
) -> Event:
    """As older reporters write it."""
    about = {"kind": kind, "namespace": SHOP, "name": name}
    document = {
        "metadata": meta(f"{name}.1", age=first),
        "type": "Warning",
        "reason": reason,
        "note": "Readiness probe failed: dial tcp 10.0.0.1:8000",
        "regarding": about,
        "deprecatedCount": 4,
        "deprecatedFirstTimestamp": ago(first),
        "deprecatedLastTimestamp": ago(last),
        **more,
    }
    return msgspec.convert(document, Event)


def test_a_warning_of_a_pod_that_is_not_well_fails() -> None:
    (finding,) = examined(event(), things=(pod(ready=False),)).findings
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "4")
    assert finding.message == "Unhealthy, 4 times, last 5m ago"
    assert str(finding.subject) == f"pod shop/{POD} (Unhealthy)"


def test_the_words_of_an_event_are_not_kept() -> None:
    assert "10.0.0.1" not in msgspec.json.encode(event()).decode()


def test_a_pod_that_is_ready_since_explains_it() -> None:
    examine = examined(event(last=20), things=(pod(since=10),))
    assert (examine.findings, examine.passed) == ([], 1)
    assert examine.notes == [f"1 Warning, it has been ready since: pod {POD} (Unhealthy)"]


def test_a_pod_that_was_ready_before_explains_nothing() -> None:
    """Its probe fails now and then."""
    assert examined(event(last=5), things=(pod(since=600),)).findings[0].outcome is Outcome.FAIL


def test_a_pod_that_has_a_node_explains_that_it_had_none_for_a_while() -> None:
    """It is not ready for another reason, which others tell."""
    placed = pod(ready=False)
    assert placed.node
    assert examined(event(reason="FailedScheduling"), things=(placed,)).findings == []
    unplaced = pod(ready=False, phase="Pending", spec={"nodeName": ""})
    (finding,) = examined(event(reason="FailedScheduling"), things=(unplaced,)).findings
    assert finding.outcome is Outcome.FAIL


def test_a_pod_that_starts_is_in_transition() -> None:
    young = event(first=2, last=1)
    assert examined(young, things=(pod(ready=False, since=2),)).findings[0].in_transition


def test_what_repeats_is_one() -> None:
    (finding,) = examined(event(), event(last=3), things=(pod(ready=False),)).findings
    assert finding.message == "Unhealthy, 8 times, last 3m ago"


def test_older_than_the_window_is_not_seen() -> None:
    assert examined(event(first=300, last=90), things=(pod(ready=False),)).nothing_examined


def test_a_series_that_goes_on_is_not_old() -> None:
    """Its creation lies hours back."""
    series = {"count": 900, "lastObservedTime": ago(1)}
    going = event(
        first=300,
        series=series,
        deprecatedCount=0,
        deprecatedFirstTimestamp=None,
        deprecatedLastTimestamp=None,
        eventTime=ago(300),
    )
    (finding,) = examined(going, things=(pod(ready=False),)).findings
    assert finding.message == "Unhealthy, 900 times, last 1m ago"


@pytest.mark.parametrize(
    ("about", "thing"),
    [
        (("Pod", "gone"), None),
        (("Deployment", "api"), deployment()),
        (("ReplicaSet", "api-3"), replica_set(3, age=600)),
        (("HorizontalPodAutoscaler", "api"), autoscaler()),
        (("Job", "migrate"), ended_job()),
        (
            ("PersistentVolumeClaim", "data"),
            msgspec.convert({"metadata": meta("data"), "status": {"phase": "Bound"}}, VolumeClaim),
        ),
    ],
)
def test_what_is_well_now_or_gone_explains_it(about: tuple[str, str], thing: Any) -> None:
    things = (deployment(), *([thing] if thing is not None else []))
    assert examined(event(*about), things=things).findings == []


@pytest.mark.parametrize(
    ("about", "thing"),
    [
        (("Deployment", "api"), deployment(available=1)),
        (("ReplicaSet", "api-3"), replica_set(3, age=600)),
        (("HorizontalPodAutoscaler", "api"), autoscaler(conditions=[condition("AbleToScale", True)])),
        (("Job", "migrate"), ended_job(well=False)),
        (("Ingress", "shop"), None),
        (("CronJob", "backup"), None),
        (
            ("PersistentVolumeClaim", "data"),
            msgspec.convert(
                {
                    "metadata": meta("data"),
                    "status": {"phase": "Bound", "conditions": [condition("Resizing", True)]},
                },
                VolumeClaim,
            ),
        ),
    ],
)
def test_what_is_not_well_does_not(about: tuple[str, str], thing: Any) -> None:
    things = (deployment(available=1), *([thing] if thing is not None else []))
    assert len(examined(event(*about), things=things).findings) == 1


@pytest.mark.parametrize(
    ("jobs", "fails"),
    [
        ((ended_job("by-hand", owner="CronJob/cleanup"),), False),
        ((), False),
        ((job("by-hand", owner="CronJob/cleanup"),), True),
    ],
)
def test_a_job_that_a_cron_job_did_not_make_is_explained_when_it_has_ended(
    jobs: tuple[Any, ...], fails: bool
) -> None:
    found = examined(event("CronJob", "cleanup", reason="UnexpectedJob"), things=jobs)
    assert fails == any(one.outcome is Outcome.FAIL for one in found.findings)


SLICES = {"kind": "Service", "name": "api", "reason": "FailedToUpdateEndpointSlices"}


@pytest.mark.parametrize(("first", "last"), [(2, 1.5), (10, 7)])
def test_what_is_tried_again_is_explained_by_silence(first: float, last: float) -> None:
    assert examined(event(**SLICES, first=first, last=last)).findings == []


@pytest.mark.parametrize(("first", "last"), [(0.9, 0.9), (10, 5)])
def test_the_next_attempt_may_still_be_to_come(first: float, last: float) -> None:
    assert len(examined(event(**SLICES, first=first, last=last)).findings) == 1


def test_attempts_that_are_told_one_by_one_are_one_series() -> None:
    told = [event(**SLICES, first=minutes, last=minutes) for minutes in (20, 9)]
    assert len(examined(*told).findings) == 1


def test_reasons_that_the_team_expects_are_noted() -> None:
    examine = examined(event(), things=(pod(ready=False),), expected=("Unhealthy",))
    assert examine.findings == []
    assert examine.notes == [f"1 Warning, the team expects it: pod {POD} (Unhealthy)"]


def test_nothing_seen_is_good_only_where_events_are_kept() -> None:
    assert not examined().control_answered
    assert not examined(system=REFUSED).control_answered
    assert not examined(event(type="Normal", last=90, first=90)).control_answered
    normal = examined(event(type="Normal"))
    assert normal.control_answered
    assert normal.proofs == ["1 event of the last 1h seen in its namespaces, the oldest 5m ago"]
    assert examined(system=listing(event(type="Normal"))).proofs == [
        "1 event of the last 1h seen in kube-system, the oldest 5m ago"
    ]
