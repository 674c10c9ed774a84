"""What authenticates us at a web server: headers, and every secret in them by itself, for the redactor."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from opsproof.model.failure import NotConfigured


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


def belonging(
    url: str, headers: Mapping[str, Mapping[str, str]], *, plain_http: bool = False
) -> dict[str, str]:
    """The headers that go with a request to `url`: those of its own host, over https alone.

    Args:
        headers: by host, or by `host:port` where only that port shall get them.
        plain_http: the environment says that they may go over http, too.

    Raises:
        NotConfigured: they would go over http, and nobody said that they may.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    known = {name.lower(): found for name, found in headers.items()}
    found = {**known.get(host, {}), **known.get(f"{host}:{port}", {})}
    if found and parts.scheme != "https" and not plain_http:
        raise NotConfigured(
            f"headers of {host} would go over plain http; use https, or say plain_http: true", own=True
        )
    return found
