from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from opsproof.evidence.store import PART, Recorded, Store, in_parts
from opsproof.model.ask import Ask
from opsproof.model.moment import Clock, Clocked

NOW = datetime(2026, 1, 31, tzinfo=timezone.utc)


class Dated(Clocked, frozen=True, kw_only=True):
    number: int = 0


class One(Ask, frozen=True, kw_only=True, tag="test/one"):
    answer: ClassVar[Any] = Dated


class Numbers(Ask, frozen=True, kw_only=True, tag="test/numbers"):
    answer: ClassVar[Any] = list[int]


ASK = Numbers(target="t")


def recorded() -> Recorded:
    return Recorded(
        ask=msgspec.Raw(msgspec.json.encode(ASK)), digest=ASK.digest, target="t", asked=NOW, answered=NOW
    )


@pytest.mark.parametrize("count", [0, 1, PART, PART + 1, 3 * PART, 3 * PART + 7])
def test_a_list_in_parts_is_kept_as_one_and_answers_as_one(tmp_path: Path, count: int) -> None:
    numbers, store = [*range(count)], Store(tmp_path)
    parts = [*in_parts([*numbers])]
    store.publish(recorded(), parts)

    kept = json.loads(gzip.decompress(store.path(ASK.digest).read_bytes()))
    assert (kept["facts"], kept["failure"]) == (numbers, None)
    assert store.answer(ASK, NOW).value() == numbers
    assert store.published(ASK, recorded(), parts).value() == numbers


def test_no_part_holds_more_items_than_memory_is_meant_to() -> None:
    parts = [msgspec.json.decode(part) for part in in_parts([*range(3 * PART + 7)])]
    assert [len(part) for part in parts] == [PART, PART, PART, 7]


@pytest.mark.parametrize("bad", [[7] * PART + ["x"], ["x"]], ids=["in the second part", "in the only part"])
def test_facts_of_another_form_are_named_as_a_replay_names_them(tmp_path: Path, bad: list[Any]) -> None:
    store, parts = Store(tmp_path), [*in_parts([*bad])]
    store.publish(recorded(), parts)

    failure = store.published(ASK, recorded(), parts).failure
    assert failure is not None and f"$[{len(bad) - 1}]" in failure.message
    assert failure == store.answer(ASK, NOW).failure


def test_an_answer_without_facts_is_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.publish(recorded())
    assert json.loads(gzip.decompress(store.path(ASK.digest).read_bytes()))["facts"] is None


def test_an_answer_brings_the_clock_of_its_server(tmp_path: Path) -> None:
    """As it was when the server answered, not when the facts are read; it is told to the facts, not kept in them."""
    store, ask = Store(tmp_path), One(target="t")
    off = msgspec.structs.replace(recorded(), digest=ask.digest, clock=NOW - timedelta(hours=2), skew=-7200.0)
    parts = [*in_parts(Dated(number=1))]
    store.publish(off, parts)

    wanted = Clock(NOW - timedelta(hours=2), "t", -7200.0)
    for answer in (store.answer(ask, NOW + timedelta(days=1)), store.published(ask, off, parts)):
        assert (wanted, wanted) == (answer.clock, answer.value().clock)
    assert {"number": 1} == json.loads(gzip.decompress(store.path(ask.digest).read_bytes()))["facts"]


def test_where_a_server_tells_no_time_ours_stands_for_it(tmp_path: Path) -> None:
    """The time of its answer, without skew."""
    store = Store(tmp_path)
    store.publish(recorded())

    assert Clock(NOW, "t", None) == store.answer(ASK, NOW + timedelta(days=1)).clock
