"""monitoring/alert-routing on plain facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from checks.monitoring.check_alert_routing import RoutingLimits, check_routing
from opsproof import Clock, Examination, Listing
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.alertmanager.facts import Alert, Receiver, Route, Status
from opsproof.sources.prometheus.facts import Samples
from opsproof.sources.prometheus.reading.matchers import parsed
from opsproof.sources.prometheus.status import KnownAlertmanagers
from tests.checks.measured import EMPTY, NOW, ago, examination, failed, instant, only, unknown

WATCHDOG = Alert(labels={"alertname": "Watchdog"}, since=ago(days=3), state="active")
RECEIVERS = {
    "default": ("email:all@x",),
    "pager": ("pagerduty", "slack:#ops"),
    "team": ("email:team@x, lead@x",),
    "nobody": (),
}


YESTERDAY = ago(days=1)


def route(receiver: str, matchers: str = "", *routes: Route, **more: bool) -> Route:
    return Route(receiver=receiver, matchers=parsed(matchers), routes=routes, **more)


TREE = route(
    "default",
    "",
    route(
        "team", 'system="shop"', route("pager", 'severity=~"critical|high"'), route("team", 'severity="low"')
    ),
)


def examined(
    tree: Route = TREE,
    *,
    alerts: tuple[Alert, ...] = (WATCHDOG,),
    known: KnownAlertmanagers | Failure | None = None,
    dropped: Samples | Failure | None = None,
    started: datetime = YESTERDAY,
    routes: Mapping[str, tuple[str, ...]] | None = None,
    **limits: Any,
) -> Examination:
    receivers = tuple(Receiver(name=name, ways=ways) for name, ways in RECEIVERS.items())
    status = Status(
        route=tree, receivers=receivers, cluster="ready", peers=1, started=started, clock=Clock(NOW)
    )
    examine = examination()
    given = {"labels": {"system": "shop"}, "routes": routes or {}, "delivery": known is not None, **limits}
    check_routing(status, Listing(alerts, as_of=NOW), known, dropped, RoutingLimits(**given), examine)
    return examine


def test_severities_that_reach_their_people_are_compliant() -> None:
    examine = examined(
        routes={"critical": ("pagerduty", "slack:#ops"), "low": ("email:lead@x",), "medium": ()}
    )
    assert (examine.passed, examine.findings) == (4, [])


def test_a_missing_way_fails() -> None:
    finding = only(examined(routes={"critical": ("pagerduty", "email:boss@x")}))
    assert str(finding.subject) == "severity critical"
    assert finding.message == "receivers pager notify pagerduty, slack:#ops; missing is email:boss@x"


def test_any_pager_pages() -> None:
    assert not examined(routes={"critical": ("pager",)}).findings
    assert "missing is pager" in only(examined(routes={"low": ("pager",)})).message


def test_a_channel_is_not_another_channel() -> None:
    assert only(examined(routes={"critical": ("slack:#incidents",)})).outcome is Outcome.FAIL
    assert not examined(routes={"critical": ("slack",)}).findings


def test_a_paging_severity_in_the_default_receiver_fails() -> None:
    finding = only(
        examined(labels={"system": "else"}, routes={"critical": ("email:all@x",), "low": ("email:all@x",)})
    )
    assert str(finding.subject) == "severity critical"
    assert "ends in the default receiver default" in finding.message


def test_a_receiver_that_tells_nobody_fails() -> None:
    finding = only(examined(route("nobody"), routes={"low": ()}))
    assert finding.message == "receivers nobody notify nobody; somebody is needed"


def test_continue_adds_receivers() -> None:
    tree = route(
        "default",
        "",
        route("team", 'severity="critical"', goes_on=True),
        route("pager", 'severity="critical"'),
    )
    assert not examined(tree, routes={"critical": ("pagerduty", "email:team@x")}).findings
    first = route("default", "", route("team", 'severity="critical"'), route("pager", 'severity="critical"'))
    assert "missing is pagerduty" in only(examined(first, routes={"critical": ("pagerduty",)})).message


def test_a_matcher_that_cannot_be_evaluated_is_undecided() -> None:
    assert (
        only(
            examined(route("default", "", route("pager", r'severity=~"(?=x)"')), routes={"critical": ()})
        ).outcome
        is Outcome.UNKNOWN
    )


def test_time_intervals_are_noted() -> None:
    examine = examined(
        route("default", "", route("pager", 'severity="critical"', muted=True)), routes={"critical": ()}
    )
    assert "time intervals" in examine.notes[0]


def test_without_the_watchdog_delivery_is_broken() -> None:
    finding = only(examined(alerts=()))
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "alert Watchdog")


def test_an_alertmanager_that_just_started_waits_for_its_alerts() -> None:
    assert only(examined(alerts=(), started=ago(minutes=1))).in_transition


def test_prometheus_that_sends_nowhere_fails() -> None:
    finding = only(examined(known=KnownAlertmanagers(active=()), dropped=instant(0)))
    assert finding.message == "Prometheus knows no active Alertmanager; 1 needed"


def test_dropped_notifications_fail() -> None:
    finding = only(examined(known=KnownAlertmanagers(active=("a:9093",)), dropped=instant(2)))
    assert finding.message == "2 notifications dropped in the last 15m, none allowed"


def test_what_prometheus_does_not_tell_is_undecided_and_hides_no_route() -> None:
    failure = Failure("Unreachable", "connection refused", "prometheus:x")
    examine = examined(known=failure, dropped=failure, routes={"critical": ("email:boss@x",)})
    assert [len(failed(examine)), len(unknown(examine))] == [1, 2]
    assert len(unknown(examined(known=KnownAlertmanagers(active=("a",)), dropped=EMPTY))) == 1
