"""What an HTTP endpoint answered: a few spaced probes of one URL, never a body."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import msgspec
from pydantic import AfterValidator, Field

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure, NotConfigured
from opsproof.model.subject import Subject
from opsproof.sources.http.health import Health
from opsproof.sources.http.words import PATHS

_SECRET_NAMES = re.compile(
    r"token|secret|passw|api[-_]?key|^key$|sig(nature)?$|auth|credential", re.IGNORECASE
)


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One GET. Either `failure` says why there is no answer, or `status` and the rest describe it."""

    at: datetime
    seconds: float
    failure: Failure | None = None
    status: int = 0
    bytes: int = 0
    content_type: str = ""
    is_json: bool = False
    is_html: bool = False
    redirect_host: str = ""
    health: Health | None = None
    shows: dict[str, bool] = {}  # the texts that the row looks for: whether each stands in the body


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The probes of one URL, in order. Fewer than asked for when time ran out."""

    url: str
    probes: tuple[Probe, ...]
    wanted: int = 1

    @property
    def subject(self) -> Subject:
        return Subject("endpoint", self.url)

    @property
    def names_health(self) -> bool:
        """Whether the path says that a health document is served there."""
        return not PATHS.isdisjoint(urlsplit(self.url).path.lower().split("/"))


class EndpointOf(Ask, frozen=True, kw_only=True, tag="http/endpoint"):
    """GET `url` `probes` times, `spacing` seconds apart; redirects are not followed."""

    url: str
    probes: int = 3
    spacing: float = 1.0
    probing: ClassVar[bool] = True
    answer: ClassVar[Any] = Endpoint


class PageOf(EndpointOf, frozen=True, kw_only=True, tag="http/page"):
    """The same, and whether each of `texts` stands in the body."""

    texts: tuple[str, ...]


def plain_url(url: str) -> str:
    """The URL, when it is http(s) and holds no credentials.

    Raises:
        ValueError: it is not; the message does not repeat it.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("not an http or https URL")
    if (
        parts.username
        or parts.password
        or any(_SECRET_NAMES.search(name) for name, _ in parse_qsl(parts.query))
    ):
        raise ValueError("a URL must hold no credentials; refer to them under `headers` of the target")
    return url


def _template(url: str) -> str:
    return url if "${" in url else plain_url(url)


# A URL in a row's scope; `${name}` in it is filled in from the environment.
Url = Annotated[str, AfterValidator(_template)]

# What must or must not stand on a page, as it is written there.
PageText = Annotated[str, Field(min_length=1, max_length=200)]


class Endpoints(msgspec.Struct, frozen=True):
    """Source: a tuple of `Endpoint | Failed`, one per URL of the limits' field `urls`.

    Also reads `probes` and `spacing` of the limits, and the texts of `expects` and `refuses`.
    """

    field: str = "urls"

    def asks(self, context: Context) -> tuple[Ask, ...]:
        limits: Any = context.limits
        given = getattr(limits, self.field)
        target = context.target("http")
        urls = (_filled(url, context) for url in ([given] if isinstance(given, str) else given))
        asked: dict[str, Any] = {
            "target": target.id,
            "probes": int(limits.probes),
            "spacing": float(limits.spacing),
        }
        texts = tuple(sorted({*getattr(limits, "expects", ()), *getattr(limits, "refuses", ())}))
        found = dict.fromkeys(urls)
        if texts:
            return tuple(PageOf(url=url, texts=texts, **asked) for url in found)
        return tuple(EndpointOf(url=url, **asked) for url in found)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> tuple[Endpoint | Unanswered, ...]:
        return tuple(_endpoint(answer) for answer in answers)


def _filled(url: str, context: Context) -> str:
    try:
        return plain_url(context.fill(url))
    except ValueError as error:
        raise NotConfigured(f"{url}: {error}") from None


class Unanswered(msgspec.Struct, frozen=True):
    """A URL that could not be asked at all: what depends on it is undecided."""

    url: str
    failure: Failure

    @property
    def subject(self) -> Subject:
        return Subject("endpoint", self.url)


def _endpoint(answer: Answer[Any]) -> Endpoint | Unanswered:
    if answer.failure is not None and isinstance(answer.ask, EndpointOf):
        return Unanswered(answer.ask.url, answer.failure)
    endpoint: Endpoint = answer.value()
    return endpoint
