"""Whether somebody takes the jobs of a queue, and gets on with them."""

from __future__ import annotations

import itertools
from typing import Annotated

from opsproof import (
    CRITICAL,
    AtLeast,
    AtMost,
    Count,
    Duration,
    Examination,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside, known
from opsproof.examine.deciding import deciding
from opsproof.examine.examination import Block
from opsproof.examine.queues import (
    UNTOLD,
    Consumers,
    History,
    QueueHistory,
    QueueLimits,
    Queues,
    age,
    require_known,
)
from opsproof.model.failure import Failure
from opsproof.model.units import duration_text
from opsproof.model.words import several
from opsproof.sources.prometheus.facts import PromQL, Recorded, Recording, Samples
from opsproof.sources.prometheus.growth import growth
from opsproof.sources.prometheus.known import Known, Matched
from opsproof.sources.prometheus.reading.course import recorded
from opsproof.sources.redis.queues import QueueSample, QueuesState, QueueState, Takers, TakersState


class WorkerLimits(QueueLimits):
    """`recorded`: what Prometheus recorded of the metrics jobs_processed and jobs_waiting is examined, too.

    `stalled`: for how long no job may be done while some wait: a run is shorter, only a recording tells. `unacked`:
    for how long a taken job may stay unacknowledged. `age`: how old the oldest waiting job may be, where jobs tell it.
    """

    recorded: Scoped[bool] = False
    consumers: AtLeast[Count] = AtLeast.parse(1, Count)
    stalled: Duration = Duration.parse("5m")
    unacked: AtMost[Duration] = AtMost.parse("1h", Duration)
    age: AtMost[Duration] | None = None


_WAITING = "min_over_time((sum(${jobs_waiting}))[${stalled}:30s])"
_DONE = growth("${jobs_processed}", window="${stalled}")


@check(
    "queue/workers-alive", title="Workers take the jobs of every queue, and get on with them", level=CRITICAL
)
def check_workers_alive(
    queues: Annotated[QueuesState | Failure, Beside(Queues())],
    takers: Annotated[TakersState | Failure, Beside(Consumers())],
    history: Annotated[History, QueueHistory()],
    waiting: Annotated[Samples | Failure | None, Beside(PromQL(_WAITING, over=""), when="recorded")],
    done: Annotated[Samples | Failure | None, Beside(PromQL(_DONE, over=""), when="recorded")],
    recording: Annotated[
        Recording | Failure | None, Beside(Recorded("${jobs_processed}", over=("stalled",)), when="recorded")
    ],
    counter: Annotated[Known | Failure | None, Beside(Matched("${jobs_processed}"), when="recorded")],
    limits: WorkerLimits,
    examine: Examination,
) -> None:
    """Jobs are accepted and never done: nobody sees it before somebody misses the result."""
    if limits.recorded:
        subject = Subject("metric", "jobs_processed")
        with deciding(examine, subject):
            recorded(known(recording))
            known(counter).require()
            _examine_recorded(subject, known(waiting), known(done), limits, examine)
    if isinstance(queues, Failure):
        examine.unknown(Subject("source", "queues"), queues)
        return
    if isinstance(takers, Failure):
        examine.unknown(Subject("source", "takers"), takers)
        return
    for queue in queues.queues:
        found = takers.of(queue.kind)
        count = Count(max((one.count for one in found), default=0))
        with examine(queues.subject(queue), measured=count, limit=limits.consumers) as it:
            require_known(queues, queue, history)
            _examine_queue(it, queues, queue, found, limits)


def _examine_recorded(
    subject: Subject, waiting: Samples, done: Samples, limits: WorkerLimits, examine: Examination
) -> None:
    """Over a time in which a stall shows: no job done while some waited throughout."""
    least, count = waiting.single(), done.single()
    if least is None or count is None:
        raise Undecided("no data: jobs_waiting or jobs_processed has no samples in the window")
    with examine(subject, measured=Count(round(count)), limit=AtLeast.parse(1, Count)):
        told = f"{several(least, 'job')} or more waited for {limits.stalled}, and none was done"
        assert count > 0 or least <= 0, told


def _examine_queue(
    it: Block, state: QueuesState, queue: QueueState, takers: tuple[Takers, ...], limits: WorkerLimits
) -> None:
    why = next((sample.why for sample in queue.samples if sample.depth is None), "")
    if why:
        raise Undecided(why)
    # Celery's index of what was taken is one for all queues of a database: another's may move it.
    moved = progress(queue.samples, taken=queue.kind != "celery")
    if not moved:
        count = _consumers(queue, takers)
        depth = queue.samples[-1].depth or 0
        it.holds(limits.consumers, Count(count), f"{several(count, 'consumer')} of its jobs, {depth} waiting")
    _examine_ages(it, state, queue, limits)
    if moved:
        return
    if not all(sample.depth for sample in queue.samples):
        _require_listening(queue, takers, limits)
    elif not limits.recorded:
        seconds = duration_text(limits.spacing * (len(queue.samples) - 1))
        raise Undecided(
            f"no job was taken within {seconds}, which is too short to tell a stall from long jobs:"
            " set `recorded: true`, with metrics.jobs_processed and metrics.jobs_waiting"
        )


def progress(samples: tuple[QueueSample, ...], *, taken: bool = True) -> bool:
    """Whether jobs were taken or done between the samples; `taken`: what was not acknowledged is of this queue."""
    steps = list(itertools.pairwise(samples))
    return any(_less(after.depth, before.depth) for before, after in steps) or any(
        _less(before.processed, after.processed)
        or _less(before.passed, after.passed)
        or (taken and (before.taken, before.taken_since) != (after.taken, after.taken_since))
        for before, after in steps
    )


def _less(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one < other


def _consumers(queue: QueueState, takers: tuple[Takers, ...]) -> int:
    """How many clients take from such queues; of a stream no more than its group has consumers."""
    count = max((one.count for one in takers), default=0)
    own = queue.samples[-1].consumers
    return count if own is None else min(own, max(count, _lively(queue)))


def _lively(queue: QueueState) -> int:
    """A group one of whose consumers has just asked, whatever command its connection gave since."""
    return sum(1 for sample in queue.samples[-1:] if sample.idle is not None and sample.idle < 60)


def _examine_ages(it: Block, state: QueuesState, queue: QueueState, limits: WorkerLimits) -> None:
    last = queue.samples[-1]
    if last.taken and last.taken_since is not None:
        held = age(state, last.taken_since)
        it.holds(
            limits.unacked,
            held,
            f"a job was taken {held} ago and is not acknowledged; {limits.unacked} allowed",
        )
    if limits.age is not None and last.depth and last.oldest is not None:
        old = age(state, last.oldest)
        it.holds(limits.age, old, f"the oldest job was queued {old} ago; {limits.age} allowed")
    # One may be taken between the look at the queue's length and the look at it.
    untold = all(sample.depth and sample.oldest is None for sample in queue.samples)
    if limits.age is not None and queue.timed and untold:
        raise Undecided(UNTOLD)


def _require_listening(queue: QueueState, takers: tuple[Takers, ...], limits: WorkerLimits) -> None:
    """Of an empty queue: somebody waits for its next job, or asked a while ago at most."""
    if any(one.waiting for one in takers):
        return
    own = queue.samples[-1].idle
    idle = [float(one.idle) for one in takers if one.idle is not None] + ([own] if own is not None else [])
    asked = min(idle, default=None)
    if asked is None or asked > limits.stalled:
        since = f"for {duration_text(asked)}" if asked is not None else "while it was looked at"
        raise Undecided(
            f"it is empty, and no consumer has asked for a job {since}: all are busy, or they hang"
        )
