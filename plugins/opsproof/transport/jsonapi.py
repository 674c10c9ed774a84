"""GET of JSON from a server with a URL: authentication by reference, typed decode, one error tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import requests

from opsproof.model.decoding import decode
from opsproof.model.failure import BadAnswer, Unauthenticated
from opsproof.model.rights import Need
from opsproof.model.target import Target
from opsproof.transport import certificate, web
from opsproof.transport.credentials import Credentials, credentials_of
from opsproof.transport.link import Link
from opsproof.transport.pin import pins_of


class JsonApi:
    """One server. Secrets are read when the first request needs them, and kept nowhere else."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.settings = target.settings
        self.base = str(self.settings.url).rstrip("/")

    @cached_property
    def session(self) -> requests.Session:
        pair = (self.settings.certificate, self.settings.key)
        pins = pins_of(self.target, self.base)
        return web.session(ca=self.settings.ca, certificate=pair if all(pair) else None, pins=pins)

    @cached_property
    def _credentials(self) -> Credentials:
        """Raises NotConfigured for a secret that is not there."""
        return credentials_of(self.settings)

    @property
    def authenticated_as(self) -> str:
        """How we authenticate, without the secret; these servers do not tell whom they see."""
        settings = self.settings
        if settings.username is not None:
            return f"user {settings.username}"
        if settings.token is not None:
            return f"bearer token ({settings.token})"
        if settings.certificate is not None:
            return f"client certificate {settings.certificate.name}"
        return f"headers {', '.join(sorted(settings.headers))}" if settings.headers else "anonymous"

    def certificate(self, link: Link) -> dict[str, str]:
        """The identity by certificate, where the environment declares one. Raises CollectionError."""
        return certificate.declared(self.base, link, ca=self.settings.ca)

    def text(
        self, path: str, link: Link, parameters: Mapping[str, str] | None = None, *, any_status: bool = False,
        accept: frozenset[int] = frozenset(),
    ) -> web.Response:  # fmt: skip
        """The raw answer; the record shows path and parameters as people read them.

        `accept` are statuses whose answers are given back too, when retries are over.
        """
        parameters = parameters or {}
        link.secret(*self._credentials.secrets)
        query = urlencode(parameters, quote_via=quote)
        shown = "&".join(f"{name}={value}" for name, value in parameters.items())
        return web.get(
            self.session,
            f"{self.base}{path}" + (f"?{query}" if query else ""),
            link,
            path=f"{path}?{shown}" if shown else path,
            headers={"Accept": "application/json", **self._credentials.headers},
            accept_any_status=any_status,
            accept=accept,
        )

    def lacks(self, needs: Iterable[Need], link: Link) -> list[Need]:
        """Paths that are refused to us: asked without parameters, so that they cost the server nothing."""
        statuses = {need: self.text(need.on, link, any_status=True).status for need in needs}
        if 401 in statuses.values():
            raise Unauthenticated("HTTP 401: wrong credentials", target=self.target.id)
        return [need for need, status in statuses.items() if status in {403, 404}]

    def json(self, path: str, link: Link, kind: Any, parameters: Mapping[str, str] | None = None) -> Any:
        """The answer as `kind`. Raises CollectionError."""
        return self.decoded(self.text(path, link, parameters).body, kind, path)

    def decoded(self, body: bytes | msgspec.Raw, kind: Any, path: str) -> Any:
        """Typed decode.

        Raises:
            BadAnswer: not JSON, or not of this form; never shows the body itself.
        """
        try:
            return decode(body, kind)
        except msgspec.ValidationError as error:
            raise BadAnswer(f"{path}: unexpected answer ({_reason(error)})", target=self.target.id) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise BadAnswer(f"{path}: the answer is not JSON", target=self.target.id) from None

    def close(self) -> None:
        self.session.close()


def _reason(error: msgspec.ValidationError) -> str:
    """msgspec names types and places, and for some errors the offending value: keep types and places."""
    text = str(error)
    return text if text.startswith(("Expected", "Object missing")) else "wrong form"
