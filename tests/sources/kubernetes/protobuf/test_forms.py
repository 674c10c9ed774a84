"""Whatever object: its protobuf and its JSON become the same facts."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from opsproof.model.decoding import decode
from opsproof.sources.kubernetes import wire
from opsproof.sources.kubernetes.asks import JSON, PROTOBUF, RESOURCES, ListOf
from opsproof.sources.kubernetes.facts.meta import Meta
from opsproof.sources.kubernetes.facts.pods import Pod, PodSpec
from opsproof.sources.kubernetes.facts.scaling import Autoscaler
from tests.sources.kubernetes.protobuf import written

BINARY = tuple(name for name, resource in RESOURCES.items() if PROTOBUF in resource.media)


@pytest.mark.parametrize("name", BINARY)
def test_any_object_is_the_same_in_both_forms(name: str) -> None:
    resource = RESOURCES[name]

    @settings(max_examples=6, deadline=None)
    @given(some.integers(0, 2**32))
    def same(seed: int) -> None:
        things = [written.Maker(seed + number).thing(resource.fact.kind, resource.fact) for number in (0, 1)]
        document = {"kind": resource.list_kind, "metadata": {}, "items": things}
        by_json = wire.page(msgspec.json.encode(document), JSON, resource, name)
        by_protobuf = wire.page(written.page(resource.fact.kind, things), PROTOBUF, resource, name)
        assert things == list(by_json.items or ())
        assert things == list(by_protobuf.items or ())

    same()


@pytest.mark.parametrize("name", BINARY)
def test_facts_of_any_object_are_what_reading_them_back_gives(name: str) -> None:
    """To the type of each value: a list is decided on without reading its facts back."""
    resource = RESOURCES[name]
    assert ListOf(target="k", resource=name).exact

    @settings(max_examples=4, deadline=None)
    @given(some.integers(0, 2**32))
    def same(seed: int) -> None:
        things = [written.Maker(seed).thing(resource.fact.kind, resource.fact)]
        body = written.page(resource.fact.kind, things)
        found = list(wire.page(body, PROTOBUF, resource, name).items or ())
        again = decode(msgspec.json.encode(found), list[resource.fact])  # type: ignore[name-defined]
        assert (found, repr(found)) == (again, repr(again))

    same()


def test_a_text_that_comes_again_is_held_once() -> None:
    pods = [Pod(metadata=Meta(name=name, namespace="a-shop"), spec=PodSpec(node_name="b-1")) for name in "ab"]
    one, other = wire.page(written.page("Pod", pods), PROTOBUF, RESOURCES["pods"], "x").items or ()
    assert one.namespace is other.namespace
    assert one.node is other.node


def scaler(minimum: bytes) -> Autoscaler:
    target = written.block(1, written.block(1, "Deployment") + written.block(2, "api"))
    meta = written.block(1, written.block(1, "api"))
    raw = meta + written.block(2, target + minimum + written.number(3, 5))
    body = written.envelope("HorizontalPodAutoscalerList", written.block(1, b"") + written.block(2, raw))
    (found,) = wire.page(body, PROTOBUF, RESOURCES["horizontalpodautoscalers"], "x").items or ()
    assert isinstance(found, Autoscaler)
    return found


def test_a_pointer_to_zero_is_not_an_absent_one() -> None:
    assert 1 == scaler(b"").spec.min_replicas
    assert 0 == scaler(written.number(2, 0)).spec.min_replicas


def test_the_token_of_the_next_page() -> None:
    pods = RESOURCES["pods"]
    assert "more" == wire.page(written.page("Pod", [], "more"), PROTOBUF, pods, "x").next
    assert "" == wire.page(written.page("Pod", []), PROTOBUF, pods, "x").next
