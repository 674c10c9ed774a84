"""Asks Redis by commands that only read: what its rights allow, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import msgspec

from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, NotConfigured
from opsproof.model.rights import Need
from opsproof.model.target import Target, TargetReport
from opsproof.model.text import cut
from opsproof.sources.redis import cluster, info, queue_reader
from opsproof.sources.redis.cluster import ClusterOf, ClusterState
from opsproof.sources.redis.facts import (
    PROBED,
    CacheMemory,
    CacheMemoryOf,
    CacheProbe,
    CacheProbes,
    CacheProbesOf,
    MemorySample,
)
from opsproof.sources.redis.failure import Full
from opsproof.sources.redis.queues import (
    QueueSample,
    QueuesOf,
    QueuesState,
    QueueState,
    TakersOf,
    TakersSample,
    TakersState,
)
from opsproof.sources.redis.server import Part, Sample, SavePoints, SavePointsOf, ServerOf, ServerState
from opsproof.sources.redis.session import LONGEST, identified, lacking, opened
from opsproof.transport.attempts import attempted, spaced
from opsproof.transport.link import Link

_SECTIONS = ("server", "replication")
_CLIENTS = 2**24  # bytes of the list of clients: some 40,000 of them


class RedisCollector:
    """Opens a connection for each probe or sample, and closes it: nothing is held between them."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def collect(self, ask: Ask, link: Link) -> Any:
        if isinstance(ask, CacheProbesOf):
            turns = spaced(link, ask.probes, ask.spacing, longest=LONGEST)
            probes = tuple(self._probe(link, number, within) for number, within in turns)
            return CacheProbes(role=ask.role, probes=probes, wanted=ask.probes)
        if isinstance(ask, CacheMemoryOf):
            turns = spaced(link, ask.samples, ask.spacing, longest=LONGEST)
            samples = tuple(self._memory(link, number, within) for number, within in turns)
            return CacheMemory(role=ask.role, samples=samples)
        if isinstance(ask, ServerOf):
            return self._server(ask, link)
        if isinstance(ask, SavePointsOf):
            return self._save_points(link)
        if isinstance(ask, QueuesOf):
            return self._queues(ask, link)
        if isinstance(ask, TakersOf):
            turns = spaced(link, ask.samples, ask.spacing, longest=LONGEST)
            taken = tuple(self._takers(link, number, within) for number, within in turns)
            return TakersState(role=ask.role, samples=taken)
        if isinstance(ask, ClusterOf):
            return self._cluster(ask, link)
        raise BadAnswer(f"Redis cannot answer {type(ask).__name__}", target=self.target.id)

    def identify(self, link: Link) -> TargetReport:
        return identified(self.target, link)

    def lacks(self, needs: Sequence[Need], link: Link) -> list[Need]:
        """What the user may not do: by ACL DRYRUN where it may ask that, else by doing it; it only reads."""
        return lacking(self.target, needs, link, self._refuse_sentinel)

    def close(self) -> None:
        """Nothing stays open."""

    def _probe(self, link: Link, number: int, within: float) -> CacheProbe:
        step, told = "connect", dict[str, str]()
        with attempted(link) as attempt, opened(self.target, link, number, within) as session:
            step = "PING"
            session.ping()
            attempt.took()
            step = "INFO"
            for section in _SECTIONS:
                told |= session.info(section)
                self._refuse_sentinel(told)
            link.clock = info.clock(told) or link.clock
            step = "EXISTS"
            session.reads(PROBED)
        step = step if attempt.failure else ""
        return CacheProbe(
            at=attempt.at, seconds=attempt.seconds, step=step, failure=attempt.failure, **_state(told)
        )

    def _memory(self, link: Link, number: int, within: float) -> MemorySample:
        with opened(self.target, link, number, within) as session:
            told = session.info("memory")
            if not told:
                self._refuse_sentinel(session.info("server"))
        try:
            return MemorySample(
                at=datetime.now(timezone.utc),
                used=int(told["used_memory"]),
                limit=int(told["maxmemory"]),
                policy=cut(told.get("maxmemory_policy", ""), 32),
            )
        except (KeyError, ValueError):
            raise BadAnswer("INFO memory holds no used_memory and maxmemory", target=self.target.id) from None

    def _server(self, ask: ServerOf, link: Link) -> ServerState:
        turns = spaced(link, ask.samples, ask.spacing, longest=LONGEST)
        samples: list[Sample] = []
        try:
            for number, within in turns:
                samples.append(info.sample(self._told(link, number, within)))
        except Full:
            return ServerState(role=ask.role, samples=tuple(samples), full=True)
        return ServerState(role=ask.role, samples=tuple(samples))

    def _told(self, link: Link, number: int, within: float) -> dict[str, str]:
        """The usual sections of INFO."""
        with opened(self.target, link, number, within) as session:
            told = session.info()
        self._refuse_sentinel(told)
        if info.part(told) == "" and info.number(told, "uptime_in_seconds") is None:
            raise BadAnswer("INFO tells neither a role nor an uptime", target=self.target.id)
        link.clock = info.clock(told) or link.clock
        return told

    def _save_points(self, link: Link) -> SavePoints:
        with opened(self.target, link, seconds=min(LONGEST, link.remaining())) as session:
            answer = queue_reader.pairs(session.ask("CONFIG", "GET", "save"))
        words = [info.whole(word) for word in str(answer.get("save", "?")).split()]
        if None in words or len(words) % 2:
            raise BadAnswer("CONFIG GET save gives no pairs of seconds and changes", target=self.target.id)
        numbers = [word for word in words if word is not None]
        return SavePoints(points=tuple(zip(numbers[::2], numbers[1::2], strict=True)))

    def _queues(self, ask: QueuesOf, link: Link) -> QueuesState:
        part: Part = ""
        states: list[QueueState] = []
        samples: dict[str, list[QueueSample]] = {queue.key: [] for queue in ask.queues}
        for number, within in spaced(link, ask.samples, ask.spacing, longest=LONGEST):
            with opened(self.target, link, number, within) as session:
                told = session.info("server") | session.info("replication")
                self._refuse_sentinel(told)
                link.clock = info.clock(told) or link.clock
                part = info.part(told)
                states = states or [queue_reader.state(session, queue) for queue in ask.queues]
                for queue, found in zip(ask.queues, states, strict=True):
                    samples[queue.key].append(queue_reader.sample(session, queue, found))
        taken = (msgspec.structs.replace(one, samples=tuple(samples[one.key])) for one in states)
        return QueuesState(role=ask.role, part=part, queues=tuple(taken))

    def _takers(self, link: Link, number: int, within: float) -> TakersSample:
        with opened(self.target, link, number, within, _CLIENTS) as session:
            return queue_reader.takers(session, self.target.settings.database)

    def _cluster(self, ask: ClusterOf, link: Link) -> ClusterState:
        with opened(self.target, link, seconds=min(LONGEST, link.remaining())) as session:
            told = session.info("cluster") | session.info("server")
            self._refuse_sentinel(told)
            link.clock = info.clock(told) or link.clock
            if told.get("cluster_enabled") != "1":
                return ClusterState(role=ask.role)
            state, nodes = session.ask("CLUSTER", "INFO"), session.ask("CLUSTER", "NODES")
        if not isinstance(state, str) or not isinstance(nodes, str):
            raise BadAnswer("CLUSTER INFO and NODES are not answered by text", target=self.target.id)
        said = dict(line.partition(":")[::2] for line in state.splitlines())
        found = cluster.masters(nodes)
        return ClusterState(
            role=ask.role,
            enabled=True,
            state=info.word(said, "cluster_state", {"ok", "fail"}),
            covered=cluster.covered(found, info.number(said, "cluster_slots_ok")),
            masters=found,
        )

    def _refuse_sentinel(self, told: dict[str, str]) -> None:
        if told.get("redis_mode") == "sentinel":
            raise NotConfigured(
                "a Sentinel answers there, which holds no data: name a Redis server itself",
                target=self.target.id,
            )


def _state(told: dict[str, str]) -> dict[str, Any]:
    """Allow-listed words only: what INFO says is the server's text."""
    role, link = told.get("role", ""), told.get("master_link_status", "")
    return {
        "role": role if role in {"master", "slave", "sentinel"} else "",
        "loading": told.get("loading", "0") != "0",
        "master_link": link if link in {"up", "down"} else "",
    }
