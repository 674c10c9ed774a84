"""How the URLs and TLS hosts of an environment are reached."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, model_validator

from opsproof.environment.references import FilePath, SecretRef
from opsproof.environment.settings import Address, TargetSettings, host_of
from opsproof.environment.shape import refuse
from opsproof.model.hosts import ascii_host
from opsproof.model.target import CERTIFICATE

_PLACE = re.compile(r"(?:https?://)?(?:\[[0-9a-fA-F:.]+\]|[^:/\s@?#]+)(?::[0-9]{1,5})?")
_FORM = "write it like headers: {api.example.com: {X-Token: {env: NAME}}}"


def _by_host(given: Any) -> Any:
    """Refuse headers that belong to no host: they would go to every host of every row."""
    if isinstance(given, dict):
        for inside in given.values():
            if isinstance(inside, dict) and inside and set(inside) <= {"env", "file"}:
                refuse("headers belong to hosts", _FORM)
    return given


def _place(given: str) -> str:
    if not _PLACE.fullmatch(given):
        refuse("not a host that headers can belong to", _FORM)
    return given


Place = Annotated[str, AfterValidator(_place)]


class HttpSettings(TargetSettings):
    """How the environment's own URLs and TLS hosts are reached: `connect_to` sends host:port elsewhere.

    `headers` belong to hosts (`api.example.com`, `api.example.com:8443`) and are sent over https alone; where they
    may be sent in the clear, the host says so (`http://backend:5000`).
    """

    addressed_by = ()

    connect_to: dict[Address, Address] = {}
    ca: FilePath | None = None
    headers: Annotated[dict[Place, dict[str, SecretRef]], BeforeValidator(_by_host)] = {}

    @property
    def address(self) -> str:
        return "direct" if not self.connect_to else "connect-to"

    @model_validator(mode="after")
    def _one_host_to_identify(self) -> HttpSettings:
        if CERTIFICATE in self.identity and len(self.connect_to) != 1:
            refuse(f"identity {CERTIFICATE} needs connect_to with exactly one host, whose certificate it is")
        return self

    def headers_for(self, url: str) -> dict[str, SecretRef]:
        """The headers that belong to a URL's host."""
        found: dict[str, SecretRef] = {}
        for place, headers in self.headers.items():
            if _belongs(url, place):
                found |= headers
        return found

    def destination(self, path: tuple[str, ...], url: str) -> str:
        """A header goes to the host that it belongs to, or to where `connect_to` sends that host's requests."""
        if len(path) < 2 or not _belongs(url, path[1]):
            return ""
        host = _plain(host_of(url))
        return next((to for named, to in self.connect_to.items() if _plain(named) == host), host_of(url))


def _plain(place: str) -> str:
    host, _, port = place.rpartition(":")
    return f"{ascii_host(host)}:{port}"


def _belongs(url: str, place: str) -> bool:
    parts = urlsplit(url)
    scheme, host, port = _read(place)
    return (scheme, host) == (parts.scheme, ascii_host(parts.hostname or "")) and port in {
        None,
        parts.port or (443 if parts.scheme == "https" else 80),
    }


def _read(place: str) -> tuple[str, str, int | None]:
    scheme, found, rest = place.rpartition("://")
    parts = urlsplit(f"//{rest}")
    return (scheme if found else "https"), ascii_host(parts.hostname or ""), parts.port
