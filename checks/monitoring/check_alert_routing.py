"""Whether an alert would reach the people it is for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Annotated

from pydantic import field_validator

from opsproof import (
    HIGH,
    AtMost,
    Clock,
    Count,
    Duration,
    Examination,
    Limits,
    Listing,
    Percent,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.beside import Beside, known
from opsproof.examine.deciding import deciding
from opsproof.model.failure import Failure
from opsproof.model.level import Level
from opsproof.sources.alertmanager.facts import (
    Alert,
    AlertmanagerStatus,
    Alerts,
    Route,
    Status,
    holding,
    level_named,
    pages,
    reaches,
)
from opsproof.sources.prometheus.facts import PromQL, Samples, number
from opsproof.sources.prometheus.growth import growth
from opsproof.sources.prometheus.reading.matchers import parsed
from opsproof.sources.prometheus.status import AskAlertmanagers, Asking, KnownAlertmanagers

_HALF = 0.5  # of a notification: growth is interpolated

Known = Annotated[KnownAlertmanagers | Failure | None, Beside(Asking(AskAlertmanagers), when="delivery")]
_DROPPED = growth("prometheus_notifications_dropped_total")
Dropped = Annotated[Samples | Failure | None, Beside(PromQL(_DROPPED, over=""), when="delivery")]


def _sent(metric: str, window: str) -> PromQL:
    return PromQL(growth(f"{metric}{{${{sender}}}}", "by (integration)", window), over="")


_TOTAL, _LOST = "alertmanager_notifications_total", "alertmanager_notifications_failed_total"
Sent = Annotated[Samples | Failure, Beside(_sent(_TOTAL, "${window}"))]
Lost = Annotated[Samples | Failure, Beside(_sent(_LOST, "${window}"))]
SentBefore = Annotated[Samples | Failure, Beside(_sent(_TOTAL, "${before}"))]
LostBefore = Annotated[Samples | Failure, Beside(_sent(_LOST, "${before}"))]


class RoutingLimits(Limits):
    """`routes`: severity label -> ways that must be notified: `pagerduty`, `slack:#ops`, `email:x@y`.

    `labels` are what such an alert carries besides; `watchdog` is the alert that always fires;
    `delivery`: also that Prometheus hands its alerts over, without loss in `window`. Of the notifications
    that Alertmanager sent in `window`, `lost` may have failed; where it sent none, not all of `before` may.
    `sender`: matchers of this Alertmanager's own metrics, where Prometheus scrapes several.
    """

    labels: Scoped[dict[str, str]] = {}
    routes: Scoped[dict[str, tuple[str, ...]]] = {}
    watchdog: Scoped[str] = "Watchdog"
    delivery: Scoped[bool] = True
    sender: Scoped[str] = ""
    window: Duration = Duration(900)
    before: Duration = Duration(86400)
    lost: AtMost[Percent] = AtMost.parse("1%", Percent)
    grace: Duration = Duration(300)

    @field_validator("sender")
    @classmethod
    def _are_matchers(cls, given: str) -> str:
        parsed(given)
        return given


@check(
    "monitoring/alert-routing",
    title="Alerts arrive and end where the runbook says, and no notification is known to be lost",
    level=HIGH,
)
def check_routing(
    status: AlertmanagerStatus, alerts: Alerts, delivered_to: Known, dropped: Dropped, sent: Sent, lost: Lost,
    sent_before: SentBefore, lost_before: LostBefore, limits: RoutingLimits, examine: Examination,
) -> None:  # fmt: skip
    """An alert that ends in a receiver nobody reads is as good as none."""
    for severity, wanted in limits.routes.items():
        _examine_route(severity, wanted, status, limits, examine)
    if not limits.routes:
        examine.note("in part: the row names no routes; that alerts end with the right people is not shown")
    if limits.watchdog:
        _examine_watchdog(alerts, status, limits, examine)
    if limits.delivery:
        _examine_delivery(delivered_to, examine)
        _examine_dropped(dropped, limits, examine)
    _examine_sent((sent, lost), (sent_before, lost_before), limits, examine)


def _examine_route(
    severity: str, wanted: tuple[str, ...], status: Status, limits: RoutingLimits, examine: Examination
) -> None:
    subject = Subject("severity", severity)
    labels = {"alertname": "opsproof", **limits.labels, "severity": severity}
    with deciding(examine, subject):
        ended = status.route.resolve(labels)
        never = [route for route in ended if _speaks_from(route, status, severity, examine) is None]
        receivers = tuple(dict.fromkeys(route.receiver for route in ended if route not in never))
        ways = status.ways_of(receivers)
        missing = [way for way in wanted if not reaches(way, ways)]
        paging = pages(wanted) or level_named(severity) in {Level.CRITICAL, Level.HIGH}
        told = f"receivers {', '.join(receivers)} notify {', '.join(ways) or 'nobody'}"
        if never:
            told += f"; time intervals silence {', '.join(one.receiver for one in never)} at every moment"
        with examine(subject, measured=", ".join(ways) or "nobody", limit=", ".join(wanted) or "somebody"):
            assert not missing, f"{told}; missing is {', '.join(missing)}"
            assert ways, f"{told}; somebody is needed"
            assert not paging or set(receivers) != {status.route.receiver}, (
                f"ends in the default receiver {status.route.receiver}; a paging severity needs its own"
            )


def _speaks_from(route: Route, status: Status, severity: str, examine: Examination) -> datetime | None:
    """When the route notifies next; a silence of now is noted with its end, every other by its name."""
    if not (route.muting or route.active):
        return datetime.min
    now = (status.clock or Clock(datetime.now(timezone.utc))).as_of
    opens = status.speaks_from(route, now)
    named = ", ".join((*route.muting, *(f"outside of {one}" for one in route.active)))
    if opens is not None and opens > now:
        examine.note(
            f"severity {severity}: receiver {route.receiver} is silent now ({named}), until {opens:%Y-%m-%d %H:%M} UTC"
        )
    elif opens is not None:
        examine.note(f"severity {severity}: receiver {route.receiver} is silent at times ({named})")
    return opens


def _examine_watchdog(
    alerts: Listing[Alert], status: Status, limits: RoutingLimits, examine: Examination
) -> None:
    found = holding(alerts, limits.watchdog)
    with examine(
        Subject("alert", limits.watchdog), measured=found.state if found else "absent", limit="active",
        since=status.moment(status.started, "start of Alertmanager"), grace=limits.grace,
    ):  # fmt: skip
        assert found is not None, (
            "Alertmanager does not hold the alert that always fires: alerts do not arrive"
        )


def _examine_delivery(found: KnownAlertmanagers | Failure | None, examine: Examination) -> None:
    subject = Subject("delivery", "active Alertmanagers")
    with deciding(examine, subject):
        active = known(found).active
        with examine(subject, measured=Count(len(active)), limit="at least 1"):
            assert active, "Prometheus knows no active Alertmanager; 1 needed"


def _examine_dropped(found: Samples | Failure | None, limits: RoutingLimits, examine: Examination) -> None:
    subject = Subject("delivery", "dropped notifications")
    with deciding(examine, subject):
        lost = known(found).single()
        if lost is None:
            raise Undecided(
                "Prometheus does not scrape itself: its count of dropped notifications is not recorded"
            )
        with examine(subject, measured=Count(round(number(lost))), limit="0"):
            assert lost <= 0, f"{lost:.0f} notifications dropped in the last {limits.window}, none allowed"


Counted = tuple[Samples | Failure, Samples | Failure]


def _examine_sent(recent: Counted, before: Counted, limits: RoutingLimits, examine: Examination) -> None:
    """Judge each integration by what it sent of late, or else by whether it delivered anything before."""
    subject = Subject("delivery", "notifications")
    missing = [one for one in (*recent, *before) if isinstance(one, Failure)]
    if missing and (missing[0].kind == "NotConfigured" or not limits.delivery):
        examine.note(f"in part: that notifications are delivered is not shown: {missing[0].message}")
        return
    with deciding(examine, subject):
        sent, lost = _by_integration(recent[0]), _by_integration(recent[1])
        older, older_lost = _by_integration(before[0]), _by_integration(before[1])
        if not sent and not older:
            examine.note(f"in part: that notifications are delivered is not shown: no {_TOTAL} is recorded")
            return
        used = [name for name in sorted({*sent, *older}) if sent.get(name) or older.get(name)]
        if not used:
            examine.note(f"in part: none was sent in the last {limits.before}: delivery is not shown")
        for name in used:
            if sent.get(name):
                _examine_integration(name, sent[name], lost, limits, examine)
            else:
                _examine_older(name, older[name], older_lost, limits, examine)


def _examine_integration(
    name: str, sent: float, lost: Mapping[str, float], limits: RoutingLimits, examine: Examination
) -> None:
    subject = Subject("delivery", name)
    with deciding(examine, subject):
        failed = _failed(name, lost)
        share = Percent(min(1.0, failed / sent))
        with examine(subject) as it:
            told = f"{failed:.0f} of {sent:.0f} notifications failed in the last {limits.window}"
            it.holds(limits.lost, share, f"{told}, {limits.lost} allowed")


def _examine_older(
    name: str, sent: float, lost: Mapping[str, float], limits: RoutingLimits, examine: Examination
) -> None:
    subject = Subject("delivery", name)
    with deciding(examine, subject):
        delivered = sent - _failed(name, lost)
        with examine(subject, measured=Count(round(max(0.0, delivered))), limit="1 delivered"):
            assert delivered >= _HALF, (
                f"none of {sent:.0f} notifications was delivered in the last {limits.before}, and none sent since"
            )


def _failed(name: str, lost: Mapping[str, float]) -> float:
    if name not in lost:
        raise Undecided(f"{_LOST} of {name} is not recorded: nothing shows that its notifications arrive")
    return lost[name]


def _by_integration(found: Samples | Failure) -> dict[str, float]:
    samples: Samples = known(found)
    return {one.label("integration"): number(one.value) for one in samples}
