"""health/host-services on plain facts."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from checks.health.check_host_services import HostServiceLimits, check_host_services
from opsproof import HIGH, Examination, Listing
from opsproof.model.failure import Failure
from opsproof.model.finding import Finding
from opsproof.model.moment import Clock
from opsproof.model.outcome import Outcome
from opsproof.sources.host.facts import Service, TimeSync, UnitSample

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)


def sample(**more: Any) -> UnitSample:
    """A service that has been up for an hour."""
    given = {"load": "loaded", "active": "active", "sub": "running", "result": "success", "restarts": 0}
    return UnitSample(**{**given, "changed": NOW - timedelta(hours=1), **more})


def examined(*samples: UnitSample, time: TimeSync | Failure | None = None, wanted: int = 0) -> Examination:
    examine = Examination(level=HIGH)
    service = Service(name="nginx.service", samples=samples, wanted=wanted or len(samples))
    services = Listing([service] if samples or wanted else [], as_of=Clock(NOW, "host:x", 0.0))
    check_host_services(services, time, HostServiceLimits(services=("nginx",)), examine)
    return examine


def only(examine: Examination) -> Finding:
    (finding,) = examine.findings
    return finding


def test_active_in_every_sample_passes() -> None:
    assert 1 == examined(sample(), sample(active="reloading"), sample()).passed


def test_down_in_one_sample_fails() -> None:
    finding = only(examined(sample(), sample(active="failed", sub="failed", result="exit-code"), sample()))
    assert (Outcome.FAIL, "failed (failed): exit-code") == (finding.outcome, finding.message)


def test_a_unit_that_is_not_there_fails() -> None:
    gone = sample(load="not-found", active="inactive", sub="dead", changed=None)
    assert "the host has no such unit" == only(examined(gone)).message


def test_a_masked_unit_fails() -> None:
    assert (
        "its unit is masked" == only(examined(sample(load="masked", active="inactive", sub="dead"))).message
    )


def test_waiting_to_be_restarted_is_no_start_under_way() -> None:
    """systemd calls it activating; no grace is given."""
    waits = sample(active="activating", sub="auto-restart", result="exit-code", changed=NOW)
    finding = only(examined(waits))
    assert (Outcome.FAIL, None) == (finding.outcome, finding.transition_until)


def test_a_start_under_way_has_its_grace_and_no_more() -> None:
    starting = {"active": "activating", "sub": "start"}
    young = only(examined(sample(**starting, changed=NOW - timedelta(seconds=30))))
    assert (Outcome.PASS, True) == (young.outcome, young.transition_until is not None)
    assert Outcome.FAIL is only(examined(sample(**starting, changed=NOW - timedelta(minutes=3)))).outcome


def test_restarts_while_it_is_looked_at_fail() -> None:
    assert (
        "restarted 2 times while it was looked at"
        == only(examined(sample(restarts=3), sample(restarts=5))).message
    )


def test_restarted_by_systemd_a_minute_ago_fails_and_an_hour_ago_passes() -> None:
    """A loop that takes a minute a turn is up in every sample."""
    turning = sample(restarts=7, changed=NOW - timedelta(minutes=1))
    assert "systemd restarted it 7 times, the last time 1m ago" == only(examined(turning)).message
    assert 1 == examined(sample(restarts=7)).passed


def test_started_by_a_person_a_minute_ago_passes() -> None:
    """A deployment is no crash."""
    assert 1 == examined(sample(restarts=0, changed=NOW - timedelta(minutes=1))).passed


def test_too_few_samples_are_unknown() -> None:
    assert Outcome.UNKNOWN is only(examined(sample(), wanted=3)).outcome
    assert Outcome.UNKNOWN is only(examined(wanted=3)).outcome


def test_the_clock_is_looked_at_where_the_row_asks() -> None:
    assert 1 == examined(time=TimeSync(synchronized=True)).passed
    finding = only(examined(time=TimeSync(synchronized=False, service=True)))
    assert (Outcome.FAIL, "the clock is not synchronized (service on)") == (finding.outcome, finding.message)


def test_a_clock_that_does_not_answer_leaves_the_services_decided() -> None:
    found = examined(sample(), time=Failure("NotFound", "the command timedatectl is not there", "host:x"))
    assert (1, Outcome.UNKNOWN) == (found.passed, only(found).outcome)


def test_a_row_that_names_nothing_is_undecided() -> None:
    examine = Examination(level=HIGH)
    with examine.whole("health/host-services"):
        check_host_services(None, None, HostServiceLimits(), examine)
    assert (Outcome.UNKNOWN, "nothing is named; set services or time_sync") == (
        only(examine).outcome,
        only(examine).message,
    )
