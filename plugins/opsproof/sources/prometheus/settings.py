"""How a Prometheus is reached."""

from __future__ import annotations

from opsproof.environment.settings import WebSettings
from opsproof.model.target import CERTIFICATE


class PrometheusSettings(WebSettings):
    """A Prometheus server, or one that speaks its API."""

    identities = ("label.<name>", CERTIFICATE)
