"""Certificates that hosts show keep the collector contract: a failed handshake is a fact."""

from __future__ import annotations

from typing import Any

from opsproof.model.failure import Failure
from opsproof.sources.tls.facts import ServedOf
from opsproof.testing.contract import CollectorContract
from tests.contract.tls_wire import HOST, Tls


class TestServed(CollectorContract):
    kind = "http"
    spoken = Tls()
    ask = ServedOf(target="http:test", host=HOST, port=443)
    tells_clock = False
    sends_secret = False
    tells_identity = False  # only a declared certificate is looked at

    def settings(self, port: int, secret: str) -> dict[str, Any]:
        return {"connect_to": {f"{HOST}:443": f"127.0.0.1:{port}"}}

    def failure_in(self, facts: Any) -> Failure | None:
        failure: Failure | None = facts.failure
        return failure
