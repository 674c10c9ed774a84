"""What a Redis server says of itself: probes and memory. No keys, no values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure, NotConfigured
from opsproof.model.rights import Need
from opsproof.model.subject import Subject

PROBED = "opsproof:probe"  # the key that is read; it need not exist


class CacheProbe(msgspec.Struct, frozen=True, kw_only=True):
    """One new connection with PING, INFO and the read of a key that need not exist.

    `step` names what failed: `connect`, `PING`, `INFO` or `EXISTS`. `seconds` lasts from connecting to
    the answer to PING.
    """

    at: datetime
    seconds: float = 0.0
    step: str = ""
    failure: Failure | None = None
    role: str = ""
    loading: bool = False
    master_link: str = ""


class CacheProbes(msgspec.Struct, frozen=True, kw_only=True):
    """The probes of one server, in order. Fewer than asked for when time ran out."""

    role: str
    probes: tuple[CacheProbe, ...]
    wanted: int = 1

    @property
    def subject(self) -> Subject:
        return Subject("cache", self.role)


class CacheProbesOf(Ask, frozen=True, kw_only=True, tag="redis/probes"):
    """Probes in a connection of their own, `spacing` seconds apart."""

    role: str
    probes: int = 3
    spacing: float = 1.0
    probing: ClassVar[bool] = True
    needs: ClassVar[tuple[Need, ...]] = (Need("PING"), Need("INFO"), Need("EXISTS", name=PROBED))
    answer: ClassVar[Any] = CacheProbes


class MemorySample(msgspec.Struct, frozen=True, kw_only=True):
    """INFO memory at one moment, in bytes. `limit` 0: the server has none."""

    at: datetime
    used: int
    limit: int
    policy: str = ""


class CacheMemory(msgspec.Struct, frozen=True, kw_only=True):
    """Samples of one server, in order."""

    role: str
    samples: tuple[MemorySample, ...]

    @property
    def subject(self) -> Subject:
        return Subject("cache", self.role)


class CacheMemoryOf(Ask, frozen=True, kw_only=True, tag="redis/memory"):
    """INFO memory, `samples` times, `spacing` seconds apart."""

    role: str
    samples: int = 3
    spacing: float = 1.0
    needs: ClassVar[tuple[Need, ...]] = (Need("INFO"),)
    answer: ClassVar[Any] = CacheMemory


class RedisProbes(msgspec.Struct, frozen=True):
    """Source: the `CacheProbes` of the row's target of kind redis.

    `beside`: a field of the limits; a row that names something there is about more than what answers PING, and None
    where the environment has no such target.
    """

    beside: str = ""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        limits: Any = context.limits
        try:
            target = context.target("redis")
        except NotConfigured:
            if self.beside and getattr(limits, self.beside):
                return ()
            raise
        return (
            CacheProbesOf(
                target=target.id,
                role=target.role,
                probes=int(limits.probes),
                spacing=float(limits.spacing),
            ),
        )

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> CacheProbes | None:
        probes: CacheProbes | None = answers[0].value() if answers else None
        return probes


class RedisMemory(msgspec.Struct, frozen=True):
    """Source: the `CacheMemory` of the row's target of kind redis."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        limits: Any = context.limits
        target = context.target("redis")
        return (
            CacheMemoryOf(
                target=target.id,
                role=target.role,
                samples=int(limits.samples),
                spacing=float(limits.spacing),
            ),
        )

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> CacheMemory:
        memory: CacheMemory = answers[0].value()
        return memory
