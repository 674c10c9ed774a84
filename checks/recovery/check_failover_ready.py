"""Whether a replica would take over by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from opsproof import (
    HIGH,
    AtLeast,
    AtMost,
    Bytes,
    Count,
    Duration,
    Examination,
    Limits,
    Moment,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside
from opsproof.examine.deciding import deciding
from opsproof.model.failure import Failure, NotConfigured
from opsproof.model.words import several
from opsproof.sources.redis.cluster import SLOTS, ClusterState, RedisCluster
from opsproof.sources.redis.sentinel import RedisSentinel, SentinelState
from opsproof.sources.redis.server import RedisServer, Replica, Sample, ServerState


class FailoverLimits(Limits):
    """`replicas`: how many replicas of each master have to be ready.

    `sentinels`: how many have to watch it; with fewer than three no majority is left when one is lost. `masters`: how
    many a cluster needs, for the same reason. `grace`: a master that has just started is still being found by its
    replicas and Sentinels; that excuses nothing else.
    """

    replicas: AtLeast[Count] = AtLeast.parse(1, Count)
    lag: AtMost[Duration] = AtMost.parse("10s", Duration)
    behind: AtMost[Bytes] = AtMost.parse("16Mi", Bytes)
    sentinels: AtLeast[Count] = AtLeast.parse(3, Count)
    masters: AtLeast[Count] = AtLeast.parse(3, Count)
    grace: Duration = Duration(60)
    samples: Count = Count(3)
    spacing: Duration = Duration(1)


@check("recovery/failover-ready", title="A replica would take over by itself, and lose little", level=HIGH)
def check_failover_ready(
    server: Annotated[ServerState, RedisServer()],
    cluster: Annotated[ClusterState | Failure, Beside(RedisCluster())],
    sentinel: Annotated[SentinelState | Failure, Beside(RedisSentinel())],
    limits: FailoverLimits,
    examine: Examination,
) -> None:
    """When the master is lost, everything stands still until somebody wakes up."""
    with deciding(examine, Subject("replication", server.role)):
        if server.last.clustered:
            _examine_cluster(server, cluster, limits, examine)
        else:
            _examine_replicas(server, limits, examine)
            _examine_sentinel(server, sentinel, limits, examine)


def _examine_replicas(server: ServerState, limits: FailoverLimits, examine: Examination) -> None:
    """The best of the samples: replicas that are online and have nearly everything."""
    best = max(server.samples, key=lambda sample: len(_ready(sample, limits)))
    ready = _ready(best, limits)
    with examine(
        Subject("replication", server.role),
        measured=Count(len(ready)) if server.last.part == "master" else None,
        limit=limits.replicas,
        since=_started(server),
        grace=limits.grace,
    ) as it:
        last = server.last
        assert last.part != "slave" or last.master_link == "up", (
            "it is a replica itself, and has no master that it could reach"
        )
        if last.part != "master":
            raise Undecided(
                "a replica answers: name the master" if last.part else "INFO replication tells no role"
            )
        syncing = [one for one in best.replicas if not one.online]
        if not limits.replicas.allows(len(ready)) and limits.replicas.allows(len(ready) + len(syncing)):
            raise Undecided(
                f"{several(len(syncing), 'replica')} still being synchronised ({syncing[0].state or 'unknown'})"
            )
        it.holds(limits.replicas, Count(len(ready)), "; ".join(_told(best, ready, limits)))


def _started(server: ServerState) -> Moment | None:
    return server.moment(server.last.started, "its start")


def _ready(sample: Sample, limits: FailoverLimits) -> list[Replica]:
    """Online, heard of lately, and not far behind; what is not told is not good."""
    return [
        one
        for one in sample.replicas
        if one.online
        and one.lag is not None
        and one.behind is not None
        and limits.lag.allows(one.lag)
        and limits.behind.allows(one.behind)
    ]


def _told(sample: Sample, ready: list[Replica], limits: FailoverLimits) -> Iterator[str]:
    yield f"{len(ready)} of {several(len(sample.replicas), 'replica')} would take over; {limits.replicas} needed"
    for one in sample.replicas:
        if one.online and one not in ready:
            lag = "unknown" if one.lag is None else Duration(one.lag)
            behind = "an unknown number of bytes" if one.behind is None else Bytes(one.behind)
            yield f"{one.name} was heard of {lag} ago and lacks {behind}"


def _examine_sentinel(
    server: ServerState, sentinel: SentinelState | Failure, limits: FailoverLimits, examine: Examination
) -> None:
    """Replicas do not promote themselves."""
    if isinstance(sentinel, Failure):
        missing = NotConfigured(
            "no Sentinel is named, and the server is no node of a cluster: add targets.sentinel with its"
            " host, port and master, or nothing is known to promote a replica"
        )
        reason = missing if sentinel.kind == "NotConfigured" and not sentinel.target else sentinel
        examine.unknown(Subject("sentinel", "sentinel"), reason)
        return
    count = _watching(sentinel)
    with examine(
        sentinel,
        measured=count,
        limit=limits.sentinels,
        since=_started(server) if _being_found(sentinel, limits) else None,
        grace=limits.grace,
    ) as it:
        assert sentinel.watches, "the Sentinel watches nothing"
        assert sentinel.known, (
            f"the Sentinel watches {several(sentinel.watches, 'master')}, none called {sentinel.master}"
        )
        if sentinel.tilt:
            raise Undecided(
                "the Sentinel is in TILT mode: it distrusts its clock, and does nothing for a while"
            )
        wrong = list(_unfit(server, sentinel))
        assert count is not None or not wrong, "; ".join(wrong)
        it.holds(limits.sentinels, count, _sentinels(sentinel, limits), beside=wrong)
        if not (server.last.run_id and sentinel.run_id):
            raise Undecided(
                f"whether the Sentinel watches {server.role} or another server is not told (run_id)"
            )


def _being_found(sentinel: SentinelState, limits: FailoverLimits) -> bool:
    """Whether the start of the master can explain it: not a missing name, lost Sentinels or a priority."""
    enough = limits.sentinels.allows((sentinel.others or 0) + 1)
    lost = enough and not (sentinel.agreed and limits.sentinels.allows(_watching(sentinel) or 0))
    barred = sentinel.candidates and all(one.priority == 0 for one in sentinel.candidates)
    return sentinel.known and not lost and not barred


def _watching(sentinel: SentinelState) -> Count | None:
    """Those that can be reached; a Sentinel that is gone is remembered for ever."""
    if sentinel.usable is not None:
        return Count(sentinel.usable)
    return None if sentinel.others is None else Count(sentinel.others + 1)


def _sentinels(sentinel: SentinelState, limits: FailoverLimits) -> str:
    count, known = _watching(sentinel) or 0, (sentinel.others or 0) + 1
    lost = f" of {known} that are known" if count < known else ""
    return f"{several(count, 'Sentinel')}{lost} watch it; {limits.sentinels} needed"


def _unfit(server: ServerState, sentinel: SentinelState) -> Iterator[str]:
    own = server.last.run_id
    if sentinel.down:
        yield "the Sentinel cannot reach the master"
    elif own and sentinel.run_id and own != sentinel.run_id:
        yield f"the Sentinel watches another server than {server.role}"
    if not sentinel.agreed:
        yield "too few Sentinels can be reached for a failover (SENTINEL CKQUORUM)"
    if not any(one.promotable for one in sentinel.candidates):
        known = several(len(sentinel.candidates), "replica")
        yield f"of {known} that the Sentinel knows, none may be promoted (down, without a link, or of priority 0)"


def _examine_cluster(
    server: ServerState, cluster: ClusterState | Failure, limits: FailoverLimits, examine: Examination
) -> None:
    """The whole, and each master; as the asked node sees them."""
    if isinstance(cluster, Failure):
        examine.unknown(Subject("cluster", server.role), cluster)
        return
    count = Count(len(cluster.masters))
    with examine(cluster, measured=count, limit=limits.masters) as it:
        if not cluster.state or cluster.covered is None:
            raise Undecided("CLUSTER INFO does not tell the state")
        wrong = ["cluster_state is fail"] if cluster.state == "fail" else []
        if cluster.covered < SLOTS:
            wrong.append(f"{cluster.covered} of {SLOTS} slots are served")
        it.holds(
            limits.masters,
            count,
            f"{several(count, 'master')} with slots; {limits.masters} needed",
            beside=wrong,
        )
    for master in cluster.masters:
        with examine(Subject("cluster master", master.name, server.role)) as it:
            assert not master.failed, "the node is down, and none took over"
            told = f"{several(master.replicas, 'replica')} of it would take over"
            it.holds(limits.replicas, Count(master.replicas), told)
    # Nodes that hear each other may copy nothing, for want of masterauth or of room: each tells it of itself alone.
    if any(master.asked for master in cluster.masters):
        _examine_replicas(server, limits, examine)
    elif server.last.part == "slave":
        with examine(
            Subject("replication", server.role), limit="up", since=_started(server), grace=limits.grace
        ) as it:
            it.measured = link = server.last.master_link
            if not link:
                raise Undecided("INFO replication does not tell whether its link to its master is up")
            assert link == "up", "it is a replica, and its link to its master is down"
