"""Probes URLs, and leaves everything about their certificates to the TLS half."""

from __future__ import annotations

import re
import threading
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests

from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer
from opsproof.model.target import Target, TargetReport
from opsproof.sources.http.facts import Endpoint, EndpointOf, PageOf, Probe
from opsproof.sources.http.handshake import TlsCollector
from opsproof.sources.http.health import Health, health_of, overall_of
from opsproof.sources.tls.facts import ServedOf
from opsproof.transport import web
from opsproof.transport.attempts import attempted, spaced
from opsproof.transport.link import Link
from opsproof.transport.pin import pin_of

_MAX_BYTES = 4 * 2**20
_LONGEST_WORD = 64
_LONGEST_PROBE = 10.0
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}")
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")
_CHARSETS = {"utf-8", "utf-16", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252"}
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_LARGEST_DOCUMENT = 512 * 2**10  # what is larger is looked at for its own state alone


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
        probes = tuple(self._probe(ask, link, number, within=within) for number, within in turns)
        return Endpoint(url=ask.url, probes=probes, wanted=ask.probes)

    def identify(self, link: Link) -> TargetReport:
        """Many hosts: only the certificates that the environment declares are looked at."""
        return self._tls.identify(link)

    def close(self) -> None:
        if self._session is not None:
            self._session.close()

    def _probe(self, ask: EndpointOf, link: Link, number: int, *, within: float) -> Probe:
        url, response = ask.url, None
        with attempted(link) as attempt:
            response = web.get(
                self._client(), url, link, path=shown(url), headers=self._headers(url, link),
                accept_any_status=True, within=within, max_bytes=_MAX_BYTES, attempt=number,
            )  # fmt: skip
        if response is None:
            return Probe(at=attempt.at, seconds=attempt.seconds, failure=attempt.failure)
        texts = ask.texts if isinstance(ask, PageOf) else ()
        return described(response, url, attempt.at, attempt.seconds, texts)

    def _client(self) -> requests.Session:
        with self._lock:
            if self._session is None:
                settings = self.target.settings
                self._session = web.session(ca=settings.ca, connect_to=settings.connect_to, pins=self._pins())
            return self._session

    def _pins(self) -> dict[str, str]:
        """A declared certificate is the one of the only host that `connect_to` names."""
        pin, hosts = pin_of(self.target), list(self.target.settings.connect_to)
        return {hosts[0]: pin} if pin and len(hosts) == 1 else {}

    def _headers(self, url: str, link: Link) -> dict[str, str]:
        belonging = self.target.settings.headers_for(url)
        own = {name: reference.read() for name, reference in belonging.items()}
        link.secret(*own.values())
        # A new connection each time: a listener that is gone must not be hidden by an open one.
        return {"Accept": "*/*", "Connection": "close", **own}


def shown(url: str) -> str:
    """The URL as records show it: without the values of its query."""
    parts = urlsplit(url)
    names = [pair.partition("=")[0] for pair in parts.query.split("&") if pair]
    query = "?" + "&".join(f"{name}=..." for name in names) if names else ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{query}"


def described(
    response: web.Response, url: str, at: datetime, seconds: float, texts: tuple[str, ...] = ()
) -> Probe:
    """The facts of an answer; of its body only what kind it is, the states of a health document, and which of
    the row's texts are on it."""
    content_type = response.headers.get("content-type", "")
    media = content_type.partition(";")[0].strip().lower()
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
        redirect_host=_redirect_host(response, url),
        health=_health(document, response.body),
        shows=_shown(texts, response.body, content_type),
    )


def _decoded(body: bytes) -> tuple[object, bool]:
    """The JSON document, whatever byte order mark stands before it."""
    try:
        marked = body.decode("utf-16") if _charset(body) == "utf-16" else body.removeprefix(_MARKS[0][0])
        return msgspec.json.decode(marked), True
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None, False


def _health(document: object, body: bytes) -> Health | None:
    if document is None:  # the plain word that ASP.NET answers, and many others
        return health_of(body.decode("utf-8", "replace").strip()) if len(body) <= _LONGEST_WORD else None
    return health_of(document) if len(body) <= _LARGEST_DOCUMENT else overall_of(document)


def _shown(texts: tuple[str, ...], body: bytes, content_type: str) -> dict[str, bool]:
    """Which of the texts stand in the body as they are written."""
    if not texts:
        return {}
    declared = content_type.lower().rpartition("charset=")[2].partition(";")[0].strip(" \"'")
    charset = _charset(body) or (declared if declared in _CHARSETS else "utf-8")
    page = body.decode(charset, "replace")
    return {text: text in page for text in texts}


def _charset(body: bytes) -> str:
    """What a byte order mark says of the body."""
    return next((charset for mark, charset in _MARKS if body.startswith(mark)), "")


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
