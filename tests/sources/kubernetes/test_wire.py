"""What the API server's bodies are read as, and what is refused."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from opsproof.model.failure import BadAnswer
from opsproof.sources.kubernetes import wire
from opsproof.sources.kubernetes.asks import JSON, RESOURCES
from opsproof.sources.kubernetes.facts.cluster import ServerVersion

PODS = RESOURCES["pods"]
json = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=8),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(some.sampled_from(["kind", "items", "metadata", "spec", "name", "x"]), inner)
    ),
    max_leaves=12,
)


def body(**document: object) -> bytes:
    return msgspec.json.encode({"kind": "PodList", "metadata": {}, "items": []} | document)


def test_a_page_and_its_next() -> None:
    last = wire.page(body(items=[{"metadata": {"name": "a"}}]), JSON, PODS, "list pods")
    assert ([pod.name for pod in last.items or ()], last.next) == (["a"], "")
    assert wire.page(body(metadata={"continue": "t"}), JSON, PODS, "list pods").next == "t"


def test_no_items_written_as_null_is_an_empty_list() -> None:
    assert wire.page(body(items=None), JSON, PODS, "list pods").items is None


def test_a_status_is_not_an_empty_list() -> None:
    with pytest.raises(BadAnswer, match=r"expected PodList, found Status$"):
        wire.page(b'{"kind":"Status","metadata":{},"code":500}', JSON, PODS, "list pods")


def test_an_unknown_value_is_not_repeated() -> None:
    conditions = {"conditions": [{"type": "Ready", "status": "planted-secret"}]}
    with pytest.raises(BadAnswer, match="an unknown value - at") as raised:
        wire.page(body(items=[{"metadata": {"name": "a"}, "status": conditions}]), JSON, PODS, "list pods")
    assert "planted-secret" not in str(raised.value)


@given(json)
def test_any_json_is_a_page_or_refused(document: object) -> None:
    try:
        wire.page(msgspec.json.encode(document), JSON, PODS, "list pods")
    except BadAnswer:
        return
    assert isinstance(document, dict)
    assert document["kind"] == "PodList"


@given(some.binary(max_size=60))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    for read in (
        lambda: wire.page(text, JSON, PODS, "x"),
        lambda: wire.thing(text, ServerVersion, "", "/version"),
        lambda: wire.readiness(200, text),
    ):
        with pytest.raises(BadAnswer):
            read()
    assert not wire.missing_object(text, "api")


@pytest.mark.parametrize(
    ("status", "text", "ok", "failing"),
    [
        (200, "[+]ping ok\n[+]etcd ok\nreadyz check passed\n", True, ()),
        (500, "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n", False, ("etcd",)),
        (200, "[-]etcd failed: reason withheld\nreadyz check passed\n", False, ("etcd",)),
        (500, "[+]ping ok\nreadyz check passed\n", False, ()),
        (200, "[+]ping excluded: ok\nreadyz check passed", True, ()),
    ],
)
def test_readiness(status: int, text: str, ok: bool, failing: tuple[str, ...]) -> None:
    found = wire.readiness(status, text.encode())
    assert (found.ok, found.failing) == (ok, failing)


@pytest.mark.parametrize("text", ["ok", "", "[+]ping ok\n", "readyz check passed", "<html>[+]ping ok</html>"])
def test_readiness_without_its_parts_is_refused(text: str) -> None:
    with pytest.raises(BadAnswer):
        wire.readiness(200, text.encode())


def test_a_404_of_the_object_is_told_from_one_of_the_api() -> None:
    gone = {"kind": "Status", "reason": "NotFound", "code": 404, "details": {"name": "coredns", "kind": "d"}}
    assert wire.missing_object(msgspec.json.encode(gone), "coredns")
    assert not wire.missing_object(msgspec.json.encode(gone), "other")
    assert not wire.missing_object(msgspec.json.encode(gone | {"details": {}}), "coredns")
    assert not wire.missing_object(b"404 page not found", "coredns")
