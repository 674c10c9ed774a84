"""Databases that must answer."""

from __future__ import annotations

from typing import Annotated, Literal

from opsproof import CRITICAL, AtMost, Count, Duration, Examination, Limits, Scoped, Subject, check
from opsproof.examine.tally import Fault, tally, too_slow, unanswered
from opsproof.sources.postgres.facts import DatabaseProbes, PostgresProbes, QueryProbe
from opsproof.sources.prometheus.facts import PromQL, Samples, number


class DatabaseLimits(Limits):
    exporter: Scoped[bool] = False
    writable: Scoped[bool] = False
    unanswered: Scoped[Literal["fail", "unknown"]] = "fail"
    probes: Count = Count(3)
    spacing: Duration = Duration(1)
    failures: AtMost[Count] = AtMost.parse(0, Count)
    latency: AtMost[Duration] = AtMost.parse("2s", Duration)
    window: Duration = Duration(120)


@check("database/reachable", title="The database answers a query in time", level=CRITICAL)
def check_database_reachable(
    database: Annotated[DatabaseProbes | None, PostgresProbes(unless="exporter")],
    exporter: Annotated[
        Samples | None, PromQL("max_over_time(${pg_up}[${window}])", over="", when="exporter")
    ],
    limits: DatabaseLimits,
    examine: Examination,
) -> None:
    """Nothing that needs its data works; and a server that still pings may let no session in."""
    if database is not None:
        found = tally(database.probes, database.wanted, lambda probe: fault_of(probe, limits))
        with examine(database, measured=found.failed, limit=limits.failures):
            found.decide(limits.failures)
    if exporter is not None:
        examine_exporter(exporter, limits, examine)


def fault_of(probe: QueryProbe, limits: DatabaseLimits) -> Fault:
    """Why a probe is not what the row wants."""
    if probe.failure is not None:
        return unanswered(probe.failure, silence=limits.unanswered)
    if limits.writable and probe.in_recovery:
        return "in recovery: a standby answers; needed a primary"
    return too_slow(probe.seconds, limits.latency)


def examine_exporter(exporter: Samples, limits: DatabaseLimits, examine: Examination) -> None:
    """What the exporter said at least once in the window: 1 is up. No series: it is gone, too."""
    if exporter.empty:
        with examine(Subject("metric", "pg_up")):
            raise AssertionError(f"absent for {limits.window}: the exporter or its target is gone")
    for series in exporter:
        name = series.label("instance") or series.label("job") or "pg_up"
        with examine(Subject("database", name), measured=Count(series.value == 1)):
            assert number(series.value) == 1, f"the exporter reported pg_up 0 for {limits.window}; needed 1"
