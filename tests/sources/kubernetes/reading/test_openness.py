"""Whether rules, which add up, let everybody through."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsproof.sources.kubernetes.reading.openness import open_to_all
from tests.checks.cluster import policy


def opened(*rules: dict[str, Any], all_pods: bool = True) -> bool:
    return open_to_all(policy("one", ingress=list(rules)).rules("Ingress"), all_pods=all_pods)


def block(cidr: str, *holes: str) -> dict[str, Any]:
    return {"ipBlock": {"cidr": cidr, **({"except": list(holes)} if holes else {})}}


APP = {"matchLabels": {"app": "api"}}
BY_NAME = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "Exists"}]}
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


@pytest.mark.parametrize(
    ("expected", "peers"),
    [
        (True, []),
        (True, [{"namespaceSelector": {}}]),
        (True, [{"namespaceSelector": BY_NAME}]),
        (True, [{"podSelector": APP}, {"namespaceSelector": {}, "podSelector": {}}]),
        (False, [{"podSelector": {}}]),  # of the policy's own namespace
        (False, [{"namespaceSelector": {}, "podSelector": APP}]),
        (False, [{"namespaceSelector": {"matchLabels": {"team": "shop"}}}]),
        (True, [block("0.0.0.0/0")]),
        (True, [block("::/0")]),
        (True, [block("0.0.0.0/1"), block("128.0.0.0/1")]),
        (False, [block("0.0.0.0/1"), block("128.0.0.0/2")]),
        (True, [block("0.0.0.0/0", "169.254.169.254/32")]),
        (False, [block("0.0.0.0/0", *PRIVATE)]),
        (True, [block("0.0.0.0/0", "10.0.0.0/8"), block("10.0.0.0/8")]),
        (False, [block("10.0.0.0/8")]),
    ],
)
def test_who_is_everybody(expected: bool, peers: list[dict[str, Any]]) -> None:
    assert expected is opened({"from": peers})


@pytest.mark.parametrize(
    ("expected", "ports"),
    [
        (True, [[]]),
        (True, [[{"protocol": "TCP"}]]),
        (True, [[{"port": 1, "endPort": 65535}]]),
        (True, [[{"port": 1, "endPort": 1024}], [{"port": 1025, "endPort": 65535}]]),
        (False, [[{"port": 1, "endPort": 1024}], [{"port": 1026, "endPort": 65535}]]),
        (False, [[{"port": 2, "endPort": 65535}]]),
        (False, [[{"port": 1, "endPort": 65534}]]),
        (False, [[{"port": 443}]]),
        (False, [[{"port": "web"}]]),
        (False, [[{"protocol": "UDP"}]]),
    ],
)
def test_what_is_every_port(expected: bool, ports: list[list[dict[str, Any]]]) -> None:
    assert expected is opened(*({"ports": one} for one in ports))


def test_peers_and_ports_add_up_together() -> None:
    """Low ports by halves of all addresses, high ones by all pods."""
    low, high = [{"port": 1, "endPort": 1024}], [{"port": 1025, "endPort": 65535}]
    rules = [
        {"from": [block("0.0.0.0/1")], "ports": low},
        {"from": [block("128.0.0.0/1")], "ports": low},
        {"from": [{"namespaceSelector": {}}], "ports": high},
    ]
    assert opened(*rules)
    assert not opened(*rules[1:])
    assert not opened(*rules, all_pods=False)


def test_no_rule_is_no_opening() -> None:
    assert not opened()


@given(st.integers(0, 2**32 - 1), st.integers(1, 32))
def test_a_block_and_what_is_left_of_all_without_it_are_everybody(address: int, length: int) -> None:
    cidr = f"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}/{length}"
    masked = {"from": [block("0.0.0.0/0", cidr), block(cidr)]}
    assert opened(masked)
