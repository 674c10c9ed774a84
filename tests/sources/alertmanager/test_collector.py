"""The Alertmanager collector: against the real server, behind misbehaving ones, and on any JSON."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, CollectionError
from opsproof.sources.alertmanager.collector import AlertmanagerCollector
from opsproof.sources.alertmanager.facts import (
    Alert,
    AskAlertmanagerReady,
    AskAlerts,
    AskSilences,
    AskStatus,
    Receiver,
    Route,
    Status,
    holding,
)
from opsproof.sources.alertmanager.intervals import Interval, NamedIntervals
from opsproof.sources.prometheus.reading.matchers import Matcher
from opsproof.sources.prometheus.status import Readiness
from opsproof.testing import faulty
from opsproof.testing.links import RecordingLink, target_of
from opsproof.transport.web import Response
from tests.sources.yaml_bombs import bomb
from tests.testbed import place
from tests.testbed.services import alertmanager as server

ID = "alertmanager:test"
ALERTS, STATUS = AskAlerts(target=ID), AskStatus(target=ID)


def collected(ask: Ask, address: str, **settings: Any) -> Any:
    target = target_of("alertmanager", url=f"http://{address}", **settings)
    collector = AlertmanagerCollector(target)
    try:
        facts = collector.collect(ask, RecordingLink(target, seconds=60))
    finally:
        collector.close()
    assert msgspec.json.decode(msgspec.json.encode(facts), type=ask.answer) == facts
    return facts


def answered(document: object, ask: Ask) -> Any:
    collector = AlertmanagerCollector(target_of("alertmanager", url="http://127.0.0.1:1"))
    body = json.dumps(document).encode()
    collector.api.text = lambda *args, **more: Response(200, {}, body)  # type: ignore[method-assign]
    return collector.collect(ask, RecordingLink(collector.target))


def status(configuration: str) -> Status:
    document = {"cluster": {"status": "ready", "peers": [{}]}, "config": {"original": configuration}}
    found = answered(document, STATUS)
    assert isinstance(found, Status)
    return found


# The real server.


@pytest.fixture(scope="module")
def real(testbed: None) -> str:
    return f"{place.HOST}:{place.PORTS['alertmanager']}"


def test_the_watchdog_is_held_without_its_annotations(real: str) -> None:
    watchdog = holding(collected(ALERTS, real), "Watchdog")
    assert watchdog is not None
    assert watchdog.firing
    assert b"proves" not in msgspec.json.encode(watchdog)


def test_its_routing_resolves(real: str) -> None:
    found = collected(STATUS, real)
    ended = found.route.resolve({"system": "smartcloudops", "severity": "critical"})
    reached = tuple(dict.fromkeys(one.receiver for one in ended))
    assert reached == ("sc-critical",)
    assert {"slack:#incident-response", "pagerduty", "email:ops-team@company.com"} <= set(
        found.ways_of(reached)
    )
    assert (found.cluster, found.peers) == ("disabled", 0)


def test_readiness(real: str) -> None:
    assert collected(AskAlertmanagerReady(target=ID), real) == Readiness(status=200, ready=True)


def test_a_silenced_alert_names_who_silences_it(real: str) -> None:
    labels = {"alertname": "CollectorTest", "system": "none", "severity": "low", "customer": "ACME"}
    with server.firing(**labels):
        assert holding(collected(ALERTS, real), "CollectorTest") == Alert(
            labels={"alertname": "CollectorTest", "system": "none", "severity": "low"},
            since=holding(collected(ALERTS, real), "CollectorTest").since,  # type: ignore[union-attr]
            state="active",
        )
        with server.silenced(author="kim@example.com", alertname="CollectorTest") as identity:
            (silence,) = [one for one in collected(AskSilences(target=ID), real) if one.id == identity]
            assert (silence.by, silence.active) == ("kim@example.com", True)
            assert silence.matchers == (Matcher("alertname", "=", "CollectorTest"),)
            server.process.await_that("silencing", lambda: _silenced(real))
            silenced = holding(collected(ALERTS, real), "CollectorTest")
            assert silenced is not None
            assert (silenced.firing, silenced.silenced_by) == (False, (identity,))


def _silenced(real: str) -> bool:
    found = holding(collected(ALERTS, real), "CollectorTest")
    return found is not None and not found.firing


def test_its_version_and_whom_it_sees(real: str) -> None:
    target = target_of("alertmanager", url=f"http://{real}")
    report = AlertmanagerCollector(target).identify(RecordingLink(target))
    assert (report.version, report.authenticated_as, report.identity) == ("0.25.0", "anonymous", {})


# Servers that misbehave.


@pytest.mark.parametrize(
    ("behave", "kind"),
    [
        (faulty.reset, "Unreachable"),
        (faulty.answering(faulty.http(b"{}", status="403 Forbidden")), "Forbidden"),
        (faulty.answering(faulty.http(b"<html>Please sign in</html>")), "BadAnswer"),
        (faulty.answering(faulty.http(b"[{", length=500)), "BadAnswer"),
        (faulty.answering(faulty.http(b'"a string"')), "BadAnswer"),
        (faulty.answering(faulty.http(b"{}")), "BadAnswer"),
        (faulty.answering(faulty.http(b"null")), "BadAnswer"),
    ],
)
@pytest.mark.parametrize("ask", [ALERTS, STATUS, AskSilences(target=ID)], ids=lambda ask: type(ask).__name__)
def test_what_is_no_answer_is_never_an_empty_one(behave: faulty.Behaviour, kind: str, ask: Ask) -> None:
    with faulty.serving(behave) as port, pytest.raises(CollectionError) as caught:
        collected(ask, f"127.0.0.1:{port}")
    assert type(caught.value).__name__ == kind


# Configurations.

FORMS = """
route:
  receiver: root
  routes:
    - matchers: [severity="critical", 'team=~"a|b"']
      receiver: pager
      continue: true
      mute_time_intervals: [weekends]
    - match: {team: a}
      match_re: {severity: high|low}
      routes:
        - matchers: ['x!~"y"']
receivers:
  - name: root
  - name: pager
    pagerduty_configs: [{routing_key: hunter2}]
    slack_configs: [{channel: '#ops', api_url: 'https://hooks/hunter2'}]
    email_configs: [{to: 'a@x, b@x', auth_password: hunter2}]
    webhook_configs: [{url: 'https://hook/hunter2'}]
"""


def test_every_form_of_a_route() -> None:
    found = status(FORMS)
    first, second = found.route.routes
    assert (first.receiver, first.goes_on, first.muting) == ("pager", True, ("weekends",))
    assert [str(one) for one in first.matchers] == ['severity="critical"', 'team=~"a|b"']
    assert [str(one) for one in second.matchers] == ['team="a"', 'severity=~"high|low"']
    # A route without receiver has its parent's.
    assert [second.receiver, second.routes[0].receiver] == ["root", "root"]


def test_of_receivers_only_where_messages_go_is_kept() -> None:
    found = status(FORMS)
    ways = ("pagerduty", "slack:#ops", "email:a@x, b@x", "webhook")
    assert found.receivers == (Receiver(name="root"), Receiver(name="pager", ways=ways))
    assert b"hunter2" not in msgspec.json.encode(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: [",
        "[]",
        "route: 5",
        "route: {}",
        "route: {receiver: x, routes: 5}",
        "route: {receiver: x, routes: [5]}",
        "route: {receiver: x, matchers: [bad]}",
        "route: {receiver: x, match: 5}",
        "route: &a {receiver: x, routes: [*a]}",
        "route: {receiver: x}\nreceivers: [{}]",
        "route: {receiver: x}\nreceivers: [5]",
    ],
)
def test_a_configuration_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(CollectionError):
        status(text)


@pytest.mark.parametrize("section", ["time_intervals", "mute_time_intervals"])
def test_time_intervals_are_kept(section: str) -> None:
    """As Alertmanager writes them, and as YAML understands them without quotes."""
    found = status(f"""
route: {{receiver: x, routes: [{{receiver: x, active_time_intervals: [office]}}]}}
{section}:
  - name: office
    time_intervals:
      - times: [{{start_time: '09:00', end_time: 17:00}}, {{start_time: 22:00, end_time: '24:00'}}]
        weekdays: ['monday:friday', sunday]
        days_of_month: [1:5, '-3:-1', 31]
        months: ['january:march', 5, 6:7]
        years: ['2024:2026', 2030]
        location: Europe/Berlin
""")
    assert ("office",) == found.route.routes[0].active
    (office,) = found.intervals
    assert office == NamedIntervals(
        name="office",
        intervals=(
            Interval(
                times=((540, 1020), (1320, 1440)), weekdays=((1, 5), (0, 0)), days=((1, 5), (-3, -1), (31, 31)),
                months=((1, 3), (5, 5), (6, 7)), years=((2024, 2026), (2030, 2030)), zone="Europe/Berlin",
            ),
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    ["times: [{start_time: x}]", "weekdays: [someday]", "location: Nowhere/At-all", "location: ../../etc/passwd",
     "months: ['1:2:3']", "times: 5", "days_of_month: [[1]]"],
)  # fmt: skip
def test_an_interval_of_an_unknown_form_is_refused(wrong: str) -> None:
    with pytest.raises(BadAnswer, match="time interval of an unknown form"):
        status(f"route: {{receiver: x}}\ntime_intervals: [{{name: a, time_intervals: [{{{wrong}}}]}}]\n")


@pytest.mark.timeout(20)
def test_a_configuration_of_aliases_is_refused() -> None:
    """A kilobyte that stands for millions of routes."""
    with pytest.raises(BadAnswer, match="more than 100000 nodes"):
        status(bomb())


def test_an_alert_at_the_end_of_the_calendar_is_one() -> None:
    state = {"state": "active"}
    raw = {"labels": {"alertname": "x"}, "startsAt": "9999-12-31T23:59:59-23:59", "status": state}
    (found,) = answered([raw], ALERTS)
    assert found.since.year == 9999


# Any JSON.

ANY = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
ALERT = st.fixed_dictionaries(
    {
        "labels": st.dictionaries(st.sampled_from(["alertname", "severity", "x"]), st.text(max_size=4) | ANY),
        "startsAt": st.sampled_from(["2026-03-02T09:00:00Z", "x", "9999-12-31T23:59:59-23:59"]) | ANY,
        "status": st.fixed_dictionaries({"state": st.just("active") | ANY}) | ANY,
    }
)
CONFIGURATION = st.builds(
    lambda config: {"cluster": {"status": "ready"}, "config": {"original": json.dumps(config)}},
    st.fixed_dictionaries(
        {
            "route": st.fixed_dictionaries(
                {"receiver": st.text(max_size=3)}, optional={"routes": ANY, "matchers": ANY, "match": ANY}
            )
            | ANY,
            "receivers": ANY,
        }
    )
    | ANY,
)


@given(
    ANY | st.lists(ALERT, max_size=3) | CONFIGURATION,
    st.sampled_from([ALERTS, STATUS, AskSilences(target=ID)]),
)
def test_any_json_is_refused_or_typed(document: object, ask: Ask) -> None:
    try:
        facts = answered(document, ask)
    except CollectionError:
        return
    try:
        encoded = msgspec.json.encode(facts)
    except UnicodeEncodeError:  # a lone surrogate in YAML: collect makes a BadAnswer of it
        return
    assert msgspec.json.decode(encoded, type=ask.answer) == facts
    if isinstance(facts, Status):
        assert isinstance(facts.route, Route)
