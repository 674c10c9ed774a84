"""capacity/pod-cpu and capacity/pod-memory on plain facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from checks.capacity.check_pod_cpu import check_cpu
from checks.capacity.check_pod_memory import MemoryUseLimits, check_memory
from opsproof import CRITICAL, Examination
from opsproof.examine.container_use import Bases, BasesOf, UseLimits
from opsproof.model.outcome import Outcome
from opsproof.sources.prometheus.facts import Samples
from opsproof.sources.prometheus.known import AskKnown, Known
from tests.checks.contexts import Row
from tests.checks.measured import GAP, RECORDED, examination, failed, instant, only, over

Course = Sequence[float | str | None]
HIGHEST: dict[str, Any] = {"highest": "80%"}
API = "api-7d9f8c6b5-x2x4z"


def names(pods: Sequence[str]) -> dict[str, Sequence[str]]:
    return {"namespace": ["shop"] * len(pods), "pod": list(pods), "container": ["app"] * len(pods)}


def examined(
    used: Mapping[str, Course],
    most: Mapping[str, float | str] | None = None,
    requested: Mapping[str, float | str] | None = None,
    *,
    recording: Samples = RECORDED,
    known: Bases | None = None,
    **limits: Any,
) -> Examination:
    """Cores used by pods over 5 minutes; each may use one core unless `most` says otherwise."""
    whole = dict.fromkeys(used, 1.0) if most is None else most
    examine = examination()
    check_cpu(
        over(300, *used.values(), **names(list(used))),
        instant(*whole.values(), **names(list(whole))),
        instant(*(requested or {}).values(), **names(list(requested or {}))),
        recording,
        known or {},
        UseLimits(**{"highest": "80%", **limits}),
        examine,
    )
    return examine


def test_containers_below_the_limit_are_compliant() -> None:
    assert examined({API: [0.5], "db-0": [0.79]}).passed == 2


@pytest.mark.parametrize(
    ("given", "lost"),
    [
        ({"used": {}}, "used"),
        ({"used": {API: [0.5]}, "most": {}}, "limit"),
        ({"used": {API: [0.5]}, "otherwise": "request"}, "request"),
    ],
)
def test_a_metric_that_never_had_a_series_is_told_with_what_is_near(given: Any, lost: str) -> None:
    """A mistyped metric of limits would set every container aside as one without a limit."""
    ever = {name: Known(selector=name, labels=("pod",)) for name in ("used", "limit", "request")}
    never = Known(selector="kube_pod_limit", hint="there is no metric kube_pod_limit; the nearest is x")
    finding = only(examined(**given, known={**ever, lost: never}))
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.message == (
        "no series match kube_pod_limit: there is no metric kube_pod_limit; the nearest is x"
    )
    assert not examined(**given, known=ever).findings


def test_only_the_metrics_that_the_row_needs_are_looked_up() -> None:
    asks = BasesOf("used", "limit", "request").asks(Row(UseLimits(highest="80%")))
    assert ["used", "limit"] == [ask.selector for ask in asks if isinstance(ask, AskKnown)]


def test_a_container_above_it_all_the_time_fails() -> None:
    finding = only(examined({API: [0.85, 0.95, 0.9], "db-0": [0.1]}))
    assert finding.outcome is Outcome.FAIL
    assert str(finding.subject) == f"container shop/{API}/app"
    assert (finding.measured.text, finding.limit.text) == ("90 %", "at most 80 %")
    assert (
        finding.message == "uses 90 % of its CPU limit, in the last 5m never below 85 %; at most 80 % allowed"
    )


def test_the_workload_and_not_the_pod_is_its_identity() -> None:
    assert only(examined({API: [0.9]})).subject.key == "api/app"
    assert only(examined({"db-0": [0.9]})).subject.key == "db/app"


def test_cores_are_divided_by_the_limit() -> None:
    assert only(examined({API: [0.45]}, {API: 0.5})).measured.text == "90 %"


def test_a_peak_within_the_range_is_compliant() -> None:
    assert examined({API: [0.95, 0.95, 0.2, 0.95]}).passed == 1


def test_a_step_gives_its_level() -> None:
    steps = {"medium": "80%", "critical": "90%"}
    assert only(examined({API: [0.95]}, highest=steps)).level is CRITICAL


def test_a_container_without_limit_is_not_examined_and_said_so() -> None:
    examine = examined({API: [0.9], "db-0": [0.9]}, {"db-0": 1.0})
    assert [finding.subject.name for finding in failed(examine)] == ["db-0/app"]
    assert examine.excluded[0].why == "no CPU limit"


def test_the_request_stands_in_where_the_row_says_so() -> None:
    found = examined({API: [0.45]}, {}, {API: 0.5}, otherwise="request")
    assert only(found).measured.text == "90 %"
    assert only(examined({API: [0.45]}, {API: 10.0}, {API: 0.5}, base="request")).measured.text == "90 %"


@pytest.mark.parametrize("whole", ["NaN", "+Inf", "0"])
def test_a_limit_that_is_no_amount_is_none(whole: str) -> None:
    assert examined({API: [0.9]}, {API: whole}).excluded[0].why == "no CPU limit"


@pytest.mark.parametrize("value", ["NaN", "+Inf"])
def test_use_that_is_no_number_is_undecided(value: str) -> None:
    assert only(examined({API: [0.9, value, 0.9]})).outcome is Outcome.UNKNOWN


def test_a_series_with_a_gap_is_undecided() -> None:
    assert only(examined({API: [0.9, None, None, 0.9]})).outcome is Outcome.UNKNOWN


def test_a_gap_in_the_recording_is_undecided() -> None:
    assert "gap in the recording" in only(examined({API: [0.9]}, recording=GAP)).message


def test_nothing_recorded_examines_nothing() -> None:
    assert examined({}).nothing_examined


def test_a_metric_without_pods_is_undecided() -> None:
    examine = examination()
    check_cpu(over(300, [0.9]), instant(1), None, RECORDED, {}, UseLimits(**HIGHEST), examine)
    assert "no `pod` label" in only(examine).message


def test_the_mean_is_judged_over_all_containers() -> None:
    assert examined({API: [0.95], "db-0": [0.3]}, aggregate="mean").passed == 1
    finding = only(examined({API: [0.95], "db-0": [0.75]}, aggregate="mean"))
    assert (str(finding.subject), finding.measured.text) == ("signal mean CPU use", "85 %")


def test_a_new_busy_container_is_in_transition() -> None:
    assert only(examined({API: [None, None, None, 0.95, 0.95]})).in_transition


def test_pods_recreated_every_few_minutes_do_not_hide_behind_their_age() -> None:
    """Each pod is too young to be busy for five minutes; their workload is not."""
    old, new = "api-7d9f8c6b5-bbbbb", API
    finding = only(examined({old: [0.95, 0.95, 0.95, None, None], new: [None, None, None, 0.9, 0.9]}))
    assert finding.outcome is Outcome.FAIL
    assert finding.subject.name == f"{new}/app"
    known = {new: 1.0}  # kube-state-metrics knows nothing of the pod that is gone
    assert failed(examined({old: [0.95, 0.95, 0.95, None, None], new: [None, None, None, 0.9, 0.9]}, known))


def test_a_container_that_ended_is_not_examined() -> None:
    examine = examined({API: [0.95, 0.95, None, None]})
    assert examine.nothing_examined
    assert examine.excluded[0].why == "ended within the range looked at"


def test_memory_is_judged_alike() -> None:
    examine = examination()
    mebi = 2.0**20
    check_memory(
        over(300, [480 * mebi], **names([API])), instant(512 * mebi, **names([API])), None, RECORDED, {},
        MemoryUseLimits(**HIGHEST), examine,
    )  # fmt: skip
    assert only(examine).message.startswith("uses 93.75 % of its memory limit")
