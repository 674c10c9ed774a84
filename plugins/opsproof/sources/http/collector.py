"""Probes URLs, and leaves everything about their certificates to the TLS half."""

from __future__ import annotations

import re
import threading
import time
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests

from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, CollectionError
from opsproof.model.target import Target, TargetReport
from opsproof.sources.http.facts import Endpoint, EndpointOf, Probe
from opsproof.sources.http.handshake import TlsCollector
from opsproof.sources.http.health import health_of
from opsproof.sources.tls.facts import ServedOf
from opsproof.transport import web
from opsproof.transport.attempts import spaced
from opsproof.transport.link import Link

_MAX_BYTES = 4 * 2**20
_LONGEST_PROBE = 10.0
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}")
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")
_HEADLINE = re.compile(rb"<(title|h1)[^>]*>(.{0,200}?)</\1", re.IGNORECASE | re.DOTALL)
_ERROR_WORDS = re.compile(
    rb"\b[45]\d\d\b|\berror\b|not found|unavailable|bad gateway|forbidden|maintenance|timed? ?out"
    rb"|\b(sign|log) ?in\b",
    re.IGNORECASE,
)


class HttpCollector:
    """All URLs of an environment that are probed with the same settings, whatever their hosts."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._tls = TlsCollector(target)
        self._session: requests.Session | None = None
        self._lock = threading.Lock()

    def collect(self, ask: Ask, link: Link) -> Endpoint | Any:
        if isinstance(ask, ServedOf):
            return self._tls.collect(ask, link)
        if not isinstance(ask, EndpointOf):
            raise BadAnswer(f"an HTTP target cannot answer {type(ask).__name__}", target=self.target.id)
        turns = spaced(link, ask.probes, ask.spacing, longest=_LONGEST_PROBE)
        probes = tuple(self._probe(ask.url, link, number, within=within) for number, within in turns)
        return Endpoint(url=ask.url, probes=probes, wanted=ask.probes)

    def identify(self, link: Link) -> TargetReport:
        """Many hosts: only the certificates that the environment declares are looked at."""
        return self._tls.identify(link)

    def close(self) -> None:
        if self._session is not None:
            self._session.close()

    def _probe(self, url: str, link: Link, number: int, *, within: float) -> Probe:
        at, began = datetime.now(timezone.utc), time.monotonic()
        try:
            response = web.get(
                self._client(), url, link, path=shown(url), headers=self._headers(), accept_any_status=True,
                within=within, max_bytes=_MAX_BYTES, attempt=number,
            )  # fmt: skip
        except CollectionError as error:
            took = round(time.monotonic() - began, 4)
            return Probe(at=at, seconds=took, failure=error.as_failure())
        return described(response, url, at, round(time.monotonic() - began, 4))

    def _client(self) -> requests.Session:
        with self._lock:
            if self._session is None:
                settings = self.target.settings
                self._session = web.session(ca=settings.ca, connect_to=settings.connect_to)
            return self._session

    def _headers(self) -> dict[str, str]:
        own = {name: reference.read() for name, reference in self.target.settings.headers.items()}
        # A new connection each time: a listener that is gone must not be hidden by an open one.
        return {"Accept": "*/*", "Connection": "close", **own}


def shown(url: str) -> str:
    """The URL as records show it: without the values of its query."""
    parts = urlsplit(url)
    names = [pair.partition("=")[0] for pair in parts.query.split("&") if pair]
    query = "?" + "&".join(f"{name}=..." for name in names) if names else ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{query}"


def described(response: web.Response, url: str, at: datetime, seconds: float) -> Probe:
    """The facts of an answer; of its body only what kind it is, and the states of a health document."""
    media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    document, is_json = _decoded(response.body)
    is_html = media in {"text/html", "application/xhtml+xml"} or _looks_html(response.body)
    return Probe(
        at=at,
        seconds=seconds,
        status=response.status,
        bytes=len(response.body),
        content_type=media if _MEDIA_TYPE.fullmatch(media) else "",
        is_json=is_json,
        is_html=is_html,
        error_page=is_html and any(_ERROR_WORDS.search(text) for _, text in _HEADLINE.findall(response.body)),
        redirect_host=_redirect_host(response, url),
        health=health_of(document),
    )


def _decoded(body: bytes) -> tuple[object, bool]:
    try:
        return msgspec.json.decode(body), True
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None, False


def _looks_html(body: bytes) -> bool:
    return body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _redirect_host(response: web.Response, url: str) -> str:
    if not 300 <= response.status < 400 or "location" not in response.headers:
        return ""
    try:
        host = urlsplit(response.headers["location"]).hostname or urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return host if _HOST.fullmatch(host) else ""
