"""Whether an alert would reach the people it is for."""

from __future__ import annotations

from typing import Annotated

from opsproof import HIGH, Count, Duration, Examination, Limits, Listing, Scoped, Subject, Undecided, check
from opsproof.examine.beside import Beside, known
from opsproof.examine.deciding import deciding
from opsproof.model.failure import Failure
from opsproof.model.level import Level
from opsproof.sources.alertmanager.facts import (
    Alert,
    AlertmanagerStatus,
    Alerts,
    Status,
    holding,
    level_named,
    pages,
    reaches,
)
from opsproof.sources.prometheus.facts import PromQL, Samples, number
from opsproof.sources.prometheus.status import AskAlertmanagers, Asking, KnownAlertmanagers

Known = Annotated[KnownAlertmanagers | Failure | None, Beside(Asking(AskAlertmanagers), when="delivery")]
_DROPPED = "sum(increase(prometheus_notifications_dropped_total[${window}]))"
Dropped = Annotated[Samples | Failure | None, Beside(PromQL(_DROPPED, over=""), when="delivery")]


class RoutingLimits(Limits):
    """`routes`: severity label -> ways that must be notified: `pagerduty`, `slack:#ops`, `email:x@y`.

    `labels` are what such an alert carries besides; `watchdog` is the alert that always fires;
    `delivery`: also that Prometheus hands its alerts over, without loss in `window`.
    """

    labels: Scoped[dict[str, str]] = {}
    routes: Scoped[dict[str, tuple[str, ...]]] = {}
    watchdog: Scoped[str] = "Watchdog"
    delivery: Scoped[bool] = True
    window: Duration = Duration(900)
    grace: Duration = Duration(300)


@check("monitoring/alert-routing", title="Alerts of every severity reach the people named for it", level=HIGH)
def check_routing(
    status: AlertmanagerStatus, alerts: Alerts, delivered_to: Known, dropped: Dropped, limits: RoutingLimits,
    examine: Examination,
) -> None:  # fmt: skip
    """An alert that ends in a receiver nobody reads is as good as none."""
    for severity, wanted in limits.routes.items():
        _examine_route(severity, wanted, status, limits, examine)
    if limits.watchdog:
        _examine_watchdog(alerts, status, limits, examine)
    if limits.delivery:
        _examine_delivery(delivered_to, examine)
        _examine_dropped(dropped, limits, examine)


def _examine_route(
    severity: str, wanted: tuple[str, ...], status: Status, limits: RoutingLimits, examine: Examination
) -> None:
    subject = Subject("severity", severity)
    labels = {"alertname": "opsproof", **limits.labels, "severity": severity}
    with deciding(examine, subject):
        ended = status.route.resolve(labels)
        receivers = status.receivers_of(labels)
        ways = status.ways_of(receivers)
        missing = [way for way in wanted if not reaches(way, ways)]
        paging = pages(wanted) or level_named(severity) in {Level.CRITICAL, Level.HIGH}
        told = f"receivers {', '.join(receivers)} notify {', '.join(ways) or 'nobody'}"
        with examine(subject, measured=", ".join(ways) or "nobody", limit=", ".join(wanted) or "somebody"):
            assert not missing, f"{told}; missing is {', '.join(missing)}"
            assert ways, f"{told}; somebody is needed"
            assert not paging or set(receivers) != {status.route.receiver}, (
                f"ends in the default receiver {status.route.receiver}; a paging severity needs its own"
            )
        if any(route.muted for route in ended):
            examine.note(f"severity {severity}: time intervals may hold its notifications back")


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
