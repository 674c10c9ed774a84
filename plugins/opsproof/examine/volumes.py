"""Volumes as the kubelets measured them, beside the claims that the cluster has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, ClassVar

import msgspec

from opsproof.examine.beside import Beside, known
from opsproof.examine.deciding import deciding
from opsproof.examine.examination import Examination
from opsproof.examine.together import Parts, asks_of, assembled, problems_of
from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import Failure, Undecided, raised_from
from opsproof.model.limits import AtMost
from opsproof.model.listing import Listing
from opsproof.model.subject import Subject
from opsproof.model.units import Duration, Percent
from opsproof.sources.kubernetes.asks import Kubernetes
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.storage import VolumeClaim
from opsproof.sources.prometheus.facts import PromQL, Samples, Series, number
from opsproof.sources.prometheus.known import Known, Matched

ClaimName = tuple[str, str]
BY_CLAIM = "by (namespace, persistentvolumeclaim)"
_SOURCE = Subject("source", "volumes")


class Volumes(msgspec.Struct, frozen=True):
    """What is free now of each claim, of how much; inodes; and the claims and pods of the cluster.

    A kubelet measures what a pod mounts, so that a claim without numbers is decided by the cluster's own word.
    """

    available: Samples | Failure
    capacity: Samples | Failure
    inodes: Samples | Failure | None
    inodes_used: Samples | Failure | None
    matched: Known | Failure
    claims: Listing[VolumeClaim] | Failure
    pods: Listing[Pod] | Failure

    @property
    def free(self) -> dict[ClaimName, float]:
        """Raises CollectionError, Undecided."""
        return by_claim(known(self.available))

    @property
    def whole(self) -> dict[ClaimName, float]:
        """Raises CollectionError, Undecided."""
        return by_claim(known(self.capacity))

    @property
    def unmatched(self) -> str:
        """`: no series match ...` where the selector never matched anything."""
        found = self.matched
        return f": {found.unmatched}" if isinstance(found, Known) and not found.ever else ""


class VolumesOf(msgspec.Struct, frozen=True):
    """Source of `Volumes`; None when `when`, a field of the limits, is false. `inodes`: whether they are asked for."""

    when: str = ""
    inodes: bool = True
    _parts: ClassVar[Parts] = {
        "available": Beside(PromQL(f"min {BY_CLAIM} (${{volume_available}})", over="")),
        "capacity": Beside(PromQL(f"max {BY_CLAIM} (${{volume_capacity}})", over="")),
        "inodes": Beside(PromQL(f"max {BY_CLAIM} (${{volume_inodes}})", over="")),
        "inodes_used": Beside(PromQL(f"max {BY_CLAIM} (${{volume_inodes_used}})", over="")),
        "matched": Beside(Matched("${volume_available}")),
        "claims": Beside(Kubernetes("persistentvolumeclaims")),
        "pods": Beside(Kubernetes("pods")),
    }

    @property
    def parts(self) -> Parts:
        return {name: part for name, part in self._parts.items() if self.inodes or "inodes" not in name}

    def asks(self, context: Context) -> tuple[Ask, ...]:
        return asks_of(self.parts, context) if self._wanted(context) else ()

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Volumes | None:
        if not self._wanted(context):
            return None
        without = {"inodes": None, "inodes_used": None}
        return Volumes(**{**without, **assembled(self.parts, answers, context)})

    def problems(self, context: Context) -> tuple[str, ...]:
        """What is wrong with the queries."""
        return problems_of(self.parts, context) if self._wanted(context) else ()

    def _wanted(self, context: Context) -> bool:
        return not self.when or bool(getattr(context.limits, self.when))


class Room(msgspec.Struct, frozen=True):
    """How much of a volume may be used; `claims`: which are looked at, with `*`; none: all.

    `grace`: how long a pod may run before its kubelet has measured what it mounts.
    """

    highest: AtMost[Percent]
    inodes: AtMost[Percent]
    claims: tuple[str, ...]
    grace: Duration

    def chosen(self, claim: str) -> bool:
        return not self.claims or any(fnmatchcase(claim, pattern) for pattern in self.claims)


def by_claim(samples: Samples) -> dict[ClaimName, float]:
    """The newest value of each claim."""
    return {claim_of(series): series.value for series in samples}


def claim_of(series: Series) -> ClaimName:
    """Namespace and name. Raises Undecided: the metric does not keep the label."""
    name = series.label("persistentvolumeclaim")
    if not name:
        raise Undecided(
            "the metric has no `persistentvolumeclaim` label: the environment's metric must keep it"
        )
    return series.label("namespace"), name


def subject_of(claim: ClaimName, key: str = "") -> Subject:
    namespace, name = claim
    return Subject("persistentvolumeclaim", name, namespace, key)


def examine_volumes(volumes: Volumes, room: Room, examine: Examination) -> None:
    """Each volume's bytes and inodes, and what nobody measures."""
    with deciding(examine, _SOURCE):
        free, whole = volumes.free, volumes.whole
        measured = [claim for claim in sorted(free) if room.chosen(claim[1])]
        for claim in measured:
            with examine(subject_of(claim), limit=room.highest) as it:
                share = _share(free[claim], whole.get(claim))
                it.holds(room.highest, share, f"{share} of its bytes used; needed: {room.highest}")
        _examine_inodes(measured, volumes, room, examine)
        examine_unmeasured(measured, volumes, room, examine)


def _share(free: float, of: float | None) -> Percent:
    if of is None or not number(of) > 0:
        raise Undecided("its capacity is not told")
    return Percent(1 - number(free) / of)


def _examine_inodes(claims: Sequence[ClaimName], volumes: Volumes, room: Room, examine: Examination) -> None:
    """A file system whose inodes are used up takes no new file, however many bytes are free."""
    if isinstance(volumes.inodes, Failure) and volumes.inodes.kind == "NotConfigured":
        examine.note(
            "inodes of volumes are not looked at: the metrics volume_inodes and volume_inodes_used are not set"
        )
        return
    with deciding(examine, Subject("source", "inodes of volumes")):
        most, used = by_claim(known(volumes.inodes)), by_claim(known(volumes.inodes_used))
        if claims and not most:
            raise Undecided("Prometheus has no inodes of volumes now")
        for claim in claims:
            subject = subject_of(claim, f"{claim[1]}/inodes")
            if not most.get(claim):
                examine.exclude(subject, "no fixed number of inodes is told of it")
                continue
            with examine(subject, limit=room.inodes) as it:
                if claim not in used:
                    raise Undecided("how many inodes are used is not told")
                share = Percent(number(used[claim]) / number(most[claim]))
                it.holds(room.inodes, share, f"{share} of its inodes used; needed: {room.inodes}")


def examine_unmeasured(
    measured: Iterable[ClaimName], volumes: Volumes, room: Room, examine: Examination
) -> None:
    """The claims of the cluster of which Prometheus has no number, and patterns that fit none."""
    there = set(measured)
    listed = volumes.claims
    if isinstance(listed, Failure):
        _without_cluster(listed, there, volumes, room, examine)
        return
    for gap in listed.gaps:
        examine.unknown(Subject("source", "claims"), gap)
    names = {name for _, name in there} | {claim.name for claim in listed}
    for claim in listed:
        if room.chosen(claim.name) and (claim.namespace, claim.name) not in there:
            _examine_unmeasured(claim, volumes, room, examine)
    if not listed.gaps:
        _examine_names(names, room, "no claim is named so", examine)
    if not there and not listed.gaps and not any(claim.phase == "Bound" for claim in listed):
        examine.note("no claim is bound, so that no volume is there to be measured")


def _examine_names(names: Iterable[str], room: Room, why: str, examine: Examination) -> None:
    """What the row names has to be there."""
    for pattern in room.claims:
        if not any(fnmatchcase(name, pattern) for name in names):
            examine.unknown(Subject("persistentvolumeclaim", pattern), Undecided(why))


def _without_cluster(
    failure: Failure, measured: set[ClaimName], volumes: Volumes, room: Room, examine: Examination
) -> None:
    if failure.kind != "NotConfigured":
        examine.unknown(Subject("source", "claims"), failure)
    elif measured:
        examine.note("no cluster is configured: a claim that nobody measures is not missed")
        _examine_names([name for _, name in measured], room, "no volume of that name is measured", examine)
    else:
        raise Undecided(f"no volume is measured now{volumes.unmatched}")


def _examine_unmeasured(claim: VolumeClaim, volumes: Volumes, room: Room, examine: Examination) -> None:
    """What is not mounted is not measured, and does not fill; all else should be."""
    why = ""
    if claim.phase != "Bound":
        why = "not bound: it has no volume yet"
    elif claim.spec.volume_mode == "Block":
        why = "a raw block device: it has no file system"
    with deciding(examine, claim.subject):
        users = [] if why else _users(claim, volumes.pods)
        if not why and not users:
            why = "no running pod mounts it, and kubelets measure what is mounted"
        if not why and _all_young(users, volumes.pods, room.grace):
            why = f"mounted for less than {room.grace}: not measured yet"
        if why and room.claims:
            raise Undecided(why)
        if why:
            examine.exclude(claim, why)
            return
        raise Undecided(
            f"no kubelet tells how full it is, though {users[0].name} mounts it{volumes.unmatched}"
        )


def _users(claim: VolumeClaim, pods: Listing[Pod] | Failure) -> list[Pod]:
    """The pods that mount it. Raises CollectionError: the pods are not known."""
    if isinstance(pods, Failure):
        raise raised_from(pods)
    own = {owner.name for owner in claim.metadata.owner_references if owner.kind == "Pod"}
    return [
        pod
        for pod in pods.within(claim.namespace)
        if not pod.finished
        and (
            pod.name in own
            or any(
                volume.persistent_volume_claim is not None
                and volume.persistent_volume_claim.claim_name == claim.name
                for volume in pod.spec.volumes
            )
        )
    ]


def _all_young(users: Iterable[Pod], pods: Listing[Pod] | Failure, grace: Duration) -> bool:
    """Whether none of them has run for longer; one that has not started mounts nothing yet."""
    assert isinstance(pods, Listing)
    started: list[datetime | None] = [pod.status.start_time for pod in users]
    return all(at is None or pods.age(at) < grace for at in started)
