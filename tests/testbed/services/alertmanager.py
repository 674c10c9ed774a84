"""Alertmanager with the routing of the five runbooks; its receivers lead nowhere."""

from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import yaml

from tests.testbed import place, process

NAME = "alertmanager"
NOWHERE = f"http://{place.HOST}:9"
# The label values by which rules and people name the four levels.
SEVERITIES = {"critical": "critical", "high": "high", "medium": "medium|warning", "low": "low|info"}
# Receivers of each system and level: e-mail addresses, Slack channels, and whether a pager rings.
RECEIVERS: dict[str, dict[str, tuple[list[str], list[str], bool]]] = {
    "repo-scanner": {
        "critical": (["ops-oncall@yourcompany.com", "ops-lead@yourcompany.com"], ["#repo-scanner-critical"], True),
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
        "critical": (["oncall@platform.example.com", "security@platform.example.com"], ["#platform-p1"], True),
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
        "high": (["ops-primary@company.com", "ops-team@company.com"], ["#incident-response", "#ops-alerts"], True),
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


def up() -> None:
    if process.running(NAME) is None:
        restart()


def down() -> None:
    process.stop(NAME, within=5.0)


def reset() -> None:
    """Without silences and posted alerts, with the full routing."""
    restart()


def restart(document: dict[str, Any] | None = None) -> None:
    """Start on a fresh data directory, with the given configuration or the healthy one."""
    process.stop(NAME, within=1.0)
    shutil.rmtree(folder(), ignore_errors=True)
    write(document or configuration())
    address = f"{place.HOST}:{place.PORTS['alertmanager']}"
    process.start(
        NAME,
        [
            "prometheus-alertmanager",
            f"--config.file={folder() / 'alertmanager.yml'}",
            f"--storage.path={folder() / 'data'}",
            f"--web.listen-address={address}",
            f"--web.external-url=http://{address}",
            "--cluster.listen-address=",
            "--log.level=warn",
        ],
    )
    process.await_that("Alertmanager", lambda: process.answers("alertmanager", "/-/ready"))


def write(document: dict[str, Any]) -> None:
    """The configuration and the made-up credentials that it names."""
    folder().mkdir(parents=True, exist_ok=True)
    for name in ("slack.url", "pagerduty.key", "smtp.password"):
        value = f"{NOWHERE}/slack" if name == "slack.url" else f"testbed-{name}"
        (folder() / name).write_text(value)
    (folder() / "alertmanager.yml").write_text(yaml.safe_dump(document, sort_keys=False))


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
            "smtp_smarthost": f"{place.HOST}:9",
            "smtp_from": "alertmanager@testbed.example.com",
            "smtp_auth_username": "alertmanager",
            "smtp_auth_password_file": str(folder() / "smtp.password"),
            "smtp_require_tls": False,
            "slack_api_url_file": str(folder() / "slack.url"),
            "pagerduty_url": f"{NOWHERE}/pagerduty",
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


def call(method: str, path: str, body: object = None) -> Any:
    """One request to the v2 API; the decoded answer."""
    connection = http.client.HTTPConnection(place.HOST, place.PORTS["alertmanager"], timeout=5)
    try:
        sent = None if body is None else json.dumps(body)
        connection.request(method, f"/api/v2/{path}", sent, {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise process.TestbedError(f"Alertmanager: {method} {path}: {response.status} {text!r}")
    return json.loads(text) if text else None


def alerts() -> list[dict[str, Any]]:
    """All alerts that Alertmanager holds, with their status (state, silencedBy, inhibitedBy)."""
    found: list[dict[str, Any]] = call("GET", "alerts")
    return found


def _moment(**ahead: float) -> str:
    return (datetime.now(timezone.utc) + timedelta(**ahead)).isoformat()


def post(labels: dict[str, str], *, since_minutes: float = 10, for_minutes: float = 60) -> None:
    """Fire an alert; it began `since_minutes` ago."""
    alert = {
        "labels": labels,
        "annotations": {"summary": labels["alertname"]},
        "startsAt": _moment(minutes=-since_minutes),
        "endsAt": _moment(minutes=for_minutes),
        "generatorURL": f"{NOWHERE}/graph",
    }
    call("POST", "alerts", [alert])
    process.await_that(f"alert {labels['alertname']}", lambda: _held(labels))


def expire(labels: dict[str, str]) -> None:
    """End an alert; Alertmanager lists it no more."""
    call("POST", "alerts", [{"labels": labels, "startsAt": _moment(hours=-2), "endsAt": _moment(seconds=-1)}])
    process.await_that(f"end of alert {labels['alertname']}", lambda: not _held(labels))


def _held(labels: dict[str, str]) -> dict[str, Any] | None:
    return next((alert for alert in alerts() if alert["labels"] == labels), None)


@contextmanager
def firing(since_minutes: float = 10, **labels: str) -> Iterator[None]:
    """An alert fires: `firing(alertname="X", severity="critical", system="repo-scanner", ...)`."""
    post(labels, since_minutes=since_minutes)
    try:
        yield
    finally:
        expire(labels)


@contextmanager
def silenced(*, author: str = "ops@example.com", comment: str = "planned work", hours: float = 1, **labels: str) -> Iterator[str]:
    """Alerts with these labels are silenced; gives the silence's id."""
    matchers = [{"name": key, "value": value, "isRegex": False, "isEqual": True} for key, value in labels.items()]
    silence = {
        "matchers": matchers,
        "startsAt": _moment(seconds=0),
        "endsAt": _moment(hours=hours),
        "createdBy": author,
        "comment": comment,
    }
    identity: str = call("POST", "silences", silence)["silenceID"]
    try:
        process.await_that("silence", lambda: call("GET", f"silence/{identity}")["status"]["state"] == "active")
        yield identity
    finally:
        call("DELETE", f"silence/{identity}")


@contextmanager
def inhibited(system: str, alertname: str, **labels: str) -> Iterator[None]:
    """An alert of lower level fires but is inhibited by a critical one of the same name."""
    low = {"alertname": alertname, "system": system, "severity": "warning", **labels}
    with firing(alertname=alertname, system=system, severity="critical"), firing(**{"alertname": alertname, **low}):
        process.await_that("inhibition", lambda: (_held(low) or {})["status"]["inhibitedBy"])
        yield


@contextmanager
def configured(document: dict[str, Any]) -> Iterator[None]:
    """Another configuration, then the healthy one again (posted alerts are lost both times)."""
    restart(document)
    try:
        yield
    finally:
        restart()


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
            one["routes"] = [sub for sub in one["routes"] if sub["receiver"] != receiver_name(system, level or "")]
    return document
