"""capacity/headroom on plain facts: nodes of 4 cores and 8 GiB, pods of half a core and 1 GiB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from checks.capacity.check_headroom import HeadroomLimits, check_headroom
from opsproof import MEDIUM, Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.model.scope import in_namespace
from opsproof.sources.kubernetes.facts.nodes import Node
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.priorities import PriorityClass
from opsproof.sources.kubernetes.facts.quotas import LimitRange, ResourceQuota
from opsproof.sources.kubernetes.facts.storage import StorageClass, VolumeClaim
from opsproof.sources.kubernetes.facts.workloads import Workload
from opsproof.sources.prometheus.facts import Recording, Samples, Series
from tests.checks.cluster import (
    NOW,
    SHOP,
    amounts,
    autoscaler,
    condition,
    container,
    daemon_set,
    deployment,
    examination,
    listing,
    meta,
    pod,
)

REFUSED = Failure("Forbidden", "list pods in the whole cluster is not allowed", "kubernetes:test")
HALF = {"requests": amounts("500m", "1Gi"), "limits": amounts("1", "2Gi")}
DAY = 86400.0


def node(name: str, *, cpu: str = "4", taint: str = "", **more: Any) -> Node:
    spec = {"taints": [{"key": taint, "effect": "NoSchedule"}] if taint else []}
    return msgspec.convert(
        {
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "zone": f"z-{name}"}},
            "spec": {**spec, **more},
            "status": {
                "conditions": [condition("Ready", True)],
                "allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "10"},
            },
        },
        Node,
    )


def api(replicas: int = 3, *, resources: Any = HALF, strategy: Any = None, **pod_spec: Any) -> Workload:
    template = {
        "metadata": {"labels": {"app": "api"}},
        "spec": {"containers": [container(resources=resources)], **pod_spec},
    }
    spec = {"template": template, **({"strategy": strategy} if strategy else {})}
    return deployment(replicas=replicas, spec=spec)


def pods(count: int, on: str = "n1", *, cpu: str = "500m", memory: str = "1Gi", **spec: Any) -> list[Pod]:
    resources = {"requests": amounts(cpu, memory)}
    return [
        pod(
            f"api-7d9f8b6c5-{on}-{number}",
            spec={"nodeName": on, "containers": [container(resources=resources)], **spec},
        )
        for number in range(count)
    ]


def quota(hard: dict[str, str], used: dict[str, str] | None = None, **spec: Any) -> ResourceQuota:
    status = {"hard": hard, "used": used or {}}
    return msgspec.convert({"metadata": meta("team"), "spec": spec, "status": status}, ResourceQuota)


def examined(
    *workloads: Workload,
    nodes: Any = None,
    pods: Any = (),
    quotas: Any = (),
    ranges: Any = (),
    priorities: Any = (),
    claims: Any = None,
    classes: Any = (),
    scaled: Any = (),
    shares: Any = None,
    kept: Any = None,
    **limits: Any,
) -> Examination:
    examine = examination(MEDIUM)
    asked = HeadroomLimits(**limits)
    check_headroom(
        listing(*workloads),
        _listed([node("n1"), node("n2")] if nodes is None else nodes),
        _listed(pods),
        _listed(quotas),
        _listed(ranges),
        _listed(priorities),
        None if claims is None else listing(*claims),
        _listed(classes),
        listing(*scaled),
        shares,
        kept,
        asked,
        examine,
    )
    return examine


def _listed(given: Any) -> Any:
    return given if isinstance(given, Failure) else listing(*given)


def message(examine: Examination) -> str:
    (finding,) = examine.findings
    assert finding.outcome is Outcome.FAIL
    return finding.message


NODES = {"within": "nodes"}
QUOTAS = {"within": "quotas"}


def test_room_for_the_replicas_that_are_not_there_yet() -> None:
    assert examined(api(), pods=pods(3), replicas=10, **NODES).passed == 1


def test_cpu_that_is_free_on_no_single_node_is_no_room() -> None:
    """Two nodes with 400m free each have 800m, and room for no pod of 500m."""
    full = [*pods(1, "n1", cpu="3600m"), *pods(1, "n2", cpu="3600m")]
    found = message(examined(api(), pods=full, replicas=3, **NODES))
    assert found == "room for 0 of 1 pod more, of 500m and 1Gi each"


def test_a_node_takes_so_many_pods_at_most() -> None:
    many = [*pods(10, "n1", cpu="1m", memory="1Mi"), *pods(9, "n2", cpu="1m", memory="1Mi")]
    assert message(examined(api(), pods=many, more=2, **NODES)) == (
        "room for 1 of 2 pods more, of 500m and 1Gi each"
    )


@pytest.mark.parametrize(
    "second", [node("n2", unschedulable=True), node("n2", taint="gpu"), node("n2", cpu="100m")]
)
def test_a_node_that_takes_none_of_its_pods_is_no_room(second: Node) -> None:
    full = pods(1, "n1", cpu="4")
    assert "room for 0 of 1 pod" in message(
        examined(api(), nodes=[node("n1"), second], pods=full, more=1, **NODES)
    )


def test_a_tolerated_taint_is_room() -> None:
    tolerant = api(tolerations=[{"key": "gpu", "operator": "Exists"}])
    full = pods(1, "n1", cpu="4")
    nodes = [node("n1"), node("n2", taint="gpu")]
    assert examined(tolerant, nodes=nodes, pods=full, more=1, **NODES).passed == 1


def test_only_the_nodes_that_it_selects_count() -> None:
    there = {"kubernetes.io/hostname": "n2"}
    full = pods(1, "n2", cpu="4")
    assert "room for 0" in message(examined(api(nodeSelector=there), pods=full, more=1, **NODES))
    terms = [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["z-n2"]}]}]
    affinity = {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    }
    assert "room for 0" in message(examined(api(affinity=affinity), pods=full, more=1, **NODES))


APART = {
    "podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "api"}}}
        ]
    }
}


def test_pods_that_must_be_apart_need_as_many_nodes() -> None:
    """Also from each other: two more find one node."""
    found = message(examined(api(affinity=APART), pods=pods(1), more=2, **NODES))
    assert found.startswith("room for 1 of 2 pods more")


def test_pods_that_must_be_spread_are_no_more_in_one_zone() -> None:
    spread = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "api"}},
    }
    full = pods(1, "n2", cpu="4", priority=0)
    alone = [
        msgspec.structs.replace(one, metadata=msgspec.structs.replace(one.metadata, labels={}))
        for one in full
    ]
    found = message(examined(api(topologySpreadConstraints=[spread]), pods=alone, more=2, **NODES))
    assert found.startswith("room for 1 of 2 pods more")


SPREAD = {
    "maxSkew": 1,
    "topologyKey": "kubernetes.io/hostname",
    "whenUnsatisfiable": "DoNotSchedule",
    "labelSelector": {"matchLabels": {"app": "api"}},
}


HONOR = {"nodeTaintsPolicy": "Honor"}


@pytest.mark.parametrize(("policy", "room"), [({}, 1), (HONOR, 8), ({**HONOR, "minDomains": 2}, 1)])
def test_a_node_whose_taint_keeps_them_out_counts_as_an_empty_one_of_a_spread(
    policy: dict[str, Any], room: int
) -> None:
    """Unless the spread says otherwise: beside it no other node may hold more than one."""
    nodes = [node("n1"), node("control", taint="node-role.kubernetes.io/control-plane")]
    spread = api(topologySpreadConstraints=[{**SPREAD, **policy}])
    found = message(examined(spread, nodes=nodes, more=9, **NODES))
    assert found.startswith(f"room for {room} of 9 pods more")


def test_a_node_that_the_pods_do_not_select_is_no_part_of_a_spread() -> None:
    nodes = [node("n1"), node("n2")]
    only = {"kubernetes.io/hostname": "n1"}
    spread = api(topologySpreadConstraints=[SPREAD], nodeSelector=only)
    assert examined(spread, nodes=nodes, more=8, **NODES).passed == 1


def test_pods_that_must_be_beside_others_are_undecided() -> None:
    beside = {"podAffinity": APART["podAntiAffinity"]}
    assert examined(api(affinity=beside), more=1, **NODES).findings[0].outcome is Outcome.UNKNOWN


def test_placeholders_make_room() -> None:
    pause = [*pods(1, "n1", cpu="4", priority=-1), *pods(1, "n2", cpu="4", priority=-1)]
    assert examined(api(), pods=pause, more=1, **NODES).passed == 1


def priority(name: str, value: int, **more: Any) -> PriorityClass:
    return msgspec.convert({"metadata": {"name": name}, "value": value, **more}, PriorityClass)


PAUSE = [*pods(1, "n1", cpu="4", priority=-10), *pods(1, "n2", cpu="4", priority=-10)]
DEFAULT = {"globalDefault": True}


@pytest.mark.parametrize(
    ("spec", "classes", "room"),
    [
        ({}, [], 1),
        ({}, [priority("usual", -5, **DEFAULT)], 1),
        ({}, [priority("usual", -10, **DEFAULT)], 0),
        ({}, [priority("usual", 0, preemptionPolicy="Never", **DEFAULT)], 0),
        ({"priorityClassName": "batch"}, [priority("batch", -100), priority("usual", 0, **DEFAULT)], 0),
        ({}, [priority("usual", 0, **DEFAULT), priority("other", -10, **DEFAULT)], 0),
        ({"priorityClassName": "shop"}, [priority("shop", 1000), priority("usual", -50, **DEFAULT)], 1),
        ({"priorityClassName": "polite"}, [priority("polite", 1000, preemptionPolicy="Never")], 0),
    ],
    ids=[
        "no class", "a lower default that is above them", "the default is theirs", "the default waits",
        "the pods are below them", "the least of two defaults", "the pods are above them", "the pods wait",
    ],
)  # fmt: skip
def test_placeholders_give_way_to_whom_the_scheduler_lets_displace_them(
    spec: dict[str, str], classes: list[PriorityClass], room: int
) -> None:
    found = examined(api(**spec), pods=PAUSE, priorities=classes, more=1, **NODES)
    assert (found.passed, len(found.findings)) == (room, 1 - room)


def test_what_is_free_beside_a_placeholder_is_free_for_all() -> None:
    small = pods(1, "n1", cpu="3", priority=-10)
    batch = [priority("batch", -100)]
    low = api(priorityClassName="batch")
    assert examined(low, nodes=[node("n1")], pods=small, priorities=batch, more=2, **NODES).passed == 1
    found = message(examined(low, nodes=[node("n1")], pods=small, priorities=batch, more=3, **NODES))
    assert found.startswith("room for 2 of 3 pods more")


def test_a_placeholder_holds_memory_too() -> None:
    small = pods(1, "n1", cpu="1m", memory="8Gi", priority=-10)
    batch = [priority("batch", -100)]
    low = api(priorityClassName="batch")
    found = message(examined(low, nodes=[node("n1")], pods=small, priorities=batch, more=1, **NODES))
    assert found.startswith("room for 0 of 1 pod more")


def test_a_placeholder_takes_a_place_among_a_nodes_pods() -> None:
    many = pods(10, "n1", cpu="1m", memory="1Mi", priority=-10)
    low, batch = api(priorityClassName="batch"), [priority("batch", -100)]
    found = message(examined(low, nodes=[node("n1")], pods=many, priorities=batch, more=1, **NODES))
    assert found.startswith("room for 0 of 1 pod more")


def test_a_class_that_is_not_there_is_undecided_beside_placeholders() -> None:
    found = examined(api(priorityClassName="gone"), pods=PAUSE, more=1, **NODES).findings[0]
    assert (found.outcome, found.message) == (
        Outcome.UNKNOWN,
        "there is no PriorityClass gone: its pods are refused",
    )


def test_classes_that_may_not_be_seen_are_undecided_where_they_count() -> None:
    refused = Failure("Forbidden", "list priorityclasses.scheduling.k8s.io is not allowed", "kubernetes:test")
    found = examined(api(), pods=PAUSE, priorities=refused, more=1, **NODES).findings[0]
    assert (found.outcome, found.message) == (Outcome.UNKNOWN, refused.message)
    assert examined(api(), priorities=refused, more=1, **NODES).passed == 1


@pytest.mark.parametrize(("name", "holds"), [("batch", True), ("other", False)])
def test_a_quota_of_the_default_class_counts_pods_that_name_none(name: str, holds: bool) -> None:
    wanted = {"scopeName": "PriorityClass", "operator": "In", "values": ["batch"]}
    full = quota({"pods": "0"}, scopeSelector={"matchExpressions": [wanted]})
    classes = [priority(name, 100, **DEFAULT)]
    found = examined(api(), quotas=[full], priorities=classes, more=1, **QUOTAS)
    assert len(found.findings) == int(holds)


def test_workloads_that_grow_together_do_not_share_a_place() -> None:
    other = msgspec.structs.replace(api(), metadata=msgspec.structs.replace(api().metadata, name="web"))
    nodes = [node("n1", cpu="500m")]
    found = examined(api(), other, nodes=nodes, more=1, **NODES)
    assert (found.passed, len(found.findings)) == (1, 1)


def test_the_stated_size_counts_where_the_template_asks_for_less() -> None:
    small = api(resources={"requests": amounts("10m", "16Mi")})
    assert examined(small, more=5, **NODES).passed == 1
    found = message(examined(small, more=5, cpu="2", memory="1Gi", **NODES))
    assert found == "room for 4 of 5 pods more, of 2000m and 1Gi each"


def test_init_containers_and_sidecars_count() -> None:
    init = [container("migrate", resources={"requests": amounts("3", "1Gi")})]
    sidecar = [container("proxy", restartPolicy="Always", resources={"requests": amounts("1", "1Gi")})]
    assert "of 3000m and" in message(examined(api(initContainers=init), more=3, **NODES))
    assert "of 1500m and" in message(examined(api(initContainers=sidecar), more=9, **NODES))


def test_an_autoscaler_that_ends_below_the_number_fails() -> None:
    ends = autoscaler(spec={"maxReplicas": 4})
    assert (
        message(examined(api(), scaled=[ends], replicas=5, **NODES)) == "its autoscaler ends at 4, 5 needed"
    )


def test_without_the_pods_of_all_namespaces_nothing_is_known_of_nodes() -> None:
    (finding,) = examined(api(), pods=REFUSED, replicas=5, **NODES).findings
    assert (finding.outcome, finding.message) == (Outcome.UNKNOWN, REFUSED.message)
    assert examined(api(), pods=REFUSED, quotas=[quota({"pods": "9"})], replicas=5, **QUOTAS).passed == 1


def test_without_nodes_it_is_undecided() -> None:
    assert examined(api(), nodes=[], more=1, **NODES).findings[0].outcome is Outcome.UNKNOWN


ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2}}


def test_the_surge_of_a_rollout_needs_room() -> None:
    assert examined(api(strategy=ROLLING), surge=True, **NODES).passed == 1
    full = [*pods(1, "n1", cpu="3500m"), *pods(1, "n2", cpu="3600m")]
    found = message(examined(api(strategy=ROLLING), pods=full, surge=True, **NODES))
    assert found == "room for 1 of 2 pods more, of 500m and 1Gi each"


@pytest.mark.parametrize(("surge", "more"), [(None, 1), ("25%", 1), ("50%", 2), (3, 3), (0, 0), ("0%", 0)])
def test_how_many_pods_a_rollout_adds(surge: Any, more: int) -> None:
    """Of three replicas, rounded up; a quarter where nothing is said."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {} if surge is None else {"maxSurge": surge}}
    tight = quota({"pods": "3"}, {"pods": "3"})
    found = examined(api(strategy=strategy), quotas=[tight], surge=True, **QUOTAS)
    assert [one.message for one in found.findings] == (
        [f"pods: 3 used and {more} more, 3 allowed"] if more else []
    )


def test_a_rollout_under_way_has_its_surge_already() -> None:
    rolling = deployment(
        replicas=3, there=4, spec={"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}
    )
    assert examined(rolling, quotas=[quota({"pods": "4"}, {"pods": "4"})], surge=True, **QUOTAS).passed == 1


def test_recreate_adds_none() -> None:
    found = examined(api(strategy={"type": "Recreate"}), surge=True, **NODES)
    assert (found.nothing_examined, found.excluded[0].why) == (True, "its rollout adds no pod")


@pytest.mark.parametrize(
    ("key", "used", "hard", "told"),
    [
        ("requests.cpu", "3", "4", "3000m used and 1500m more, 4000m allowed"),
        ("cpu", "3", "4", "3000m used and 1500m more, 4000m allowed"),
        ("limits.cpu", "2", "4", "2000m used and 3000m more, 4000m allowed"),
        ("requests.memory", "6Gi", "8Gi", "6Gi used and 3Gi more, 8Gi allowed"),
        ("limits.memory", "4Gi", "8Gi", "4Gi used and 6Gi more, 8Gi allowed"),
        ("pods", "8", "10", "8 used and 3 more, 10 allowed"),
        ("count/pods", "8", "10", "8 used and 3 more, 10 allowed"),
    ],
)
def test_a_quota_that_is_too_small_fails(key: str, used: str, hard: str, told: str) -> None:
    tight = quota({key: hard}, {key: used})
    assert message(examined(api(), quotas=[tight], more=3, **QUOTAS)) == f"{key}: {told}"


def test_a_quota_with_room_passes_to_the_last_bit() -> None:
    exact = quota({"requests.cpu": "2"}, {"requests.cpu": "500m"})
    assert examined(api(), quotas=[exact], more=3, **QUOTAS).passed == 1


def test_pods_without_what_a_quota_counts_are_refused_by_it() -> None:
    silent = api(resources={})
    assert message(examined(silent, quotas=[quota({"requests.cpu": "100"})], more=1, **QUOTAS)) == (
        "pods without requests.cpu are refused"
    )


def test_the_defaults_of_a_limit_range_count() -> None:
    defaults = msgspec.convert(
        {
            "metadata": meta("defaults"),
            "spec": {"limits": [{"type": "Container", "defaultRequest": amounts("2", "1Gi")}]},
        },
        LimitRange,
    )
    silent, tight = api(resources={}), quota({"requests.cpu": "3"}, {"requests.cpu": "2"})
    found = message(examined(silent, quotas=[tight], ranges=[defaults], more=1, **QUOTAS))
    assert found == "requests.cpu: 2000m used and 2000m more, 3000m allowed"


def test_the_limits_that_a_limit_range_gives_count_beside_requests_of_their_own() -> None:
    defaults = msgspec.convert(
        {
            "metadata": meta("defaults"),
            "spec": {"limits": [{"type": "Container", "default": amounts("2", "1Gi")}]},
        },
        LimitRange,
    )
    unlimited, tight = api(resources={"requests": amounts("1", "1Gi")}), quota({"limits.cpu": "3"})
    assert examined(unlimited, quotas=[tight], ranges=[defaults], more=1, **QUOTAS).passed == 1
    found = message(examined(unlimited, quotas=[tight], ranges=[defaults], more=2, **QUOTAS))
    assert found == "limits.cpu: 0m used and 4000m more, 3000m allowed"
    (finding,) = examined(unlimited, quotas=[tight], ranges=REFUSED, more=1, **QUOTAS).findings
    assert finding.outcome is Outcome.UNKNOWN
    assert examined(unlimited, quotas=[quota({"pods": "9"})], ranges=REFUSED, more=1, **QUOTAS).passed == 1


def test_a_limit_alone_is_the_request_too() -> None:
    limited = api(resources={"limits": amounts("2", "1Gi")})
    tight = quota({"requests.cpu": "3"}, {"requests.cpu": "2"})
    assert "2000m more" in message(examined(limited, quotas=[tight], more=1, **QUOTAS))


@pytest.mark.parametrize(
    "scope",
    [
        {"scopes": ["BestEffort"]},
        {"scopes": ["Terminating"]},
        {
            "scopeSelector": {
                "matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["batch"]}]
            }
        },
    ],
)
def test_a_quota_of_other_pods_holds_back_none_of_these(scope: dict[str, Any]) -> None:
    none = quota({"pods": "0"}, **scope)
    assert examined(api(), quotas=[none], more=1, **QUOTAS).passed == 1


def test_a_scope_that_is_not_looked_at_is_undecided() -> None:
    strange = quota({"pods": "0"}, scopes=["CrossNamespacePodAffinity"])
    assert examined(api(), quotas=[strange], more=1, **QUOTAS).findings[0].outcome is Outcome.UNKNOWN


def test_a_quota_that_was_not_counted_is_undecided() -> None:
    assert examined(api(), quotas=[quota({})], more=1, **QUOTAS).findings[0].outcome is Outcome.UNKNOWN


def test_quotas_that_may_not_be_seen_are_undecided() -> None:
    assert examined(api(), quotas=REFUSED, more=1, **QUOTAS).findings[0].outcome is Outcome.UNKNOWN


def test_without_a_quota_nothing_is_examined_of_quotas() -> None:
    assert examined(api(), surge=True, **QUOTAS).nothing_examined


def test_a_named_workload_must_be_there() -> None:
    assert message(examined(workloads=("deployment/api",), more=1)) == "there is no deployment/api"


def test_the_requests_fit_without_the_largest_node() -> None:
    nodes = [node("n1", cpu="8"), node("n2"), node("n3")]
    assert examined(nodes=nodes, pods=pods(7), spare_nodes=1).passed == 2
    found = message(examined(nodes=nodes, pods=pods(5, cpu="1700m"), spare_nodes=1))
    assert found == "its pods ask for 8500m; without the largest 1 node 8000m are left"


def test_a_single_node_is_never_spare() -> None:
    found = examined(nodes=[node("n1")], pods=pods(1), spare_nodes=1).findings
    assert [one.outcome for one in found] == [Outcome.FAIL, Outcome.FAIL]


def test_the_largest_pod_needs_a_node() -> None:
    full = [*pods(1, "n1", cpu="3600m"), *pods(1, "n2", cpu="3600m")]
    small = deployment("small", spec={"template": {"spec": {"containers": [container()]}}})
    found = message(examined(api(), small, daemon_set(), pods=full, largest=True))
    assert found == "no node has 500m and 1Gi free for one more of it"
    assert examined(api(), small, pods=pods(3), largest=True).passed == 1


def claim(storage: str | None = "fast") -> VolumeClaim:
    return msgspec.convert({"metadata": meta("data"), "spec": {"storageClassName": storage}}, VolumeClaim)


def storage_class(
    name: str = "fast", *, expandable: bool | None = True, default: bool = False
) -> StorageClass:
    notes = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return msgspec.convert(
        {"metadata": {"name": name, "annotations": notes}, "allowVolumeExpansion": expandable}, StorageClass
    )


@pytest.mark.parametrize(
    ("asked", "there", "told"),
    [
        ("fast", storage_class(), ""),
        (None, storage_class(default=True), ""),
        ("fast", storage_class(expandable=None), "StorageClass fast does not allow expansion"),
        ("fast", storage_class(expandable=False), "StorageClass fast does not allow expansion"),
        ("slow", storage_class(), "there is no StorageClass slow"),
        (None, storage_class(), "there is no StorageClass the default class"),
        ("", storage_class(), "it has no StorageClass: its volume cannot grow"),
    ],
)
def test_volumes_can_grow(asked: str | None, there: StorageClass, told: str) -> None:
    found = examined(claims=[claim(asked)], classes=[there], expandable=True)
    assert [one.message for one in found.findings] == ([told] if told else [])


def series(name: str, share: float) -> Series:
    labels = {"horizontalpodautoscaler": name, "namespace": SHOP}
    return Series(labels=labels, values=((NOW.timestamp(), str(share)),))


def at_maximum(*shares: Series, scaled: Sequence[Any] = (autoscaler(),), days: int = 7) -> Examination:
    now = NOW.timestamp()
    points = tuple((now - DAY * (day + 0.5), "1") for day in reversed(range(days)))
    kept = Recording(
        result_type="matrix", at=now, series=(Series(labels={}, values=points),), range=7 * DAY, step=DAY
    )
    samples = Samples(result_type="vector", at=now, series=shares)
    return examined(scaled=scaled, shares=samples, kept=kept, at_maximum="10%")


def test_an_autoscaler_that_is_seldom_at_its_maximum_passes() -> None:
    assert at_maximum(series("api", 0.05)).passed == 1


def test_one_that_is_often_at_its_maximum_fails() -> None:
    found = at_maximum(series("api", 0.25), series("api", 0.24))
    assert message(found) == "at its maximum of 10 for 25 % of 7d; at most 10 % allowed"


def test_without_samples_of_it_it_is_undecided() -> None:
    (finding,) = at_maximum(series("web", 0.0)).findings
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.message == "Prometheus has no replicas of this autoscaler"


def test_a_recording_that_is_shorter_than_the_window_is_undecided() -> None:
    assert at_maximum(series("api", 0.0), days=2).findings[0].outcome is Outcome.UNKNOWN


def test_one_that_has_one_size_only_is_not_examined() -> None:
    fixed = autoscaler(spec={"minReplicas": 3, "maxReplicas": 3})
    assert at_maximum(series("api", 1.0), scaled=[fixed]).nothing_examined


@pytest.mark.parametrize("limits", [{}, {"replicas": 3, "more": 1}, {"more": 1, "surge": True}])
def test_a_row_that_states_nothing_or_too_much_is_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="write "):
        HeadroomLimits(**limits)


def test_a_namespace_that_did_not_answer_leaves_a_named_workload_undecided() -> None:
    examine = examination(MEDIUM)
    gone = Failure("Forbidden", "not allowed", "kubernetes:test", in_namespace(SHOP))
    listed = listing(gaps=[gone])
    limits = HeadroomLimits(workloads=("deployment/api",), more=1)
    check_headroom(listed, *([listing()] * 5), None, None, None, None, None, limits, examine)
    assert examine.findings[0].outcome is Outcome.UNKNOWN
