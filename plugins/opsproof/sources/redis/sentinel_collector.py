"""Asks a Sentinel what it would do; nothing that it is asked changes anything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, NotConfigured
from opsproof.model.rights import Need
from opsproof.model.target import Target, TargetReport
from opsproof.model.text import cut
from opsproof.sources.redis import info
from opsproof.sources.redis.failure import NoQuorum
from opsproof.sources.redis.queue_reader import pairs
from opsproof.sources.redis.sentinel import Candidate, SentinelOf, SentinelState
from opsproof.sources.redis.session import LONGEST, Session, identified, lacking, opened
from opsproof.transport.link import Link

_DOWN = {"s_down", "o_down", "disconnected"}
_USABLE = re.compile(r"OK ([0-9]{1,6}) usable")


class SentinelCollector:
    """One connection for each ask."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def collect(self, ask: Ask, link: Link) -> SentinelState:
        if not isinstance(ask, SentinelOf):
            raise BadAnswer(f"a Sentinel cannot answer {type(ask).__name__}", target=self.target.id)
        with opened(self.target, link, seconds=min(LONGEST, link.remaining())) as session:
            told = session.info("server") | session.info("sentinel")
            self._require_sentinel(told)
            link.clock = info.clock(told) or link.clock
            watches = info.number(told, "sentinel_masters") or 0
            # A Sentinel that does not know a name answers with an error, as it does to much else.
            if not _named(told, ask.master):
                return SentinelState(role=ask.role, master=ask.master, watches=watches)
            return self._watched(ask, session, watches, tilt=told.get("sentinel_tilt", "0") != "0")

    def _require_sentinel(self, told: dict[str, str]) -> None:
        if told.get("redis_mode") != "sentinel":
            raise NotConfigured(
                "no Sentinel answers there: name one, with its own port", target=self.target.id
            )

    def _watched(self, ask: SentinelOf, session: Session, watches: int, *, tilt: bool) -> SentinelState:
        master = pairs(session.ask("SENTINEL", "MASTER", ask.master))
        replicas = session.ask("SENTINEL", "REPLICAS", ask.master)
        usable = self._usable(session, ask.master)
        if not isinstance(replicas, list) or not master:
            raise BadAnswer("SENTINEL MASTER and REPLICAS are not answered by lists", target=self.target.id)
        return SentinelState(
            role=ask.role,
            master=ask.master,
            watches=watches,
            known=True,
            tilt=tilt,
            run_id=info.run_id(str(master.get("runid", ""))),
            down=bool(_DOWN & _flags(master)),
            others=info.whole(master.get("num-other-sentinels")),
            quorum=info.whole(master.get("quorum")),
            agreed=usable is not None,
            usable=usable,
            candidates=tuple(_candidate(pairs(one)) for one in replicas[:100]),
        )

    def _usable(self, session: Session, master: str) -> int | None:
        """How many Sentinels can be reached; None: they are too few for a failover. It is in the answer's words."""
        try:
            answer = session.ask("SENTINEL", "CKQUORUM", master)
        except NoQuorum:
            return None
        told = _USABLE.match(answer) if isinstance(answer, str) else None
        if told is None:
            raise BadAnswer("SENTINEL CKQUORUM tells no number of Sentinels", target=self.target.id)
        return int(told[1])

    def identify(self, link: Link) -> TargetReport:
        return identified(self.target, link)

    def lacks(self, needs: Sequence[Need], link: Link) -> list[Need]:
        return lacking(self.target, needs, link, self._require_sentinel)

    def close(self) -> None:
        """Nothing stays open."""


def _named(told: dict[str, str], master: str) -> bool:
    """Whether INFO sentinel lists it: `master0:name=mymaster,status=ok,...`."""
    lists = (value for name, value in told.items() if name.startswith("master") and name[6:].isdecimal())
    return any(one.split(",")[0] == f"name={master}" for one in lists)


def _candidate(told: dict[str, Any]) -> Candidate:
    return Candidate(
        name=cut(str(told.get("name", "")), 64),
        down=bool(_DOWN & _flags(told)),
        linked=told.get("master-link-status") == "ok",
        priority=info.whole(told.get("slave-priority")),
    )


def _flags(told: dict[str, Any]) -> set[str]:
    return set(str(told.get("flags", "")).split(","))
