"""That nobody answers is a fact for the asks that look for it, and no answer for all others."""

from __future__ import annotations

import contextlib
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from opsproof.collect.collection import Collection
from opsproof.collect.redaction import Redactor
from opsproof.model.argument import Answer
from opsproof.model.ask import Ask
from opsproof.model.failure import BadAnswer, IdentityMismatch, Unreachable
from opsproof.model.target import Target, TargetReport
from opsproof.sources.http.facts import EndpointOf
from opsproof.sources.postgres.facts import DatabaseProbesOf, SessionsOf
from opsproof.sources.redis.facts import CacheMemoryOf, CacheProbesOf
from opsproof.sources.tls.facts import ServedOf
from opsproof.testing import faulty
from opsproof.testing.links import target_of
from opsproof.transport.link import Link


def answer(target: Target, ask: Ask, folder: Path) -> Answer[Any]:
    (folder / "facts").mkdir(exist_ok=True)
    collection = Collection(
        folder=folder,
        now=datetime.now(timezone.utc),
        deadline=time.monotonic() + 120,
        targets={target.id: target},
        redactor=Redactor(),
    )
    try:
        return collection.answer(ask)
    finally:
        collection.close()


@pytest.fixture
def database() -> Target:
    return target_of(
        "postgres",
        host="127.0.0.1",
        port=faulty.unused_port(),
        database="x",
        user="y",
        identity={"system-identifier": "1"},
    )


@pytest.fixture
def cache() -> Target:
    return target_of("redis", host="127.0.0.1", port=faulty.unused_port())


def test_a_refused_database_is_a_fact_of_its_probes(database: Target, tmp_path: Path) -> None:
    ask = DatabaseProbesOf(target=database.id, role="postgres", probes=2, spacing=0.01)
    found = answer(database, ask, tmp_path).value()
    assert [probe.failure.message for probe in found.probes] == ["connection refused"] * 2


def test_a_refused_cache_is_a_fact_of_its_probes(cache: Target, tmp_path: Path) -> None:
    ask = CacheProbesOf(target=cache.id, role="redis", probes=1)
    assert answer(cache, ask, tmp_path).value().probes[0].failure.message == "connection refused"


def test_other_asks_of_them_get_no_answer(database: Target, cache: Target, tmp_path: Path) -> None:
    sessions = answer(database, SessionsOf(target=database.id, role="postgres"), tmp_path)
    memory = answer(cache, CacheMemoryOf(target=cache.id, role="redis"), tmp_path)
    assert [one.failure and one.failure.kind for one in (sessions, memory)] == ["Unreachable"] * 2


def test_which_asks_look_for_it() -> None:
    asks = (EndpointOf, ServedOf, DatabaseProbesOf, CacheProbesOf, SessionsOf, CacheMemoryOf)
    assert [ask.probing for ask in asks] == [True, True, True, True, True, False]


class Toy:
    """Cannot tell who it is; what it answers is up to the test."""

    answers = True
    proves: frozenset[str] = frozenset()

    def __init__(self, target: Target) -> None:
        self.target = target

    def identify(self, link: Link) -> TargetReport:
        raise BadAnswer("it does not say who it is", target=self.target.id)

    def collect(self, ask: Ask, link: Link) -> str:
        with contextlib.suppress(Unreachable), link.request("TOY", "/"):
            if not self.answers:
                raise Unreachable("refused", target=self.target.id)
        link.proven |= self.proves
        return "200"

    def close(self) -> None:
        pass


class Probe(Ask, frozen=True, kw_only=True, tag="test/probe"):
    answer = str
    probing = True


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> type[Toy]:
    class Own(Toy):
        pass

    monkeypatch.setattr("opsproof.collect.collection.collector_of", lambda kind: Own)
    return Own


def outcome(folder: Path, **identity: str) -> str:
    target = target_of("http", identity=identity)
    found = answer(target, Probe(target=target.id), folder)
    return found.failure.kind if found.failure else found.value()


def test_a_probe_of_a_server_that_cannot_prove_itself_does_not_count(toy: type[Toy], tmp_path: Path) -> None:
    assert outcome(tmp_path, name="x") == "IdentityMismatch"


def test_a_probe_whose_own_connection_proves_it_counts(toy: type[Toy], tmp_path: Path) -> None:
    toy.proves = frozenset({"name"})
    assert outcome(tmp_path, name="x") == "200"


def test_that_nobody_answers_counts_whatever_is_declared(toy: type[Toy], tmp_path: Path) -> None:
    toy.answers = False
    assert outcome(tmp_path, name="x") == "200"


def test_where_nothing_is_declared_nothing_has_to_be_proven(toy: type[Toy], tmp_path: Path) -> None:
    assert outcome(tmp_path) == "200"


def test_a_server_that_is_another_one_is_not_probed(toy: type[Toy], tmp_path: Path) -> None:
    def mismatch(self: Toy, link: Link) -> TargetReport:
        raise IdentityMismatch("another certificate", target=self.target.id)

    toy.identify = mismatch  # type: ignore[method-assign]
    toy.answers = False
    assert outcome(tmp_path, name="x") == "IdentityMismatch"
