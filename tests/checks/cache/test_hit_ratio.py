"""cache/hit-ratio on plain facts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from checks.cache.check_hit_ratio import HitRatioLimits, check_hit_ratio
from opsproof import LOW, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.prometheus.facts import Samples
from opsproof.sources.prometheus.known import Known
from tests.checks.cache.states import NOW, OTHER, sample, server
from tests.checks.measured import EMPTY, GAP, RECORDED, instant, only

KNOWN = Known(selector="redis_keyspace_misses_total", labels=("job",))
AWAY = Failure("Unreachable", "connection refused", "redis:x")


def recorded(hits: Any = 900, misses: Any = 100, quiet: str = "", **more: Any) -> Examination:
    examine = Examination(level=LOW)
    examine.quiet = quiet
    told: dict[str, Any] = {
        "hits": _samples(hits), "misses": _samples(misses), "evicted": instant(0), "recording": RECORDED,
        "counter": KNOWN,
    }  # fmt: skip
    check_hit_ratio(AWAY, **{**told, **more}, limits=HitRatioLimits(), examine=examine)
    return examine


def _samples(given: Any) -> Samples:
    return given if isinstance(given, Samples) else instant(given)


def live(*counts: tuple[int | None, int | None], **limits: Any) -> Examination:
    examine = Examination(level=LOW)
    samples = [
        sample(hits=hits, misses=misses, at=NOW + timedelta(seconds=5 * number))
        for number, (hits, misses) in enumerate(counts)
    ]
    asked = dict.fromkeys(("hits", "misses", "evicted", "recording", "counter"))
    check_hit_ratio(
        server(*samples), **asked, limits=HitRatioLimits(recorded=False, **limits), examine=examine
    )
    return examine


def test_a_cache_that_has_most_passes_and_tells_what_it_evicted() -> None:
    examine = recorded(evicted=instant(41))
    assert (examine.passed, examine.notes) == (1, ["evicted within 30d: 41 keys"])


def test_a_cache_that_misses_fails() -> None:
    finding = only(recorded(300, 700))
    assert (finding.outcome, finding.measured.text, finding.limit.text) == (
        Outcome.FAIL,
        "30 %",
        "at least 80 %",
    )
    assert finding.message == "30 % of 1000 lookups within 30d found their key"


def test_few_lookups_decide_nothing() -> None:
    finding = only(recorded(99, 0))
    assert (finding.outcome, finding.message) == (
        Outcome.UNKNOWN,
        "99 lookups within 30d, 100 needed to judge",
    )


def test_no_lookups_in_declared_quiet_hours_do_not_apply() -> None:
    assert only(recorded(0, 0, quiet="nobody works at night")).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    "lacking",
    [
        {"hits": EMPTY},
        {"misses": EMPTY},
        {"recording": GAP},
        {"recording": AWAY},
        {"counter": Known(selector="redis_keyspace_misses_total", hint="no such metric")},
    ],
    ids=["hits", "misses", "gap", "away", "never"],
)
def test_half_a_ratio_is_unknown(lacking: Any) -> None:
    """Without its misses every cache would be perfect."""
    assert only(recorded(**lacking)).outcome is Outcome.UNKNOWN


def test_evictions_that_are_not_recorded_are_said_to_be_so() -> None:
    assert recorded(evicted=EMPTY).notes == ["evicted within 30d: not recorded (metrics.redis_evicted_keys)"]


def test_live_the_difference_counts_and_not_the_time_since_the_start() -> None:
    finding = only(live((9_000_000, 0), (9_000_030, 40), (9_000_100, 100)))
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "50 %")
    assert finding.message == "50 % of 200 lookups within 10s found their key"


def test_live_a_cache_that_has_most_passes() -> None:
    assert live((0, 0), (900, 10)).passed == 1


@pytest.mark.parametrize(
    "counts",
    [[(900, 10), (100, 0)], [(900, 10)], [(None, None), (900, 10)]],
    ids=["reset", "one sample", "not told"],
)
def test_live_counters_without_a_difference_are_unknown(counts: Any) -> None:
    finding = only(live(*counts))
    assert (finding.outcome, "reset between the samples" in finding.message) == (Outcome.UNKNOWN, True)


def test_live_a_server_that_restarted_meanwhile_is_unknown() -> None:
    examine = Examination(level=LOW)
    state = server(sample(hits=0, misses=0), sample(hits=900, misses=9, run_id=OTHER))
    asked = dict.fromkeys(("hits", "misses", "evicted", "recording", "counter"))
    check_hit_ratio(state, **asked, limits=HitRatioLimits(recorded=False), examine=examine)
    assert only(examine).outcome is Outcome.UNKNOWN


def test_live_a_server_that_is_away_is_unknown() -> None:
    examine = Examination(level=LOW)
    asked = dict.fromkeys(("hits", "misses", "evicted", "recording", "counter"))
    check_hit_ratio(AWAY, **asked, limits=HitRatioLimits(recorded=False), examine=examine)
    assert only(examine).cause == AWAY.cause
