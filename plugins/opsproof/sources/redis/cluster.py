"""What a node of a Redis Cluster tells of the whole: its state, its slots, who would take over from whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.rights import Need
from opsproof.model.subject import Subject

SLOTS = 16384


class ClusterMaster(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A master with slots, and how many of its replicas would take over; `asked`: it is the node that answers."""

    name: str
    slots: int
    asked: bool = False
    failed: bool = False
    replicas: int = 0


class ClusterState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """As the asked node sees it; `enabled` False: the server is no node of a cluster."""

    role: str
    enabled: bool = False
    state: str = ""
    covered: int | None = None
    masters: tuple[ClusterMaster, ...] = ()

    @property
    def subject(self) -> Subject:
        return Subject("cluster", self.role)


class ClusterOf(Ask, frozen=True, kw_only=True, tag="redis/cluster"):
    """CLUSTER INFO and CLUSTER NODES, of a node."""

    role: str
    needs: ClassVar[tuple[Need, ...]] = (Need("INFO"), Need("CLUSTER INFO"), Need("CLUSTER NODES"))
    answer: ClassVar[Any] = ClusterState


@dataclass(frozen=True)
class RedisCluster:
    """Source: the `ClusterState` of the row's target of kind redis."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        target = context.target("redis")
        return (ClusterOf(target=target.id, role=target.role),)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> ClusterState:
        state: ClusterState = answers[0].value()
        return state


def masters(nodes: str) -> tuple[ClusterMaster, ...]:
    """The masters with slots, from the lines of CLUSTER NODES.

    A line: id, address, flags, master's id, ping, pong, epoch, link, slots.
    """
    lines = [line.split(" ") for line in nodes.splitlines()]
    lines = [line for line in lines if len(line) >= 8]
    ready = [line[3] for line in lines if _ready(line)]
    found = (
        ClusterMaster(
            name=_address(line[1]),
            slots=sum(map(_count, line[8:])),
            asked="myself" in _flags(line),
            failed=bool({"fail", "fail?"} & _flags(line)),
            replicas=ready.count(line[0]),
        )
        for line in lines
        if "master" in _flags(line)
    )
    return tuple(one for one in found if one.slots)


def _ready(line: list[str]) -> bool:
    """A replica that hears the others and that nobody has barred from taking over."""
    flags = _flags(line)
    barred = {"fail", "fail?", "noaddr", "handshake", "nofailover"}
    heard = "myself" in flags or line[7] == "connected"
    return "slave" in flags and heard and not barred & flags


def _flags(line: Sequence[str]) -> set[str]:
    return set(line[2].split(","))


def _address(text: str) -> str:
    """`10.0.0.1:6379` of `10.0.0.1:6379@16379,name`: addresses alone."""
    told = text.partition("@")[0][:64]
    return told if told.isascii() and told.isprintable() else ""


def _count(slots: str) -> int:
    """How many slots `0-5460` or `77` is; one that is being moved (`[77->-id]`) is counted where it is."""
    first, _, last = slots.partition("-")
    if not first.isdecimal() or not (last or first).isdecimal() or len(slots) > 11:
        return 0
    return max(0, int(last or first) - int(first) + 1)


def covered(ranges: Iterable[ClusterMaster], told: int | None) -> int | None:
    """The slots that masters serve which have not failed; no more than the node itself tells."""
    return None if told is None else min(told, sum(one.slots for one in ranges if not one.failed))
