"""monitoring/targets-up on plain facts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from checks.monitoring.check_targets_up import TargetLimits, check_targets
from opsproof import Examination, Listing
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.prometheus.facts import Samples
from opsproof.sources.prometheus.status import ScrapeTarget
from tests.checks import cluster
from tests.checks.measured import EMPTY, NOW, ago, examination, instant, only

JUST_NOW = ago(seconds=10)
# Prometheus records, and nothing of the targets that are examined.
OTHERS = instant(1, job=["other"], instance=["o:80"], pod=["o"], namespace=["else"])


def target(
    pod: str, *, health: str = "up", scraped: datetime | None = JUST_NOW, **labels: str
) -> ScrapeTarget:
    known = {"job": "api", "instance": f"{pod}:80", "pod": pod, "namespace": cluster.SHOP, **labels}
    return ScrapeTarget(labels=known, health=health, last_scrape=scraped, interval=15.0)


def examined(
    *targets: ScrapeTarget,
    recently: Samples | Failure | None = None,
    pods: Listing[Pod] | Failure | None = None,
    **limits: Any,
) -> Examination:
    examine = examination()
    listed = Listing(targets, as_of=NOW)
    history = recently if recently is not None else _down_for_long(*targets)
    check_targets(listed, history, pods, TargetLimits(**limits), examine)
    return examine


def _down_for_long(*targets: ScrapeTarget) -> Samples:
    names = ("job", "instance", "pod", "namespace")
    labels = {name: [one.labels[name] for one in targets] for name in names}
    return instant(*[int(one.health == "up") for one in targets], **labels)


def pod(name: str, *, age: float = 60) -> Pod:
    return cluster.pod(name, startTime=cluster.ago(age))


def test_targets_that_are_up_are_compliant() -> None:
    assert examined(target("a"), target("b")).passed == 2


def test_a_target_without_a_scrape_interval_is_not_called_late() -> None:
    """Some servers do not tell it: 110 s are neither late nor early then, and an hour is undecided."""
    for age, outcomes in ((110, []), (3600, [Outcome.UNKNOWN])):
        untold = msgspec.structs.replace(target("a", scraped=ago(seconds=age)), interval=0.0)
        assert outcomes == [finding.outcome for finding in examined(untold).findings]
    assert (
        Outcome.FAIL
        is only(examined(msgspec.structs.replace(target("a", health="down"), interval=0.0))).outcome
    )


def test_a_target_that_is_down_where_nothing_is_recorded_is_undecided() -> None:
    """Without any `up` of before, every target would be in transition for ever."""
    finding = only(examined(target("a"), target("b", health="down"), recently=EMPTY))
    assert Outcome.UNKNOWN is finding.outcome
    assert "since when is not known" in finding.message


def test_a_target_that_is_down_fails() -> None:
    finding = only(examined(target("a"), target("b", health="down")))
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "target shop/api/b:80")
    assert finding.message == "health is down; 50 % of job api is up, at least 100 % needed"


def test_a_share_of_the_job_may_be_enough() -> None:
    examine = examined(target("a"), target("b"), target("c", health="down"), up="60%")
    assert (examine.passed, examine.findings) == (3, [])
    assert "health is down" in examine.notes[0]


def test_a_target_that_was_not_scraped_lately_fails() -> None:
    assert (
        "last scraped 1m40s ago, at most 45s needed"
        in only(examined(target("a", scraped=ago(seconds=100)))).message
    )
    assert examined(target("a", scraped=ago(seconds=40))).passed == 1


@pytest.mark.parametrize(
    "recently", [OTHERS, instant(1, job=["api"], instance=["a:80"], pod=["a"], namespace=["shop"])]
)
def test_a_target_that_comes_or_goes_is_in_transition(recently: Samples) -> None:
    """Not known for the grace, or up within it: its pod starts or ends."""
    assert only(examined(target("a", health="down"), recently=recently)).in_transition


def test_a_target_that_was_just_found_is_in_transition() -> None:
    """Prometheus calls it unknown until its first scrape, within one interval."""
    finding = only(examined(target("a", health="unknown", scraped=None), recently=OTHERS))
    assert finding.in_transition
    assert finding.since_from == "now: not scraped yet, and not down for 1m either"
    assert only(examined(target("a", health="unknown", scraped=None))).outcome is Outcome.FAIL


def test_without_history_there_is_no_grace() -> None:
    failure = Failure("TimedOut", "late", "prometheus:x")
    assert only(examined(target("a", health="down"), recently=failure)).outcome is Outcome.FAIL


def test_a_job_without_target_fails() -> None:
    finding = only(examined(target("a"), jobs=("api", "worker")))
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "job worker")


def test_only_matching_targets_are_examined() -> None:
    assert (
        examined(target("a"), target("b", health="down", namespace="else"), match='namespace="shop"').passed
        == 1
    )


def test_no_target_examines_nothing() -> None:
    assert examined(match='namespace="shop"').nothing_examined


def test_a_match_must_be_a_selector() -> None:
    with pytest.raises(ValidationError, match="no list of label matchers"):
        TargetLimits(match="namespace shop")


def test_each_pod_of_a_workload_is_a_target() -> None:
    pods = cluster.listing(pod("api-7d9f-a"), pod("api-7d9f-b"))
    examine = examined(target("api-7d9f-a"), target("api-7d9f-b"), pods=pods, workloads=("deployment/api",))
    assert (examine.passed, examine.findings) == (5, [])


def test_a_pod_without_target_fails_and_a_new_one_is_in_transition() -> None:
    pods = cluster.listing(pod("api-7d9f-a"), pod("api-7d9f-b"))
    finding = only(examined(target("api-7d9f-a"), pods=pods, workloads=("api",)))
    assert (finding.outcome, finding.subject.name) == (Outcome.FAIL, "api-7d9f-b")
    young = cluster.listing(pod("api-7d9f-a"), pod("api-7d9f-b", age=0.3))
    assert only(examined(target("api-7d9f-a"), pods=young, workloads=("api",))).in_transition


def test_a_named_job_is_examined_beyond_the_pods_of_the_workload() -> None:
    pods = cluster.listing(pod("api-7d9f-a"))
    targets = (target("api-7d9f-a"), target("elsewhere", health="down"))
    finding = only(examined(*targets, pods=pods, workloads=("api",), jobs=("api",)))
    assert (finding.outcome, finding.subject.name) == (Outcome.FAIL, "api/elsewhere:80")
    assert not examined(*targets, pods=pods, workloads=("api",)).findings


def test_a_workload_without_pods_fails() -> None:
    finding = only(examined(target("a"), pods=cluster.listing(), workloads=("deployment/api",)))
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "workload deployment/api")


def test_pods_that_could_not_be_listed_leave_the_workload_undecided() -> None:
    assert only(examined(target("a"), pods=cluster.REFUSED, workloads=("api",))).outcome is Outcome.UNKNOWN
    gapped: Listing[Pod] = cluster.listing(gaps=[cluster.REFUSED])
    assert only(examined(target("a"), pods=gapped, workloads=("api",))).outcome is Outcome.UNKNOWN


def test_targets_without_pod_labels_cannot_be_joined() -> None:
    bare = ScrapeTarget(labels={"job": "api", "instance": "x"}, health="up", last_scrape=NOW, interval=15.0)
    finding = only(
        examined(bare, recently=EMPTY, pods=cluster.listing(pod("api-7d9f-a")), workloads=("api",))
    )
    assert finding.outcome is Outcome.UNKNOWN
