"""Derived asks: one wave that follows from recorded answers, asked once, recorded and replayed like all others."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from opsproof.collect.collection import Collection
from opsproof.examine.check import check
from opsproof.examine.decide import Item, decide
from opsproof.examine.examination import Examination
from opsproof.model.argument import FOLLOWING, Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import Forbidden, NotRecorded
from opsproof.model.finding import ItemResult
from opsproof.model.level import HIGH
from opsproof.model.outcome import Outcome
from opsproof.model.target import Target
from opsproof.testing.links import target_of
from opsproof.transport.link import Link
from tests.collect import toy

TARGET = target_of("http")


@dataclass(frozen=True)
class Names:
    """The names that the first ask lists, and what is said under each of them."""

    target: str = TARGET.id

    def asks(self, context: Context) -> tuple[Ask, ...]:
        return (toy.Words(target=TARGET.id),)

    def follow(self, answers: Sequence[Answer[Any]], context: Context) -> tuple[Ask, ...]:
        listed = [one for one in answers if one.failure is None]
        return tuple(toy.Words(target=self.target, word=name) for answer in listed for name in answer.value())

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> dict[str, list[str]]:
        first, *rest = answers
        first.value()
        return {answer.ask.word: answer.value() for answer in rest}  # type: ignore[attr-defined]


def item(source: Names) -> Item:
    def check_said(said: Any, examine: Examination) -> None:
        """Somebody said no."""
        for name, words in said.items():
            with examine(name):
                assert words == ["yes"], "no"

    check_said.__annotations__["said"] = _annotated(source)
    made = check("test/said", title="Everybody says yes", level=HIGH)(check_said)
    return Item(
        requirement="T-1",
        system="t",
        environment="e",
        check=made,
        level=HIGH,
        limits=None,
        context=None,  # type: ignore[arg-type]
        asks={"said": source.asks(None)},  # type: ignore[arg-type]
    )


def _annotated(source: Names) -> Any:
    from typing import Annotated

    return Annotated[Any, source]


class Server:
    """Lists names, and says something of each; counts what it was asked."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.asked: Counter[str] = Counter()
        self.lock = threading.Lock()

    def __call__(self, ask: Ask, link: Link) -> Any:
        assert isinstance(ask, toy.Words)
        with link.request("TOY", ask.word or "/"), self.lock:
            self.asked[ask.word] += 1
        if ask.word == "secret":
            raise Forbidden("not that one", target=ask.target)
        return ["yes" if ask.word != "bad" else "no"] if ask.word else list(self.names)


def gathered(folder: Path, one: Item, *targets: Target, **more: Any) -> Collection:
    """As a run does it: the plan's asks, then what follows."""
    asked = toy.collection(folder, *(targets or (TARGET,)), **more)
    asked.gather(one.all_asks)
    asked.gather(one.derived(asked.answer))
    return asked


def outcomes(result: ItemResult) -> list[tuple[str, Outcome]]:
    return [(finding.subject.name, finding.outcome) for finding in result.findings]


def test_what_follows_is_asked_once_and_decided_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server = Server("a", "bad", "a")
    toy.install(monkeypatch, server)
    one = item(Names())
    asked = gathered(tmp_path, one)
    before = dict(server.asked)
    result = decide(one, asked.answer)
    assert (outcomes(result), result.passed) == ([("bad", Outcome.FAIL)], 1)
    assert before == dict(server.asked) == {"": 1, "a": 1, "bad": 1}
    assert set(result.asks) == {toy.Words(target=TARGET.id, word=word).digest for word in ("", "a", "bad")}


def test_a_replay_derives_the_same_asks_and_keeps_their_facts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    live, again, third = (tmp_path / name for name in ("live", "again", "third"))
    for folder in (live, again, third):
        folder.mkdir()
    toy.install(monkeypatch, Server("a", "bad"))
    one = item(Names())
    first = decide(one, gathered(live, one).answer)

    def unasked(ask: Ask, link: Link) -> Any:
        raise AssertionError("a replay asks nobody")

    toy.install(monkeypatch, unasked)
    results = []
    source = live
    for folder in (again, third):
        asked = toy.collection(folder, TARGET, live=False)
        asked.store = toy.collection(source, TARGET).store
        results.append(decide(one, asked.answer))
        source = folder
    assert results == [first, first]


def test_a_recording_without_what_follows_is_undecided(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    toy.install(monkeypatch, Server("a"))
    one = item(Names())
    toy.collection(tmp_path, TARGET).gather(one.all_asks)
    result = decide(one, toy.collection(tmp_path, TARGET, live=False).answer)
    assert result.outcome is Outcome.UNKNOWN
    assert NotRecorded.__name__ in result.findings[0].cause


def test_two_processes_ask_each_derived_thing_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The run's folder elects who asks, whichever process derives it first."""
    server = Server(*map(str, range(20)))
    toy.install(monkeypatch, server)
    one = item(Names())
    threads = [threading.Thread(target=gathered, args=(tmp_path, one)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(server.asked.values()) == {1} and len(server.asked) == 21


def test_nothing_follows_from_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refusing(ask: Ask, link: Link) -> Any:
        raise Forbidden("the list is not for us", target=ask.target)

    toy.install(monkeypatch, refusing)
    one = item(Names())
    result = decide(one, gathered(tmp_path, one).answer)
    assert "the list is not for us" in result.findings[0].message


def test_a_failed_derived_ask_is_undecided(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    toy.install(monkeypatch, Server("a", "secret"))
    one = item(Names())
    assert decide(one, gathered(tmp_path, one).answer).outcome is Outcome.UNKNOWN


def test_a_server_that_names_too_much_is_not_asked_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = Server(*map(str, range(FOLLOWING + 1)))
    toy.install(monkeypatch, server)
    one = item(Names())
    result = decide(one, gathered(tmp_path, one).answer)
    assert sum(server.asked.values()) == 1
    assert "201 derived asks; at most 200" in result.findings[0].message


def test_what_follows_may_go_to_the_runs_targets_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = Server("a")
    toy.install(monkeypatch, server)
    one = item(Names(target="http:elsewhere"))
    result = decide(one, gathered(tmp_path, one).answer)
    assert (result.outcome, dict(server.asked)) == (Outcome.UNKNOWN, {"": 1})
    assert "no target of this run" in result.findings[0].message
