"""One ask of one collector against a server that misbehaves, and what came of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from opsproof.environment.kinds import collector_of
from opsproof.model.ask import Ask
from opsproof.model.failure import CollectionError, Failure
from opsproof.model.target import Target, TargetReport
from opsproof.testing.links import RecordingLink
from opsproof.transport.link import Request

# A collector that is not back so many seconds after its deadline hangs.
PATIENCE = 60.0


class Hangs(AssertionError):
    """The collector did not come back, long after the deadline."""


@dataclass
class Attempt:
    """Facts, or a failure; the requests that were recorded, and the server's clock as it was told."""

    facts: Any = None
    failure: Failure | None = None
    requests: list[Request] = field(default_factory=list)
    skew: float | None = None

    @property
    def outcome(self) -> str:
        """`facts`, or the kind of the failure."""
        return "facts" if self.failure is None else self.failure.kind


def tried(target: Target, ask: Ask | None, seconds: float, slots: Any = None) -> Attempt:
    """Ask, or identify without an ask. Whatever is no CollectionError is raised as it is.

    Raises:
        Hangs: no outcome long after the deadline.
    """
    found = Attempt()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            _ask(target, ask, seconds, slots, found)
        except BaseException as error:  # noqa: BLE001
            errors.append(error)  # raised again below, in the test's own thread

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds + PATIENCE)
    if thread.is_alive():
        raise Hangs(f"no outcome {PATIENCE:g} s after the deadline of {seconds:g} s")
    if errors:
        raise errors[0]
    return found


def _ask(target: Target, ask: Ask | None, seconds: float, slots: Any, found: Attempt) -> None:
    link = RecordingLink(target, seconds=seconds, slots=slots)
    found.requests = link.requests
    with _collector(target) as collector:
        try:
            found.facts = collector.identify(link) if ask is None else collector.collect(ask, link)
        except CollectionError as error:
            found.failure = error.as_failure()
    found.skew = link.clock.timestamp() - time.time() if link.clock else None
    if found.failure is None:
        _survives(found.facts, TargetReport if ask is None else ask.answer)


@contextmanager
def _collector(target: Target) -> Iterator[Any]:
    made = collector_of(target.kind)(target)
    try:
        yield made
    finally:
        made.close()


def _survives(facts: Any, form: Any) -> None:
    """A replay reads what a live run wrote: the same facts must come of it."""
    encoded = msgspec.json.encode(facts)
    again = msgspec.json.decode(encoded, type=form)
    assert msgspec.json.encode(again) == encoded, f"a replay would read other facts: {encoded[:300]!r}"
    assert again == facts, "a replay would read facts that are not equal"
