"""botocore's clients on our own connections: they sign and read, and we send.

Nothing comes from the shell: no AWS variables, no profile, no instance role, no proxy, no configured endpoint.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.loaders import create_loader

from opsproof.transport.web import Response

_NOTHING = (None, None, os.devnull, None)
Send = Callable[..., AWSResponse]


def made(service: str, url: str, settings: Any, send: Send, **more: Any) -> Any:
    """A client of one service at that URL; `send` is given each signed request, and gives what was answered.

    Args:
        settings: they hold `region` and the references `access_key`, `secret_key` and `session_token`.
        more: what its Config has besides.

    Raises:
        NotConfigured: keys are not there.
    """
    session = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None), "config_file": _NOTHING, "credentials_file": _NOTHING,
        }
    )  # fmt: skip
    session.register_component("data_loader", _loader())
    client = session.create_client(
        service,
        region_name=settings.region,
        endpoint_url=url,
        aws_access_key_id=settings.access_key.read(),
        aws_secret_access_key=settings.secret_key.read(),
        aws_session_token=settings.session_token.read() if settings.session_token else None,
        config=Config(
            retries={"total_max_attempts": 1, "mode": "standard"},
            ignore_configured_endpoint_urls=True,
            use_dualstack_endpoint=False,
            use_fips_endpoint=False,
            proxies={},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            user_agent="opsproof",
            **more,
        ),
    )
    client.meta.events.register_first("before-send", send)
    return client


def keys_of(settings: Any) -> tuple[str, ...]:
    """The keys as they are used. Raises NotConfigured for those that are not there."""
    kept = (settings.access_key, settings.secret_key, settings.session_token)
    return tuple(one.read() for one in kept if one is not None)


def headers_of(request: Any) -> dict[str, str]:
    """What a signed request sends; nothing on the way may pack the answer."""
    headers = {"Accept-Encoding": "identity"}
    for name, value in request.headers.items():
        headers[str(name)] = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return headers


def answer_of(request: Any, response: Response) -> AWSResponse:
    """What we received, as botocore reads it."""
    return AWSResponse(request.url, response.status, dict(response.headers), _Body(response.body))


@cache
def _loader() -> Any:
    """What describes the APIs to botocore: read once, whatever the number of clients."""
    return create_loader()


class _Body:
    """A body that has been received, as botocore reads one."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, amount: int = 0, **_: Any) -> Iterator[bytes]:
        yield self._body

    def read(self, amount: int | None = None) -> bytes:
        body, self._body = self._body, b""
        return body
