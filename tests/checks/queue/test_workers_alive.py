"""queue/workers-alive on plain facts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.queue.check_workers_alive import WorkerLimits, check_workers_alive, progress
from opsproof import CRITICAL, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.prometheus.known import Known
from opsproof.sources.redis.queues import (
    QueueSample,
    QueuesState,
    QueueState,
    Takers,
    TakersSample,
    TakersState,
)
from tests.checks.measured import EMPTY, GAP, RECORDED, failed, instant, only, unknown
from tests.checks.queue.queue_states import ago, missing, queue, queues

KNOWN = Known(selector="jobs_processed_total", labels=("job",))
WAITING, BUSY, HUNG, NOBODY = (
    Takers(count=2, waiting=2),
    Takers(count=2, idle=40),
    Takers(count=2, idle=900),
    Takers(),
)


def examined(
    found: QueueState | QueuesState,
    takers: Takers = WAITING,
    history: dict[str, Any] | None = None,
    **limits: Any,
) -> Examination:
    examine = Examination(level=CRITICAL)
    state = found if isinstance(found, QueuesState) else queues(found)
    told = {"waiting": instant(0), "done": instant(9), "recording": RECORDED, "counter": KNOWN}
    asked = {**dict.fromkeys(told), **({} if history is None else {**told, **history})}
    samples = (TakersSample(lists=takers, streams=takers),) * 3
    needed = WorkerLimits(**{"queues": ("jobs",), "recorded": history is not None, **limits})
    check_workers_alive(
        state, TakersState(role="redis", samples=samples), {}, **asked, limits=needed, examine=examine
    )
    return examine


def samples(*each: dict[str, Any]) -> tuple[QueueSample, ...]:
    return tuple(QueueSample(**one) for one in each)


def test_an_empty_queue_with_workers_that_wait_passes() -> None:
    assert examined(missing(registered=True)).passed == 1


def test_an_empty_queue_whose_name_nothing_proves_is_unknown() -> None:
    assert "called otherwise" in only(examined(missing())).message


def test_nobody_who_takes_fails() -> None:
    finding = only(examined(missing(registered=True), NOBODY))
    assert (finding.outcome, finding.measured.text, finding.limit.text) == (Outcome.FAIL, "0", "at least 1")
    assert finding.message == "0 consumers of its jobs, 0 waiting"


def test_nobody_who_takes_fails_though_jobs_wait() -> None:
    assert only(examined(queue(5, 5, 5), NOBODY)).message == "0 consumers of its jobs, 5 waiting"


def test_workers_that_have_just_asked_pass() -> None:
    assert examined(missing(registered=True), BUSY).passed == 1


def test_workers_that_ask_for_nothing_beside_an_empty_queue_are_unknown() -> None:
    """Busy with a long job, or hung: their connections look alike."""
    finding = only(examined(missing(registered=True), HUNG))
    assert (finding.outcome, finding.message) == (
        Outcome.UNKNOWN,
        "it is empty, and no consumer has asked for a job for 15m: all are busy, or they hang",
    )


@pytest.mark.parametrize(
    "moving",
    [
        samples({"depth": 9}, {"depth": 8}),
        samples({"depth": 9, "processed": 4}, {"depth": 9, "processed": 5}),
        samples({"depth": 9, "passed": 4}, {"depth": 12, "passed": 5}),
        samples(
            {"depth": 9, "taken": 1, "taken_since": ago(minutes=2)},
            {"depth": 9, "taken": 1, "taken_since": ago()},
        ),
    ],
    ids=["shorter", "counted", "passed on", "another was taken"],
)
def test_a_queue_that_moves_passes(moving: Any) -> None:
    assert progress(moving)
    assert examined(queue(9, samples=moving, kind="stream", type="stream"), NOBODY).passed == 1


def test_what_celery_took_from_another_queue_moves_none() -> None:
    """Its index of what is not acknowledged is one for all queues."""
    moving = samples(
        {"depth": 9, "taken": 1, "taken_since": ago(minutes=2)},
        {"depth": 9, "taken": 3, "taken_since": ago()},
    )
    finding = only(examined(queue(9, samples=moving, kind="celery")))
    assert (finding.outcome, "no job was taken within" in finding.message) == (Outcome.UNKNOWN, True)


@pytest.mark.parametrize(
    "still",
    [
        samples({"depth": 9}),
        samples({"depth": 9}, {"depth": 9}),
        samples({"depth": 9}, {"depth": 15}),
        samples({"depth": 9, "processed": 4}, {"depth": 9, "processed": 4}),
        samples({"depth": 9, "processed": 4}, {"depth": 9, "processed": 0}),
        samples({"depth": None}, {"depth": 3}),
    ],
    ids=["one sample", "the same", "longer", "not counted", "reset", "not told"],
)
def test_what_does_not_move_is_no_progress(still: Any) -> None:
    assert not progress(still)


def test_jobs_that_wait_while_none_is_taken_are_unknown_within_seconds() -> None:
    """A client waits, but for which key Redis does not tell."""
    finding = only(examined(queue(5, 5, 5)))
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.message.startswith(
        "no job was taken within 4s, which is too short to tell a stall from long jobs"
    )


def test_jobs_that_are_done_by_what_was_recorded_pass() -> None:
    assert examined(queue(5, 5, 5), history={"waiting": instant(4)}).passed == 2


def test_no_job_done_while_some_waited_throughout_fails() -> None:
    (finding,) = failed(examined(queue(5, 5, 5), history={"waiting": instant(4), "done": instant(0)}))
    assert (str(finding.subject), finding.message) == (
        "metric jobs_processed",
        "4 jobs or more waited for 5m, and none was done",
    )


def test_no_job_done_because_none_waited_passes() -> None:
    assert examined(missing(registered=True), history={"done": instant(0)}).passed == 2


@pytest.mark.parametrize(
    "lacking",
    [
        {"waiting": EMPTY},
        {"done": EMPTY},
        {"recording": GAP},
        {"counter": Known(selector="jobs_processed_total")},
    ],
    ids=["waiting", "done", "gap", "never"],
)
def test_what_is_not_recorded_is_unknown(lacking: Any) -> None:
    (finding,) = unknown(examined(missing(registered=True), history=lacking))
    assert str(finding.subject) == "metric jobs_processed"


def test_a_job_that_was_taken_and_never_acknowledged_fails() -> None:
    """Longer than the visibility timeout: who took it is gone, and nobody gives it back."""
    stuck = missing(registered=True, each={"taken": 1, "taken_since": ago(hours=3)}, kind="celery")
    finding = only(examined(stuck))
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "2")
    assert finding.message == "a job was taken 3h ago and is not acknowledged; at most 1h allowed"


def test_a_job_that_is_being_done_passes() -> None:
    busy = missing(registered=True, each={"taken": 1, "taken_since": ago(minutes=3)}, kind="celery")
    assert examined(busy, BUSY).passed == 1


def test_an_old_job_fails_though_the_queue_moves() -> None:
    """Workers that take the newest first leave the oldest for ever."""
    moving = samples({"depth": 9, "oldest": ago(hours=2)}, {"depth": 8, "oldest": ago(hours=2)})
    finding = only(examined(queue(9, samples=moving), age="15m"))
    assert (finding.outcome, finding.message) == (
        Outcome.FAIL,
        "the oldest job was queued 2h ago; at most 15m allowed",
    )


def test_jobs_that_do_not_tell_their_age_are_unknown_where_it_is_bounded() -> None:
    """The field may be called otherwise: none of them would ever be old."""
    moving = samples({"depth": 9}, {"depth": 8})
    finding = only(examined(queue(9, samples=moving, timed=True), age="15m"))
    assert (finding.outcome, "does not tell when it was queued" in finding.message) == (Outcome.UNKNOWN, True)


def test_a_job_that_is_taken_before_it_could_be_looked_at_hides_no_other() -> None:
    moving = samples({"depth": 2, "oldest": ago(minutes=1)}, {"depth": 1})
    assert examined(queue(9, samples=moving, timed=True), age="15m").passed == 1


def test_consumers_of_a_group_that_are_remembered_are_none_that_ask() -> None:
    """Redis keeps a consumer's name for ever."""
    group = {"taken": 0, "consumers": 4, "idle": 86400.0}
    assert (
        only(examined(queue(5, 5, kind="stream", type="stream", each=group), NOBODY)).outcome is Outcome.FAIL
    )


def test_consumers_of_a_group_that_wait_pass() -> None:
    group = {"taken": 0, "consumers": 1, "idle": 86400.0}
    assert examined(queue(0, 0, kind="stream", type="stream", each=group), WAITING).passed == 1


def test_a_group_without_consumers_fails_though_others_wait_for_streams() -> None:
    group = {"taken": 0, "consumers": 0}
    assert (
        only(examined(queue(0, 0, kind="stream", type="stream", each=group), WAITING)).outcome is Outcome.FAIL
    )


def test_a_replica_is_unknown() -> None:
    assert "a replica answers" in only(examined(queues(queue(0), part="slave"), NOBODY)).message


def test_a_key_of_another_type_is_unknown() -> None:
    wrong = queue(None, type="hash", each={"why": "the key holds a hash, no list"})
    finding = only(examined(wrong))
    assert (finding.outcome, finding.message) == (Outcome.UNKNOWN, "the key holds a hash, no list")


@pytest.mark.parametrize("lost", ["queues", "takers"])
def test_a_server_that_is_away_hides_no_stall(lost: str) -> None:
    away = Failure("Unreachable", "connection refused", "redis:x")
    found: dict[str, Any] = {"queues": queues(queue(5)), "takers": TakersState(role="redis"), lost: away}
    told = {"waiting": instant(4), "done": instant(0), "recording": RECORDED, "counter": KNOWN}
    examine = Examination(level=CRITICAL)
    limits = WorkerLimits(queues=("jobs",), recorded=True)  # type: ignore[arg-type]
    check_workers_alive(**found, history={}, **told, limits=limits, examine=examine)
    stalled, unasked = examine.findings
    assert (stalled.outcome, unasked.outcome, unasked.cause) == (Outcome.FAIL, Outcome.UNKNOWN, away.cause)
