from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from opsproof.evidence.kept import PART, Kept, parts
from opsproof.evidence.store import Recorded, Store
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


class Exactly(Numbers, frozen=True, kw_only=True, tag="test/exactly"):
    exact: ClassVar[bool] = True


def kept(facts: Any, ask: Ask = ASK, harmless: Callable[[bytes], bytes] = bytes) -> Kept:
    """As a collection makes it."""
    made = Kept(ask)
    for part in parts(facts):
        encoded = msgspec.json.encode(part)
        made.add(part, encoded, harmless(encoded))
    return made


def content(store: Store, digest: str = ASK.digest) -> Any:
    return json.loads(gzip.decompress(store.path(digest).read_bytes()))


@pytest.mark.parametrize("ask", [ASK, Exactly(target="t")], ids=["read back", "exact"])
@pytest.mark.parametrize("count", [0, 1, PART, PART + 1, 3 * PART, 3 * PART + 7])
def test_a_list_in_parts_is_kept_as_one_and_answers_as_one(tmp_path: Path, count: int, ask: Ask) -> None:
    numbers, store, made = [*range(count)], Store(tmp_path), kept([*range(count)], ask)
    store.publish(recorded(), made)

    found = content(store)
    assert (numbers, None) == (found["facts"], found["failure"])
    assert numbers == store.answer(ASK, NOW).value() == store.published(ask, recorded(), made).value()


@pytest.mark.parametrize(
    "text",
    ["[1,\n2,\n3]", "[12\n3]", "[1\n,2]", "[\n1,2]", "[1,2],\n", "[[1,\n2]]", "null", "[1,2", '["\n"]', "7"],
)
def test_whoever_wrote_a_file_its_facts_are_those_of_its_json(tmp_path: Path, text: str) -> None:
    """We write a line for each part; other lines are no parts."""
    store = Store(tmp_path)
    rest = msgspec.json.encode(recorded()).removeprefix(b'{"facts":null')
    document = b'{"facts":' + text.encode() + rest
    store.path(ASK.digest).write_bytes(gzip.compress(document))
    try:
        wanted = msgspec.convert(msgspec.json.decode(document)["facts"], list[int])
    except msgspec.DecodeError:
        wanted = None
    assert wanted == store.answer(ASK, NOW).facts


def test_no_part_holds_more_items_than_memory_is_meant_to() -> None:
    assert [PART, PART, PART, 7] == [len(part) for part in parts([*range(3 * PART + 7)])]


@pytest.mark.parametrize("ask", [ASK, Exactly(target="t")], ids=["read back", "exact"])
def test_what_was_changed_before_it_was_kept_is_decided_on_as_it_was_kept(tmp_path: Path, ask: Ask) -> None:
    """A number of the first part stands for a secret in it; the second part holds none."""
    store, made = (
        Store(tmp_path),
        kept([*range(PART + 1)], ask, lambda encoded: encoded.replace(b"7,", b"9,")),
    )
    store.publish(recorded(), made)

    answers = store.answer(ASK, NOW).value(), store.published(ask, recorded(), made).value()
    assert ([9, 19, PART], [9, 19, PART]) == tuple([one[7], one[17], one[PART]] for one in answers)


@pytest.mark.parametrize("bad", [[7] * PART + ["x"], ["x"]], ids=["in the second part", "in the only part"])
def test_facts_of_another_form_are_named_as_a_replay_names_them(tmp_path: Path, bad: list[Any]) -> None:
    store, made = Store(tmp_path), kept([*bad])
    store.publish(recorded(), made)

    failure = store.published(ASK, recorded(), made).failure
    assert failure is not None and f"$[{len(bad) - 1}]" in failure.message
    assert failure == store.answer(ASK, NOW).failure


def test_an_answer_without_facts_is_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.publish(recorded())
    assert content(store)["facts"] is None


def test_an_answer_brings_the_clock_of_its_server(tmp_path: Path) -> None:
    """As it was when the server answered, not when the facts are read; it is told to the facts, not kept in them."""
    store, ask = Store(tmp_path), One(target="t")
    off = msgspec.structs.replace(recorded(), digest=ask.digest, clock=NOW - timedelta(hours=2), skew=-7200.0)
    made = kept(Dated(number=1), ask)
    store.publish(off, made)

    wanted = Clock(NOW - timedelta(hours=2), "t", -7200.0)
    for answer in (store.answer(ask, NOW + timedelta(days=1)), store.published(ask, off, made)):
        assert (wanted, wanted) == (answer.clock, answer.value().clock)
    assert {"number": 1} == content(store, ask.digest)["facts"]


def test_where_a_server_tells_no_time_ours_stands_for_it(tmp_path: Path) -> None:
    """The time of its answer, without skew."""
    store = Store(tmp_path)
    store.publish(recorded())

    assert Clock(NOW, "t", None) == store.answer(ASK, NOW + timedelta(days=1)).clock
