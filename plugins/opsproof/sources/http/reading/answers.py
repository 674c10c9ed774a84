"""Why the answer of a URL is not what a row wants. Text is the server's fault; a failure decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from opsproof.model.failure import Failure
from opsproof.model.words import first_few
from opsproof.sources.http.facts import Probe
from opsproof.sources.http.health import Component, Health
from opsproof.sources.http.words import State

_OURS = {"TooBig", "NotConfigured"}


def unanswered(probe: Probe) -> str | Failure | None:
    """A server that refuses, hangs or shows a bad certificate fails; what never reached it is undecided."""
    failure = probe.failure
    if failure is None or failure.own or failure.kind in _OURS:
        return failure
    return failure.message


def wrong_status(probe: Probe, needed: Sequence[int]) -> str | None:
    """The status found and needed; where a redirect leads."""
    if probe.status in needed:
        return None
    to = f" to {probe.redirect_host}" if probe.redirect_host else ""
    return f"HTTP {probe.status}{to}; needed {' or '.join(map(str, needed))}"


def wrong_page(probe: Probe, expects: Sequence[str], refuses: Sequence[str]) -> str | None:
    """What must be on the page and is not, or is on it and must not be."""
    for text in expects:
        if not probe.shows.get(text, False):
            return f"HTTP {probe.status}, but the page does not show {text!r}"
    for text in refuses:
        if probe.shows.get(text, True):
            return f"HTTP {probe.status}, but the page shows {text!r}"
    return None


def wrong_document(health: Health, status: int, *, known: bool) -> str | Failure | None:
    """What a health document says against its application: its own word, or that of a part.

    A document that is not `known` to be one counts only by its own word, where that is understood.
    """
    if health.overall in {State.DOWN, State.DEGRADED}:
        return f"HTTP {status}, but the document reports {health.overall.value}"
    return _wrong_part(health, status) if known else None


def _wrong_part(health: Health, status: int) -> str | Failure | None:
    """Where the application calls itself well, only parts that are down speak against it."""
    counted = {State.DOWN} if health.overall is State.OK else {State.DOWN, State.DEGRADED}
    parts = [part for part in health.components if part.certain]
    if bad := [part.name for part in parts if part.state in counted]:
        return f"HTTP {status}, but the document reports that {first_few(bad, 3)} is not well"
    if health.overall is State.UNCLEAR or (health.overall is None and any(map(_is_unclear, parts))):
        return Failure("BadAnswer", "the document gives a state that is not known")
    return None


def _is_unclear(part: Component) -> bool:
    return part.state is State.UNCLEAR
