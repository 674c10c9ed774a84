"""Probed URLs keep the collector contract: what a server answers is a fact, whatever it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from opsproof.model.ask import Ask
from opsproof.model.failure import Failure
from opsproof.sources.http.facts import EndpointOf
from opsproof.testing.contract import CollectorContract
from opsproof.testing.spoken import right
from opsproof.testing.web import Web

_HOST = "probed.example.org"
_FACTS = right("facts")


def pages(text: str) -> Mapping[str, bytes]:
    document = {"status": "ok", "name": text, "components": {text: {"status": text}, "db": {"status": "up"}}}
    return {"/health": json.dumps(document).encode()}


class TestEndpoint(CollectorContract):
    kind = "http"
    spoken = Web(pages)
    ask: ClassVar[Ask] = EndpointOf(target="http:test", url=f"http://{_HOST}/health", probes=1, spacing=0)
    tells_clock = True
    tells_identity = False  # many hosts: only a declared certificate is looked at
    right = {
        **dict.fromkeys(
            (
                "401",
                "403",
                "404",
                "405",
                "500",
                "502",
                "204",
                "429 once",
                "a redirect",
                "a redirect to itself",
            ),
            _FACTS,
        ),
        **dict.fromkeys(("503 and come back in an hour", "429 and come back in an hour"), _FACTS),
        **dict.fromkeys(("HTML with 200", "an empty body", "null", "an empty list", "a text"), _FACTS),
        **dict.fromkeys(("a number", "an object of something else", "deep nesting", "no UTF-8"), _FACTS),
        **dict.fromkeys(("half a document",), _FACTS),
    }

    def settings(self, port: int, secret: str) -> dict[str, Any]:
        return {
            "connect_to": {f"{_HOST}:80": f"127.0.0.1:{port}"},
            "headers": {f"http://{_HOST}": {"X-Token": {"file": secret}}},
        }

    def failure_in(self, facts: Any) -> Failure | None:
        failure: Failure | None = facts.probes[0].failure
        return failure
