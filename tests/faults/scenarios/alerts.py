"""Alerts that fire, that somebody has taken on, or that say strange things."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.scenario import Changes, fail, passes, scenario
from tests.testbed.services import alertmanager, faults

# That nothing fires is decided only where the Prometheus with the rules answers.
FIRING, HELD = "alerts firing", "metrics missing"
WEEK = 7 * 24 * 60.0
# What Alertmanager takes as a label's value: any text without NUL.
STRANGE = faults.HOSTILE.replace("\x00", "")


@scenario(
    "a critical alert of the scanner fires, and a security alert nobody handled for a week", group=FIRING
)
def unhandled() -> Iterator[Changes]:
    scanner = {"namespace": "repo-scanner", "system": "repo-scanner"}
    old = {**scanner, "category": "security", "severity": "warning"}
    with (
        alertmanager.firing(alertname="ApiDown", severity="critical", **scanner),
        alertmanager.firing(WEEK + 60, alertname="OldLogins", **old),
        alertmanager.firing(WEEK - 60, alertname="NewLogins", **old),
    ):
        yield {
            "RS-031": fail(
                "critical", "alert repo-scanner/ApiDown", measured="1",
                message="firing with severity critical; 1 such alerts, at most 0 allowed",
            ),
            "RS-083": fail("medium", "alert repo-scanner/OldLogins", measured="1"),
        }  # fmt: skip


@scenario("critical alerts fire before a deployment and overnight, one of them about security", group=FIRING)
def critical() -> Iterator[Changes]:
    app = {"namespace": "accelerapp", "severity": "critical"}
    with (
        alertmanager.firing(alertname="QueueStuck", namespace="opsforge", severity="critical"),
        alertmanager.firing(alertname="ApiDown", pod="accelerapp-7d9f8c5b6d-x2x4z", **app),
        alertmanager.firing(alertname="TokenLeaked", category="security", **app),
    ):
        yield {
            "OF-022": fail("critical", "alert opsforge/QueueStuck", measured="1"),
            "AC-004": fail(
                "critical", "alert accelerapp/ApiDown/accelerapp-7d9f8c5b6d-x2x4z", "alert accelerapp/TokenLeaked",
                measured="2",
            ),
            "AC-100": fail("critical", "alert accelerapp/TokenLeaked", measured="1"),
        }  # fmt: skip


@scenario("an alert whose labels try to break out of the report fires", group=FIRING)
def strange() -> Iterator[Changes]:
    labels = {"alertname": "Strange", "namespace": "smartcloudops", "severity": "critical"}
    with alertmanager.firing(instance=STRANGE, **labels):
        yield {"SC-081": fail("critical", "alert smartcloudops/Strange/*script*", measured="1")}


@scenario(
    "critical and security alerts are silenced by a person, or inhibited", group=HELD, situation="ordinary"
)
def held() -> Iterator[Changes]:
    scanner = {"namespace": "repo-scanner", "alertname": "ApiDown", "severity": "critical"}
    security = {"namespace": "repo-scanner", "category": "security"}
    with (
        alertmanager.firing(**scanner),
        alertmanager.silenced(alertname="ApiDown"),
        alertmanager.firing(WEEK + 60, alertname="Logins", system="x", severity="warning", **security),
        alertmanager.firing(alertname="Logins", system="x", severity="critical"),
    ):
        yield {"RS-031": passes(), "RS-083": passes()}
