"""Notifications that get lost between Prometheus and Alertmanager.

Prometheus goes on counting what it dropped, so these belong to groups whose world it forgets at the end.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.elsewhere import everywhere
from tests.faults.scenario import Changes, fail, scenario, unknown
from tests.testbed import process
from tests.testbed.services import alertmanager, faults, monitoring_faults, prometheus, proxy


@scenario(
    "Alertmanager was away for a moment and Prometheus dropped what it had to say", group="alert rules wrong"
)
def dropped() -> Iterator[Changes]:
    """Counted by Prometheus until it starts anew, which the world of this group sees to."""
    alertmanager.down()
    count = "sum(prometheus_notifications_dropped_total)"
    process.await_that(
        "dropped notifications",
        lambda: float(prometheus.api("query", query=count)["result"][0]["value"][1]) > 0,
        within=40,
    )
    alertmanager.start()
    process.await_that("the Watchdog's return", alertmanager.alerts)
    told = {"measured": "[1-9]*", "message": "* notifications dropped in the last 15m, none allowed"}
    yield {"OF-010": fail("critical", "delivery dropped notifications", **told)}


@scenario("Prometheus no longer knows its Alertmanager", group="metrics with a gap")
def cut_off() -> Iterator[Changes]:
    """The alerts end there; whether one runs for hours is told by the start that it reports."""
    long_ago = faults.hostile("uptime", path="/status", text="2026-01-01T00:00:00.000Z")
    with (
        monitoring_faults.alertmanager_unknown(),
        proxy.before("alertmanager", long_ago) as gate,
        everywhere("alertmanager", url=f"http://{gate.address}"),
    ):
        yield nothing_arrives()


def nothing_arrives() -> Changes:
    """Alertmanager holds no Watchdog: routes lead nowhere, and "no alerts" means nothing."""
    absent = {"measured": "absent", "message": "Alertmanager does not hold the alert that always fires*"}
    unproven = {"message": "it always fires, but Alertmanager does not hold it: *"}
    watchdog = "alert Watchdog"
    return {
        "RS-014": fail("high", watchdog, **absent),
        "RS-057": fail("medium", watchdog, **absent),
        "OF-010": fail(
            "critical", watchdog, "delivery active Alertmanagers", "delivery dropped notifications"
        ),
        "OF-046": fail("medium", watchdog, **absent),
        "OF-047": fail("high", watchdog, **absent),
        "EP-042": fail("high", watchdog, **absent),
        "AC-028": fail("high", watchdog, **absent),
        "AC-122": fail("medium", watchdog, **absent),
        "SC-042": fail("critical", watchdog, **absent),
        "SC-141": fail("medium", watchdog, **absent),
        "RS-031": unknown("high", watchdog, **unproven),
        "RS-083": unknown("high", watchdog, **unproven),
        "OF-022": unknown("critical", watchdog, **unproven),
        "AC-004": unknown("high", watchdog, **unproven),
        "AC-100": unknown("high", watchdog, **unproven),
        "SC-081": unknown("high", watchdog, **unproven),
    }
