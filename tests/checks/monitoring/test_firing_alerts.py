"""monitoring/firing-alerts on plain facts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from checks.monitoring.check_firing_alerts import AlertLimits, check_alerts
from opsproof import CRITICAL, HIGH, MEDIUM, Examination, Listing
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.alertmanager.facts import Alert, Silence
from opsproof.sources.prometheus.facts import Samples
from opsproof.sources.prometheus.reading.matchers import Matcher
from tests.checks.measured import NOW, ago, examination, failed, instant, only, unknown

AN_HOUR = ago(hours=1)


def alert(name: str, *, since: datetime = AN_HOUR, **more: Any) -> Alert:
    labels = {"alertname": name, "namespace": "shop", "severity": "critical", **more.pop("labels", {})}
    return Alert(labels=labels, since=since, state=more.pop("state", "active"), **more)


WATCHDOG = Alert(labels={"alertname": "Watchdog", "severity": "none"}, since=ago(days=3), state="active")
SILENCE = Silence(
    id="s1",
    matchers=(Matcher("alertname", "=", "Down"),),
    by="kim",
    until=NOW + timedelta(hours=2),
    active=True,
)


def examined(
    *alerts: Alert,
    silences: Listing[Silence] | Failure | None = None,
    past: Samples | Failure | None = None,
    **limits: Any,
) -> Examination:
    examine = examination()
    listed = Listing(alerts, as_of=NOW)
    check_alerts(listed, silences, past, AlertLimits(**limits), examine)
    return examine


def test_nothing_but_the_watchdog_examines_nothing_and_proves_the_source_alive() -> None:
    examine = examined(WATCHDOG)
    assert examine.nothing_examined
    assert examine.control_answered


def test_without_the_watchdog_silence_proves_nothing() -> None:
    examine = examined()
    assert only(examine).outcome is Outcome.UNKNOWN
    assert not examine.control_answered


def test_each_firing_alert_fails_at_its_own_level() -> None:
    examine = examined(
        WATCHDOG,
        alert("Down"),
        alert("Slow", labels={"severity": "warning"}),
        alert("Odd", labels={"severity": "x"}),
    )
    levels = {finding.subject.name: finding.level for finding in failed(examine)}
    assert levels == {"Down": CRITICAL, "Slow": MEDIUM, "Odd": HIGH}
    finding = failed(examine)[0]
    assert finding.message == "firing with severity critical; 3 such alerts, at most 0 allowed"
    assert (finding.since, finding.since_from) == (ago(hours=1), "startsAt of the alert")


def test_a_firing_alert_fails_without_the_watchdog_too() -> None:
    examine = examined(alert("Down"))
    assert [len(failed(examine)), len(unknown(examine))] == [1, 1]


def test_only_matching_alerts_count_and_milder_ones_are_listed() -> None:
    examine = examined(
        WATCHDOG, alert("Slow", labels={"severity": "warning"}), alert("Other", labels={"namespace": "else"}),
        match=('namespace="shop"', 'severity="critical"'),
    )  # fmt: skip
    assert examine.nothing_examined
    assert examine.notes == ["also firing: alert shop/Slow, severity warning"]


def test_as_many_as_allowed_are_compliant() -> None:
    assert examined(WATCHDOG, alert("A"), alert("B"), highest=2).passed == 2


def test_a_silenced_alert_is_noted_with_owner_and_end() -> None:
    silences = Listing([SILENCE], as_of=NOW)
    examine = examined(WATCHDOG, alert("Down", state="suppressed", silenced_by=("s1",)), silences=silences)
    assert examine.nothing_examined
    assert examine.excluded[0].why == "silenced"
    assert examine.notes == ["alert shop/Down: silenced by kim until 2026-03-02 11:00 UTC"]


def test_unreadable_silences_hide_no_alert() -> None:
    failure = Failure("Forbidden", "HTTP 403", "alertmanager:x")
    examine = examined(
        WATCHDOG, alert("Down"), alert("B", silenced_by=("s1",), state="suppressed"), silences=failure
    )
    assert len(failed(examine)) == 1
    assert examine.notes == ["alert shop/B: silenced; the silences could not be read"]


def test_an_inhibited_alert_is_noted() -> None:
    examine = examined(WATCHDOG, alert("Slow", state="suppressed", inhibited=True))
    assert examine.nothing_examined
    assert examine.notes == ["alert shop/Slow: inhibited by another alert"]


def test_a_young_alert_does_not_count_yet() -> None:
    examine = examined(WATCHDOG, alert("Old", since=ago(days=8)), alert("Young"), older_than="7d")
    assert [finding.subject.name for finding in failed(examine)] == ["Old"]
    assert examine.excluded[0].why == "firing for less than 7d"


def test_the_pod_of_an_alert_does_not_enter_its_identity() -> None:
    subjects = {
        alert("Down", labels={"pod": f"api-7d9f8c6b5-{suffix}"}).subject.stable
        for suffix in ("x2x4z", "bcdfg")
    }
    assert subjects == {"alert/shop/Down/api"}


def test_what_fired_before_is_listed() -> None:
    past = instant(
        1, 1, alertname=["Down", "Watchdog"], namespace=["shop", ""], severity=["critical", "none"]
    )
    examine = examined(WATCHDOG, past=past, history="24h", match=('namespace="shop"',))
    assert examine.notes == ["fired in the last 1d: Down shop, severity critical"]


def test_an_unreadable_past_is_undecided_and_hides_no_alert() -> None:
    failure = Failure("Unreachable", "connection refused", "prometheus:x")
    examine = examined(WATCHDOG, alert("Down"), past=failure, history="24h")
    assert [len(failed(examine)), len(unknown(examine))] == [1, 1]


def test_a_matcher_must_be_one() -> None:
    with pytest.raises(ValidationError, match="no list of label matchers"):
        AlertLimits(match=("severity critical",))


def test_a_matcher_on_a_label_that_is_not_kept_is_undecided() -> None:
    examine = examination()
    with examine.whole("monitoring/firing-alerts"):
        check_alerts(
            Listing([WATCHDOG], as_of=NOW), None, None, AlertLimits(match=('customer="x"',)), examine
        )
    assert only(examine).outcome is Outcome.UNKNOWN
