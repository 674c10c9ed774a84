"""What a Redis server says of itself by INFO: clients, counters, persistence, replication. No keys, no values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

import msgspec

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure, Undecided
from opsproof.model.moment import Clocked
from opsproof.model.rights import Need
from opsproof.model.subject import Subject

Part = Literal["master", "slave", ""]


class Persistence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What would be left after a restart. None: the server does not tell.

    `last_save` is the server's start until the first snapshot since then.
    """

    aof: bool | None = None
    aof_written: bool = True
    aof_rewritten: bool = True
    saved: bool = True
    last_save: datetime | None = None
    changes: int | None = None
    saving: bool = False


class Replica(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A replica as its master sees it. `lag`: seconds since it was heard of; `behind`: bytes it has yet to get."""

    name: str
    state: str = ""
    lag: int | None = None
    behind: int | None = None

    @property
    def online(self) -> bool:
        return self.state == "online"


class Sample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """INFO at one moment, `at` by the server's clock. None: the server does not tell."""

    at: datetime
    run_id: str = ""
    uptime: int | None = None
    part: Part = ""
    clustered: bool = False
    loading: bool = False
    connected: int | None = None
    most: int | None = None
    rejected: int | None = None
    evicted: int | None = None
    hits: int | None = None
    misses: int | None = None
    memory_limit: int | None = None
    policy: str = ""
    master_link: str = ""
    persistence: Persistence = Persistence()
    replicas: tuple[Replica, ...] = ()

    @property
    def started(self) -> datetime | None:
        return None if self.uptime is None else self.at - timedelta(seconds=self.uptime)


class ServerState(Clocked, frozen=True, kw_only=True):
    """Samples of one server, in order; `full`: it let nobody in to be asked."""

    role: str
    samples: tuple[Sample, ...] = ()
    full: bool = False

    @property
    def subject(self) -> Subject:
        return Subject("cache", self.role)

    @property
    def last(self) -> Sample:
        """The newest sample.

        Raises:
            Undecided: there is none.
        """
        if not self.samples:
            raise Undecided(
                "the server takes no further client" if self.full else "no sample could be taken in time"
            )
        return self.samples[-1]

    def of_master(self) -> Sample:
        """The newest sample, of a server whose settings and counters are those that count.

        Raises:
            Undecided: a replica answers, or one node of a cluster.
        """
        found = self.last
        if found.part == "slave":
            raise Undecided(
                "a replica answers, whose own settings and counters decide nothing: name the master"
            )
        if found.part != "master":
            raise Undecided("INFO replication tells no role")
        if found.clustered:
            raise Undecided("one node of a cluster answers: the other masters have settings of their own")
        return found

    def grown(self, counter: str) -> int | None:
        """How much a counter grew between the first and the last sample; None where that is not known.

        A counter that fell was reset, or the server restarted, in between.
        """
        counts = [getattr(sample, counter) for sample in self.samples]
        runs = {sample.run_id for sample in self.samples}
        if len(counts) < 2 or None in counts or len(runs) > 1 or counts != sorted(counts):
            return None
        return int(counts[-1] - counts[0])


class ServerOf(Ask, frozen=True, kw_only=True, tag="redis/server"):
    """INFO, `samples` times, `spacing` seconds apart."""

    role: str
    samples: int = 3
    spacing: float = 1.0
    probing: ClassVar[bool] = True  # that nobody is let in is a fact about its clients
    needs: ClassVar[tuple[Need, ...]] = (Need("INFO"),)
    answer: ClassVar[Any] = ServerState


class SavePoints(msgspec.Struct, frozen=True, kw_only=True):
    """When the server makes a snapshot by itself: after so many seconds, if so many keys changed."""

    points: tuple[tuple[int, int], ...]


class SavePointsOf(Ask, frozen=True, kw_only=True, tag="redis/save-points"):
    """CONFIG GET save, which INFO does not tell."""

    needs: ClassVar[tuple[Need, ...]] = (Need("CONFIG GET", on="save"),)
    answer: ClassVar[Any] = SavePoints


@dataclass(frozen=True)
class RedisServer:
    """Source: the `ServerState` of the row's target of kind redis."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        target = context.target("redis")
        limits: Any = context.limits
        samples, spacing = getattr(limits, "samples", 3), getattr(limits, "spacing", 1.0)
        return (ServerOf(target=target.id, role=target.role, samples=int(samples), spacing=float(spacing)),)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> ServerState:
        state: ServerState = answers[0].value()
        return state


@dataclass(frozen=True)
class OtherServers:
    """Source: the `ServerState` of each target whose role the limits' field names, or the failure to get it."""

    field: str

    def asks(self, context: Context) -> tuple[Ask, ...]:
        targets = (context.role(role) for role in getattr(context.limits, self.field))
        return tuple(ServerOf(target=one.id, role=one.role) for one in targets)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> tuple[ServerState | Failure, ...]:
        return tuple(one.failure or one.value() for one in answers)


@dataclass(frozen=True)
class RedisSavePoints:
    """Source: the `SavePoints`, where the target's `configuration` allows the right; else None."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        target = context.target("redis")
        allowed = getattr(target.settings, "configuration", False)
        return (SavePointsOf(target=target.id),) if allowed else ()

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> SavePoints | None:
        return answers[0].value() if answers else None
