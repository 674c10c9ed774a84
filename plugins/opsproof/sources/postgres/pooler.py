"""What a pgbouncer tells of its pools: who waits, what is taken, paused or disabled. No query, no client's address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.rights import Need
from opsproof.model.subject import Subject

Amount = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
# PAUSE and SUSPEND of the whole pooler, which it tells since 1.19; empty: it does not.
Activity = Literal["", "active", "paused", "suspended"]
CONSOLE = "pgbouncer"
SHOWN = ("POOLS", "DATABASES", "LISTS", "CONFIG")


class Pool(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The sessions of one user with one database.

    `longest`: the seconds that the first of the `waiting` has waited with a query; 0 where it waits at its login.
    `servers`: sessions with the server, whatever they do.
    """

    database: str
    user: str
    active: Amount = 0
    waiting: Amount = 0
    longest: float = 0.0
    servers: Amount = 0


class PooledDatabase(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A database of the pooler's. `size`: server sessions of each of its pools.

    Limits of all of them together: `most` server sessions, `most_clients`; 0 is none, or one that is not told.
    """

    name: str
    size: Amount
    paused: bool = False
    disabled: bool = False
    servers: Amount = 0
    most: Amount = 0
    clients: Amount = 0
    most_clients: Amount = 0


class PoolerSample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One moment, without what the pooler has for its own console; opsproof's session is not among its `clients`."""

    clients: Amount
    most: Amount
    activity: Activity = ""
    pools: tuple[Pool, ...] = ()
    databases: tuple[PooledDatabase, ...] = ()


class PoolerState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Several moments, as `user` saw them.

    `one_of_several`: other processes may listen on the same port (so_reuseport), unseen.
    """

    role: str
    user: str
    samples: tuple[PoolerSample, ...]
    one_of_several: bool = False

    @property
    def subject(self) -> Subject:
        return Subject("pooler", self.role)


class PoolsOf(Ask, frozen=True, kw_only=True, tag="pgbouncer/pools"):
    """SHOW POOLS, DATABASES, LISTS and CONFIG, `samples` times, `spacing` seconds apart: all of them only read."""

    role: str
    samples: int = 3
    spacing: float = 1.0
    needs: ClassVar[tuple[Need, ...]] = tuple(Need("SHOW", name) for name in SHOWN)
    answer: ClassVar[Any] = PoolerState


@dataclass(frozen=True)
class Pooler:
    """Source: the `PoolerState` of the row's target of kind pgbouncer."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        target, limits = context.target("pgbouncer"), context.limits
        samples, spacing = getattr(limits, "samples", 3), getattr(limits, "spacing", 1.0)
        return (PoolsOf(target=target.id, role=target.role, samples=int(samples), spacing=float(spacing)),)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> PoolerState:
        state: PoolerState = answers[0].value()
        return state
