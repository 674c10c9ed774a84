"""Volumes: every claim has its volume."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from opsproof import HIGH, Duration, Examination, Limits, Listing, Scoped, Subject, check
from opsproof.examine.beside import Beside, known
from opsproof.model.failure import CollectionError, Failure
from opsproof.model.words import first_few
from opsproof.sources.kubernetes.asks import Kubernetes, PersistentVolumes, Pods, VolumeClaims
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.storage import PersistentVolume, StorageClass, VolumeClaim, class_of
from opsproof.sources.kubernetes.reading.choice import absent, named

ClassesBeside = Annotated[Listing[StorageClass] | Failure, Beside(Kubernetes("storageclasses"))]


class VolumeLimits(Limits):
    """`claims`: names, each of which must exist; empty means all."""

    claims: Scoped[tuple[str, ...]] = ()
    grace: Duration = Duration.parse("5m")


@check("health/volumes-bound", title="Every persistent volume claim is bound to a healthy volume", level=HIGH)
def check_volumes_bound(
    claims: VolumeClaims,
    volumes: PersistentVolumes,
    classes: ClassesBeside,
    pods: Pods,
    limits: VolumeLimits,
    examine: Examination,
) -> None:
    """A pod whose claim is not bound does not start; one whose volume is lost has lost its data."""
    chosen, missing = named(claims, limits.claims, by=lambda claim: claim.name)
    by_name = {volume.name: volume for volume in volumes}
    users = _users(pods)
    for claim in chosen:
        pending, waiting = claim.phase == "Pending", users.get((claim.namespace, claim.name), [])
        if pending and not waiting and _waits_rightly(claim, classes, pods, examine):
            continue
        with examine(
            claim,
            measured=claim.phase,
            limit="Bound",
            since=claims.moment(*_wanted_since(claim, waiting, classes)) if pending else None,
            grace=limits.grace,
        ):
            who = f"; {first_few([pod.name for pod in waiting])} waits for it" if pending and waiting else ""
            assert claim.phase == "Bound", f"the claim is {claim.phase or 'without status'}, not Bound{who}"
            _decide_volume(claim, by_name.get(claim.spec.volume_name), volumes)
    _note_policies(chosen, by_name, examine)
    if not limits.claims:
        _examine_failed(claims, volumes, examine)
    for name in missing:
        with examine(Subject("persistentvolumeclaim", name), measured="absent", limit="Bound"):
            raise AssertionError(absent(claims, f"claim {name}"))


def _users(pods: Listing[Pod]) -> dict[tuple[str, str], list[Pod]]:
    """The pods that want each claim, by namespace and name of the claim."""
    found: dict[tuple[str, str], list[Pod]] = {}
    for pod in pods:
        for volume in () if pod.finished else pod.spec.volumes:
            if (source := volume.persistent_volume_claim) is not None:
                found.setdefault((pod.namespace, source.claim_name), []).append(pod)
    return found


def _wanted_since(
    claim: VolumeClaim, waiting: list[Pod], classes: Listing[StorageClass] | Failure
) -> tuple[datetime | None, str]:
    """When it was to be bound; one that is bound when a pod wants it, from its first pod on."""
    storage = None if isinstance(classes, Failure) else class_of(claim, classes)
    first = min((pod.created for pod in waiting if pod.created), default=None)
    if storage is not None and storage.waits and first is not None:
        return first, "the creation of the first pod that wants it"
    return claim.created, "its creation"


def _waits_rightly(
    claim: VolumeClaim, classes: Listing[StorageClass] | Failure, pods: Listing[Pod], examine: Examination
) -> bool:
    """Set aside what is only bound when a pod wants it, and none does; or say that nobody knows."""
    try:
        pods.within(claim.namespace)
        storage = class_of(claim, known(classes))
    except CollectionError as gap:
        examine.unknown(claim, gap)
        return True
    if storage is None or not storage.waits:
        return False
    examine.exclude(claim, "no pod wants it yet, and its StorageClass binds it only then")
    examine.note(f"{claim.subject} is not bound: no pod uses it")
    return True


def _decide_volume(
    claim: VolumeClaim, volume: PersistentVolume | None, volumes: Listing[PersistentVolume]
) -> None:
    if volume is None:
        volumes.within("")  # raises when the cluster did not tell its volumes
    assert volume is not None, f"its volume {claim.spec.volume_name} does not exist"
    assert volume.phase == "Bound", f"its volume {volume.name} is {volume.phase}, not Bound"


def _note_policies(
    claims: list[VolumeClaim], volumes: dict[str, PersistentVolume], examine: Examination
) -> None:
    """With the policy Delete, the data goes with the claim."""
    deleting = [
        claim.name
        for claim in claims
        if (volume := volumes.get(claim.spec.volume_name)) is not None
        and volume.spec.persistent_volume_reclaim_policy == "Delete"
    ]
    if deleting:
        examine.note(f"deleted with their claims (reclaim policy Delete): {', '.join(sorted(deleting))}")


def _examine_failed(
    claims: Listing[VolumeClaim], volumes: Listing[PersistentVolume], examine: Examination
) -> None:
    """Volumes that failed while their claim is gone."""
    namespaces = {claim.namespace for claim in claims}
    claimed = {claim.spec.volume_name for claim in claims}
    for volume in volumes:
        reference = volume.spec.claim_ref
        if volume.phase != "Failed" or volume.name in claimed or reference is None:
            continue
        if reference.namespace in namespaces:
            since = volumes.moment(volume.status.last_phase_transition_time, "its last change of phase")
            with examine(volume, measured=volume.phase, limit="Bound", since=since):
                raise AssertionError(f"the volume of the former claim {reference.name} is Failed")
