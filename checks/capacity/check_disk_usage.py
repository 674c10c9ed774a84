"""How full volumes, the file systems of nodes, and what pods may write are."""

from __future__ import annotations

from typing import Annotated, Literal

from opsproof import HIGH, AtMost, Duration, Examination, Limits, Percent, Scoped, Subject, Undecided, check
from opsproof.examine.beside import Beside, known
from opsproof.examine.deciding import deciding
from opsproof.examine.node_disks import Allowed, NodeDisks, NodeDisksOf, examine_nodes
from opsproof.examine.volumes import Room, Volumes, VolumesOf, examine_volumes
from opsproof.model.failure import Failure
from opsproof.sources.prometheus.facts import PromQL, Samples, number
from opsproof.sources.prometheus.growth import folded
from opsproof.sources.prometheus.known import Known, Matched
from opsproof.sources.prometheus.reading.matchers import workload_of

Kind = Literal["volumes", "nodes", "pods"]
_BY = "by (namespace, pod, container)"
_WRITTEN, _MOST = folded("${container_fs_usage}"), folded("${container_fs_limits}")
Written = Annotated[Samples | Failure | None, Beside(PromQL(f"sum {_BY} ({_WRITTEN})", over=""), when="pods")]
Most = Annotated[Samples | Failure | None, Beside(PromQL(f"sum {_BY} ({_MOST})", over=""), when="pods")]
WrittenKnown = Annotated[Known | Failure | None, Beside(Matched("${container_fs_usage}"), when="pods")]
MostKnown = Annotated[Known | Failure | None, Beside(Matched("${container_fs_limits}"), when="pods")]


class DiskLimits(Limits):
    """`of`: which are looked at. `highest`: the share that may be used. `inodes`: of inodes; none: as of bytes.

    `without`: mount points of nodes to leave out.
    `turned`: a node's file system that became read-only within this time is broken. `grace`: how long a new node,
    or a volume that a pod has just mounted, may be without numbers.
    """

    of: Scoped[tuple[Kind, ...]] = ("volumes", "nodes", "pods")
    without: Scoped[tuple[str, ...]] = ()
    highest: AtMost[Percent]
    inodes: AtMost[Percent] | None = None
    turned: Duration = Duration.parse("1d")
    grace: Duration = Duration.parse("5m")

    @property
    def volumes(self) -> bool:
        return "volumes" in self.of

    @property
    def nodes(self) -> bool:
        return "nodes" in self.of

    @property
    def pods(self) -> bool:
        return "pods" in self.of


@check("capacity/disk-usage", title="Volumes, nodes and pods have disk space left", level=HIGH)
def check_disk_usage(
    volumes: Annotated[Volumes | None, VolumesOf(when="volumes")],
    disks: Annotated[NodeDisks | None, NodeDisksOf(when="nodes")],
    written: Written, most: Most, written_known: WrittenKnown, most_known: MostKnown,
    limits: DiskLimits, examine: Examination,
) -> None:  # fmt: skip
    """What is full stops whoever writes to it: databases at once, logs silently, and a node evicts its pods."""
    inodes = limits.inodes or limits.highest
    if volumes is not None:
        examine_volumes(volumes, Room(limits.highest, inodes, (), limits.grace), examine)
    if disks is not None:
        allowed = Allowed(limits.highest, inodes, limits.without, limits.turned, limits.grace)
        examine_nodes(disks, allowed, examine)
    if limits.pods:
        with deciding(examine, Subject("source", "what pods write")):
            _examine_pods((written, most), (written_known, most_known), limits, examine)


def _examine_pods(
    given: tuple[Samples | Failure | None, Samples | Failure | None],
    matched: tuple[Known | Failure | None, Known | Failure | None],
    limits: DiskLimits,
    examine: Examination,
) -> None:
    """What a container writes beside its volumes, of its ephemeral-storage limit: beyond it, its pod is evicted."""
    unset = [one for one in given if isinstance(one, Failure) and one.kind == "NotConfigured"]
    if unset and limits.nodes:
        examine.note(
            f"what pods write lies on the nodes' file systems, which are looked at: {unset[0].message}"
        )
        return
    written, most = (known(one) for one in given)
    for samples, ever, what in zip((written, most), matched, ("use", "limit"), strict=True):
        if samples.empty:
            known(ever).require()
            raise Undecided(f"Prometheus has no {what} of ephemeral storage now")
    allowed = {_of(series.labels): series.value for series in most}
    for series in written:
        namespace, pod, container = _of(series.labels)
        subject = Subject("pod", f"{pod}/{container}", namespace, f"{workload_of(pod)}/{container}")
        of = allowed.get((namespace, pod, container))
        if of is None:
            examine.exclude(subject, "no ephemeral-storage limit: its node's file system is what bounds it")
            continue
        with examine(subject, limit=limits.highest) as it:
            if not number(of) > 0:
                raise Undecided("its ephemeral-storage limit is no size")
            share = Percent(number(series.value) / of)
            it.holds(
                limits.highest,
                share,
                f"wrote {share} of its ephemeral-storage limit; needed: {limits.highest}",
            )
    there = {_of(series.labels) for series in written}
    for namespace, pod, container in allowed:
        if (namespace, pod, container) not in there:
            subject = Subject("pod", f"{pod}/{container}", namespace)
            examine.exclude(subject, "not measured: it does not run, or nothing tells what it writes")


def _of(labels: dict[str, str]) -> tuple[str, str, str]:
    return labels.get("namespace", ""), labels.get("pod", ""), labels.get("container", "")
