"""How full a Redis server's clients are."""

from __future__ import annotations

from typing import Annotated

from opsproof import (
    MEDIUM,
    AtMost,
    Count,
    Duration,
    Examination,
    Limits,
    Percent,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside, known
from opsproof.examine.deciding import deciding
from opsproof.model.failure import Failure
from opsproof.sources.prometheus.facts import PromQL, Recorded, Recording, Samples, number
from opsproof.sources.prometheus.growth import growth
from opsproof.sources.prometheus.known import Known, Matched
from opsproof.sources.prometheus.reading.course import recorded
from opsproof.sources.redis.server import RedisServer, ServerState


class CacheConnectionLimits(Limits):
    """`recorded`: what Prometheus recorded over `window` is examined, too."""

    recorded: Scoped[bool] = False
    highest: AtMost[Percent] = AtMost.parse("80%", Percent)
    rejected: AtMost[Count] = AtMost.parse(0, Count)
    window: Duration = Duration(300)
    samples: Count = Count(3)
    spacing: Duration = Duration(1)


# Of each server by itself: one that takes many more clients hides none that is full.
SHARE = "max_over_time((max(${redis_connected_clients} / ${redis_max_clients}))[${window}:30s])"
History = Annotated[Samples | Failure | None, Beside(PromQL(SHARE, over=""), when="recorded")]


@check("cache/connections", title="The server has room for more clients, and refuses none", level=MEDIUM)
def check_cache_connections(
    server: Annotated[ServerState | Failure, Beside(RedisServer())],
    peak: History,
    refused: Annotated[
        Samples | Failure | None,
        Beside(PromQL(growth("${redis_rejected_connections}"), over=""), when="recorded"),
    ],
    recording: Annotated[
        Recording | Failure | None,
        Beside(Recorded("${redis_connected_clients}", over=("window",)), when="recorded"),
    ],
    counter: Annotated[
        Known | Failure | None, Beside(Matched("${redis_rejected_connections}"), when="recorded")
    ],
    limits: CacheConnectionLimits,
    examine: Examination,
) -> None:
    """At maxclients every further client is refused: applications that restart, and who would repair it."""
    if isinstance(server, Failure):
        examine.unknown(Subject("source", "server"), server)
    else:
        examine_clients(server, limits, examine)
    if limits.recorded:
        subject = Subject("metric", "redis_connected_clients / redis_max_clients")
        with deciding(examine, subject):
            recorded(known(recording))
            examine_peak(subject, known(peak), limits, examine)
        subject = Subject("metric", "redis_rejected_connections")
        with deciding(examine, subject):
            known(counter).require()
            examine_refused(subject, known(refused), limits, examine)


def examine_clients(server: ServerState, limits: CacheConnectionLimits, examine: Examination) -> None:
    """The mildest of the samples, and the clients that were refused between them."""
    if server.full:
        with examine(server, measured=Percent(1), limit=limits.highest):
            raise AssertionError("the server takes no further client: maxclients is reached")
        return
    told = [one for one in server.samples if one.connected is not None and one.most]
    lowest = min(told, key=lambda one: (one.connected or 0) / (one.most or 1), default=None)
    share = Percent((lowest.connected or 0) / (lowest.most or 1)) if lowest else None
    with examine(server, measured=share, limit=limits.highest) as it:
        _ = server.last
        if lowest is None:
            raise Undecided("INFO clients does not tell maxclients: Redis does since 6.2")
        used = f"{lowest.connected} of {lowest.most} clients are connected, in each of {len(told)} samples"
        grown = server.grown("rejected")
        beside = []
        if grown and not limits.rejected.allows(grown):
            beside = [f"{grown} clients were refused within {limits.spacing * (len(server.samples) - 1):g}s"]
        it.holds(limits.highest, share, used, beside=beside)


def examine_peak(
    subject: Subject, peak: Samples, limits: CacheConnectionLimits, examine: Examination
) -> None:
    """The highest share that was recorded."""
    value = peak.single()
    if value is None:
        raise Undecided("no data: clients or maxclients have no samples in the window")
    with examine(subject) as it:
        share = Percent(number(value))
        it.holds(limits.highest, share, f"the highest share within {limits.window} is {share}")


def examine_refused(
    subject: Subject, refused: Samples, limits: CacheConnectionLimits, examine: Examination
) -> None:
    """How many clients were refused."""
    value = refused.single()
    if value is None:
        raise Undecided("no data in the window")
    with examine(subject) as it:
        count = Count(round(number(value)))
        it.holds(limits.rejected, count, f"{count} clients were refused within {limits.window}")
