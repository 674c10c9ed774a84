"""Which queues a row means, and what is asked about them: of Redis, and of Prometheus what it recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator, model_validator
from typing_extensions import Self

from opsproof.examine.beside import Beside, known
from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure, NotConfigured, Undecided
from opsproof.model.limits import Limits, Scoped
from opsproof.model.moment import SKEW_TRUSTED, Age, Clock
from opsproof.model.units import Count, Duration
from opsproof.sources.prometheus.facts import PromQL, Samples
from opsproof.sources.redis.queues import (
    End,
    Kind,
    QueueKey,
    QueuesOf,
    QueuesState,
    QueueState,
    TakersOf,
    TakersState,
)

UNTOLD = "the oldest job does not tell when it was queued, in the field that is declared"


class Queue(BaseModel):
    """How a queue is called, and where its producer says so; `opsproof.sources.redis.queues.QueueKey` tells each field.

    `seen`: a gauge of its length, whose history proves the name: `redis_key_size{key="jobs"}`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    kind: Kind = "list"
    time: str = ""
    oldest: End = "last"
    group: str = ""
    register_key: str = ""
    member: str = ""
    processed: str = ""
    unacked: str = "unacked_index"
    seen: str = ""

    @model_validator(mode="before")
    @classmethod
    def _may_be_a_key_alone(cls, given: object) -> object:
        return {"key": given} if isinstance(given, str) else given

    @field_validator("key")
    @classmethod
    def _names_something(cls, given: str) -> str:
        if not given or len(given) > 200:
            raise ValueError("a queue needs the key of its list or stream")
        return given

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kind == "stream" and self.time not in {"", "id"}:
            raise ValueError("of a stream, time is `id`: an entry's id says when it was added")
        return self

    @property
    def asked(self) -> QueueKey:
        return QueueKey(
            key=self.key,
            kind=self.kind,
            time=self.time,
            oldest=self.oldest,
            group=self.group,
            register=self.register_key,
            member=self.member,
            processed=self.processed,
            unacked=self.unacked,
        )

    def __str__(self) -> str:
        return self.key


class QueueLimits(Limits):
    """`queues`: keys, or how each queue is kept and proven."""

    queues: Scoped[tuple[Queue, ...]]
    samples: Count = Count(3)
    spacing: Duration = Duration(2)


@dataclass(frozen=True)
class Queues:
    """Source: the `QueuesState` of the row's queues."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        limits: Any = context.limits
        target = context.target("redis")
        wanted = tuple(Queue.model_validate(one).asked for one in limits.queues)
        if not wanted:
            raise NotConfigured("scope.queues names no queue")
        return (
            QueuesOf(
                target=target.id,
                role=target.role,
                queues=wanted,
                samples=int(limits.samples),
                spacing=float(limits.spacing),
            ),
        )

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> QueuesState:
        state: QueuesState = answers[0].value()
        return state


@dataclass(frozen=True)
class Consumers:
    """Source: the `TakersState` of the row's target of kind redis."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        limits: Any = context.limits
        target = context.target("redis")
        return (
            TakersOf(
                target=target.id, role=target.role, samples=int(limits.samples), spacing=float(limits.spacing)
            ),
        )

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> TakersState:
        state: TakersState = answers[0].value()
        return state


@dataclass(frozen=True)
class QueueHistory:
    """Source: by key, the longest that Prometheus ever recorded of a queue, of those that declare `seen`."""

    over: str = "30d"

    def asks(self, context: Context) -> tuple[Ask, ...]:
        return tuple(ask for part in self._parts(context).values() for ask in part.asks(context))

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> dict[str, Samples | Failure]:
        rest = iter(answers)
        return {
            key: part.assemble([next(rest) for _ in part.asks(context)], context)
            for key, part in self._parts(context).items()
        }

    def _parts(self, context: Context) -> dict[str, Beside]:
        limits: Any = context.limits
        queues = [Queue.model_validate(one) for one in limits.queues]
        query = "max(max_over_time(%s[" + self.over + "]))"
        return {one.key: Beside(PromQL(query % one.seen, over="")) for one in queues if one.seen}


History = Mapping[str, Samples | Failure]


def require_known(state: QueuesState, queue: QueueState, history: History) -> None:
    """What a queue's answers are worth: of the master, and of a queue that is really called so.

    A key that is not there is an empty queue only where somebody else names it; else its name may be wrong.

    Raises:
        Undecided: nothing proves it; the message says what would.
    """
    if state.part != "master":
        raise Undecided(
            "a replica answers, where nobody takes jobs: name the master"
            if state.part
            else "INFO replication tells no role"
        )
    if queue.elsewhere:
        raise Undecided("another node of the cluster has it: name that node")
    if not queue.samples:
        raise Undecided("no sample could be taken in time")
    if queue.there or queue.registered or any(sample.depth for sample in queue.samples):
        return
    recorded = known(history.get(queue.key))
    if recorded is not None and (recorded.single() or 0) > 0:
        return
    told = (
        "the producer's set does not name it either" if queue.registered is False else "nothing else names it"
    )
    raise Undecided(
        f"there is no key {queue.key}, and {told}: it is empty, or called otherwise; "
        "declare `register_key`, a set of the producer's queues, or `seen`, a gauge of its length"
    )


def age(state: QueuesState, at: datetime) -> Age:
    """How long ago a moment was that a job or the server told.

    Raises:
        Undecided: it lies in the future.
    """
    found = (state.clock or Clock(at)).age(at)
    if found < -SKEW_TRUSTED:
        raise Undecided(f"a job says that it was queued in the future, at {at:%Y-%m-%d %H:%M:%S} UTC")
    return found
