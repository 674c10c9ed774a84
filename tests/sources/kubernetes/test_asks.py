"""What the arguments of checks ask for: once per namespace, and the same from every check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any, get_args

import msgspec
import pytest

from opsproof import Clock, Count, Duration, Limits
from opsproof.model.argument import Answer
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure, Forbidden, NotConfigured
from opsproof.model.target import Target
from opsproof.sources.kubernetes.asks import (
    RESOURCES,
    AutoscalerStatusOf,
    HelmReleases,
    Kubernetes,
    ListOf,
    Named,
    NodeLeases,
    Nodes,
    ObjectNamed,
    Pods,
    PodUsages,
    ReadinessOf,
    ReportedByAutoscaler,
    SecretNames,
    Single,
    Usage,
    UsageOf,
    VersionOf,
    Workloads,
)
from opsproof.sources.kubernetes.facts.meta import Meta
from opsproof.sources.kubernetes.facts.nodes import NodeUsage, by_object
from opsproof.sources.kubernetes.facts.pods import Pod

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)
EVERY_ASK = ListOf | ObjectNamed | UsageOf | AutoscalerStatusOf | ReadinessOf | VersionOf


class SampleLimits(Limits):
    dns: str = "kube-system/coredns"
    report: str = "kube-system/cluster-autoscaler-status"
    restored_to: str = ""
    cpu: str | None = None
    samples: Count = Count(3)
    spacing: Duration = Duration(5)


@dataclass
class Planned:
    limits: Limits
    namespaces: tuple[str, ...] = ("shop", "shop-jobs")

    def target(self, role: str) -> Target:
        return Target(role, "kubernetes", "kubernetes:prod", None)

    def fill(self, template: str) -> str:
        return template

    def names(self, name: str) -> tuple[str, ...]:
        return self.namespaces


CONTEXT = Planned(SampleLimits())


def source(annotation: Any) -> Any:
    return get_args(annotation)[1]


def asked(of: Any, context: Any = CONTEXT) -> list[str]:
    return [f"{one.resource} {one.namespace or getattr(one, 'name', '')}".strip() for one in of.asks(context)]


EXIST = ["namespaces shop", "namespaces shop-jobs"]


def test_namespaced_things_are_asked_for_once_per_namespace() -> None:
    """And each namespace for itself: an empty list does not say that it is there."""
    assert asked(source(Pods)) == ["pods shop", "pods shop-jobs", *EXIST]
    assert asked(source(PodUsages))[-2:] == EXIST
    assert asked(source(Workloads))[:3] == ["deployments shop", "deployments shop-jobs", "statefulsets shop"]
    assert asked(source(Nodes)) == ["nodes"]
    assert asked(source(NodeLeases)) == ["leases kube-node-lease"]
    assert asked(Kubernetes("pods", namespace="*")) == ["pods"]


def test_a_limit_may_say_where_to_look_instead() -> None:
    """And that namespace must be there, too."""
    elsewhere = Kubernetes("pods", namespace_from="restored_to")
    assert asked(elsewhere) == ["pods shop", "pods shop-jobs", *EXIST]
    assert asked(elsewhere, Planned(SampleLimits(restored_to="shop-dr"))) == [
        "pods shop-dr",
        "namespaces shop-dr",
    ]


def test_of_config_maps_the_one_that_is_named_is_asked_for() -> None:
    (ask,) = ReportedByAutoscaler("report").asks(CONTEXT)
    assert isinstance(ask, AutoscalerStatusOf)
    (need,) = ask.needs
    assert (need.verb, need.on, need.scope, need.name) == (
        "get",
        "configmaps",
        "kube-system",
        "cluster-autoscaler-status",
    )
    assert ReportedByAutoscaler("report").asks(Planned(SampleLimits(report=""))) == ()


def test_two_checks_ask_the_same_only_once() -> None:
    first, second = source(Pods).asks(CONTEXT), Kubernetes("pods").asks(CONTEXT)
    assert [one.digest for one in first] == [one.digest for one in second]
    assert len({one.digest for one in first}) == 4


def test_a_namespace_that_is_named_twice_is_asked_for_once() -> None:
    assert asked(source(Pods), Planned(SampleLimits(), ("shop", "shop"))) == ["pods shop", "namespaces shop"]


@pytest.mark.parametrize("allowed", [True, False])
def test_names_of_secrets_are_asked_for_only_where_the_target_allows_it(allowed: bool) -> None:
    class Allowing(Planned):
        def target(self, role: str) -> Target:
            return Target(role, "kubernetes", "kubernetes:prod", SimpleNamespace(secret_names=allowed))

    context = Allowing(SampleLimits())
    assert asked(SecretNames(), context) == (["secrets shop", "secrets shop-jobs", *EXIST] if allowed else [])
    assert allowed or SecretNames().assemble((), context) is None


@pytest.mark.parametrize("allowed", [True, False])
def test_releases_of_helm_are_asked_for_only_where_the_target_allows_it(allowed: bool) -> None:
    class Allowing(Planned):
        def target(self, role: str) -> Target:
            return Target(role, "kubernetes", "kubernetes:prod", SimpleNamespace(secret_names=allowed))

    source_of = HelmReleases(namespace_from="restored_to")
    context = Allowing(SampleLimits(restored_to="shop-dr"))
    assert asked(source_of, context) == (["helm-releases shop-dr", "namespaces shop-dr"] if allowed else [])
    assert allowed or source_of.assemble((), context) is None


def test_releases_of_helm_need_the_sensitive_right_to_list_secrets() -> None:
    (need,) = ListOf(target="t", resource="helm-releases", namespace="shop").needs
    assert (need.verb, need.on, need.scope) == ("list", "secrets", "shop")


@pytest.mark.parametrize("name", ["secrets", "helm-releases"])
def test_of_secrets_nothing_but_metadata_is_accepted(name: str) -> None:
    """A server that does not know the form must refuse, and not send their data."""
    assert RESOURCES[name].media == "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    assert RESOURCES[name].list_kind == "PartialObjectMetadataList"


def test_without_namespaces_there_is_nothing_to_ask() -> None:
    with pytest.raises(NotConfigured, match=r"names\.namespaces is empty"):
        source(Pods).asks(Planned(SampleLimits(), ()))


def test_a_part_that_no_limit_wants_is_not_asked_for() -> None:
    optional = Usage("nodes.metrics.k8s.io", wanted_by=("cpu",))
    assert optional.asks(CONTEXT) == ()
    assert optional.assemble((), CONTEXT) is None
    (ask,) = optional.asks(Planned(SampleLimits(cpu="5%")))
    assert (ask.samples, ask.spacing) == (3, 5.0)


def test_limits_name_a_single_object() -> None:
    (ask,) = Named("deployments", "dns").asks(CONTEXT)
    assert (ask.resource, ask.namespace, ask.name) == ("deployments", "kube-system", "coredns")
    assert Named("deployments", "dns").asks(Planned(SampleLimits(dns=""))) == ()


@pytest.mark.parametrize(
    "ask",
    [
        ListOf(target="t", resource="pods", namespace="shop"),
        ObjectNamed(target="t", resource="deployments", namespace="kube-system", name="coredns"),
        UsageOf(target="t", resource="pods.metrics.k8s.io", namespace="shop", samples=3, spacing=5.0),
        ReadinessOf(target="t"),
        VersionOf(target="t"),
    ],
)
def test_asks_are_read_back_by_their_tag(ask: Ask) -> None:
    again = msgspec.json.decode(msgspec.json.encode(ask), type=EVERY_ASK)
    assert again == ask
    assert again.digest == ask.digest


@pytest.mark.parametrize("name", RESOURCES)
def test_every_resource_has_facts_that_its_ask_can_read(name: str) -> None:
    ask = ListOf(target="t", resource=name)
    (found,) = msgspec.json.decode(
        b'[{"metadata":{"name":"x"},"timestamp":"2026-11-21T09:00:00Z","spec":{"scaleTargetRef":{"kind":"D","name":"x"}}}]',
        type=ask.answer,
    )
    assert isinstance(found, RESOURCES[name].fact)
    assert found.subject.name == "x"


def answers(*found: tuple[str, list[Pod] | None]) -> list[Answer[Any]]:
    refused = Failure("Forbidden", "the permission to list pods is missing", "kubernetes:prod")
    return [
        Answer(
            ListOf(target="t", resource="pods", namespace=where),
            pods,
            None if pods is not None else refused,
            Clock(NOW),
        )
        for where, pods in found
    ]


def test_a_refused_namespace_is_a_gap_and_hides_nothing_elsewhere() -> None:
    pod = Pod(metadata=Meta(name="api", namespace="shop"))
    listing = source(Pods).assemble(answers(("shop", [pod]), ("jobs", None)), CONTEXT)
    assert list(listing) == [pod]
    assert listing.within("shop") == (pod,)
    with pytest.raises(Forbidden):
        listing.within("jobs")


def test_when_everything_is_refused_nothing_is_known() -> None:
    with pytest.raises(Forbidden, match="list pods"):
        source(Pods).assemble(answers(("shop", None), ("jobs", None)), CONTEXT)


def test_a_single_answer_is_the_argument_itself() -> None:
    single = Single(VersionOf)
    (ask,) = single.asks(CONTEXT)
    assert single.assemble([Answer(ask, "facts", None, Clock(NOW))], CONTEXT) == "facts"


def test_samples_are_grouped_by_object_oldest_first() -> None:
    late, early = (
        NodeUsage(metadata=Meta(name="node-1"), timestamp=NOW.replace(second=second)) for second in (30, 10)
    )
    assert by_object([late, early]) == {("", "node-1"): (early, late)}
