"""Whatever a server says: facts, or a failure in printable words; and it comes to an end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsproof.model.target import Budget
from opsproof.sources.postgres.facts import SessionsOf
from opsproof.sources.redis.cluster import ClusterOf
from opsproof.sources.redis.facts import CacheMemoryOf, CacheProbesOf
from opsproof.sources.redis.queues import QueueKey, QueuesOf, TakersOf
from opsproof.sources.redis.server import ServerOf
from opsproof.testing import faulty
from opsproof.testing.attempt import tried
from opsproof.testing.links import target_of
from opsproof.testing.spoken import Said
from opsproof.testing.web import exchanging
from tests.contract.answers import EVERY, Answered
from tests.contract.postgres_wire import Postgres
from tests.contract.redis_wire import Redis

CORPUS = {
    path.name: path.read_bytes()
    for path in sorted((Path(__file__).parents[1] / "corpus").iterdir())
    if path.suffix != ".md"
}
PODS = (Path(__file__).parents[1] / "sources/kubernetes/protobuf/answers/pods.pb").read_bytes()
SECONDS = 5.0
FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
QUEUES = (
    QueueKey(key="jobs", time="queued", register="queues", processed="done"),
    QueueKey(key="stream", kind="stream", time="id"),
    QueueKey(key="celery", kind="celery"),
)
_TEXTS = [content.decode("utf-8", "replace") for content in CORPUS.values()]
SCALARS = st.one_of(
    st.sampled_from(_TEXTS),
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=20),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


class Spoilt:
    """A server of whose documents some are others."""

    def __init__(self, answered: Answered) -> None:
        self.answered = answered
        self.bodies: dict[str, bytes] = {}
        self.media = "application/json"

    def __call__(self, path: str) -> bytes:
        pages = self.answered.pages
        found = path if path in pages else "*"
        if found in self.bodies:
            return faulty.http(self.bodies[found], f"Content-Type: {self.media}")
        if found in pages:
            return faulty.http(_encoded(pages[found]), "Content-Type: application/json")
        return faulty.http(b"", status="404 No")


def _encoded(document: Any) -> bytes:
    if isinstance(document, str):
        return document.encode("utf-8", "surrogatepass")
    return json.dumps(document).encode()


def _places(document: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document, the whole one first."""
    yield way
    parts = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    for key, part in parts:
        yield from _places(part, (*way, key))


def _replaced(document: Any, way: tuple[Any, ...], value: Any) -> Any:
    if not way:
        return value
    made = dict(document) if isinstance(document, dict) else list(document)
    made[way[0]] = _replaced(document[way[0]], way[1:], value)
    return made


def _asked(server: Spoilt, port: int) -> None:
    target = target_of(server.answered.kind, budget=Budget(max_bytes=2**22), **server.answered.settings(port))
    for ask in server.answered.asks:
        found = tried(target, ask, SECONDS)
        if found.failure is not None:
            assert found.failure.message.isprintable(), repr(found.failure.message)
            assert len(found.failure.message) < 1000


@pytest.mark.parametrize("name", EVERY)
def test_good_answers_are_facts(name: str) -> None:
    """Else the fuzzer would spoil what is refused anyway."""
    server = Spoilt(EVERY[name])
    with faulty.serving(exchanging(server)) as port:
        target = target_of(server.answered.kind, **server.answered.settings(port))
        for ask in server.answered.asks:
            found = tried(target, ask, 30)
            assert found.failure is None, (ask, found.failure)


@pytest.mark.parametrize("name", EVERY)
def test_a_document_with_anything_anywhere(name: str) -> None:
    """One place of one document holds something else."""
    answered = EVERY[name]
    server = Spoilt(answered)
    places = [(path, way) for path, document in answered.pages.items() for way in _places(document)]
    with faulty.serving(exchanging(server)) as port:

        @FEW
        @given(st.sampled_from(places), VALUES)
        def spoilt(place: tuple[str, tuple[Any, ...]], value: Any) -> None:
            path, way = place
            server.bodies = {path: _encoded(_replaced(answered.pages[path], way, value))}
            _asked(server, port)

        spoilt()


def test_any_bytes_as_protobuf() -> None:
    """Of lists of the API server: what once did harm, anything at all, and real answers with another byte."""
    server = Spoilt(EVERY["pods"])
    (path,) = server.answered.pages
    server.media = "application/vnd.kubernetes.protobuf"
    with faulty.serving(exchanging(server)) as port:
        for content in CORPUS.values():
            server.bodies = {path: b"k8s\0" + content}
            _asked(server, port)

        @FEW
        @given(st.binary(max_size=60), st.integers(0, len(PODS)))
        def spoilt(data: bytes, place: int) -> None:
            server.bodies = {path: PODS[:place] + data + PODS[place + len(data) :]}
            _asked(server, port)

        spoilt()


@pytest.mark.parametrize("name", ["prometheus", "alertmanager", "the cluster", "pods", "http"])
def test_the_corpus_in_place_of_documents_and_of_their_texts(name: str) -> None:
    """What once did harm, as whole answers, and as every text of good ones at once."""
    answered = EVERY[name]
    server = Spoilt(answered)
    with faulty.serving(exchanging(server)) as port:
        for content in CORPUS.values():
            text = content.decode("utf-8", "replace")
            server.bodies = dict.fromkeys(answered.pages, content)
            _asked(server, port)
            server.bodies = {path: _encoded(_with_texts(page, text)) for path, page in answered.pages.items()}
            _asked(server, port)


def _with_texts(document: Any, text: str) -> Any:
    if isinstance(document, str):
        return text
    if isinstance(document, list):
        return [_with_texts(part, text) for part in document]
    if isinstance(document, dict):
        return {
            key: part
            if key in {"status", "kind", "resultType"} and isinstance(part, str)
            else _with_texts(part, text)
            for key, part in document.items()
        }
    return document


PROTOCOLS = {
    "redis": (
        Redis(),
        (
            CacheProbesOf(target="r", role="r", probes=1),
            CacheMemoryOf(target="r", role="r", samples=1),
            ServerOf(target="r", role="r", samples=1),
            QueuesOf(target="r", role="r", queues=QUEUES, samples=1),
            TakersOf(target="r", role="r", samples=1),
            ClusterOf(target="r", role="r"),
        ),
    ),
    "postgres": (Postgres(), (SessionsOf(target="p", role="p"),)),
}
_REACHED = {
    "redis": {"host": "127.0.0.1", "username": "u"},
    "postgres": {"host": "127.0.0.1", "database": "d", "user": "u", "sslmode": "disable"},
}


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_texts_of_the_corpus_in_other_protocols(kind: str) -> None:
    """Versions, roles, policies, names."""
    spoken, asks = PROTOCOLS[kind]
    for text in _TEXTS[:: 1 if kind == "redis" else 4]:  # a session takes its time
        with faulty.serving(spoken.good(Said(text))) as port:
            target = target_of(kind, port=port, **_REACHED[kind])
            for ask in (*asks, None):
                found = tried(target, ask, SECONDS)
                assert found.failure is None or found.failure.message.isprintable()


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_any_bytes_in_other_protocols(kind: str) -> None:
    """Another program, or none: never facts."""
    _, asks = PROTOCOLS[kind]

    @FEW
    @given(st.one_of(st.binary(max_size=200), st.sampled_from(list(CORPUS.values()))))
    def answered(data: bytes) -> None:
        with faulty.serving(faulty.answering(data)) as port:
            found = tried(target_of(kind, port=port, **_REACHED[kind]), asks[-1], SECONDS)
            assert found.failure is not None
            assert found.failure.message.isprintable()

    answered()
