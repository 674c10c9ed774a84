"""security/network-policies on plain facts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.security.check_network_policies import PolicyLimits, check_network_policies
from opsproof import HIGH, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.model.scope import in_namespace
from opsproof.sources.kubernetes.facts.network import NetworkPolicy
from opsproof.sources.kubernetes.facts.pods import Pod
from tests.checks.cluster import SHOP, container, examination, listing, meta, pod, policy

BOTH = ["Ingress", "Egress"]
DENY = policy("default-deny", policyTypes=BOTH)


def examined(*policies: NetworkPolicy, pods: Any = None, gaps: Any = (), **limits: Any) -> Examination:
    examine = examination(HIGH)
    there = [pod()] if pods is None else pods
    check_network_policies(listing(*there), listing(*policies, gaps=gaps), PolicyLimits(**limits), examine)
    return examine


def app(name: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": {"app": name}}}


def messages(examine: Examination) -> dict[str, str]:
    return {str(finding.subject): finding.message for finding in examine.findings}


def test_a_default_deny_covers_everything() -> None:
    examine = examined(DENY)
    assert (examine.findings, examine.passed) == ([], 2)  # the pod and its namespace


def test_an_uncovered_pod_fails_in_each_direction() -> None:
    examine = examined()
    assert messages(examine) == {
        "pod shop/api-7d9f8b6c5-x2x4z": "no policy selects it for ingress and egress",
        "namespace shop": "no policy denies ingress and egress to every pod by default",
    }
    assert {finding.outcome for finding in examine.findings} == {Outcome.FAIL}
    assert examine.findings[0].measured.text == "0 for ingress, 0 for egress"


@pytest.mark.parametrize(
    ("spec", "uncovered"),
    [
        ({}, "egress"),  # without policyTypes: ingress
        ({"egress": [{"to": [{"podSelector": {}}]}]}, ""),  # and egress, when it has egress rules
        ({"policyTypes": ["Egress"]}, "ingress"),
        ({"policyTypes": ["Egress"], "ingress": [{"from": [{"podSelector": {}}]}]}, "ingress"),
    ],
)
def test_directions_follow_the_policy_types_and_their_defaults(spec: Any, uncovered: str) -> None:
    examine = examined(policy("one", **spec), default_deny=False)
    expected = {"pod shop/api-7d9f8b6c5-x2x4z": f"no policy selects it for {uncovered}"} if uncovered else {}
    assert messages(examine) == expected


def test_a_policy_of_another_namespace_or_for_other_pods_covers_nothing() -> None:
    elsewhere = policy("default-deny", namespace="other", policyTypes=BOTH)
    others = policy(
        "others",
        selector={"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["api"]}]},
        policyTypes=BOTH,
    )
    assert "pod shop/api-7d9f8b6c5-x2x4z" in messages(examined(elsewhere, others, default_deny=False))


def test_a_rule_that_allows_everything_leaves_its_pods_open() -> None:
    """Covered, and not isolated: told of the policy, not of each pod."""
    examine = examined(DENY, policy("open", policyTypes=["Ingress"], ingress=[{}]))
    (finding,) = examine.findings
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "networkpolicy shop/open")
    assert finding.message == "lets all ingress through: its pods are covered but open"
    assert examine.passed == 2


@pytest.mark.parametrize(
    "rule",
    [
        {"from": [{"namespaceSelector": {}}]},
        {"from": [{"namespaceSelector": {}, "podSelector": {}}]},
        {"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]},
        {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}, {"ipBlock": {"cidr": "::/0"}}]},
        {"ports": [{"port": 1, "endPort": 65535}]},
        {"ports": [{"protocol": "TCP"}]},
    ],
)
def test_a_rule_that_is_open_to_everybody_isolates_nobody(rule: Any) -> None:
    (finding,) = examined(DENY, policy("open", policyTypes=["Ingress"], ingress=[rule])).findings
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "networkpolicy shop/open")


def test_policies_that_are_open_only_together_leave_their_pods_open() -> None:
    """Rules add up, whichever policies they stand in: told of the pod."""
    halves = [
        policy(name, policyTypes=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": cidr}}]}])
        for name, cidr in (("low", "0.0.0.0/1"), ("high", "128.0.0.0/1"))
    ]
    (finding,) = examined(DENY, *halves).findings
    assert (finding.outcome, finding.subject.kind) == (Outcome.FAIL, "pod")
    assert finding.message == "its policies together let all egress through"
    assert not examined(DENY, halves[0]).findings


def test_what_the_row_lets_talk_to_all_pods_may_do_so() -> None:
    """`api->*` is every pod of the cluster; the world outside of it was not declared."""
    pods_only = policy("scrapes", policyTypes=["Egress"], egress=[{"to": [{"namespaceSelector": {}}]}])
    world = policy("world", policyTypes=["Egress"], egress=[{}])
    assert not examined(DENY, pods_only, allows=("api->*",)).findings
    assert "networkpolicy shop/scrapes" in messages(examined(DENY, pods_only, allows=("worker->*",)))
    assert "networkpolicy shop/world" in messages(examined(DENY, world, allows=("api->*",)))


def test_an_address_that_cannot_be_read_leaves_it_undecided() -> None:
    odd = policy("odd", policyTypes=["Ingress"], ingress=[{"from": [{"ipBlock": {"cidr": "ten"}}]}])
    assert {one.outcome for one in examined(DENY, odd).findings} == {Outcome.UNKNOWN}


def test_a_rule_with_peers_or_ports_is_not_open() -> None:
    rules = [{"from": [{"podSelector": {}}]}, {"ports": [{"port": 8000}]}]
    assert not examined(DENY, policy("some", policyTypes=["Ingress"], ingress=rules)).findings


def test_an_open_policy_is_no_default_deny() -> None:
    found = messages(examined(policy("open", policyTypes=BOTH, ingress=[{}])))
    assert found["namespace shop"] == "no policy denies ingress to every pod by default"


def test_policies_that_cover_each_pod_may_lack_the_default() -> None:
    mine = policy("mine", selector={"matchLabels": {"app": "api"}}, policyTypes=BOTH)
    assert list(messages(examined(mine))) == ["namespace shop"]
    assert not examined(mine, default_deny=False).findings


def test_pods_on_the_hosts_network_and_finished_ones_are_set_aside() -> None:
    host, done = pod("proxy", spec={"hostNetwork": True}), pod("done", phase="Succeeded")
    examine = examined(pods=[host, done])
    assert examine.nothing_examined
    assert [one.why for one in examine.excluded] == [
        "on the host's network, where policies do not apply",
        "finished",
    ]


def test_unknown_policies_decide_nothing() -> None:
    gap = Failure(
        "Forbidden", "list networkpolicies in namespace shop is not allowed", "k", in_namespace(SHOP)
    )
    assert {finding.outcome for finding in examined(gaps=[gap]).findings} == {Outcome.UNKNOWN}


def workload(name: str, port: int) -> Pod:
    ports = [{"containerPort": port, "name": "main"}]
    labels = {"app": name, "pod-template-hash": "7d9f8b6c5"}
    owner = f"ReplicaSet/{name}-7d9f8b6c5"
    return pod(
        f"{name}-7d9f8b6c5-aaaaa",
        metadata=meta(f"{name}-7d9f8b6c5-aaaaa", owner=owner, labels=labels),
        spec={"containers": [container(ports=ports)]},
    )


PODS = [workload("api", 8000), workload("worker", 8001), workload("redis", 6379)]
CLIENTS = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["api", "worker"]}]}
FROM_CLIENTS = {"from": [app("api"), app("worker")], "ports": [{"port": "main"}]}
TO_REDIS = [
    policy(
        "redis", selector={"matchLabels": {"app": "redis"}}, policyTypes=["Ingress"], ingress=[FROM_CLIENTS]
    ),
    policy(
        "clients",
        selector=CLIENTS,
        policyTypes=["Egress"],
        egress=[{"to": [app("redis")], "ports": [{"port": 6379}]}],
    ),
]
ALLOWS = ("api->redis:6379", "worker->redis:6379")


def test_the_declared_relations_are_allowed_and_nothing_else() -> None:
    assert not examined(DENY, *TO_REDIS, pods=PODS, allows=ALLOWS).findings


def test_a_blocked_relation_fails() -> None:
    found = messages(examined(DENY, TO_REDIS[0], pods=PODS, allows=ALLOWS))
    assert found["relation api->redis:6379"] == (
        "the policies block api-7d9f8b6c5-aaaaa from redis-7d9f8b6c5-aaaaa"
    )


def test_an_undeclared_relation_fails() -> None:
    found = messages(examined(DENY, *TO_REDIS, pods=PODS, allows=ALLOWS[:1]))
    assert found == {"relations not declared": "the policies also allow worker->redis:6379"}
    (finding,) = examined(DENY, *TO_REDIS, pods=PODS, allows=ALLOWS[:1]).findings
    assert (finding.measured.text, finding.limit.text) == ("1", "0")


def test_a_star_is_every_workload() -> None:
    anything = policy("anything", policyTypes=["Egress"], egress=[{"to": [{"podSelector": {}}]}])
    from_api = policy("from-api", policyTypes=["Ingress"], ingress=[{"from": [app("api")]}])
    assert not examined(DENY, anything, from_api, pods=PODS, allows=("api->*",)).findings


def test_a_relation_of_a_workload_that_is_not_there_is_undecided() -> None:
    examine = examined(DENY, *TO_REDIS, pods=PODS, allows=(*ALLOWS, "prometheus->*"))
    (finding,) = examine.findings
    assert (finding.outcome, str(finding.subject)) == (Outcome.UNKNOWN, "relation prometheus->*")


def test_namespaces_are_known_by_name_only() -> None:
    def limited(labels: dict[str, str]) -> NetworkPolicy:
        peer = {"namespaceSelector": {"matchLabels": labels}}
        return policy("wide", policyTypes=["Ingress"], ingress=[{"from": [peer]}])

    egress = policy("out", policyTypes=["Egress"], egress=[{"to": [{"podSelector": {}}]}])
    by_name = limited({"kubernetes.io/metadata.name": SHOP})
    assert not examined(DENY, egress, by_name, pods=PODS, allows=("*->*",)).findings
    by_team = examined(DENY, egress, limited({"team": "shop"}), pods=PODS, allows=("*->*",))
    assert {finding.outcome for finding in by_team.findings} == {Outcome.UNKNOWN}


def test_an_unreadable_relation_is_refused_with_the_row() -> None:
    with pytest.raises(ValueError, match="not a relation"):
        PolicyLimits(allows=("api to redis",))


def test_without_pods_declared_connections_are_not_examined() -> None:
    """An empty namespace is what the row says of emptiness, not undecided."""
    examine = examined(DENY, pods=[], allows=("api->redis:6379",))
    assert examine.nothing_examined
