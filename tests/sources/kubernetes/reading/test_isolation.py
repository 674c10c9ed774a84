"""Which pods may talk to which."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.reading.isolation import (
    Relation,
    denies_by_default,
    may_connect,
    parse_relation,
)
from tests.checks.cluster import SHOP, container, meta, pod, policy

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)


def named(name: str, *, namespace: str = SHOP, port: int = 8000) -> Pod:
    ports = [{"containerPort": port, "name": "main"}]
    labels = {"app": name}
    return pod(
        name,
        metadata=meta(name, namespace=namespace, labels=labels),
        spec={"containers": [container(ports=ports)]},
    )


API, REDIS = named("api"), named("redis", port=6379)


@given(source=NAMES, destination=NAMES, port=st.one_of(st.none(), st.integers(1, 65535)))
def test_relations_are_read_as_they_are_written(source: str, destination: str, port: int | None) -> None:
    relation = Relation(source, destination, port)
    assert parse_relation(str(relation)) == relation


@pytest.mark.parametrize(
    "text", ["", "api", "api->", "->redis", "api->redis:", "api->redis:http", "api redis"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a relation"):
        parse_relation(text)


@given(port=st.integers(1, 65535))
def test_without_policies_everything_is_allowed(port: int) -> None:
    assert may_connect(API, REDIS, port, [])


@given(port=st.integers(1, 65535), direction=st.sampled_from(["Ingress", "Egress"]))
def test_one_deny_on_either_side_is_enough(port: int, direction: str) -> None:
    assert not may_connect(API, REDIS, port, [policy("deny", policyTypes=[direction])])


@given(port=st.integers(1, 65535), low=st.integers(1, 65535), high=st.integers(1, 65535))
def test_a_range_of_ports_has_both_ends(port: int, low: int, high: int) -> None:
    rule = {"ports": [{"port": low, "endPort": high}]}
    ranged = policy("ranged", policyTypes=["Ingress"], ingress=[rule])
    assert may_connect(API, REDIS, port, [ranged]) is (low <= port <= high)


@pytest.mark.parametrize(
    ("ports", "allowed"),
    [
        ([], True),
        ([{"port": "main"}], True),
        ([{"port": "other"}], False),
        ([{"port": 6379, "protocol": "UDP"}], False),
        ([{"protocol": "TCP"}], True),
    ],
)
def test_ports_by_name_and_protocol(ports: list[dict[str, Any]], allowed: bool) -> None:
    rule = {"from": [{"podSelector": {}}], "ports": ports}
    assert may_connect(API, REDIS, 6379, [policy("p", policyTypes=["Ingress"], ingress=[rule])]) is allowed


@pytest.mark.parametrize(
    ("peer", "allowed"),
    [
        ({"podSelector": {}}, False),  # of the policy's own namespace
        ({"namespaceSelector": {}}, True),
        ({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "api"}}}, True),
        ({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "web"}}}, False),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "front"}}}, True),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": SHOP}}}, False),
        ({"ipBlock": {"cidr": "0.0.0.0/0"}}, False),
    ],
)
def test_peers_from_another_namespace(peer: dict[str, Any], allowed: bool) -> None:
    front = named("api", namespace="front")
    rule = {"from": [peer]}
    assert may_connect(front, REDIS, 6379, [policy("p", policyTypes=["Ingress"], ingress=[rule])]) is allowed


def test_blocks_of_addresses_are_no_pods() -> None:
    """Not even of the policy's own namespace."""
    rule = {"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}
    assert not may_connect(API, REDIS, 6379, [policy("p", policyTypes=["Ingress"], ingress=[rule])])


def test_selectors_do_not_reach_the_hosts_network() -> None:
    host = pod("api", metadata=meta("api", labels={"app": "api"}), spec={"hostNetwork": True})
    rule = {"from": [{"podSelector": {}}]}
    assert not may_connect(host, REDIS, 6379, [policy("p", policyTypes=["Ingress"], ingress=[rule])])
    assert may_connect(host, REDIS, 6379, [policy("out", policyTypes=["Egress"])])


def test_rules_of_several_policies_add_up() -> None:
    deny = policy("deny", policyTypes=["Ingress", "Egress"])
    out = policy("out", policyTypes=["Egress"], egress=[{"to": [{"podSelector": {}}]}])
    to_redis = policy("in", policyTypes=["Ingress"], ingress=[{"from": [{"podSelector": {}}]}])
    assert not may_connect(API, REDIS, 6379, [deny, out])
    assert may_connect(API, REDIS, 6379, [deny, out, to_redis])


def test_a_null_selector_denies_nothing_by_default() -> None:
    assert denies_by_default(policy("deny"), "Ingress")
    assert not denies_by_default(policy("deny"), "Egress")
    assert not denies_by_default(policy("some", selector={"matchLabels": {"app": "api"}}), "Ingress")
