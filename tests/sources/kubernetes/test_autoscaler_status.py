"""What the Cluster Autoscaler reports: YAML since Kubernetes 1.30, before that a text."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from opsproof.model.failure import BadAnswer
from opsproof.sources.kubernetes.autoscaler_status import MOST, reported
from opsproof.sources.kubernetes.facts.autoscaling import ReportedHealth

NEWER = """
time: 2026-03-02 09:00:00.123456789 +0000 UTC
autoscalerStatus: Running
clusterWide:
  health:
    status: Healthy
    nodeCounts: {registered: {total: 5, ready: 5, notStarted: 0}}
    lastProbeTime: "2026-03-02T09:00:00Z"
  scaleUp: {status: InProgress}
nodeGroups:
- name: workers
  health: {status: Healthy}
  scaleUp: {status: Backoff}
- name: spot
  scaleUp: {status: NoActivity}
"""
OLDER = """Cluster-autoscaler status at 2026-03-02 09:00:00.123456789 +0000 UTC:
Cluster-wide:
  Health:      Healthy (ready=5 unready=0 notStarted=0 registered=5 longUnregistered=0)
               LastProbeTime:      2026-03-02 09:00:00.02 +0000 UTC
  ScaleUp:     InProgress (ready=5 registered=5)

NodeGroups:
  Name:        workers
  Health:      Healthy (ready=3)
  ScaleUp:     Backoff (ready=3 cloudProviderTarget=4)

  Name:        spot
  Health:      Healthy (ready=2)
  ScaleUp:     NoActivity (ready=2 cloudProviderTarget=2)
"""
NINE = datetime(2026, 3, 2, 9, tzinfo=timezone.utc)


@pytest.mark.parametrize("text", [NEWER, OLDER])
def test_both_forms_say_the_same(text: str) -> None:
    found = reported(text)
    assert found.written is not None
    assert found.written.replace(microsecond=0) == NINE
    assert found == ReportedHealth("Healthy", found.written, backing_off=("workers",))


@pytest.mark.parametrize("text", [NEWER, OLDER])
def test_an_unhealthy_cluster(text: str) -> None:
    assert reported(text.replace("Healthy", "Unhealthy", 1)).health == "Unhealthy"


def test_one_that_starts_has_no_health_yet() -> None:
    found = reported("time: 2026-03-02T09:00:00Z\nautoscalerStatus: Initializing\n")
    assert found == ReportedHealth("", NINE, running=False)


@pytest.mark.parametrize("moment", ["soon", "[]", "9999999999999999"])
def test_a_moment_that_is_none_is_not_known(moment: str) -> None:
    text = NEWER.replace("2026-03-02 09:00:00.123456789 +0000 UTC", moment)
    assert reported(text).written is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "just a text",
        "[1, 2]",
        "clusterWide: Healthy",
        "clusterWide: {health: {status: [Healthy]}}",
        "{",
        "!!python/object/apply:os.system [id]",
        "[" * 5000,
        "Cluster-autoscaler status at noon",
        "a" * (MOST + 1),
    ],
)
def test_anything_else_is_no_report(text: str) -> None:
    with pytest.raises(BadAnswer):
        reported(text)


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)


@pytest.mark.parametrize(
    "key", ["autoscalerStatus: *a9", "time: *a9", "nodeGroups: [{scaleUp: *a9, name: *a9}]"]
)
def test_what_would_grow_without_end_is_no_report(key: str) -> None:
    """The autoscaler repeats nothing by reference; ten lines of it would be ten billion words."""
    with pytest.raises(BadAnswer, match="refers to parts of itself"):
        reported(f"{BOMB}{key}\nclusterWide: {{health: {{status: Healthy}}}}\n")
