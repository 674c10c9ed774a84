"""How an Alertmanager is reached."""

from __future__ import annotations

from opsproof.environment.settings import WebSettings


class AlertmanagerSettings(WebSettings):
    """An Alertmanager."""
