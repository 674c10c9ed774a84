"""HTTP GET as collectors need it: one total deadline, a byte budget, retries, no ambient settings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3

from opsproof.model.failure import (
    BadAnswer,
    CollectionError,
    Forbidden,
    NotConfigured,
    NotFound,
    TimedOut,
    TooBig,
    Unauthenticated,
)
from opsproof.model.target import CERTIFICATE
from opsproof.transport.link import Link, Request
from opsproof.transport.memory import JSON, PROTOBUF
from opsproof.transport.watchdog import watchdog
from opsproof.transport.web_connection import Adapter, place, watched_by
from opsproof.transport.web_failure import translated

_CHUNK = 64 * 1024
_BESIDE = 2**20  # bytes of an answer that are no body: headers, and what frames its pieces
_ATTEMPTS = 3


@dataclass(frozen=True)
class Response:
    """Status, headers with lower-case names, and the whole body in bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def date(self) -> datetime | None:
        """The server's clock from its Date header, in UTC."""
        try:
            return parsedate_to_datetime(self.headers["date"]).astimezone(timezone.utc)
        except (KeyError, ValueError, TypeError, OverflowError):
            return None


def session(
    *,
    ca: Path | None = None,
    certificate: tuple[Path, Path] | None = None,
    verify: bool = True,
    connect_to: Mapping[str, str] | None = None,
    pins: Mapping[str, str] | None = None,
) -> requests.Session:
    """A session that ignores proxies, netrc and CA variables of the surrounding shell, and cookies.

    Args:
        ca: a CA bundle in place of the system's.
        certificate: client certificate and key.
        verify: False only where an environment says so by name.
        connect_to: `host:port` -> `host:port` to connect to instead; SNI and Host stay the URL's.
        pins: `host:port` -> SHA-256 of the certificate without which nothing is sent there.

    Raises:
        NotConfigured: one of the files cannot be read.
    """
    for file in (ca, *(certificate or ())):
        if file is not None and not file.is_file():
            raise NotConfigured(f"the file {file} does not exist")
    made = _Session()
    made.pinned = frozenset(pins or {})
    made.trust_env = False
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    made.headers["User-Agent"] = "opsproof"
    made.verify = str(ca) if ca else verify
    made.cert = (str(certificate[0]), str(certificate[1])) if certificate else None
    for scheme in ("https://", "http://"):
        made.mount(scheme, Adapter(connect_to or {}, pins or {}))
    return made


class _Session(requests.Session):
    pinned: frozenset[str] = frozenset()

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: even unfollowed, requests would parse the place and read the whole body first."""


def get(
    client: requests.Session, url: str, link: Link, *, path: str, headers: Mapping[str, str] | None = None,
    accept_any_status: bool = False, accept: frozenset[int] = frozenset(), within: float | None = None,
    max_bytes: int | None = None, attempt: int = 1, content: bytes | None = None,
) -> Response:  # fmt: skip
    """GET with retries on 429 and 503 (Retry-After honoured) inside the ask's deadline.

    Args:
        path: what `requests.jsonl` shows; must hold no secret.
        accept_any_status: give 4xx and 5xx back instead of retrying and raising.
        accept: statuses to give back; others are retried or raised as usual.
        within: seconds for one attempt, when less than the ask has left.
        max_bytes: the largest body, when less than the ask may still read.
        attempt: the number of the first attempt, for spaced probes.
        content: JSON to POST in place of a GET: a question that changes nothing.

    Raises:
        CollectionError: the leaf that names what went wrong.
    """
    bounds = _Bounds(within, max_bytes or link.budget.max_bytes)
    last = attempt + _ATTEMPTS - 1
    while True:
        with link.request("GET" if content is None else "POST", path, attempt=attempt) as entry:
            response = _once(client, url, link, entry, headers or {}, bounds, content)
        link.clock = response.date or link.clock
        wait = _retry_after(response)
        if wait is None or accept_any_status or attempt >= last:
            break
        if wait > link.remaining():
            raise TimedOut(f"asked to retry after {wait:g} s, past the deadline", target=link.target.id)
        link.pause(wait)
        attempt += 1
    if not accept_any_status and response.status not in accept:
        _raise_for(response, link, path)
    return response


def exchange(
    client: requests.Session, method: str, url: str, link: Link, *, path: str,
    headers: Mapping[str, str], take: Callable[[bytes], None] | None = None, attempt: int = 1,
    content: bytes | None = None,
) -> Response:  # fmt: skip
    """One request that is not repeated, whatever its status.

    Args:
        path: what `requests.jsonl` shows; must hold no secret.
        take: gets the body of a good answer piece by piece, of which nothing is kept.
        content: the body, of questions that are POSTed and change nothing.

    Raises:
        CollectionError: there is no whole answer.
    """
    with link.request(method, path, attempt=attempt) as entry:
        bounds = _Bounds(None, link.budget.max_bytes, take)
        response = _once(client, url, link, entry, headers, bounds, content)
    link.clock = response.date or link.clock
    return response


@dataclass(frozen=True)
class _Bounds:
    within: float | None
    max_bytes: int
    take: Callable[[bytes], None] | None = None

    def seconds(self, link: Link) -> float:
        left = link.remaining()
        return left if self.within is None else min(left, self.within)


def _once(
    client: requests.Session, url: str, link: Link, entry: Request, headers: Mapping[str, str],
    bounds: _Bounds, content: bytes | None,
) -> Response:  # fmt: skip
    seconds = bounds.seconds(link)
    wire = _Wire(bounds.max_bytes + _BESIDE, link, held=bounds.take is None)
    with watchdog(seconds) as dog, watched_by(dog, wire.received):
        late = TimedOut("no complete answer in time", target=link.target.id)
        try:
            response = _exchange(client, url, link, entry, headers, bounds, seconds, content)
            if dog.bitten:  # cut off, which may look like an end
                raise late
            if isinstance(client, _Session) and _place(url) in client.pinned:
                link.proven.add(CERTIFICATE)
            return response
        except CollectionError as error:
            failure = late if dog.bitten else error
            entry.status = failure.as_failure().kind
            raise failure from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            failure = late if dog.bitten else translated(error, link.target.id)
            entry.status = failure.as_failure().kind
            raise failure from None


class _Wire:
    """What came of one answer, as it was sent."""

    def __init__(self, most: int, link: Link, *, held: bool) -> None:
        self._most = most
        self._link = link
        self._held = held
        self._count = 0

    def received(self, count: int) -> None:
        """Raises TooBig."""
        self._count += count
        if self._count > self._most:
            raise TooBig(f"more than {self._most} bytes", target=self._link.target.id)
        if self._held:
            self._link.hold(self._count, count)


def _place(url: str) -> str:
    parts = urlsplit(url)
    return place(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))


def _exchange(
    client: requests.Session, url: str, link: Link, entry: Request, headers: Mapping[str, str],
    bounds: _Bounds, seconds: float, content: bytes | None,
) -> Response:  # fmt: skip
    with client.request(
        entry.method, url, data=content, headers=dict(headers), timeout=(min(5.0, seconds), seconds),
        stream=True, allow_redirects=False,
    ) as answer:  # fmt: skip
        entry.status = answer.status_code
        _require_one_encoding(answer, link)
        if bounds.take is not None and answer.status_code in {200, 206}:
            entry.bytes, entry.digest = _streamed(answer, link, bounds.take)
            return Response(answer.status_code, _lower(answer), b"")
        body = _read(answer, link, bounds.max_bytes)
        if not body and entry.method != "HEAD" and _unframed(answer):
            raise BadAnswer("the answer is truncated or damaged", target=link.target.id)
        link.unfold(body, PROTOBUF if "protobuf" in answer.headers.get("content-type", "") else JSON)
        entry.bytes = len(body)
        entry.digest = hashlib.sha256(body).hexdigest()[:32]
        return Response(answer.status_code, _lower(answer), body)


def _lower(answer: requests.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def _streamed(answer: requests.Response, link: Link, take: Callable[[bytes], None]) -> tuple[int, str]:
    """How many bytes were handed on, and their digest. They come as they are stored: nothing is unpacked."""
    count, digest = 0, hashlib.sha256()
    for chunk in answer.raw.stream(_CHUNK, decode_content=False):
        link.passed(len(chunk))
        count += len(chunk)
        digest.update(chunk)
        take(chunk)
        link.remaining()
    return count, digest.hexdigest()[:32]


def _unframed(answer: requests.Response) -> bool:
    """Headers that end with the connection look complete: an answer with a body always says how long it is."""
    framed = {"content-length", "transfer-encoding"} & {name.lower() for name in answer.headers}
    return not framed and answer.status_code not in {204, 304}


def _require_one_encoding(answer: requests.Response, link: Link) -> None:
    """A few bytes that are packed three times fill the memory of the world."""
    named = (part.strip().lower() for part in answer.headers.get("content-encoding", "").split(","))
    if len([name for name in named if name not in {"", "identity"}]) > 1:
        raise BadAnswer("the answer is packed more than once", target=link.target.id)


def _read(answer: requests.Response, link: Link, max_bytes: int) -> bytes:
    """The body, within the byte budget; the watchdog bounds its time, even when it drips."""
    body = BytesIO()  # grows in place, where joined chunks would be there twice
    for chunk in answer.raw.stream(_CHUNK, decode_content=True):
        link.read(len(chunk))
        if body.tell() + len(chunk) > max_bytes:
            raise TooBig(f"more than {max_bytes} bytes", target=link.target.id)
        body.write(chunk)
        link.remaining()
    return body.getvalue()


def _retry_after(response: Response) -> float | None:
    if response.status not in {429, 503}:
        return None
    try:
        return min(60.0, max(0.0, float(response.headers.get("retry-after", "1"))))
    except ValueError:
        return 1.0


def _raise_for(response: Response, link: Link, path: str) -> None:
    where = path.split("?")[0]
    if response.status == 401:
        raise Unauthenticated(f"HTTP 401 for {where}: wrong credentials", target=link.target.id)
    if response.status == 403:
        raise Forbidden(f"HTTP 403 for {where}: the permission is missing", target=link.target.id)
    if response.status == 404:
        raise NotFound(f"HTTP 404 for {where}", target=link.target.id)
    if not 200 <= response.status < 300:
        raise BadAnswer(f"HTTP {response.status} for {where}", target=link.target.id)


__all__ = ["Response", "exchange", "get", "session", "translated"]
