"""slo/availability on plain facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checks.slo.check_availability import AvailabilityLimits, check_availability
from opsproof import Examination
from opsproof.model.outcome import Outcome
from opsproof.sources.prometheus.facts import Samples, Series
from tests.checks.measured import GAP, RECORDED, UNIX, examination, failed, only, over

UP = [1, 1, 1, 1, 1]


def examined(
    courses: Mapping[str, Sequence[float | str | None]],
    job: str = "api",
    *,
    recording: Samples = RECORDED,
    **limits: Any,
) -> Examination:
    """Targets of job api by pod name; the share that `avg_over_time` gives follows from their courses."""
    pods = list(courses)
    up = over(
        300,
        *courses.values(),
        pod=pods,
        job=["api"] * len(pods),
        instance=pods,
        namespace=["shop"] * len(pods),
    )
    shares = tuple(
        Series(labels=one.labels, values=((UNIX, str(sum(p.value for p in one.points) / len(one.values))),))
        for one in up
    )
    examine = examination()
    answered = Samples(result_type="vector", at=UNIX, series=shares)
    check_availability(up, answered, recording, AvailabilityLimits(jobs=(job,), **limits), examine)
    return examine


def test_targets_that_answer_are_compliant() -> None:
    assert examined({"api-0": UP, "api-1": UP}).passed == 3


def test_a_target_that_failed_scrapes_fails() -> None:
    finding = only(examined({"api-0": UP, "api-1": [1, 1, 0, 1, 1]}))
    assert finding.outcome is Outcome.FAIL
    assert str(finding.subject) == "target shop/api/api-1"
    assert (finding.measured.text, finding.limit.text) == ("80 %", "at least 100 %")


def test_a_lower_limit_allows_some_failures() -> None:
    assert not examined({"api-0": UP, "api-1": [1, 1, 0, 1, 1]}, lowest="75%").findings


def test_a_job_that_is_all_down_fails_as_a_whole() -> None:
    subjects = {str(finding.subject) for finding in failed(examined({"api-0": [0], "api-1": [0]}))}
    assert subjects == {"job api", "target shop/api/api-0", "target shop/api/api-1"}


def test_an_absent_job_fails() -> None:
    finding = only(examined({"api-0": UP}, job="worker"))
    assert finding.outcome is Outcome.FAIL
    assert finding.message == "job worker has no target now: its `up` is absent"


def test_a_job_whose_targets_vanished_fails() -> None:
    # Another job's series shows that Prometheus recorded all the time.
    up = over(300, [1, 1, None], UP, job=["api", "other"], instance=["a", "b"])
    examine = examination()
    check_availability(up, up, RECORDED, AvailabilityLimits(jobs=("api",)), examine)
    assert [str(finding.subject) for finding in failed(examine)] == ["job api"]
    assert examine.excluded[0].why == "no longer a target"


def test_a_new_target_that_did_not_listen_at_first_is_in_transition() -> None:
    examine = examined({"api-0": UP, "api-1": [None, None, None, 0, 1]})
    assert only(examine).in_transition


def test_a_target_that_went_is_not_examined() -> None:
    examine = examined({"api-0": UP, "api-1": [1, 0, None, None, None]})
    assert not examine.findings
    assert examine.excluded[0].count == 1


def test_a_gap_in_the_recording_is_undecided() -> None:
    assert only(examined({"api-0": [1, None, None, 1, 1]}, lowest="0%")).outcome is Outcome.UNKNOWN


def test_a_value_that_is_no_number_is_undecided() -> None:
    assert {finding.outcome for finding in examined({"api-0": ["NaN"]}).findings} == {Outcome.UNKNOWN}


def test_a_gap_that_queries_look_across_is_undecided() -> None:
    finding = only(examined({"api-0": UP}, recording=GAP))
    assert (finding.outcome, str(finding.subject)) == (Outcome.UNKNOWN, "job api")


def test_a_gap_hides_no_failure() -> None:
    assert {finding.outcome for finding in examined({"api-0": [0]}, recording=GAP).findings} == {Outcome.FAIL}
