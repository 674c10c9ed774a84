"""queue/depth on plain facts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.queue.check_depth import DepthLimits, check_depth
from opsproof import HIGH, Examination
from opsproof.model.failure import Failure
from opsproof.model.level import CRITICAL
from opsproof.model.outcome import Outcome
from opsproof.sources.redis.queues import QueuesState, QueueState
from tests.checks.measured import EMPTY, instant, only
from tests.checks.queue.queue_states import ago, missing, queue, queues

AWAY = Failure("Unreachable", "connection refused", "prometheus:x")


def examined(found: QueueState | QueuesState, history: Any = None, **limits: Any) -> Examination:
    examine = Examination(level=HIGH)
    state = found if isinstance(found, QueuesState) else queues(found)
    needed = DepthLimits(**{"queues": ("jobs",), "depth": 100, **limits})
    check_depth(state, history or {}, needed, examine)
    return examine


def test_few_jobs_pass() -> None:
    assert examined(queue(100, 100, 100)).passed == 1


def test_many_in_each_sample_fail_with_the_fewest() -> None:
    finding = only(examined(queue(140, 120, 130)))
    assert (finding.outcome, finding.measured.text, finding.limit.text) == (
        Outcome.FAIL,
        "120",
        "at most 100",
    )
    assert (str(finding.subject), finding.message) == (
        "queue redis/jobs",
        "120 jobs or more waited in each of 3 samples",
    )


def test_a_burst_is_no_violation() -> None:
    assert examined(queue(500, 20, 500)).passed == 1


def test_steps_give_the_level() -> None:
    assert only(examined(queue(500), depth={"medium": 100, "critical": 400})).level is CRITICAL


def test_a_key_that_nobody_names_may_be_called_otherwise() -> None:
    """`jobs` for `job`: empty for ever, and green."""
    finding = only(examined(missing()))
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.message.startswith(
        "there is no key jobs, and nothing else names it: it is empty, or called otherwise"
    )


@pytest.mark.parametrize(
    ("state", "history"),
    [
        (missing(registered=True), {}),
        (missing(), {"jobs": instant(7)}),
        (queue(0, 0, 1, type="none"), {}),
        (queue(0, 0, 0), {}),
    ],
    ids=["the producer's set", "its history", "a job came", "the key was there"],
)
def test_an_empty_queue_whose_name_is_proven_passes(state: QueueState, history: Any) -> None:
    assert examined(state, history).passed == 1


@pytest.mark.parametrize(
    ("state", "history"),
    [(missing(registered=False), {}), (missing(), {"jobs": instant(0)}), (missing(), {"jobs": EMPTY})],
    ids=["another is registered", "never any", "never recorded"],
)
def test_a_proof_that_does_not_prove_is_unknown(state: QueueState, history: Any) -> None:
    """An exporter reports 0 for a key that it is told to watch, whether there ever was one or not."""
    assert only(examined(state, history)).outcome is Outcome.UNKNOWN


def test_a_history_that_cannot_be_had_is_the_cause() -> None:
    assert only(examined(missing(), {"jobs": AWAY})).cause == AWAY.cause


def test_the_oldest_job_fails_though_they_are_few() -> None:
    finding = only(examined(queue(3, 3, each={"oldest": ago(hours=2)}, timed=True), age="15m"))
    assert (finding.outcome, finding.message) == (
        Outcome.FAIL,
        "the oldest job was queued 2h ago; at most 15m allowed",
    )


def test_a_young_job_passes() -> None:
    assert examined(queue(3, 3, each={"oldest": ago(minutes=5)}, timed=True), age="15m").passed == 1


def test_an_age_that_no_field_tells_is_noted() -> None:
    examine = examined(queue(3, 3), age="15m")
    assert (examine.passed, "how old its jobs are is not known" in examine.notes[0]) == (1, True)


def test_a_declared_field_that_tells_nothing_is_unknown() -> None:
    finding = only(examined(queue(3, 3, timed=True), age="15m"))
    assert (finding.outcome, "does not tell when it was queued" in finding.message) == (Outcome.UNKNOWN, True)


def test_a_job_of_the_future_is_unknown() -> None:
    finding = only(examined(queue(3, each={"oldest": ago(hours=-1)}, timed=True), age="15m"))
    assert (finding.outcome, "in the future" in finding.message) == (Outcome.UNKNOWN, True)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (queues(queue(0), part="slave"), "a replica answers"),
        (queues(queue(0), part=""), "tells no role"),
        (queues(queue(None, elsewhere=True, type="none")), "another node of the cluster"),
        (
            queues(queue(3, None, each={"why": "the server does not tell how far"})),
            "the server does not tell how far",
        ),
        (queues(queue()), "no sample could be taken in time"),
    ],
    ids=["a replica", "no part", "elsewhere", "not told", "no time"],
)
def test_what_is_not_known_is_unknown(state: QueuesState, message: str) -> None:
    finding = only(examined(state))
    assert (finding.outcome, message in finding.message) == (Outcome.UNKNOWN, True)
