"""What a Sentinel tells of the master that it watches: who that is, who would take over, who would agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.rights import Need
from opsproof.model.subject import Subject


class Candidate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A replica as the Sentinel sees it. Priority 0 is never promoted."""

    name: str
    down: bool = False
    linked: bool = True
    priority: int | None = None

    @property
    def promotable(self) -> bool:
        return not self.down and self.linked and self.priority != 0


class SentinelState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`watches`: how many masters at all; `known`: the named one is among them. The rest is about that one.

    `agreed`: the Sentinels that can be reached are enough for the quorum and for the majority that authorises
    a failover, and `usable` says how many they are; `others` the Sentinels beside the asked one, lost ones among them.
    """

    role: str
    master: str
    watches: int = 0
    known: bool = False
    tilt: bool = False
    run_id: str = ""
    down: bool = False
    others: int | None = None
    quorum: int | None = None
    agreed: bool = False
    usable: int | None = None
    candidates: tuple[Candidate, ...] = ()

    @property
    def subject(self) -> Subject:
        return Subject("sentinel", f"{self.role}/{self.master}")


class SentinelOf(Ask, frozen=True, kw_only=True, tag="sentinel/master"):
    """SENTINEL MASTER, REPLICAS and CKQUORUM of one master: all of them only read."""

    role: str
    master: str
    answer: ClassVar[Any] = SentinelState

    @property
    def needs(self) -> tuple[Need, ...]:
        commands = ("SENTINEL MASTER", "SENTINEL REPLICAS", "SENTINEL CKQUORUM")
        return (Need("INFO"), *(Need(command, on=self.master) for command in commands))


@dataclass(frozen=True)
class RedisSentinel:
    """Source: the `SentinelState` of the row's target of kind sentinel."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        target = context.target("sentinel")
        master = str(getattr(target.settings, "master", ""))
        return (SentinelOf(target=target.id, role=target.role, master=master),)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> SentinelState:
        state: SentinelState = answers[0].value()
        return state
