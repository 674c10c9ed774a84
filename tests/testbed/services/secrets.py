"""Passwords that the testbed makes up once and keeps in files only its owner reads."""

from __future__ import annotations

import secrets
from pathlib import Path

from tests.testbed import place


def folder() -> Path:
    """Where the credentials lie that the testbed's environments refer to."""
    path = place.state() / "credentials"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def password(name: str) -> str:
    """The named password, made up on first use."""
    file = folder() / f"{name}.password"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(18))
    return file.read_text()
