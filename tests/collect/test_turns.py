"""A target that hangs holds up nobody else, and is given up after a few asks without answer."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from opsproof.collect.breaker import AFTER
from opsproof.collect.collection import Collection
from opsproof.collect.turns import Turns, serve
from opsproof.model.ask import Ask, Identify
from opsproof.model.failure import BadAnswer, Failure, TimedOut
from opsproof.model.target import Target
from opsproof.testing.links import target_of
from opsproof.transport.link import Link
from tests.collect import toy

PATIENCE = 120.0  # seconds until a test that waits for ever is a failure


def named(name: str) -> Target:
    return replace(target_of("http"), id=name)


def asks(target: Target, count: int) -> list[Ask]:
    return [toy.Words(target=target.id, word=f"{number}") for number in range(count)]


def test_quick_targets_are_served_while_another_hangs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """24 quick asks beside 96 asks of a target that never answers: all of them, before any of those has ended."""
    hanging, quick = named("hanging"), named("quick")
    over, served = threading.Event(), threading.Semaphore(0)
    under_way: Counter[str] = Counter()

    def answering(ask: Ask, link: Link) -> Any:
        under_way[ask.target] += 1
        if ask.target == "hanging":
            assert over.wait(PATIENCE)
        else:
            served.release()
        return []

    toy.install(monkeypatch, answering)
    asked = toy.collection(tmp_path, hanging, quick)
    gathering = threading.Thread(target=asked.gather, args=([*asks(hanging, 96), *asks(quick, 24)],))
    gathering.start()
    try:
        assert all(served.acquire(timeout=PATIENCE) for _ in range(24))
        assert under_way["hanging"] <= 2 * hanging.budget.in_flight
        assert not over.is_set()
    finally:
        over.set()
        gathering.join()
    assert under_way["hanging"] == 96


def test_a_hanging_identity_holds_up_its_own_target_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hanging, quick = named("hanging"), named("quick")
    over, served = threading.Event(), threading.Semaphore(0)
    order: list[str] = []

    def answering(ask: Ask, link: Link) -> Any:
        order.append(ask.target)
        served.release()
        return []

    def identify(link: Link) -> Any:
        assert link.target.id != "hanging" or over.wait(PATIENCE)
        raise BadAnswer("does not tell")

    toy.install(monkeypatch, answering, identify=identify)
    asked = toy.collection(tmp_path, hanging, quick)
    gathering = threading.Thread(target=asked.gather, args=([*asks(hanging, 3), *asks(quick, 3)],))
    gathering.start()
    try:
        assert all(served.acquire(timeout=PATIENCE) for _ in range(3))
        assert order == ["quick"] * 3
    finally:
        over.set()
        gathering.join()
    assert Counter(order) == {"quick": 3, "hanging": 3}


def test_queues_take_turns_and_keep_their_bound() -> None:
    turns = Turns({"a": range(3), "b": range(3)}, {"a": 1, "b": 2})
    taken = [turns.take() for _ in range(2)]
    for name in ("a", "b"):
        turns.done(name)
    taken += [turns.take() for _ in range(3)]
    assert taken == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("b", 2)]


def test_work_that_raises_leaves_no_thread_waiting() -> None:
    def work(number: int) -> None:
        if number == 0:
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        serve(Turns({"a": range(3)}, {"a": 1}), work)


class Silent:
    """Answers nothing in time, until it is told to; counts what reached it."""

    def __init__(self) -> None:
        self.reached = 0
        self.alive = False

    def __call__(self, ask: Ask, link: Link) -> Any:
        with link.request("TOY", "/"):
            self.reached += 1
            if not self.alive:
                raise TimedOut("no answer in time", target=ask.target)
        return []


def failures(asked: Collection, wanted: list[Ask]) -> list[Failure | None]:
    return [asked.answer(ask).failure for ask in wanted]


def test_after_a_few_asks_without_answer_the_rest_fail_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By another process of the run, too: it knows from the run's folder."""
    target, silent = named("silent"), Silent()
    toy.install(monkeypatch, silent)
    wanted = asks(target, 10)
    first, second = (toy.collection(tmp_path, target) for _ in range(2))
    told = failures(first, wanted[:6]) + failures(second, wanted[6:])
    assert silent.reached == AFTER
    assert [one.message for one in told[AFTER:] if one] == ["gave up on it after 3 asks without answer"] * 7
    assert {(one.kind, one.cause, one.own) for one in told if one} == {
        ("TimedOut", "TimedOut: silent", False)
    }


def test_an_answer_in_between_is_no_silence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target, silent = named("silent"), Silent()
    toy.install(monkeypatch, silent)
    asked = toy.collection(tmp_path, target)
    for number, ask in enumerate(asks(target, 9)):
        silent.alive = number % 3 == 2
        asked.answer(ask)
    assert silent.reached == 9


def test_our_own_waits_are_no_silence_of_the_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target = named("busy")

    def waiting(ask: Ask, link: Link) -> Any:
        raise TimedOut("no free slot in the load budget in time", target=ask.target, own=True)

    toy.install(monkeypatch, waiting)
    told = failures(toy.collection(tmp_path, target), asks(target, 6))
    assert {one.message for one in told if one} == {"no free slot in the load budget in time"}


def test_probes_are_made_of_a_target_that_was_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """That nobody answers is what they look for."""

    class Probe(Ask, frozen=True, kw_only=True, tag="test/turns-probe"):
        answer = list[str]
        probing = True

    target, silent = named("silent"), Silent()
    toy.install(monkeypatch, silent)
    asked = toy.collection(tmp_path, target)
    failures(asked, asks(target, 5))
    asked.answer(Probe(target=target.id))
    assert silent.reached == AFTER + 1


def test_an_identity_that_is_never_told_is_asked_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    target = named("quiet")
    asked_who: list[str] = []

    def identify(link: Link) -> Any:
        asked_who.append(link.target.id)
        raise BadAnswer("does not tell")

    toy.install(monkeypatch, lambda ask, link: [], identify=identify)
    asked = toy.collection(tmp_path, target)
    asked.gather(asks(target, 5))
    assert (asked_who, asked.answer(Identify(target="quiet")).failure is not None) == (["quiet"], True)


def test_what_ends_wakes_as_many_as_may_go_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a hundred threads all others would wake in vain; all are woken when nothing is left to wait for."""
    turns, woken = Turns({"a": range(3)}, {"a": 2}), list[int | str]()
    monkeypatch.setattr(turns._changed, "notify", lambda n=1: woken.append(n))
    monkeypatch.setattr(turns._changed, "notify_all", lambda: woken.append("all"))

    for _ in range(3):
        turns.take()
        turns.done("a")

    assert woken == [2, 1, "all", 1]
