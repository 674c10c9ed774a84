"""Alertmanager with the routing of the five runbooks; its receivers lead nowhere."""

from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import yaml

from tests.testbed import place, process
from tests.testbed.services.routing import DELIVERY, NOWHERE, configuration, folder

NAME = "alertmanager"


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
    start()


def start() -> None:
    """Start on the present configuration and data."""
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
        value = f"{DELIVERY}/slack" if name == "slack.url" else f"testbed-{name}"
        (folder() / name).write_text(value)
    (folder() / "alertmanager.yml").write_text(yaml.safe_dump(document, sort_keys=False))


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
def firing(since_minutes: float = 10, /, **labels: str) -> Iterator[None]:
    """An alert fires: `firing(alertname="X", severity="critical", system="repo-scanner", ...)`."""
    post(labels, since_minutes=since_minutes)
    try:
        yield
    finally:
        expire(labels)


@contextmanager
def silenced(
    *, author: str = "ops@example.com", comment: str = "planned work", hours: float = 1, **labels: str
) -> Iterator[str]:
    """Alerts with these labels are silenced; gives the silence's id."""
    matchers = [
        {"name": key, "value": value, "isRegex": False, "isEqual": True} for key, value in labels.items()
    ]
    silence = {
        "matchers": matchers,
        "startsAt": _moment(seconds=0),
        "endsAt": _moment(hours=hours),
        "createdBy": author,
        "comment": comment,
    }
    identity: str = call("POST", "silences", silence)["silenceID"]
    try:
        process.await_that(
            "silence", lambda: call("GET", f"silence/{identity}")["status"]["state"] == "active"
        )
        yield identity
    finally:
        call("DELETE", f"silence/{identity}")


@contextmanager
def inhibited(system: str, alertname: str, **labels: str) -> Iterator[None]:
    """An alert of lower level fires but is inhibited by a critical one of the same name."""
    low = {"alertname": alertname, "system": system, "severity": "warning", **labels}
    with firing(10, alertname=alertname, system=system, severity="critical"), firing(10, **low):
        process.await_that("inhibition", lambda: (_held(low) or {})["status"]["inhibitedBy"])
        yield


@contextmanager
def configured(document: dict[str, Any]) -> Iterator[None]:
    """Another configuration, read without an interruption; then the healthy one again."""
    try:
        _reload(document)
        yield
    finally:
        _reload(configuration())


def _reload(document: dict[str, Any]) -> None:
    write(document)
    connection = http.client.HTTPConnection(place.HOST, place.PORTS["alertmanager"], timeout=5)
    try:
        connection.request("POST", "/-/reload")
        answer = connection.getresponse()
        if answer.status != 200:
            raise process.TestbedError(f"Alertmanager: reload: {answer.read()[:300]!r}")
    finally:
        connection.close()
