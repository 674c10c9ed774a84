"""monitoring/alert-routing on plain facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from checks.monitoring.check_alert_routing import RoutingLimits, check_routing
from opsproof import Clock, Examination, Listing
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.alertmanager.facts import Alert, Receiver, Route, Status
from opsproof.sources.alertmanager.intervals import Interval, NamedIntervals
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
# What Alertmanager sent and lost: of late, and in the last day.
NOTIFIED = {"sent": 0, "lost": 0, "sent_before": 0, "lost_before": 0}


def notified(**counts: float) -> Samples:
    return instant(*counts.values(), integration=list(counts))


def route(receiver: str, matchers: str = "", *routes: Route, **more: Any) -> Route:
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
    intervals: tuple[NamedIntervals, ...] = (),
    **limits: Any,
) -> Examination:
    sent = [limits.pop(name, notified(email=default)) for name, default in NOTIFIED.items()]
    receivers = tuple(Receiver(name=name, ways=ways) for name, ways in RECEIVERS.items())
    status = Status(
        route=tree, receivers=receivers, cluster="ready", peers=1, started=started, clock=Clock(NOW),
        intervals=intervals,
    )  # fmt: skip
    examine = examination()
    given = {"labels": {"system": "shop"}, "routes": routes or {}, "delivery": known is not None, **limits}
    check_routing(status, Listing(alerts, as_of=NOW), known, dropped, *sent, RoutingLimits(**given), examine)
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


ALWAYS = NamedIntervals(name="always", intervals=(Interval(),))
# NOW is a Monday, 09:00 UTC.
MORNINGS = NamedIntervals(name="mornings", intervals=(Interval(times=((480, 720),)),))
WEEKEND = NamedIntervals(name="weekend", intervals=(Interval(weekdays=((6, 6), (0, 0))),))
HALVES = NamedIntervals(
    name="halves", intervals=(Interval(times=((0, 720),)), Interval(times=((720, 1440),)))
)  # fmt: skip


def silenced(**route_says: tuple[str, ...]) -> Examination:
    tree = route("default", "", route("pager", 'severity="critical"', **route_says))
    return examined(tree, routes={"critical": ("pagerduty",)}, intervals=(ALWAYS, MORNINGS, WEEKEND, HALVES))


@pytest.mark.parametrize(
    "says",
    [
        {"muting": ("always",)},
        {"muting": ("halves",)},
        {"active": ("mornings",), "muting": ("mornings",)},
        {"active": ("weekend",), "muting": ("always",)},
    ],
)
def test_a_route_that_is_silent_at_every_moment_fails(says: dict[str, tuple[str, ...]]) -> None:
    finding = only(silenced(**says))
    assert Outcome.FAIL is finding.outcome
    assert "time intervals silence pager at every moment; missing is pagerduty" in finding.message


def test_a_route_that_is_silent_now_is_noted_with_the_hours() -> None:
    examine = silenced(muting=("mornings",))
    assert not examine.findings
    assert examine.notes[0] == (
        "severity critical: receiver pager is silent now (mornings), until 2026-03-02 12:00 UTC"
    )
    examine = silenced(active=("weekend",))
    assert examine.notes[0] == (
        "severity critical: receiver pager is silent now (outside of weekend), until 2026-03-07 00:00 UTC"
    )


def test_a_route_that_is_silent_at_other_times_is_noted() -> None:
    examine = silenced(muting=("weekend",))
    assert (2, []) == (examine.passed, examine.findings)
    assert examine.notes[0] == "severity critical: receiver pager is silent at times (weekend)"


def test_an_interval_that_is_not_there_is_undecided() -> None:
    assert "weekends is not known" in only(silenced(muting=("weekends",))).message


def test_notifications_that_all_fail_fail() -> None:
    """The only receiver refuses everything, and every route leads to it."""
    finding = only(examined(sent=notified(email=39, slack=0), lost=notified(email=39, slack=0)))
    assert (Outcome.FAIL, "delivery email") == (finding.outcome, str(finding.subject))
    assert "39 of 39 notifications failed in the last 15m, at most 1 % allowed" == finding.message


def test_none_delivered_for_a_day_fails_and_one_that_was_is_enough() -> None:
    finding = only(examined(sent_before=notified(email=5), lost_before=notified(email=5)))
    assert "none of 5 notifications was delivered in the last 1d, and none sent since" == finding.message
    mended = examined(sent_before=notified(email=5), lost_before=notified(email=4))
    assert (2, []) == (mended.passed, mended.findings)


def test_notifications_that_leave_are_compliant() -> None:
    examine = examined(sent=notified(email=200, slack=3), lost=notified(email=1, slack=0))
    assert (3, []) == (examine.passed, examine.findings)
    assert not any("delivered is not shown" in note for note in examine.notes)


def test_failures_that_are_not_recorded_are_undecided() -> None:
    finding = only(examined(sent=notified(email=3), lost=EMPTY))
    assert Outcome.UNKNOWN is finding.outcome
    assert "alertmanager_notifications_failed_total of email is not recorded" in finding.message


@pytest.mark.parametrize(
    "given",
    [
        dict.fromkeys(NOTIFIED, EMPTY),
        {},
        {"sent": Failure("NotConfigured", "targets.prometheus is not set")},
        {"sent": Failure("TimedOut", "late", "prometheus:x")},
    ],
    ids=["no such metric", "none sent", "no prometheus", "no answer"],
)
def test_what_is_not_shown_is_not_claimed(given: dict[str, Any]) -> None:
    examine = examined(**given)
    assert not examine.findings
    assert any(note.startswith("in part: ") and "is not shown" in note for note in examine.notes[1:])


def test_a_delivery_that_the_row_is_about_is_undecided_without_an_answer() -> None:
    known = KnownAlertmanagers(active=("a:9093",))
    examine = examined(known=known, dropped=instant(0), sent=Failure("TimedOut", "late", "prometheus:x"))
    assert ["late"] == [finding.message for finding in unknown(examine)]


def test_a_row_without_routes_claims_nothing_of_them() -> None:
    assert "in part: the row names no routes" in examined().notes[0]
    assert not any("routes" in note for note in examined(routes={"critical": ("pagerduty",)}).notes)


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
