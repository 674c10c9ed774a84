"""File systems of nodes as their exporters measured them, beside the nodes that the cluster has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any, ClassVar, NamedTuple

import msgspec

from opsproof.examine.beside import Beside, known
from opsproof.examine.deciding import deciding
from opsproof.examine.examination import Examination
from opsproof.examine.file_systems import set_aside
from opsproof.examine.together import Parts, asks_of, assembled, problems_of
from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure, Undecided
from opsproof.model.limits import AtMost
from opsproof.model.listing import Listing
from opsproof.model.subject import Subject
from opsproof.model.units import Duration, Percent
from opsproof.model.words import several
from opsproof.sources.kubernetes.asks import Kubernetes
from opsproof.sources.kubernetes.facts.nodes import Node
from opsproof.sources.kubernetes.reading.departure import departure
from opsproof.sources.prometheus.facts import PromQL, Samples, Series, number
from opsproof.sources.prometheus.growth import folded
from opsproof.sources.prometheus.known import Known, Matched

_PODS = "/var/lib/kubelet/"
# Where a node's name is kept; else the host of its `instance`.
_NAMES = ("node", "nodename", "kubernetes_node")


class FileSystem(NamedTuple):
    """One mounted file system of one exporter."""

    instance: str
    node: str
    device: str
    mount: str
    type: str

    def subject(self, key: str = "") -> Subject:
        name = f"{self.node}:{self.mount}"
        return Subject("node", name, key=f"{name}{key}")


Amounts = dict[FileSystem, float]


class NodeDisks(msgspec.Struct, frozen=True):
    """What is free now of each file system, of how much; which of them are read-only, and which cannot be read.

    `written`: 0 for one that could be written some time within the limit `turned`.
    """

    available: Samples | Failure
    size: Samples | Failure
    inodes: Samples | Failure
    inodes_free: Samples | Failure
    read_only: Samples | Failure
    written: Samples | Failure
    errors: Samples | Failure
    matched: Known | Failure
    nodes: Listing[Node] | Failure


class NodeDisksOf(msgspec.Struct, frozen=True):
    """Source of `NodeDisks`; None when `when`, a field of the limits, is false."""

    when: str = ""
    parts: ClassVar[Parts] = {
        "available": Beside(PromQL(folded("${node_filesystem_avail}"), over="")),
        "size": Beside(PromQL(folded("${node_filesystem_size}"), over="")),
        "inodes": Beside(PromQL(folded("${node_filesystem_inodes}"), over="")),
        "inodes_free": Beside(PromQL(folded("${node_filesystem_inodes_free}"), over="")),
        "read_only": Beside(PromQL(folded("${node_filesystem_read_only}"), over="")),
        "written": Beside(PromQL(folded("min_over_time(${node_filesystem_read_only}[${turned}])"), over="")),
        "errors": Beside(PromQL(folded("${node_filesystem_errors}"), over="")),
        "matched": Beside(Matched("${node_filesystem_avail}")),
        "nodes": Beside(Kubernetes("nodes")),
    }

    def asks(self, context: Context) -> tuple[Ask, ...]:
        return asks_of(self.parts, context) if self._wanted(context) else ()

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> NodeDisks | None:
        return NodeDisks(**assembled(self.parts, answers, context)) if self._wanted(context) else None

    def problems(self, context: Context) -> tuple[str, ...]:
        """What is wrong with the queries."""
        return problems_of(self.parts, context) if self._wanted(context) else ()

    def _wanted(self, context: Context) -> bool:
        return not self.when or bool(getattr(context.limits, self.when))


class Allowed(msgspec.Struct, frozen=True):
    """How much of a file system may be used. `without`: mount points that are not looked at, with `*`.

    `turned`: one that became read-only within this time is broken. `grace`: how new a node may be without numbers.
    """

    highest: AtMost[Percent]
    inodes: AtMost[Percent]
    without: tuple[str, ...]
    turned: Duration
    grace: Duration


def examine_nodes(disks: NodeDisks, allowed: Allowed, examine: Examination) -> None:
    """Each real file system's bytes and inodes, and the nodes of which nobody tells."""
    with deciding(examine, Subject("source", "file systems")):
        free, whole = _amounts(known(disks.available)), _amounts(known(disks.size))
        broken = _marked(disks.errors)
        if not free and not broken:
            raise Undecided(f"no file system of a node is measured now{_unmatched(disks)}")
        _examine_errors(broken, allowed, examine)
        chosen = _chosen(free, disks, allowed, examine)
        for one in chosen:
            with examine(one.subject(), limit=allowed.highest) as it:
                share = _share(free[one], whole.get(one), "size")
                it.holds(allowed.highest, share, f"{share} of its bytes used; needed: {allowed.highest}")
        _examine_inodes(chosen, disks, allowed, examine)
        _examine_unmeasured({*free, *broken}, disks, allowed, examine)


def _amounts(samples: Samples) -> Amounts:
    return {_file_system(series): series.value for series in samples}


def _file_system(series: Series) -> FileSystem:
    instance = series.label("instance")
    node = next(filter(None, map(series.label, _NAMES)), "") or _host(instance)
    if not node or not series.label("mountpoint"):
        raise Undecided(
            "the metric has no label for node and mount point: the environment's metric must keep them"
        )
    return FileSystem(
        instance or node, node, series.label("device"), series.label("mountpoint"), series.label("fstype")
    )


def _host(instance: str) -> str:
    host, colon, port = instance.rpartition(":")
    return host.strip("[]") if colon and port.isdigit() else instance


def _unmatched(disks: NodeDisks) -> str:
    found = disks.matched
    return f": {found.unmatched}" if isinstance(found, Known) and not found.ever else ""


def _marked(samples: Samples | Failure) -> set[FileSystem]:
    """The file systems whose flag is up; none where the environment does not have the metric."""
    if isinstance(samples, Failure) and samples.kind == "NotConfigured":
        return set()
    return {one for one, value in _amounts(known(samples)).items() if value == 1}


def _left_out(one: FileSystem, allowed: Allowed) -> str:
    if any(fnmatchcase(one.mount, pattern) for pattern in allowed.without):
        return "the row leaves it out"
    if one.mount.startswith(_PODS) and one.mount != _PODS:
        return "a volume of a pod, which its claim is about"
    return set_aside(one.type, one.mount)


def _examine_errors(broken: Iterable[FileSystem], allowed: Allowed, examine: Examination) -> None:
    for one in sorted(broken):
        if not _left_out(one, allowed):
            told = "its exporter cannot read it (node_filesystem_device_error is 1)"
            examine.unknown(one.subject(), Undecided(told))


def _chosen(free: Amounts, disks: NodeDisks, allowed: Allowed, examine: Examination) -> list[FileSystem]:
    """The real file systems that can be written, each device of a node once."""
    read_only = _marked(disks.read_only)
    always = _marked(disks.written) if read_only else set()
    found: dict[tuple[str, str], FileSystem] = {}
    for one in sorted(free, key=lambda one: (len(one.mount), one)):
        why = _left_out(one, allowed)
        if not why and one in read_only:
            why = "read-only for long: nothing can fill it"
            if one not in always:
                _turned(one, allowed, examine)
                continue
        if why:
            examine.exclude(one.subject(), why)
        else:
            found.setdefault((one.instance, one.device or one.mount), one)
    return sorted(found.values())


def _turned(one: FileSystem, allowed: Allowed, examine: Examination) -> None:
    with examine(one.subject(), measured="read-only", limit="writable"):
        raise AssertionError(
            f"it became read-only within {allowed.turned}; after an error of the disk the kernel does that by itself"
        )


def _share(free: float | None, of: float | None, what: str) -> Percent:
    if free is None or of is None or not number(of) > 0:
        raise Undecided(f"its {what} is not told")
    return Percent(1 - number(free) / of)


def _examine_inodes(
    chosen: Sequence[FileSystem], disks: NodeDisks, allowed: Allowed, examine: Examination
) -> None:
    if isinstance(disks.inodes, Failure) and disks.inodes.kind == "NotConfigured":
        examine.note(
            "inodes of nodes are not looked at: node_filesystem_inodes and node_filesystem_inodes_free are not set"
        )
        return
    with deciding(examine, Subject("source", "inodes of nodes")):
        most, free = _amounts(known(disks.inodes)), _amounts(known(disks.inodes_free))
        if chosen and not most:
            raise Undecided("Prometheus has no inodes of nodes now")
        for one in chosen:
            if not most.get(one):
                examine.exclude(one.subject("/inodes"), "no fixed number of inodes is told of it")
                continue
            with examine(one.subject("/inodes"), limit=allowed.inodes) as it:
                share = _share(free.get(one), most[one], "number of free inodes")
                it.holds(allowed.inodes, share, f"{share} of its inodes used; needed: {allowed.inodes}")


def _examine_unmeasured(
    measured: set[FileSystem], disks: NodeDisks, allowed: Allowed, examine: Examination
) -> None:
    """By name where exporters tell the nodes' names; else by number."""
    nodes = disks.nodes
    if isinstance(nodes, Failure):
        if nodes.kind == "NotConfigured":
            examine.note("no cluster is configured: a node that nobody measures is not missed")
        else:
            examine.unknown(Subject("source", "nodes"), nodes)
        return
    for gap in nodes.gaps:
        examine.unknown(Subject("source", "nodes"), gap)
    names, hosts = {one.node for one in measured}, {one.instance for one in measured}
    staying = [node for node in nodes if not _comes_or_goes(node, nodes, names, allowed, examine)]
    if any(node.name in names for node in nodes):
        for node in staying:
            if node.name not in names:
                examine.unknown(node, Undecided("no exporter tells of its file systems"))
    elif len(hosts) < len(staying):
        told = f"{several(len(hosts), 'host')} of {several(len(staying), 'node')} tell of their file systems"
        examine.unknown(Subject("source", "file systems"), Undecided(told))


def _comes_or_goes(
    node: Node, nodes: Listing[Node], names: set[str], allowed: Allowed, examine: Examination
) -> bool:
    """Set aside a node that is not measured yet, or about to be taken away."""
    going = departure(node, nodes.clock.latest)
    young = node.created is not None and nodes.age(node.created) < allowed.grace
    if node.name in names or not (going or young):
        return False
    examine.exclude(node, going.why if going else f"younger than {allowed.grace}: not measured yet")
    return True
