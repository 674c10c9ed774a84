"""cache/connections on plain facts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from checks.cache.check_connections import SHARE, CacheConnectionLimits, check_cache_connections
from opsproof import MEDIUM, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.prometheus.known import Known
from tests.checks.cache.states import OTHER, sample, server
from tests.checks.measured import EMPTY, GAP, RECORDED, instant, only
from tests.sources.prometheus.test_growth import STEPS, evaluated

AWAY = Failure("Unreachable", "connection refused", "redis:x")
KNOWN = Known(selector="redis_rejected_connections_total", labels=("job",))


def examined(found: Any, history: dict[str, Any] | None = None, **limits: Any) -> Examination:
    examine = Examination(level=MEDIUM)
    told = {"peak": instant(0.2), "refused": instant(0), "recording": RECORDED, "counter": KNOWN}
    asked = {**dict.fromkeys(told), **({} if history is None else {**told, **history})}
    needed = CacheConnectionLimits(recorded=history is not None, **limits)
    check_cache_connections(found, **asked, limits=needed, examine=examine)
    return examine


def test_room_passes() -> None:
    assert examined(server(sample(connected=80))).passed == 1


def test_full_in_each_sample_fails_with_the_lowest() -> None:
    finding = only(examined(server(sample(connected=95), sample(connected=91))))
    assert (finding.outcome, finding.measured.text, str(finding.subject)) == (
        Outcome.FAIL,
        "91 %",
        "cache redis",
    )
    assert finding.message == "91 of 100 clients are connected, in each of 2 samples"


def test_a_moment_above_the_limit_is_no_violation() -> None:
    assert examined(server(sample(connected=95), sample(connected=20))).passed == 1


def test_clients_that_are_refused_meanwhile_fail_though_there_is_room_again() -> None:
    finding = only(examined(server(sample(rejected=5), sample(rejected=5), sample(rejected=7))))
    assert (finding.outcome, finding.message) == (Outcome.FAIL, "2 clients were refused within 2s")


def test_clients_that_were_refused_long_ago_are_no_violation() -> None:
    assert examined(server(sample(rejected=99), sample(rejected=99))).passed == 1


def test_a_counter_of_another_start_says_nothing() -> None:
    """The server restarted between the samples: its counter begins anew, and may have passed the old one."""
    assert examined(server(sample(rejected=0), sample(rejected=9, run_id=OTHER))).passed == 1


def test_a_server_that_lets_nobody_in_is_full() -> None:
    finding = only(examined(server(full=True)))
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "100 %")


@pytest.mark.parametrize("untold", [{"most": None}, {"most": 0}, {"connected": None}])
def test_a_server_that_does_not_tell_its_limit_is_unknown(untold: Any) -> None:
    finding = only(examined(server(sample(**untold))))
    assert (finding.outcome, "maxclients" in finding.message) == (Outcome.UNKNOWN, True)


def test_no_sample_is_unknown() -> None:
    finding = only(examined(server()))
    assert (finding.outcome, finding.message) == (Outcome.UNKNOWN, "no sample could be taken in time")


def test_both_ways_pass() -> None:
    assert examined(server(sample()), {}).passed == 3


@pytest.mark.parametrize(
    ("history", "subject", "measured"),
    [
        ({"peak": instant(0.9)}, "metric redis_connected_clients / redis_max_clients", "90 %"),
        ({"refused": instant(3)}, "metric redis_rejected_connections", "3"),
    ],
)
def test_what_was_recorded_fails_though_the_server_is_calm_now(
    history: Any, subject: str, measured: str
) -> None:
    finding = only(examined(server(sample()), history))
    assert (finding.outcome, str(finding.subject), finding.measured.text) == (Outcome.FAIL, subject, measured)


@pytest.mark.parametrize(
    "history", [{"peak": EMPTY}, {"recording": GAP}, {"refused": EMPTY}, {"peak": instant("NaN")}]
)
def test_what_is_not_recorded_is_unknown(history: Any) -> None:
    assert only(examined(server(sample()), history)).outcome is Outcome.UNKNOWN


def test_a_server_that_is_away_hides_no_peak() -> None:
    first, second = examined(AWAY, {"peak": instant(0.9)}).findings
    assert (first.outcome, first.cause) == (Outcome.UNKNOWN, AWAY.cause)
    assert second.outcome is Outcome.FAIL


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool of Debian's prometheus")
def test_a_full_server_is_seen_beside_one_that_takes_many_more(tmp_path: Path) -> None:
    servers = {"a": (95, 100), "b": (10, 10000)}
    series = {
        f'{name}{{instance="{one}"}}': f"{value}+0x{STEPS}"
        for one, values in servers.items()
        for name, value in zip(("used", "most"), values, strict=True)
    }
    share = SHARE.replace("${redis_connected_clients}", "used").replace("${redis_max_clients}", "most")
    evaluated(tmp_path, share, series, 0.95)
