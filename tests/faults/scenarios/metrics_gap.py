"""A hole in the recording: rates and means look across it as if nothing had been there."""

from __future__ import annotations

from tests.faults.scenario import Changes, unknown
from tests.faults.worlds import recorded
from tests.testbed.services.world import World

ERRORS, LATENCY = "signal error-rate", "signal latency-p95"
CPU, MEMORY = "signal CPU use", "signal memory use"
HISTORY = "metric pg_backends / pg_max_connections"


@recorded("Prometheus was away for three minutes", group="metrics with a gap", situation="garbage")
def gap(world: World) -> tuple[World, Changes]:
    told = {"message": "a gap in the recording: *"}
    jobs = ("job api", "job worker", "job redis")
    changes = {
        "RS-036": unknown("critical", MEMORY, **told),
        "RS-042": unknown("critical", ERRORS, **told),
        "RS-048": unknown("medium", CPU, **told),
        "OF-034": unknown("critical", ERRORS, **told),
        "OF-037": unknown("critical", *jobs, **told),
        "OF-038": unknown("critical", ERRORS, **told),
        "OF-039": unknown("high", LATENCY, **told),
        "OF-040": unknown("medium", CPU, **told),
        "OF-041": unknown("high", MEMORY, **told),
        "EP-019": unknown("medium", CPU, **told),
        "EP-020": unknown("critical", CPU, **told),
        "EP-021": unknown("medium", MEMORY, **told),
        "EP-022": unknown("critical", MEMORY, **told),
        "EP-024": unknown("medium", ERRORS, **told),
        "EP-025": unknown("critical", ERRORS, **told),
        "EP-026": unknown("medium", LATENCY, **told),
        "EP-027": unknown("critical", LATENCY, **told),
        "AC-009": unknown("medium", CPU, **told),
        "AC-010": unknown("high", MEMORY, **told),
        "AC-072": unknown("high", ERRORS, **told),
        "AC-076": unknown("medium", LATENCY, **told),
        "AC-079": unknown("high", MEMORY, **told),
        "AC-132": unknown("high", CPU, **told),
        "SC-010": unknown("high", LATENCY, **told),
        "SC-011": unknown("high", ERRORS, **told),
        "SC-012": unknown("medium", CPU, **told),
        "SC-013": unknown("medium", MEMORY, **told),
        "SC-014": unknown("high", HISTORY, **told),
        "SC-019": unknown("critical", ERRORS, **told),
        "SC-026": unknown("critical", HISTORY, **told),
        "SC-032": unknown("medium", MEMORY, **told),
        "SC-036": unknown("medium", LATENCY, **told),
        "SC-037": unknown("medium", CPU, **told),
    }
    return world.with_recording_gap(ago=240, until=60), changes
