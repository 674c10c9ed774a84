"""How often a cache has what it is asked for."""

from __future__ import annotations

from typing import Annotated

from opsproof import (
    LOW,
    AtLeast,
    Count,
    Duration,
    Examination,
    Limits,
    NotApplicable,
    Percent,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside, known
from opsproof.examine.deciding import deciding
from opsproof.model.failure import Failure
from opsproof.sources.prometheus.facts import PromQL, Recorded, Recording, Samples
from opsproof.sources.prometheus.growth import growth
from opsproof.sources.prometheus.known import Known, Matched
from opsproof.sources.prometheus.reading.course import recorded
from opsproof.sources.redis.server import RedisServer, ServerState


class HitRatioLimits(Limits):
    """`recorded`: what Prometheus recorded over `window` decides; else what grows between the samples of this run.

    Fewer lookups than `min_events` decide nothing. The ratio since the server's start is never looked at: it hides
    what changed since.
    """

    recorded: Scoped[bool] = True
    lowest: AtLeast[Percent] = AtLeast.parse("80%", Percent)
    window: Duration = Duration.parse("30d")
    min_events: Count = Count(100)
    samples: Count = Count(3)
    spacing: Duration = Duration(5)


def _growth(metric: str) -> Beside:
    return Beside(PromQL(growth(metric), over=""), when="recorded")


@check("cache/hit-ratio", title="The cache has most of what it is asked for", level=LOW)
def check_hit_ratio(
    server: Annotated[ServerState | Failure, Beside(RedisServer())],
    hits: Annotated[Samples | Failure | None, _growth("${redis_keyspace_hits}")],
    misses: Annotated[Samples | Failure | None, _growth("${redis_keyspace_misses}")],
    evicted: Annotated[Samples | Failure | None, _growth("${redis_evicted_keys}")],
    recording: Annotated[
        Recording | Failure | None,
        Beside(Recorded("${redis_keyspace_hits}", over=("window",)), when="recorded"),
    ],
    counter: Annotated[Known | Failure | None, Beside(Matched("${redis_keyspace_misses}"), when="recorded")],
    limits: HitRatioLimits,
    examine: Examination,
) -> None:
    """A cache that misses costs a lookup more than none at all, and the database does all its work."""
    if limits.recorded:
        subject = Subject("metric", "redis_keyspace_hits / lookups")
        with deciding(examine, subject):
            recorded(known(recording))
            known(counter).require()
            found, missed = _grown(known(hits)), _grown(known(misses))
            _report_evicted(evicted, limits, examine)
            _examine(subject, found, missed, str(limits.window), limits, examine)
    elif isinstance(server, Failure):
        examine.unknown(Subject("source", "server"), server)
    else:
        _examine_live(server, limits, examine)


def _examine_live(server: ServerState, limits: HitRatioLimits, examine: Examination) -> None:
    """Between the samples of one run; a replica counts the lookups that it is asked itself."""
    with deciding(examine, server.subject):
        _ = server.last
        found, missed = server.grown("hits"), server.grown("misses")
        if found is None or missed is None:
            raise Undecided(
                "the counters of lookups were reset between the samples, or there was one sample alone"
            )
        if evicted := server.grown("evicted"):
            examine.note(f"{evicted} keys were evicted between the samples")
        window = (server.samples[-1].at - server.samples[0].at).total_seconds()
        _examine(server.subject, found, missed, str(Duration(window)), limits, examine)


def _examine(
    subject: Subject, hits: float, misses: float, window: str, limits: HitRatioLimits, examine: Examination
) -> None:
    lookups = hits + misses
    if lookups < limits.min_events:
        told = f"{lookups:.0f} lookups within {window}, {limits.min_events} needed to judge"
        raise NotApplicable(f"{told}; {examine.quiet}") if examine.quiet else Undecided(told)
    with examine(subject) as it:
        ratio = Percent(hits / lookups)
        it.holds(limits.lowest, ratio, f"{ratio} of {lookups:.0f} lookups within {window} found their key")


def _grown(samples: Samples) -> float:
    value = samples.single()
    if value is None:
        raise Undecided("no data: the counters of lookups have no samples in the window")
    return value


def _report_evicted(evicted: Samples | Failure | None, limits: HitRatioLimits, examine: Examination) -> None:
    """The row wants evictions told, and none too many: they lower the ratio, which is judged."""
    count = None if evicted is None or isinstance(evicted, Failure) else evicted.single()
    told = "not recorded (metrics.redis_evicted_keys)" if count is None else f"{count:.0f} keys"
    examine.note(f"evicted within {limits.window}: {told}")
