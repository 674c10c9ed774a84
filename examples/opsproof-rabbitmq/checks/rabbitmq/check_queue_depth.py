"""Queues: how much waits, and whether anybody reads."""

from __future__ import annotations

from fnmatch import fnmatch

from opsproof import HIGH, AtLeast, AtMost, Count, Examination, Limits, Scoped, Undecided, check
from opsproof_rabbitmq.facts import Queues


class QueueLimits(Limits):
    """`queues`: names, with `*`. `highest`: messages that may wait. `consumers`: readers that are needed."""

    queues: Scoped[tuple[str, ...]] = ("*",)
    highest: AtMost[Count]
    consumers: AtLeast[Count] = AtLeast.parse(1, Count)


@check("rabbitmq/queue-depth", title="Queues are read, and do not pile up", level=HIGH)
def check_queue_depth(queues: Queues, limits: QueueLimits, examine: Examination) -> None:
    """A queue that only grows ends in an alarm that blocks everybody who publishes."""
    for queue in queues:
        if not any(fnmatch(queue.name, pattern) for pattern in limits.queues):
            examine.exclude(queue, "not one of the queues of this row")
            continue
        with examine(queue, measured=_count(queue.messages), limit=limits.highest) as it:
            if queue.messages is None or queue.consumers is None:
                raise Undecided(f"its node does not tell its numbers; its state is {queue.state}")
            readers = Count(queue.consumers)
            assert limits.consumers.allows(readers), f"{readers} consumers, {limits.consumers} needed"
            it.holds(limits.highest, Count(queue.messages), f"{queue.messages} messages wait")


def _count(number: int | None) -> Count | None:
    return None if number is None else Count(number)
