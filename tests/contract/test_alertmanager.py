"""Alertmanager keeps the collector contract."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from opsproof.sources.alertmanager.facts import AskAlerts
from opsproof.testing.contract import CollectorContract
from opsproof.testing.web import Web


def pages(text: str) -> Mapping[str, bytes]:
    alert = {
        "labels": {"alertname": text, "severity": "critical"},
        "annotations": {"summary": text},
        "startsAt": "2026-11-21T10:00:00.000Z",
        "status": {"state": "active", "silencedBy": [text], "inhibitedBy": []},
    }
    configuration = json.dumps({"route": {"receiver": text}, "receivers": [{"name": text}]})
    status = {
        "cluster": {"status": text, "peers": []},
        "config": {"original": configuration},
        "uptime": "2026-11-21T09:00:00.000Z",
        "versionInfo": {"version": text},
    }
    return {"/api/v2/alerts": json.dumps([alert]).encode(), "/api/v2/status": json.dumps(status).encode()}


class TestAlertmanager(CollectorContract):
    kind = "alertmanager"
    ask = AskAlerts(target="alertmanager:test")
    spoken = Web(pages)
    # No alert is a good answer.
    right = {"an empty list": frozenset({"facts"})}

    def settings(self, port: int, secret: str) -> dict[str, Any]:
        return {"url": f"http://127.0.0.1:{port}", "token": {"file": secret}}
