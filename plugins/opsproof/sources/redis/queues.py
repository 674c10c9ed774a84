"""What a Redis server tells of queues that are named to it: how deep, how old, who takes from them. No jobs.

Of a job one thing is ever read, and only where the environment declares its field: when it was queued.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar, Literal

import msgspec

from opsproof.model.ask import Ask
from opsproof.model.moment import Clocked
from opsproof.model.rights import Need
from opsproof.model.subject import Subject
from opsproof.sources.redis.server import Part

Kind = Literal["list", "stream", "celery"]
End = Literal["first", "last"]
PRIORITIES = ("3", "6", "9")  # Celery's steps beside the queue itself
_APART = "\x06\x16"  # what Celery's transport writes between the parts of a name


class QueueKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, repr_omit_defaults=True):
    """A queue as the environment declares it.

    Args:
        key: of the list or stream; of Celery the queue's name.
        time: the field of a job (JSON; `meta.queued` for a part of a part) that says when it was queued; of a
            stream `id`. Without it no job is read.
        oldest: at which end of a list the oldest job is.
        group: of a stream: whose consumers count.
        register: a set in which the producer writes the names of its queues.
        member: how this queue is called there; the key, where it is not said.
        processed: a key that counts the jobs that were done.
        unacked: of Celery: the sorted set of what was delivered and not acknowledged.
    """

    key: str
    kind: Kind = "list"
    time: str = ""
    oldest: End = "last"
    group: str = ""
    register: str = ""
    member: str = ""
    processed: str = ""
    unacked: str = "unacked_index"

    @property
    def lists(self) -> tuple[str, ...]:
        """The keys of the lists that hold its jobs: Celery has one for each priority."""
        more = tuple(f"{self.key}{_APART}{step}" for step in PRIORITIES) if self.kind == "celery" else ()
        return (self.key, *more)

    @property
    def end(self) -> str:
        """The index of a list's oldest job."""
        return "-1" if self.oldest == "last" else "0"

    @property
    def registered_in(self) -> str:
        """The set that proves the name: Celery's transport writes one as soon as anybody declares the queue."""
        return self.register or (f"_kombu.binding.{self.key}" if self.kind == "celery" else "")

    def is_named(self, member: str) -> bool:
        """Whether this member of that set is the queue: Celery's ends with its name."""
        if self.kind == "celery" and not self.register:
            return member.split(_APART)[-1] == self.key
        return member == (self.member or self.key)

    def needs(self) -> Iterator[Need]:
        """The commands of its reading, each with its key."""
        yield Need("TYPE", name=self.key)
        if self.kind == "stream":
            yield from self._of_stream()
        else:
            yield from self._of_list()
        if self.registered_in:
            yield Need("SMEMBERS", name=self.registered_in)
        if self.processed:
            yield Need("GET", name=self.processed)

    def _of_list(self) -> Iterator[Need]:
        for one in self.lists:
            yield Need("LLEN", name=one)
        for one in self.lists if self.time else ():
            yield Need("LINDEX", on=self.end, name=one)
        if self.kind == "celery":
            yield Need("ZCARD", name=self.unacked)
            yield Need("ZRANGE", on="0 0 WITHSCORES", name=self.unacked)

    def _of_stream(self) -> Iterator[Need]:
        yield Need("XLEN", name=self.key)
        yield Need("XINFO GROUPS", name=self.key)
        yield Need("XINFO CONSUMERS", on=self.group or "group", name=self.key)
        yield Need("XPENDING", on=self.group or "group", name=self.key)
        if self.time:
            yield Need("XRANGE", on="- + COUNT 1", name=self.key)


class QueueSample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A queue at one moment. None: not known.

    Args:
        depth: jobs that nobody has taken yet; `why` says why it is not known.
        oldest: when the oldest of them was queued, as it says itself.
        taken: jobs that were taken and not acknowledged; `taken_since` the oldest of these.
        processed: the counter of jobs that were done.
        passed: how many entries of a stream its group has taken so far.
        consumers: of a stream's group; `idle` the seconds since the liveliest of them asked.
    """

    depth: int | None = None
    why: str = ""
    oldest: datetime | None = None
    taken: int | None = None
    taken_since: datetime | None = None
    processed: int | None = None
    passed: int | None = None
    consumers: int | None = None
    idle: float | None = None


class QueueState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Samples of one queue. `type`: what the key holds, `none` where there is no such key.

    `registered`: the producer's set names it; None where none is declared. `timed`: a field of the jobs is declared.
    """

    key: str
    kind: Kind
    type: str
    elsewhere: bool = False
    registered: bool | None = None
    timed: bool = False
    samples: tuple[QueueSample, ...] = ()

    @property
    def there(self) -> bool:
        return self.type != "none"


class QueuesState(Clocked, frozen=True, kw_only=True):
    """The named queues of one server."""

    role: str
    part: Part = ""
    queues: tuple[QueueState, ...] = ()

    def subject(self, queue: QueueState) -> Subject:
        return Subject("queue", f"{self.role}/{queue.key}")


class QueuesOf(Ask, frozen=True, kw_only=True, tag="redis/queues"):
    """The queues, `samples` times, `spacing` seconds apart."""

    role: str
    queues: tuple[QueueKey, ...]
    samples: int = 3
    spacing: float = 2.0
    answer: ClassVar[Any] = QueuesState

    @property
    def needs(self) -> tuple[Need, ...]:
        each = (need for queue in self.queues for need in queue.needs())
        return tuple(dict.fromkeys([Need("INFO"), *each]))


class Takers(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Clients whose last command takes jobs, by what they take from: how many wait now, and how long since the
    liveliest of the others asked (seconds; None: there is no other).
    """

    count: int = 0
    waiting: int = 0
    idle: int | None = None


class TakersSample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Clients of the target's database at one moment: of lists, and of streams."""

    lists: Takers = Takers()
    streams: Takers = Takers()


class TakersState(msgspec.Struct, frozen=True, kw_only=True):
    """Samples of who takes jobs from a server."""

    role: str
    samples: tuple[TakersSample, ...] = ()

    def of(self, kind: Kind) -> tuple[Takers, ...]:
        return tuple(one.streams if kind == "stream" else one.lists for one in self.samples)


class TakersOf(Ask, frozen=True, kw_only=True, tag="redis/takers"):
    """CLIENT LIST, `samples` times: counts alone are kept, no address and no name."""

    role: str
    samples: int = 3
    spacing: float = 2.0
    needs: ClassVar[tuple[Need, ...]] = (Need("CLIENT LIST"),)
    answer: ClassVar[Any] = TakersState
