"""The web sites of the five systems, as data: names, pages, and the certificate that each shows."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Page:
    """What one path answers. `pace`: bytes per second, 0 is unbounded; `size`: padded to that many."""

    body: str
    status: int = 200
    type: str = "application/json"
    location: str = ""
    pace: int = 0
    size: int = 0


@dataclass(frozen=True)
class Site:
    """A virtual host: its name, its pages by path, whether it is served with TLS, and further directives."""

    host: str
    pages: dict[str, Page] = field(default_factory=dict)
    tls: bool = True
    handshake: str = ""

    def with_page(self, path: str, page: Page) -> Site:
        return replace(self, pages={**self.pages, path: page})


def health(*healthy: str, status: str = "healthy", **others: str) -> Page:
    """A health document; dependencies by name, as `health("redis", database="down")`."""
    document: dict[str, object] = {"status": status, "version": "2026.11.1"}
    named = {**dict.fromkeys(healthy, "healthy"), **others}
    if named:
        document["dependencies"] = {name: {"status": state} for name, state in named.items()}
    return Page(json.dumps(document, indent=1))


HTML = Page("<!doctype html><title>Sign in</title><h1>Please sign in</h1>", type="text/html")
ALIVE = health()
SITES = (
    Site(
        "scanner.yourcompany.com",
        {
            "/health": ALIVE,
            "/health/detailed": health("database", "redis", "storage", "github_api"),
            "/api/v1/status": Page(json.dumps({"status": "ok", "queued": 3, "workers": 2})),
        },
    ),
    Site("opsforge.example.com", {"/health": ALIVE, "/health/detailed": health("redis", "worker")}),
    Site("external-api.example.com", {"/health": ALIVE}),
    Site("platform.example.com", {"/health": ALIVE}),
    Site(
        "api.accelerapp.io",
        {"/health": ALIVE, "/health/detailed": health("database", "redis", "model_store", "payment_api")},
    ),
    Site("api.smartcloudops.ai", {"/health": ALIVE}),
    Site(
        "smartcloudops.ai",
        {"/api/health": ALIVE, "/": Page("<!doctype html><title>SmartCloudOps</title>", type="text/html")},
    ),
    Site(
        "status.smartcloudops.ai",
        {"/": Page("<!doctype html><title>Status</title>All systems operational", type="text/html")},
    ),
    Site(
        "docs.smartcloudops.ai", {"/": Page("<!doctype html><title>Documentation</title>", type="text/html")}
    ),
    Site(
        "anomaly-detection-api",
        {"/health": ALIVE, "/health/detailed": health("database", "redis", "model")},
        tls=False,
    ),
    Site("backend", {"/health": ALIVE, "/health/external": health("stripe", "sendgrid", "aws")}, tls=False),
    Site("repo-scanner", {"/health": ALIVE, "/health/detailed": health("database", "redis")}, tls=False),
    Site("api", {"/health": ALIVE, "/health/detailed": health("redis")}, tls=False),
    Site("accelerapp", {"/health": ALIVE, "/health/detailed": health("database", "redis")}, tls=False),
)
