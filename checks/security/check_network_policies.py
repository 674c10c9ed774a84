"""Network policies: every pod is isolated, and only declared connections are let through."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator

from opsproof import HIGH, Count, Examination, Limits, Listing, Scoped, Subject, Undecided, check
from opsproof.examine.deciding import deciding
from opsproof.model.failure import CollectionError, raised_from
from opsproof.model.words import first_few
from opsproof.sources.kubernetes.asks import NetworkPolicies, Pods
from opsproof.sources.kubernetes.facts.network import NetworkPolicy
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.reading.isolation import (
    DIRECTIONS,
    Direction,
    Relation,
    allowed_relations,
    declared_open,
    denies_by_default,
    isolating,
    may_connect,
    open_directions,
    parse_relation,
    representatives,
    workload_name,
)


def _readable(text: str) -> str:
    parse_relation(text)
    return text


RelationText = Annotated[str, AfterValidator(_readable)]


class PolicyLimits(Limits):
    """`allows`: the connections that must be possible, like `api->redis:6379`, and no others between pods."""

    default_deny: Scoped[bool] = True
    allows: Scoped[tuple[RelationText, ...]] = ()


@check("security/network-policies", title="Policies isolate every pod in both directions", level=HIGH)
def check_network_policies(
    pods: Pods, policies: NetworkPolicies, limits: PolicyLimits, examine: Examination
) -> None:
    """A pod that no policy selects can be reached from anywhere in the cluster, and reach everything."""
    isolated = [pod for pod in pods if not _set_aside(pod, examine)]
    relations = [parse_relation(text) for text in limits.allows]
    coverages: dict[object, _Coverage] = {}
    for pod in isolated:
        alike = _likeness(pod)
        covered = coverages.get(alike) or coverages.setdefault(alike, _Coverage(pod, policies, relations))
        with examine(pod, measured=covered.count, limit="a policy for ingress and one for egress"):
            policies.within(pod.namespace)
            uncovered = covered.missing
            assert not uncovered, f"no policy selects it for {' and '.join(uncovered).lower()}"
            opened = covered.opened
            assert not opened, f"its policies together let all {' and '.join(opened).lower()} through"
    unlike = [(one.pod, one.workload) for one in coverages.values()]
    for policy in policies:
        names = {name for pod, name in unlike if policy.applies(pod.labels, pod.namespace)}
        _examine_openness(policy, {declared_open(relations, name) for name in names}, examine)
    if limits.default_deny:
        for namespace in sorted({pod.namespace for pod in isolated}):
            _examine_default(namespace, policies, examine)
    if limits.allows and isolated:
        _examine_relations(isolated, policies, relations, examine)


def _examine_openness(
    policy: NetworkPolicy, declared: Iterable[frozenset[Direction]], examine: Examination
) -> None:
    """What one policy opens is told of it, not of each of its pods; `declared` is what they may be open to."""
    with deciding(examine, policy.subject):
        found = {way for allowed in declared for way in open_directions([policy], allowed)}
        ways = [way for way in DIRECTIONS if way in found]
        if not ways:
            return
        with examine(
            policy, measured="rules that allow everything", limit="rules that leave some peers or ports out"
        ):
            raise AssertionError(
                f"lets all {' and '.join(ways).lower()} through: its pods are covered but open"
            )


def _set_aside(pod: Pod, examine: Examination) -> bool:
    why = "finished" if pod.finished else ""
    why = why or ("on the host's network, where policies do not apply" if pod.spec.host_network else "")
    if why:
        examine.exclude(pod, why)
    return bool(why)


def _likeness(pod: Pod) -> tuple[object, ...]:
    """Policies and relations tell pods apart by these alone."""
    return (pod.namespace, workload_name(pod), frozenset(pod.labels.items()))


class _Coverage:
    """What policies do to a pod, and to all that are like it: found once."""

    def __init__(self, pod: Pod, policies: Iterable[NetworkPolicy], relations: Sequence[Relation]) -> None:
        self.pod = pod
        self.workload = workload_name(pod)
        self._policies = policies
        self._relations = relations

    @cached_property
    def _isolating(self) -> dict[Direction, list[NetworkPolicy]]:
        labels, namespace = self.pod.labels, self.pod.namespace
        return {way: isolating(self._policies, labels, namespace, way) for way in DIRECTIONS}

    @cached_property
    def count(self) -> str:
        return ", ".join(f"{len(found)} for {way.lower()}" for way, found in self._isolating.items())

    @cached_property
    def missing(self) -> list[Direction]:
        """The directions in which no policy selects it."""
        return [way for way, found in self._isolating.items() if not found]

    @cached_property
    def opened(self) -> list[Direction]:
        """The directions that no policy opens alone, and all of them together do."""
        allowed = declared_open(self._relations, self.workload)
        return [
            way
            for way, found in self._isolating.items()
            if way in open_directions(found, allowed)
            and not any(way in open_directions([one], allowed) for one in found)
        ]


def _examine_default(namespace: str, policies: Listing[NetworkPolicy], examine: Examination) -> None:
    with examine(Subject("namespace", namespace), limit="a default deny for ingress and egress"):
        own = policies.within(namespace)
        lacking = [way for way in DIRECTIONS if not any(denies_by_default(one, way) for one in own)]
        assert not lacking, f"no policy denies {' and '.join(lacking).lower()} to every pod by default"


def _examine_relations(
    pods: Sequence[Pod], policies: Listing[NetworkPolicy], declared: Sequence[Relation], examine: Examination
) -> None:
    """What is declared must be possible; what is possible must be declared."""
    groups = representatives(pods)
    for relation in declared:
        with examine(Subject("relation", str(relation)), limit="allowed"):
            _decide_declared(relation, groups, policies)
    others = Subject("relations", "not declared")
    try:
        _complete(policies)
        possible = list(allowed_relations(groups, policies.items))
    except (CollectionError, Undecided) as reason:
        examine.unknown(others, reason)
        return
    surplus = [str(one) for one in possible if not any(relation.covers(*one) for relation in declared)]
    with examine(others, measured=Count(len(surplus)), limit=Count(0)):
        assert not surplus, f"the policies also allow {first_few(surplus)}"


def _decide_declared(
    relation: Relation, groups: dict[str, list[Pod]], policies: Listing[NetworkPolicy]
) -> None:
    _complete(policies)
    ends = {
        name: [name] if name != "*" else sorted(groups) for name in (relation.source, relation.destination)
    }
    for name in {*ends[relation.source], *ends[relation.destination]} - set(groups):
        raise Undecided(f"no pod of a workload {name} runs in the namespaces looked at")
    pairs = [
        (one, other)
        for source in ends[relation.source]
        for destination in ends[relation.destination]
        for one in groups[source]
        for other in groups[destination]
        if source != destination
    ]
    blocked = [pair for pair in pairs if not may_connect(*pair, relation.port, policies.items)]
    assert not blocked, f"the policies block {blocked[0][0].name} from {blocked[0][1].name}"


def _complete(policies: Listing[NetworkPolicy]) -> None:
    """Raises for the first namespace whose policies are not known."""
    for gap in policies.gaps:
        raise raised_from(gap)
