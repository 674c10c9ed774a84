"""capacity/disk-usage on plain facts: what nodes and pods have left. Volumes: database/disk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from checks.capacity.check_disk_usage import DiskLimits, check_disk_usage
from opsproof import Examination, Listing
from opsproof.examine.node_disks import NodeDisks
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.meta import Meta
from opsproof.sources.kubernetes.facts.nodes import Node, NodeSpec, Taint
from opsproof.sources.prometheus.facts import Samples
from opsproof.sources.prometheus.known import Known
from tests.checks.measured import EMPTY, NOW, examination, failed, instant, only, unknown
from tests.checks.volumes import NO_CLUSTER, claim, user, volumes

Disk = tuple[str, str, str, str]
ROOT: Disk = ("a1", "/dev/vda1", "/", "ext4")
EVER = Known(selector="avail", labels=("instance",))
NEVER = Known(selector="avail_byte", hint="there is no metric avail_byte")
UNSET = Failure("NotConfigured", "metrics.x is not set")


def of(values: dict[Disk, float | str]) -> Samples:
    """One number for each file system: node, device, mount point, type."""
    if not values:
        return EMPTY
    nodes, devices, mounts, types = (list(each) for each in zip(*values, strict=True))
    return instant(
        *values.values(), node=nodes, instance=[f"{node}:9100" for node in nodes], device=devices,
        mountpoint=mounts, fstype=types,
    )  # fmt: skip


def node(name: str, *, age: float = 3600, taint: str = "") -> Node:
    made = Meta(name=name, creation_timestamp=NOW - timedelta(seconds=age))
    return Node(metadata=made, spec=NodeSpec(taints=(Taint(key=taint),) if taint else ()))


def disks(free: dict[Disk, float | str], *, nodes: Any = ("a1",), **more: Any) -> NodeDisks:
    """Free of a hundred."""
    listed = (
        Listing([one if isinstance(one, Node) else node(one) for one in nodes], as_of=NOW)
        if isinstance(nodes, Sequence)
        else nodes
    )
    given: dict[str, Any] = {
        "available": of(free),
        "size": of(dict.fromkeys(free, 100)),
        "inodes": of(dict.fromkeys(free, 1000)),
        "inodes_free": of(dict.fromkeys(free, 900)),
        "read_only": of(dict.fromkeys(free, 0)),
        "written": of(dict.fromkeys(free, 0)),
        "errors": of(dict.fromkeys(free, 0)),
        "matched": EVER,
        "nodes": listed,
    }
    return NodeDisks(**{**given, **more})


def examined(given: NodeDisks, **limits: Any) -> Examination:
    examine = examination()
    check_disk_usage(
        None, given, None, None, None, None, DiskLimits(of=("nodes",), highest="80%", **limits), examine
    )
    return examine


def test_a_disk_with_room_is_compliant() -> None:
    assert examined(disks({ROOT: 20})).passed == 2


def test_a_disk_that_is_nearly_full_fails() -> None:
    finding = only(examined(disks({ROOT: 15, ("b1", "/dev/vda1", "/", "xfs"): 50}, nodes=("a1", "b1"))))
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "node a1:/")
    assert finding.message == "85 % of its bytes used; needed: at most 80 %"


def test_used_up_inodes_fail() -> None:
    finding = only(examined(disks({ROOT: 50}, inodes_free=of({ROOT: 10}))))
    assert finding.message == "99 % of its inodes used; needed: at most 80 %"


def test_inodes_may_have_a_limit_of_their_own() -> None:
    assert examined(disks({ROOT: 50}, inodes_free=of({ROOT: 10})), inodes="99.5%").passed == 2


@pytest.mark.parametrize(
    ("type", "mount"),
    [
        ("squashfs", "/snap/core/1"), ("iso9660", "/media/cd"), ("erofs", "/usr"), ("tmpfs", "/run"), ("overlay", "/x"),
        ("nfs4", "/srv"), ("ext4", "/var/lib/kubelet/pods/1/volumes/kubernetes.io~csi/pvc-1/mount"),
    ],
)  # fmt: skip
def test_what_is_full_by_its_kind_or_looked_at_elsewhere_is_set_aside_by_name(type: str, mount: str) -> None:
    examine = examined(disks({ROOT: 50, ("a1", "x", mount, type): 0}))
    assert (examine.passed, examine.findings) == (2, [])
    assert examine.excluded[0].examples == (f"node a1:{mount}",)


def test_a_mount_point_that_the_row_leaves_out_is_not_looked_at() -> None:
    examine = examined(disks({ROOT: 50, ("a1", "x", "/srv/cache", "ext4"): 0}), without=("/srv/*",))
    assert examine.excluded[0].why == "the row leaves it out"


def test_one_device_is_judged_once() -> None:
    examine = examined(disks({ROOT: 5, ("a1", "/dev/vda1", "/mnt/again", "ext4"): 5}))
    assert [str(one.subject) for one in failed(examine)] == ["node a1:/"]


def test_what_is_read_only_for_long_cannot_fill() -> None:
    usr: Disk = ("a1", "/dev/vda2", "/usr", "ext4")
    flags = of({ROOT: 0, usr: 1})
    examine = examined(disks({ROOT: 50, usr: 0}, read_only=flags, written=flags))
    assert (examine.passed, examine.findings) == (2, [])
    assert examine.excluded[0].why == "read-only for long: nothing can fill it"


def test_what_has_turned_read_only_fails() -> None:
    finding = only(examined(disks({ROOT: 50}, read_only=of({ROOT: 1}))))
    assert (finding.outcome, finding.measured.text) == (Outcome.FAIL, "read-only")
    assert finding.message.startswith("it became read-only within 1d")


def test_what_an_exporter_cannot_read_is_undecided() -> None:
    data: Disk = ("a1", "/dev/vdb", "/data", "ext4")
    finding = only(examined(disks({ROOT: 50}, errors=of({ROOT: 0, data: 1}))))
    assert (finding.outcome, str(finding.subject)) == (Outcome.UNKNOWN, "node a1:/data")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"size": EMPTY}, "its size is not told"),
        ({"size": of({ROOT: 0})}, "its size is not told"),
        ({"inodes": EMPTY}, "Prometheus has no inodes of nodes now"),
        ({"inodes_free": EMPTY}, "its number of free inodes is not told"),
        ({"available": of({ROOT: "NaN"})}, "Prometheus answers NaN, which is no number to compare"),
        ({"available": EMPTY}, "no file system of a node is measured now"),
        ({"available": EMPTY, "matched": NEVER}, "*now: no series match avail_byte: there is no metric avail_byte"),
        ({"available": instant(1)}, "the metric has no label for node and mount point*"),
    ],
)  # fmt: skip
def test_what_is_not_told_is_undecided(more: dict[str, Any], why: str) -> None:
    finding = only(examined(disks({ROOT: 50}, **more)))
    assert finding.outcome is Outcome.UNKNOWN
    assert why.strip("*") in finding.message


def test_metrics_that_the_environment_does_not_have_are_done_without() -> None:
    examine = examined(disks({ROOT: 50}, inodes=UNSET, read_only=UNSET, written=UNSET, errors=UNSET))
    assert (examine.passed, examine.findings) == (1, [])
    assert "inodes of nodes are not looked at" in examine.notes[0]


def test_a_node_that_no_exporter_tells_of_is_undecided() -> None:
    finding = only(examined(disks({ROOT: 50}, nodes=("a1", "b1"))))
    assert (str(finding.subject), finding.message) == ("node b1", "no exporter tells of its file systems")


@pytest.mark.parametrize("one", [node("b1", age=60), node("b1", taint="ToBeDeletedByClusterAutoscaler")])
def test_a_node_that_comes_or_goes_may_be_without_numbers(one: Node) -> None:
    examine = examined(disks({ROOT: 50}, nodes=("a1", one)))
    assert (examine.findings, len(examine.excluded)) == ([], 1)


def test_where_exporters_do_not_tell_names_the_nodes_are_counted() -> None:
    by_address = {("10.0.0.1", "/dev/vda1", "/", "ext4"): 50}
    assert not examined(disks(dict(by_address), nodes=("a1",))).findings
    finding = only(examined(disks(dict(by_address), nodes=("a1", "b1"))))
    assert finding.message == "1 host of 2 nodes tell of their file systems"


def test_without_a_cluster_no_node_is_missed_and_that_is_said() -> None:
    examine = examined(disks({ROOT: 50}, nodes=NO_CLUSTER))
    assert (examine.findings, len(examine.notes)) == ([], 1)
    refused = Failure("Unreachable", "connection refused", "kubernetes:x")
    assert only(examined(disks({ROOT: 50}, nodes=refused))).message == "connection refused"


def written(*values: float | str, pods: Sequence[str] = ("api-7d9f8c6b5-x2x4z", "db-0")) -> Samples:
    names = pods[: len(values)]
    return instant(*values, namespace=["shop"] * len(names), pod=names, container=["app"] * len(names))


def of_pods(used: Any, most: Any, *, ever: Any = EVER, nodes: NodeDisks | None = None) -> Examination:
    examine = examination()
    wanted = ("pods",) if nodes is None else ("nodes", "pods")
    check_disk_usage(None, nodes, used, most, ever, ever, DiskLimits(of=wanted, highest="80%"), examine)
    return examine


def test_a_pod_that_nears_its_limit_of_ephemeral_storage_fails() -> None:
    finding = only(of_pods(written(90, 10), written(100, 100)))
    assert str(finding.subject) == "pod shop/api-7d9f8c6b5-x2x4z/app"
    assert finding.subject.key == "api/app"
    assert finding.message == "wrote 90 % of its ephemeral-storage limit; needed: at most 80 %"


def test_pods_without_limit_or_without_numbers_are_set_aside() -> None:
    examine = of_pods(written(90), written(100, pods=["db-0"]))
    assert (examine.passed, examine.findings, len(examine.excluded)) == (0, [], 2)


@pytest.mark.parametrize(("used", "most"), [(EMPTY, written(100)), (written(90), EMPTY)])
def test_metrics_of_pods_that_are_not_there_are_undecided(used: Samples, most: Samples) -> None:
    assert "of ephemeral storage now" in only(of_pods(used, most)).message
    assert only(of_pods(used, most, ever=NEVER)).message.startswith("no series match avail_byte")


def test_where_nobody_measures_pods_their_nodes_are_what_is_looked_at() -> None:
    examine = of_pods(UNSET, written(100), nodes=disks({ROOT: 50}))
    assert (examine.passed, examine.findings) == (2, [])
    assert "the nodes' file systems" in examine.notes[0]
    assert only(of_pods(UNSET, written(100))).outcome is Outcome.UNKNOWN


def test_volumes_nodes_and_pods_are_named() -> None:
    examine = examination()
    limits = DiskLimits(highest="80%")
    check_disk_usage(
        volumes({"data": 0.5}), disks({ROOT: 5}), written(90), written(100), EVER, EVER, limits, examine
    )
    assert [one.subject.kind for one in failed(examine)] == ["persistentvolumeclaim", "node", "pod"]


def test_a_claim_that_no_pod_mounts_is_set_aside_where_the_row_names_none() -> None:
    examine = examination()
    given = volumes({"data": 5.0}, claims=[claim(), claim("spare")], pods=[user()])
    check_disk_usage(given, None, None, None, None, None, DiskLimits(of=("volumes",), highest="80%"), examine)
    assert (examine.passed, examine.findings) == (2, [])
    assert examine.excluded[0].why == "no running pod mounts it, and kubelets measure what is mounted"


def test_no_claim_at_all_is_said_and_nothing_examined() -> None:
    examine = examination()
    check_disk_usage(
        volumes({}), None, None, None, None, None, DiskLimits(of=("volumes",), highest="80%"), examine
    )
    assert examine.nothing_examined
    assert examine.notes == ["no claim is bound, so that no volume is there to be measured"]
    assert not unknown(examine)
