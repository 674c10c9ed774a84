"""monitoring/firing-alerts on plain facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from checks.monitoring.check_firing_alerts import AlertLimits, Wanted, check_alerts
from opsproof import CRITICAL, HIGH, MEDIUM, Examination, Listing
from opsproof.model.argument import Answer
from opsproof.model.failure import Failure
from opsproof.model.moment import Clock
from opsproof.model.outcome import Outcome
from opsproof.sources.alertmanager.facts import Alert, Silence
from opsproof.sources.prometheus.facts import Recording, Samples
from opsproof.sources.prometheus.known import AskKnown, Known
from opsproof.sources.prometheus.reading.bearing import wanting
from opsproof.sources.prometheus.reading.matchers import Matcher, parsed
from opsproof.sources.prometheus.status import Rule, RuleGroup
from tests.checks.contexts import Row
from tests.checks.measured import (
    EMPTY,
    NOW,
    UNIX,
    ago,
    examination,
    failed,
    instant,
    only,
    over,
    recording,
    unknown,
)

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
    rules: Listing[RuleGroup] | Failure | None = None,
    known: Mapping[str, Known | Failure] | None = None,
    **limits: Any,
) -> Examination:
    examine = examination()
    listed = Listing(alerts, as_of=NOW)
    labels = {matcher: one for text, one in (known or {}).items() for matcher in parsed(text)}
    alive = limits.pop("alive", recording(over(86400, [9])) if limits.get("history") else None)
    check_alerts(listed, silences, rules or RULES, labels, past, alive, AlertLimits(**limits), examine)
    return examine


def rule(name: str, query: str = "up == 0", **labels: str) -> Rule:
    return Rule(name=name, query=query, alerting=True, health="ok", labels=labels, evaluated=NOW)


def loaded(*rules: Rule) -> Listing[RuleGroup]:
    return Listing([RuleGroup(name="g", interval=15, rules=rules)], as_of=NOW)


ALWAYS = rule("Watchdog", "vector(1)", severity="none")
RULES = loaded(ALWAYS, rule("Down", severity="critical", namespace="shop"), rule("Slow", severity="warning"))


def test_nothing_but_the_watchdog_is_compliant_by_itself() -> None:
    examine = examined(WATCHDOG)
    assert (1, []) == (examine.passed, examine.findings)
    assert examine.control_answered


def test_nothing_that_a_rule_could_give_is_compliant() -> None:
    assert 1 == examined(WATCHDOG, match=('severity="critical"', 'namespace="shop"')).passed
    assert 1 == examined(WATCHDOG, match=('severity=~"critical|page"',)).passed
    assert 1 == examined(WATCHDOG, match=('severity!="none"',)).passed


@pytest.mark.parametrize(
    ("match", "message"),
    [
        ('severity="critcal"', 'no loaded alert rule can give severity="critcal"; the nearest is critical'),
        ('alertname="Dwon"', 'no loaded alert rule can give alertname="Dwon"; the nearest is Down'),
        (
            'severity=~"P1|P2"',
            'no loaded alert rule can give severity=~"P1|P2"; the nearest is critical, warning',
        ),
    ],
)
def test_a_match_that_no_rule_can_give_is_undecided_with_the_nearest_spelling(
    match: str, message: str
) -> None:
    """Otherwise a mistyped severity would be green for ever."""
    examine = examined(WATCHDOG, match=(match,))
    assert (Outcome.UNKNOWN, message) == (only(examine).outcome, only(examine).message)
    assert not examine.passed


def test_labels_that_no_single_rule_gives_together_are_undecided() -> None:
    rules = loaded(ALWAYS, rule("A", severity="critical", team="a"), rule("B", severity="low", team="b"))
    finding = only(examined(WATCHDOG, rules=rules, match=('severity="critical"', 'team="b"')))
    assert 'no loaded alert rule can give all of severity="critical", team="b"' == finding.message


POD = ('pod="api-0"',)
EVER = {'pod="api-0"': Known(selector='{pod="api-0"}', labels=("pod",))}
NEVER = {
    'pod="api-0"': Known(selector='{pod="api-0"}', hint="no value of label pod fits; the nearest is api-1")
}


@pytest.mark.parametrize(
    ("query", "known", "passed"),
    [
        ("up == 0", EVER, 1),
        ("up == 0", NEVER, 0),
        ("sum by (pod) (up) == 0", EVER, 1),
        ("sum(up) == 0", EVER, 0),
        ('up{pod="other"} == 0', EVER, 0),
        ('up{pod=~"api.*"} == 0', EVER, 1),
        ("vector(1) > 0", EVER, 0),
        ("not promql(", EVER, 1),
    ],
)
def test_a_label_of_the_series_must_survive_the_rule_and_have_been_there(
    query: str, known: Mapping[str, Known], passed: int
) -> None:
    rules = loaded(ALWAYS, rule("A", query, severity="critical"))
    examine = examined(WATCHDOG, rules=rules, known=known, match=POD)
    assert passed == examine.passed
    assert bool(passed) is not bool(examine.findings)


def test_a_value_that_no_series_ever_had_is_told_with_what_is_near() -> None:
    rules = loaded(ALWAYS, rule("A", severity="critical"))
    finding = only(examined(WATCHDOG, rules=rules, known=NEVER, match=POD))
    assert finding.message.endswith("no value of label pod fits; the nearest is api-1")


def test_a_template_may_give_any_value_that_was_there() -> None:
    rules = loaded(ALWAYS, rule("A", pod="{{ $labels.instance }}"))
    assert 1 == examined(WATCHDOG, rules=rules, known=EVER, match=POD).passed


def test_labels_that_all_alerts_are_sent_with_may_be_matched() -> None:
    """External labels of Prometheus are on the alert that always fires, too; its rule's own labels are not."""
    watchdog = Alert(
        labels={"alertname": "Watchdog", "severity": "none", "cluster": "eu"},
        since=ago(days=3),
        state="active",
    )
    assert 1 == examined(watchdog, match=('cluster="eu"', 'severity="critical"')).passed
    assert Outcome.UNKNOWN is only(examined(watchdog, match=('cluster="us"',))).outcome
    assert Outcome.UNKNOWN is only(examined(watchdog, match=('severity="none"',))).outcome


def test_an_alert_that_is_held_proves_that_it_can_be_given() -> None:
    silenced = alert("Odd", state="suppressed", silenced_by=("s1",), labels={"severity": "odd"})
    assert 1 == examined(WATCHDOG, silenced, match=('severity="odd"',)).passed


@pytest.mark.parametrize("match", [(), ('severity="critical"',)])
def test_rules_that_cannot_be_read_prove_nothing(match: tuple[str, ...]) -> None:
    away = Failure("NotConfigured", "targets.prometheus is not set")
    finding = only(examined(WATCHDOG, rules=away, match=match))
    assert (Outcome.UNKNOWN, "targets.prometheus is not set") == (finding.outcome, finding.message)


def test_a_lookup_that_failed_proves_nothing() -> None:
    late = {'pod="api-0"': Failure("TimedOut", "late", "prometheus:x")}
    finding = only(examined(WATCHDOG, known=late, match=POD))
    assert (Outcome.UNKNOWN, "late") == (finding.outcome, finding.message)


def test_without_any_rule_but_the_watchdogs_silence_proves_nothing() -> None:
    assert "no alert rule is loaded" in only(examined(WATCHDOG, rules=loaded(ALWAYS))).message


def test_only_labels_that_series_can_bear_are_looked_up() -> None:
    match = ('severity="critical"', 'pod!="x"', 'alertname="Down"', 'namespace=~"a|b"')
    asks = Wanted().asks(Row(AlertLimits(match=match)))
    assert ['{severity="critical"}', '{namespace=~"a|b"}'] == [
        one.selector for one in asks if isinstance(one, AskKnown)
    ]
    answers = [Answer(one, None, Failure("TimedOut", "late", "x"), Clock(NOW)) for one in asks]
    assert set(wanting(AlertLimits(match=match).matchers)) == set(
        Wanted().assemble(answers, Row(AlertLimits(match=match)))
    )


@pytest.mark.parametrize(
    ("alive", "message"),
    [
        (recording(Samples(result_type="matrix", at=UNIX)), "no ALERTS of Watchdog are recorded"),
        (recording(over(86400, [9, None, 9, 9])), "a gap in the recording"),
        (Failure("TimedOut", "late", "prometheus:x"), "late"),
    ],
)
def test_a_night_of_which_nothing_is_recorded_is_undecided(alive: Recording | Failure, message: str) -> None:
    """An empty Prometheus knows of no alert either."""
    examine = examined(WATCHDOG, history="24h", alive=alive, past=EMPTY)
    assert Outcome.UNKNOWN is only(examine).outcome
    assert message in only(examine).message


def test_a_history_without_an_alert_that_always_fires_is_undecided() -> None:
    assert "nothing proves" in only(examined(history="24h", control="", past=EMPTY)).message


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
    assert 1 == examine.passed
    assert examine.notes == ["also firing: alert shop/Slow, severity warning"]


def test_as_many_as_allowed_are_compliant() -> None:
    assert examined(WATCHDOG, alert("A"), alert("B"), highest=2).passed == 2


def test_a_silenced_alert_is_noted_with_owner_and_end() -> None:
    silences = Listing([SILENCE], as_of=NOW)
    examine = examined(WATCHDOG, alert("Down", state="suppressed", silenced_by=("s1",)), silences=silences)
    assert (1, []) == (examine.passed, examine.findings)
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
    assert (1, []) == (examine.passed, examine.findings)
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
            Listing([WATCHDOG], as_of=NOW),
            None,
            RULES,
            {},
            None,
            None,
            AlertLimits(match=('customer="x"',)),
            examine,
        )
    assert only(examine).outcome is Outcome.UNKNOWN
