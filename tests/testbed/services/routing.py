"""How Alertmanager routes the five runbooks' alerts, as a document that a test may change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.testbed import place

NOWHERE = f"http://{place.HOST}:9"
# The exporter takes what is delivered: a healthy testbed's alerts arrive.
DELIVERY = f"http://{place.HOST}:{place.PORTS['exporter']}/deliver"
# The label values by which rules and people name the four levels.
SEVERITIES = {"critical": "critical", "high": "high", "medium": "medium|warning", "low": "low|info"}
# Receivers of each system and level: e-mail addresses, Slack channels, and whether a pager rings.
RECEIVERS: dict[str, dict[str, tuple[list[str], list[str], bool]]] = {
    "repo-scanner": {
        "critical": (
            ["ops-oncall@yourcompany.com", "ops-lead@yourcompany.com"],
            ["#repo-scanner-critical"],
            True,
        ),
        "high": (["ops-oncall@yourcompany.com", "ops-lead@yourcompany.com"], ["#repo-scanner-high"], True),
        "medium": (["dev-team@yourcompany.com"], ["#repo-scanner-alerts"], False),
        "low": (["dev-team@yourcompany.com"], [], False),
    },
    "opsforge": {
        "critical": (["sre@opsforge.example.com", "management@opsforge.example.com"], ["#sre"], True),
        "high": (["sre@opsforge.example.com"], ["#sre"], True),
        "medium": (["service-team@opsforge.example.com"], ["#opsforge-service"], False),
        "low": (["service-team@opsforge.example.com"], ["#opsforge-service"], False),
    },
    "enterprise-platform": {
        "critical": (
            ["oncall@platform.example.com", "security@platform.example.com"],
            ["#platform-p1"],
            True,
        ),
        "high": (["oncall@platform.example.com"], ["#platform-p2"], True),
        "medium": (["platform@platform.example.com"], ["#platform-p3"], False),
        "low": (["platform@platform.example.com"], [], False),
    },
    "accelerapp": {
        "critical": (["ops-lead@company.com"], ["#accelerapp-incidents", "#accelerapp-ops"], True),
        "high": (["ops-lead@company.com"], ["#accelerapp-incidents", "#accelerapp-ops"], True),
        "medium": ([], ["#accelerapp-ops"], False),
        "low": ([], ["#accelerapp-ops", "#accelerapp-deploys"], False),
    },
    "smartcloudops": {
        "critical": (
            ["ops-primary@company.com", "engineering-manager@company.com", "ops-team@company.com"],
            ["#incident-response", "#ops-alerts"],
            True,
        ),
        "high": (
            ["ops-primary@company.com", "ops-team@company.com"],
            ["#incident-response", "#ops-alerts"],
            True,
        ),
        "medium": (["ops-team@company.com"], ["#ops-alerts"], False),
        "low": (["ops-team@company.com"], [], False),
    },
}
SHORT = {
    "repo-scanner": "rs",
    "opsforge": "of",
    "enterprise-platform": "ep",
    "accelerapp": "ac",
    "smartcloudops": "sc",
}


def folder() -> Path:
    return place.state() / "alertmanager"


def configuration() -> dict[str, Any]:
    """The healthy configuration as a document that a test may change and pass to `restart`."""
    routes = [_system_route(system) for system in RECEIVERS]
    receivers = [
        _receiver(receiver_name(system, level), *ways)
        for system, levels in RECEIVERS.items()
        for level, ways in levels.items()
    ]
    return {
        "global": {
            "smtp_smarthost": f"{place.HOST}:{place.PORTS['smtp']}",
            "smtp_from": "alertmanager@testbed.example.com",
            "smtp_auth_username": "alertmanager",
            "smtp_auth_password_file": str(folder() / "smtp.password"),
            "smtp_require_tls": False,
            "slack_api_url_file": str(folder() / "slack.url"),
            "pagerduty_url": f"{DELIVERY}/pagerduty",
        },
        "route": {
            "receiver": "unrouted",
            "group_by": ["alertname", "system"],
            "group_wait": "1s",
            "group_interval": "5m",
            "repeat_interval": "4h",
            "routes": [{"receiver": "watchdog", "matchers": ['alertname="Watchdog"']}, *routes],
        },
        "receivers": [{"name": "unrouted"}, {"name": "watchdog"}, *receivers],
        "inhibit_rules": [
            {
                "source_matchers": ['severity="critical"'],
                "target_matchers": ['severity=~"high|medium|warning|low|info"'],
                "equal": ["system", "alertname"],
            }
        ],
    }


def receiver_name(system: str, level: str) -> str:
    return f"{SHORT[system]}-{level}"


def _system_route(system: str) -> dict[str, Any]:
    levels = [
        {"receiver": receiver_name(system, level), "matchers": [f'severity=~"{values}"']}
        for level, values in SEVERITIES.items()
    ]
    return {"receiver": receiver_name(system, "medium"), "matchers": [f'system="{system}"'], "routes": levels}


def _receiver(name: str, mails: list[str], channels: list[str], pages: bool) -> dict[str, Any]:
    receiver: dict[str, Any] = {"name": name}
    if mails:
        receiver["email_configs"] = [{"to": address} for address in mails]
    if channels:
        receiver["slack_configs"] = [{"channel": channel} for channel in channels]
    if pages:
        receiver["pagerduty_configs"] = [{"routing_key_file": str(folder() / "pagerduty.key")}]
    return receiver


def without_receiver_way(system: str, level: str, way: str) -> dict[str, Any]:
    """The healthy configuration, but one receiver lacks `email`, `slack` or `pagerduty`."""
    document = configuration()
    for receiver in document["receivers"]:
        if receiver["name"] == receiver_name(system, level):
            receiver.pop(f"{way}_configs", None)
    return document


def without_route(system: str, level: str | None = None) -> dict[str, Any]:
    """The healthy configuration without a system's route, or without one level of it."""
    document = configuration()
    routes = document["route"]["routes"]
    if level is None:
        routes[:] = [one for one in routes if one["matchers"] != [f'system="{system}"']]
    for one in routes:
        if one["matchers"] == [f'system="{system}"']:
            one["routes"] = [
                sub for sub in one["routes"] if sub["receiver"] != receiver_name(system, level or "")
            ]
    return document
