"""Health documents in the shapes that applications use."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from opsproof.sources.http.health import Health, health_of, state_of
from opsproof.sources.http.words import State

OK, DOWN, DEGRADED, UNCLEAR = State.OK, State.DOWN, State.DEGRADED, State.UNCLEAR
json = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    max_leaves=20,
)


def parts(document: object, *, certain: bool = True) -> dict[str, State]:
    health = health_of(document)
    assert health is not None
    return {part.name: part.state for part in health.components if part.certain is certain}


def overall(document: object) -> State | None:
    health = health_of(document)
    assert health is not None
    return health.overall


ELASTICSEARCH = {
    "status": "UP",
    "components": {
        "elasticsearch": {
            "status": "UP",
            "details": {"cluster_name": "logs", "status": "yellow", "timed_out": False, "number_of_nodes": 3},
        },
        "diskSpace": {"status": "UP", "details": {"total": 1, "free": 1, "exists": True, "errors": 0}},
        "db": {"status": "UP", "details": {"database": "PostgreSQL", "validationQuery": "isValid()"}},
    },
    "groups": ["liveness", "readiness"],
}
IETF = {
    "status": "pass",
    "version": "1",
    "notes": [""],
    "output": "",
    "checks": {
        "cassandra:responseTime": [
            {"componentId": "dfd6cf2b", "observedValue": 250, "observedUnit": "ms", "status": "warn"},
            {"componentId": "dfd6cf2c", "observedValue": 20, "observedUnit": "ms", "status": "pass"},
        ],
        "uptime": [{"componentType": "system", "observedValue": 1209600.245, "observedUnit": "s"}],
    },
    "links": {"about": "http://api.example.com/about/authz"},
}
TERMINUS = {
    "status": "error",
    "info": {"db": {"status": "up"}},
    "error": {"redis": {"status": "down", "message": "connect ECONNREFUSED"}},
    "details": {"db": {"status": "up"}, "redis": {"status": "down"}},
}
CONNECT = {
    "name": "sink",
    "connector": {"state": "RUNNING", "worker_id": "10.0.0.1:8083"},
    "tasks": [{"id": 0, "state": "FAILED", "worker_id": "w", "trace": "x"}, {"id": 1, "state": "RUNNING"}],
    "type": "sink",
}
GITLAB = {
    "status": "failed",
    "master_check": [{"status": "ok"}],
    "db_check": [
        {"status": "failed", "message": "unexpected Db check result: 0", "labels": {"shard": "main"}}
    ],
}


@pytest.mark.parametrize(
    ("document", "own", "components"),
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
        (ELASTICSEARCH, OK, {"elasticsearch": OK, "diskSpace": OK, "db": OK}),
        (IETF, OK, {"cassandra:responseTime": DEGRADED}),
        (TERMINUS, DOWN, {"db": OK, "redis": DOWN}),
        (CONNECT, None, {"connector": OK, "tasks/0": DOWN, "tasks/1": OK}),
        (GITLAB, DOWN, {"master_check": OK, "db_check": DOWN}),
        (
            {"status": "ok", "master_check": [{"status": "ok"}], "db_check": [{"status": "ok"}]},
            OK,
            {"master_check": OK, "db_check": OK},
        ),
        (
            {"Cache backend: default": "working", "DatabaseBackend": "unavailable: Database error"},
            None,
            {"Cache backend: default": OK, "DatabaseBackend": DOWN},
        ),
        (
            {
                "status": "Healthy",
                "totalDuration": "00:00:00.01",
                "entries": {"sql": {"data": {}, "duration": "00:00", "status": "Degraded", "tags": ["db"]}},
            },
            OK,
            {"sql": DEGRADED},
        ),
        (
            {"status": "DOWN", "checks": [{"name": "queue", "status": "DOWN", "data": {"depth": "9"}}]},
            DOWN,
            {"queue": DOWN},
        ),
        ({"outcome": "UP", "checks": [{"name": "queue", "state": "UP"}]}, OK, {"queue": OK}),
        ({"deadlocks": {"healthy": True}, "db": {"healthy": False, "message": "gone"}}, None, {"deadlocks": OK, "db": DOWN}),
        ({"cluster_name": "logs", "status": "green", "timed_out": False, "number_of_nodes": 3}, OK, {}),
        ({"health": "true", "reason": ""}, OK, {}),
        ({"status": 200}, OK, {}),
        ({"status": 503}, DOWN, {}),
        ([{"Name": "disk", "Status": "critical"}, {"Name": "cpu", "Status": "passing"}], None, {"disk": DOWN, "cpu": OK}),
    ],
)  # fmt: skip
def test_known_forms(document: object, own: State | None, components: dict[str, State]) -> None:
    assert (own, components) == (overall(document), parts(document))


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({"status": "ok", "database": "connection refused"}, "database"),
        ({"status": "ok", "db": "dial tcp 10.0.0.1:5432: connect: connection refused"}, "db"),
        ({"status": "ok", "database": "down", "components": {"redis": {"status": "ok"}}}, "database"),
        ({"status": "ok", "redis": False}, "redis"),
        ({"status": "ok", "database_connected": False}, "database_connected"),
        ({"status": "UP", "components": {"db": {"status": "UP", "replica": {"state": "down"}}}}, "db/replica"),
        ({"status": "UP", "components": {"db": {"status": "UP", "replica": "down"}}}, "db/replica"),
        ({"status": "UP", "components": {"db": {"status": "UP", "details": {"replica": "DOWN"}}}}, "db/replica"),
        ({"status": "ok", "backends": {"eu": {"redis": {"status": "offline"}}}}, "backends/eu/redis"),
        ({"status": "ok", "workers": ["ok", "dead"]}, "workers"),
        ({"status": "ok", "errors": ["no route to the mail server"]}, "errors"),
        ({"status": {"db": "ok", "cache": "failed"}}, "cache"),
        ({"c1": {"status": {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "FAILED"}]}}}, "c1/tasks/0"),
    ],
)  # fmt: skip
def test_a_word_for_down_counts_wherever_it_stands(document: object, name: str) -> None:
    assert DOWN is parts(document)[name]


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({"status": "ok", "database": "purple"}, "database"),
        ({"status": "ok", "queue": "tired"}, "queue"),
        ({"status": "ok", "database": "dial tcp 10.0.0.1: something new"}, "database"),
        ({"status": "UP", "components": {"db": {"status": "UNKNOWN"}}}, "db"),
        ({"status": "ok", "components": {"db": None}}, "db"),
        ({"status": "ok", "components": {"db": {"latency_ms": 4}}}, "db"),
        ({"status": "ok", "entries": {"db": {"status": "purple"}}}, "db"),
        ({"status": "ok", "checks": {"db": []}}, "db"),
        ({"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "THINKING"}]}, "tasks/0"),
        ({"Cache backend: default": "working", "DatabaseBackend": "astonished"}, "DatabaseBackend"),
        ({"status": "ok", "database": "ok: but the replica lags"}, "database"),
    ],
)
def test_a_part_that_is_not_understood_is_unclear_and_not_dropped(document: object, name: str) -> None:
    assert UNCLEAR is parts(document)[name]


@pytest.mark.parametrize(
    "document",
    [
        {"status": "ok", "log_level": "error", "mode": "offline", "uptime": "3 days", "host": "a"},
        {"status": "ok", "built": "2026-11-21T09:00", "commit": "0a1b2c", "debug": False, "errors": []},
        {"status": "ok", "build": {"state": "failed"}, "links": [{"status": "down"}]},
        {"status": "ok", "error": None, "last_error": "none", "failures": 0},
        {"status": "ok", "details": {"timed_out": False, "note": "all is well", "errors": 0}},
    ],
)
def test_what_describes_the_application_is_no_part_of_it(document: object) -> None:
    assert {} == parts(document)


@pytest.mark.parametrize("word", ["NOK", "not ok", "KO", "Out-Of-Service", "Unhealthy", "CRITICAL", "down!"])
def test_words_for_down(word: str) -> None:
    assert DOWN is state_of(word)


def test_an_own_word_that_is_not_known_stays_beside_one_that_is() -> None:
    assert UNCLEAR is overall({"status": "purple", "healthy": True})
    assert OK is overall({"status": "ok", "result": "42 rows", "connected": 17})


def test_a_document_without_any_known_state_has_no_certain_part() -> None:
    assert {} == parts({"hello": "world", "database": "orders"})


def test_of_too_many_components_the_worst_are_kept() -> None:
    health = health_of({"components": {**{f"c{number}": "ok" for number in range(500)}, "last": "down"}})
    assert health is not None
    assert ("last", DOWN, 200, 301) == (
        health.components[0].name,
        health.components[0].state,
        len(health.components),
        health.left_out,
    )


def test_what_is_nested_too_deep_to_be_read_is_unclear() -> None:
    document: dict[str, object] = {"status": "down"}
    for _ in range(20):
        document = {"part": document}
    assert UNCLEAR in parts({"status": "ok", **document}).values()


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


def test_only_objects_lists_of_states_and_words_are_health_documents() -> None:
    documents: list[object] = [None, [], ["ok"], [{"id": 1}], "purple", "ok " * 20, 3, True]
    assert [health_of(document) for document in documents] == [None] * len(documents)
    assert health_of("Unhealthy") == Health(DOWN)


@given(json)
def test_any_json_gives_states_or_nothing(document: object) -> None:
    health = health_of(document)
    assert isinstance(health, Health) or not isinstance(document, dict)
    assert msgspec.json.decode(msgspec.json.encode(health), type=Health | None) == health


@given(some.text())
def test_a_word_that_is_not_listed_is_never_ok(word: str) -> None:
    listed = word.strip().lower().replace(" ", "_").replace("-", "_").isascii()
    assert listed or state_of(word) is UNCLEAR
