"""Health documents in the shapes that applications use."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from opsproof.sources.http.health import Health, State, health_of, state_of

OK, DOWN, DEGRADED, UNCLEAR = State.OK, State.DOWN, State.DEGRADED, State.UNCLEAR
json = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("document", "overall", "components"),
    [
        ({"status": "ok", "components": {"db": {"status": "UP"}}}, OK, {"db": OK}),
        ({"status": "UP", "details": {"db": {"status": "DOWN"}}}, OK, {"db": DOWN}),
        ({"dependencies": [{"name": "redis", "status": "healthy"}]}, None, {"redis": OK}),
        ({"checks": {"redis:up": [{"status": "pass"}, {"status": "fail"}]}}, None, {"redis:up": DOWN}),
        ({"checks": {"db": True, "cache": False}}, None, {"db": OK, "cache": DOWN}),
        ({"healthy": False, "services": [{"service": "x", "healthy": False}]}, DOWN, {"x": DOWN}),
        ({"status": "ok", "database": "connected", "version": "1.2"}, OK, {"database": OK}),
        ({"status": "degraded", "redis": {"status": "warn", "latency_ms": 4}}, DEGRADED, {"redis": DEGRADED}),
        ({"details": {"version": "1.0", "db": {"status": "up"}}}, None, {"db": OK}),
        ({"health": {"db": "ok"}}, None, {"db": OK}),
        ({"components": {"db": {"status": "purple"}, "x": 7}}, None, {"db": UNCLEAR, "x": UNCLEAR}),
        ({"dependencies": [{"status": "ok"}]}, None, {"number 1": OK}),
    ],
)
def test_known_shapes(document: object, overall: State | None, components: dict[str, State]) -> None:
    health = health_of(document)
    assert health is not None
    assert health.overall is overall
    assert {part.name: part.state for part in health.components} == components


def test_a_component_is_as_well_as_its_worst_word() -> None:
    health = health_of({"components": {"db": {"status": "up", "healthy": False}}})
    assert health is not None
    assert health.components[0].state is DOWN


def test_nested_components_carry_their_path() -> None:
    health = health_of({"components": {"db": {"status": "UP", "components": {"a": {"status": "UP"}}}}})
    assert health is not None
    assert [part.name for part in health.components] == ["db", "db/a"]


@pytest.mark.parametrize(
    "name", ["postgres://user:secret@db/x", "redis://cache:6379/0", "<script>", "x" * 65, "a\nb"]
)
def test_a_name_that_may_hold_anything_is_not_kept(name: str) -> None:
    health = health_of({"components": {name: "down"}})
    assert health is not None
    assert [(part.name, part.state) for part in health.components] == [("unnamed", DOWN)]


def test_only_objects_are_health_documents() -> None:
    documents: list[object] = [None, [], "ok", 3, True]
    assert [health_of(document) for document in documents] == [None] * 5


@given(json)
def test_any_json_gives_states_or_nothing(document: object) -> None:
    health = health_of(document)
    assert (health is None) == (not isinstance(document, dict))
    assert msgspec.json.decode(msgspec.json.encode(health), type=Health | None) == health


@given(some.text())
def test_a_word_that_is_not_listed_is_never_ok(word: str) -> None:
    listed = word.strip().lower().replace(" ", "_").replace("-", "_").isascii()
    assert listed or state_of(word) is UNCLEAR
