"""One ask's way to its target: deadlines that say whose they are, one byte budget, own waits as own side."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from opsproof.model.failure import TimedOut, TooBig, Unreachable
from opsproof.model.target import Budget, Target
from opsproof.testing.links import Free, target_of
from opsproof.transport import link as module
from opsproof.transport.attempts import spaced
from opsproof.transport.link import Link


def made(run: float = 60.0, slots: Any = None, **budget: Any) -> Link:
    target = target_of("http", budget=Budget(**budget))
    return Link(
        target,
        "ask",
        slots=slots or Free(),
        record=lambda request: None,
        deadline=time.monotonic() + run,
    )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time that passes in sleeps alone."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(module.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


@pytest.mark.parametrize(
    ("run", "own", "budget", "text"),
    [(5.0, True, 30.0, "the run's deadline is over"), (60.0, False, 30.0, "no answer within 30 s")],
)
def test_the_deadline_that_is_over_is_named(
    clock: list[float], run: float, own: bool, budget: float, text: str
) -> None:
    link = made(run, deadline=budget)
    clock[0] += 40
    with pytest.raises(TimedOut, match=text) as late:
        link.remaining()
    assert late.value.own is own


def test_a_pause_ends_with_the_deadline(clock: list[float]) -> None:
    link = made(deadline=2.0)
    with pytest.raises(TimedOut):
        link.pause(3600)
    assert clock[0] == 1002.0


def test_the_byte_budget_is_one_for_all_requests_of_an_ask() -> None:
    link = made(max_bytes=100)
    link.read(60)
    assert link.may_read == 40
    with pytest.raises(TooBig, match="more than 100 bytes"):
        link.read(41)


class Full:
    @contextmanager
    def slot(self, target: Target, deadline: float) -> Iterator[None]:
        raise TimedOut("no free slot")
        yield


def test_the_wait_for_our_own_budget_is_our_side() -> None:
    with pytest.raises(TimedOut) as late, made(slots=Full()).request("GET", "/"):
        raise AssertionError("not entered")
    assert late.value.own


def test_a_server_that_is_late_is_not_our_side() -> None:
    link = made()
    with pytest.raises(TimedOut) as late, link.request("GET", "/"):
        raise TimedOut("no answer in time")
    assert (late.value.own, link.answered) == (False, False)


def test_an_answer_is_known_as_one() -> None:
    link = made()
    with pytest.raises(Unreachable), link.request("GET", "/"):
        raise Unreachable("refused")
    assert not link.answered
    with link.request("GET", "/"):
        pass
    assert link.answered


def test_probes_share_the_time(clock: list[float]) -> None:
    turns = list(spaced(made(deadline=30.0), 3, 5.0, longest=10.0))
    assert [(number, round(within, 2)) for number, within in turns] == [(1, 6.0), (2, 9.0), (3, 10.0)]


def test_a_probe_never_gets_a_time_in_which_a_healthy_server_would_fail(clock: list[float]) -> None:
    """Spacing that does not fit: fewer probes, each with a second or more."""
    turns = list(spaced(made(deadline=30.0), 10, 8.0, longest=10.0))
    assert [number for number, _ in turns] == [1, 2, 3, 4]
    assert min(within for _, within in turns) >= 0.9


def test_a_server_that_takes_its_whole_share_leaves_time_for_the_next(clock: list[float]) -> None:
    made_of = []
    for number, within in spaced(made(deadline=30.0), 3, 1.0, longest=10.0):
        clock[0] += within
        made_of.append(number)
    assert made_of == [1, 2, 3]
    assert clock[0] <= 1030.0


def test_no_probe_is_made_with_the_last_breath_of_a_run(clock: list[float]) -> None:
    with pytest.raises(
        TimedOut, match=r"no probe was made: 0\.1 s are left until the run's deadline"
    ) as late:
        next(iter(spaced(made(0.1), 3, 0.0, longest=10.0)))
    assert late.value.own
