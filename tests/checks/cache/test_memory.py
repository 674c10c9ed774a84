"""cache/memory on plain facts."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from checks.cache.check_memory import CacheMemoryLimits, check_cache_memory
from opsproof import HIGH, Examination
from opsproof.model.level import CRITICAL
from opsproof.model.outcome import Outcome
from opsproof.sources.redis.facts import CacheMemory, MemorySample

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)
MIB = 2**20


def examined(*used: int, limit: int = 100, **limits: Any) -> Examination:
    examine = Examination(level=HIGH)
    taken = tuple(
        MemorySample(at=NOW, used=one * MIB, limit=limit * MIB, policy="noeviction") for one in used
    )
    check_cache_memory(CacheMemory(role="redis", samples=taken), CacheMemoryLimits(**limits), examine)
    return examine


def test_room_passes_and_the_limit_itself_is_allowed() -> None:
    assert examined(50, 80, 80).passed == 1


def test_full_in_every_sample_fails_with_the_lowest() -> None:
    (finding,) = examined(95, 91, 93).findings
    assert (finding.outcome, finding.measured.text, finding.limit.text) == (
        Outcome.FAIL,
        "91 %",
        "at most 80 %",
    )
    assert "91Mi of 100Mi used, in each of 3 samples (policy noeviction)" in finding.message


def test_a_moment_above_the_limit_is_no_violation() -> None:
    assert examined(95, 79, 95).passed == 1


def test_steps_give_the_level() -> None:
    assert examined(95, highest={"medium": "80%", "critical": "90%"}).findings[0].level is CRITICAL


def test_no_limit_at_all_is_a_violation() -> None:
    (finding,) = examined(5, limit=0).findings
    assert finding.outcome is Outcome.FAIL
    assert "maxmemory is 0" in finding.message


def test_no_sample_is_unknown() -> None:
    assert examined().findings[0].outcome is Outcome.UNKNOWN
