"""Probes: what counts for their time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from opsproof.model.failure import Unreachable
from opsproof.model.target import Target
from opsproof.testing.links import RecordingLink, target_of
from opsproof.transport.attempts import attempted


class Clock:
    """A monotonic clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    @contextmanager
    def slot(self, target: Target, deadline: float) -> Iterator[None]:
        """A turn in the load budget that comes after five seconds."""
        self.now += 5
        yield


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "monotonic", made)
    return made


def test_waiting_for_our_own_turn_is_not_the_servers_time(clock: Clock) -> None:
    link = RecordingLink(target_of("redis", host="cache"), slots=clock)
    with attempted(link) as attempt:
        for number in (1, 2):
            with link.request("REDIS", "PING", attempt=number):
                clock.now += 0.2
            clock.now += 3  # a busy machine of ours
    assert attempt.seconds == pytest.approx(0.4)


def test_what_follows_does_not_count(clock: Clock) -> None:
    link = RecordingLink(target_of("redis", host="cache"), slots=clock)
    with attempted(link) as attempt:
        with link.request("REDIS", "PING"):
            clock.now += 0.2
        attempt.took()
        with link.request("REDIS", "INFO"):
            clock.now += 2
    assert attempt.seconds == pytest.approx(0.2)


def test_a_request_that_fails_took_its_time(clock: Clock) -> None:
    link = RecordingLink(target_of("redis", host="cache"), slots=clock)
    with attempted(link) as attempt, link.request("REDIS", "PING"):
        clock.now += 4
        raise Unreachable("no answer", target="redis:cache")
    assert attempt.seconds == pytest.approx(4)
    assert attempt.failure is not None
