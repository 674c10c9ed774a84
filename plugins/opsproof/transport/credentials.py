"""What authenticates us at a web server: headers, and every secret in them by itself, for the redactor."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Credentials:
    """Headers, and what of them is secret in any form."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


def credentials_of(settings: Any) -> Credentials:
    """Of settings with `headers`, `token`, `username`, `password` and `key`, resolved now.

    Raises:
        NotConfigured: a secret is not there.
    """
    headers = {name: reference.read() for name, reference in settings.headers.items()}
    secrets = [*headers.values()]
    if settings.token is not None:
        token = settings.token.read()
        headers["Authorization"] = f"Bearer {token}"
        secrets.append(token)
    elif settings.username is not None:
        password = settings.password.read() if settings.password is not None else ""
        pair = f"{settings.username}:{password}"
        encoded = base64.b64encode(pair.encode()).decode()
        headers["Authorization"] = f"Basic {encoded}"
        secrets += [password, pair, encoded]
    if settings.key is not None:
        secrets.append(_content(settings.key))
    return Credentials(headers, tuple(secrets))


def _content(path: Any) -> str:
    try:
        return str(path.read_text("utf-8", errors="replace"))
    except OSError:
        return ""  # a key that cannot be read is told where it is needed
