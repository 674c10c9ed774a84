"""`/-/ready`, as Prometheus and Alertmanager answer it."""

from __future__ import annotations

from collections.abc import Mapping

from opsproof.model.failure import BadAnswer, CollectionError, Forbidden, NotFound, Unauthenticated
from opsproof.sources.prometheus.status import Readiness
from opsproof.transport.jsonapi import JsonApi
from opsproof.transport.link import Link

_SHORT = 200
_REFUSALS: Mapping[int, tuple[type[CollectionError], str]] = {
    401: (Unauthenticated, ": wrong credentials"),
    403: (Forbidden, ": the permission is missing"),
    404: (NotFound, ""),
}


def ready(api: JsonApi, link: Link) -> Readiness:
    """The answer of `/-/ready`. 503 is an answer: not ready.

    Raises:
        CollectionError: another status, or 200 with something that is no readiness text.
    """
    response = api.text("/-/ready", link, any_status=True)
    if response.status not in {200, 500, 502, 503}:
        kind, why = _REFUSALS.get(response.status, (BadAnswer, ""))
        raise kind(f"HTTP {response.status} for /-/ready{why}", target=api.target.id)
    text = response.body[:_SHORT].decode("utf-8", "replace").strip().lower()
    if response.status == 200 and not _readiness_text(text, len(response.body)):
        raise BadAnswer("/-/ready: 200 with a page instead of a readiness text", target=api.target.id)
    return Readiness(status=response.status, ready=response.status == 200)


def _readiness_text(text: str, size: int) -> bool:
    return size <= _SHORT and "<" not in text and (text == "ok" or "ready" in text)
