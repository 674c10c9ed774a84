"""How many jobs wait, and for how long."""

from __future__ import annotations

from typing import Annotated

from opsproof import HIGH, AtMost, Count, Duration, Examination, Undecided, check
from opsproof.examine.examination import Block
from opsproof.examine.queues import UNTOLD, History, QueueHistory, QueueLimits, Queues, age, require_known
from opsproof.model.words import several
from opsproof.sources.redis.queues import QueuesState, QueueState


class DepthLimits(QueueLimits):
    """`age`: how old the oldest job may be, where jobs tell when they were queued (`time` of the queue)."""

    depth: AtMost[Count]
    age: AtMost[Duration] | None = None


@check("queue/depth", title="Few jobs wait, and none for long", level=HIGH)
def check_depth(
    queues: Annotated[QueuesState, Queues()],
    history: Annotated[History, QueueHistory()],
    limits: DepthLimits,
    examine: Examination,
) -> None:
    """What is queued is not done: users wait, and a queue that grows fills the server."""
    for queue in queues.queues:
        depths = [sample.depth for sample in queue.samples]
        known = [depth for depth in depths if depth is not None]
        lowest = Count(min(known)) if known else None
        with examine(queues.subject(queue), measured=lowest, limit=limits.depth) as it:
            require_known(queues, queue, history)
            if lowest is None or len(known) < len(depths):
                raise Undecided(next(sample.why for sample in queue.samples if sample.depth is None))
            waiting = f"{several(lowest, 'job')} or more waited in each of {several(len(known), 'sample')}"
            it.holds(limits.depth, lowest, waiting)
            if limits.age is not None and all(known):
                _examine_age(it, queues, queue, limits.age, examine)


def _examine_age(
    it: Block, queues: QueuesState, queue: QueueState, limit: AtMost[Duration], examine: Examination
) -> None:
    """The oldest job, by the sample in which it was youngest."""
    told = [age(queues, sample.oldest) for sample in queue.samples if sample.oldest is not None]
    if told:
        youngest = min(told)
        it.holds(limit, youngest, f"the oldest job was queued {youngest} ago; {limit} allowed")
    elif queue.timed:
        raise Undecided(UNTOLD)
    else:
        examine.note(
            f"{queues.subject(queue)}: how old its jobs are is not known; no field of theirs is declared"
        )
