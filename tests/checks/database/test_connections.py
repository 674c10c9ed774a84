"""database/connections on plain facts."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from checks.database.check_connections import ConnectionLimits, check_connections
from opsproof import CRITICAL, HIGH, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.postgres.facts import RoleSessions, Sessions
from opsproof.sources.prometheus.facts import Recording, Samples, Series
from opsproof.sources.prometheus.known import Known
from tests.checks.measured import GAP, RECORDED, over, recording

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)
AWAY = Failure("Unreachable", "connection refused", "prometheus:x")
EMPTY = Samples(result_type="vector", at=1.0)
BACKENDS = Known(selector="pg_backends", labels=("datname",))
EVER = Known(selector="pg_max_connections", labels=("server",))


def sessions(used: int, **more: Any) -> Sessions:
    given = {"role": "postgres", "user": "opsproof", "complete": True, "max_connections": 100, "reserved": 3}
    return Sessions(used=used, **{**given, **more})


def samples(value: str) -> Samples:
    return Samples(result_type="vector", at=1.0, series=(Series(labels={}, values=((1.0, value),)),))


def examined(
    live: Sessions | Failure | None = None,
    peak: str | Failure = "0.4",
    count: str = "5",
    current: Samples | None = None,
    recording: Recording | Failure = RECORDED,
    backends: Known | Failure = BACKENDS,
    **limits: Any,
) -> Examination:
    examine = Examination(level=HIGH)
    now = samples(peak) if current is None else current
    needed = ConnectionLimits(**{"highest": "80%", **limits})
    highest = peak if isinstance(peak, Failure) else samples(peak) if peak else EMPTY
    check_connections(live, highest, samples(count), now, recording, backends, EVER, needed, examine)
    return examine


def test_a_metric_that_never_had_a_series_is_told_with_what_is_near() -> None:
    never = Known(selector="pg_backend", hint="there is no metric pg_backend; the nearest is pg_backends")
    (finding,) = examined(sessions(40), "", "", EMPTY, backends=never).findings
    assert (finding.outcome, finding.message) == (Outcome.UNKNOWN, never.unmatched)


def test_a_lookup_that_fails_decides_nothing_by_itself() -> None:
    assert examined(sessions(40), backends=AWAY).passed == 2


def test_a_server_with_free_slots_passes() -> None:
    assert examined(sessions(40)).passed == 2


def test_sessions_that_cannot_be_read_hide_no_failure_in_the_history() -> None:
    late = Failure("TimedOut", "no answer in time", "postgres:x")
    first, second = examined(late, peak="0.9").findings
    assert (first.outcome, str(first.subject), first.message) == (
        Outcome.UNKNOWN,
        "source sessions",
        "no answer in time",
    )
    assert (second.outcome, second.measured.text) == (Outcome.FAIL, "90 %")


@pytest.mark.parametrize(
    ("lost", "source"), [({"peak": AWAY}, "source peak"), ({"recording": AWAY}, "source recording")]
)
def test_a_history_that_cannot_be_read_hides_no_full_server(lost: Any, source: str) -> None:
    first, second = examined(sessions(90), **lost).findings
    assert (first.outcome, str(first.subject)) == (Outcome.FAIL, "database postgres")
    assert (second.outcome, str(second.subject), second.cause) == (Outcome.UNKNOWN, source, AWAY.cause)


def test_reserved_slots_are_nobodys() -> None:
    (finding,) = examined(sessions(78)).findings  # 78 of 97
    assert finding.outcome is Outcome.FAIL
    assert (finding.measured.text, finding.limit.text) == ("80.41 %", "at most 80 %")
    assert "78 of 97 sessions are taken, 3 more reserved" in finding.message


def test_a_server_that_lets_nobody_in_to_count_is_full() -> None:
    (finding,) = examined(sessions(0, full=True, max_connections=0, reserved=0)).findings
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "100 %")


def test_steps_give_the_level() -> None:
    finding = examined(sessions(95), highest={"medium": "80%", "critical": "90%"}).findings[0]
    assert finding.level is CRITICAL


def test_a_role_that_sees_only_its_own_sessions_counts_nothing() -> None:
    (finding,) = examined(sessions(1, complete=False)).findings
    assert finding.outcome is Outcome.UNKNOWN
    assert "GRANT pg_read_all_stats TO opsproof is missing" in finding.message


def test_a_role_at_its_own_limit_fails_on_an_empty_server() -> None:
    full = RoleSessions(name="app", used=5, limit=5)
    barred = RoleSessions(name="barred", used=0, limit=0)
    examine = examined(sessions(5, limited_roles=(full, barred)))
    (finding,) = examine.findings
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "database role postgres/app")
    assert examine.excluded[0].count == 1


def test_a_past_peak_fails_though_the_server_is_calm_now() -> None:
    (finding,) = examined(sessions(5), peak="0.93", current=samples("0.05")).findings
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "93 %")


def test_only_the_recording_counts_where_the_row_says_so() -> None:
    assert examined(None).passed == 1


def test_no_data_is_unknown() -> None:
    (finding,) = examined(sessions(5), peak="").findings
    assert finding.outcome is Outcome.UNKNOWN


def test_a_series_that_has_ended_is_unknown() -> None:
    (finding,) = examined(sessions(5), current=EMPTY).findings
    assert finding.outcome is Outcome.UNKNOWN


def test_a_recording_with_a_gap_cannot_show_the_peak() -> None:
    (finding,) = examined(sessions(5), count="3").findings
    assert finding.outcome is Outcome.UNKNOWN
    assert "only 60 % of 5m is recorded" in finding.message


def test_a_retention_shorter_than_the_window_is_named() -> None:
    month = 30 * 86400.0
    kept = recording(over(month, [None, 9]), kept=15 * 86400.0)
    given: dict[str, Any] = {"count": "14400", "window": "30d", "resolution": "1m"}
    (finding,) = examined(sessions(5), recording=kept, **given).findings
    assert (finding.outcome, finding.message) == (
        Outcome.UNKNOWN,
        "Prometheus keeps 15d, the window is 30d: only 33.33 % of 30d is recorded; needed at least 90 %",
    )
    (finding,) = examined(sessions(5), recording=recording(over(month, [None, 9])), **given).findings
    assert finding.message == "only 33.33 % of 30d is recorded; needed at least 90 %"


def test_nan_is_unknown() -> None:
    (finding,) = examined(sessions(5), peak="NaN").findings
    assert finding.outcome is Outcome.UNKNOWN


def test_a_gap_that_queries_look_across_is_unknown() -> None:
    (finding,) = examined(sessions(5), recording=GAP).findings
    assert (finding.outcome, "gap in the recording" in finding.message) == (Outcome.UNKNOWN, True)


def test_a_gap_hides_no_peak() -> None:
    (finding,) = examined(sessions(5), peak="0.93", recording=GAP).findings
    assert finding.outcome is Outcome.FAIL
