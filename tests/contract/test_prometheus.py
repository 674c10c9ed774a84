"""Prometheus keeps the collector contract."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from opsproof.sources.prometheus.facts import Query
from opsproof.testing.contract import CollectorContract
from opsproof.testing.web import Web


def pages(text: str) -> Mapping[str, bytes]:
    sample = {"metric": {"__name__": "up", "job": text}, "value": [1795000000.0, "1"]}
    answers: Mapping[str, Any] = {
        "/api/v1/query": {"resultType": "vector", "result": [sample]},
        "/api/v1/status/buildinfo": {"version": text},
        "/api/v1/status/config": {"yaml": json.dumps({"global": {"external_labels": {"cluster": text}}})},
    }
    return {
        path: json.dumps({"status": "success", "data": data, "warnings": None}).encode()
        for path, data in answers.items()
    }


class TestPrometheus(CollectorContract):
    kind = "prometheus"
    ask = Query(target="prometheus:test", query="up")
    spoken = Web(pages)

    def settings(self, port: int, secret: str) -> dict[str, Any]:
        return {"url": f"http://127.0.0.1:{port}", "username": "opsproof", "password": {"file": secret}}
