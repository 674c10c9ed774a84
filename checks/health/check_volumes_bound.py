"""Volumes: every claim has its volume."""

from __future__ import annotations

from opsproof import HIGH, Duration, Examination, Limits, Listing, Scoped, Subject, check
from opsproof.sources.kubernetes.asks import PersistentVolumes, VolumeClaims
from opsproof.sources.kubernetes.facts.storage import PersistentVolume, VolumeClaim
from opsproof.sources.kubernetes.reading.choice import absent, named


class VolumeLimits(Limits):
    """`claims`: names, each of which must exist; empty means all."""

    claims: Scoped[tuple[str, ...]] = ()
    grace: Duration = Duration.parse("5m")


@check("health/volumes-bound", title="Every persistent volume claim is bound to a healthy volume", level=HIGH)
def check_volumes_bound(
    claims: VolumeClaims, volumes: PersistentVolumes, limits: VolumeLimits, examine: Examination
) -> None:
    """A pod whose claim is not bound does not start; one whose volume is lost has lost its data."""
    chosen, missing = named(claims, limits.claims, by=lambda claim: claim.name)
    by_name = {volume.name: volume for volume in volumes}
    for claim in chosen:
        pending = claim.phase == "Pending"
        with examine(
            claim,
            measured=claim.phase,
            limit="Bound",
            since=claims.moment(claim.created, "its creation") if pending else None,
            grace=limits.grace,
        ):
            assert claim.phase == "Bound", f"the claim is {claim.phase or 'without status'}, not Bound"
            _decide_volume(claim, by_name.get(claim.spec.volume_name), volumes)
    _note_policies(chosen, by_name, examine)
    if not limits.claims:
        _examine_failed(claims, volumes, examine)
    for name in missing:
        with examine(Subject("persistentvolumeclaim", name), measured="absent", limit="Bound"):
            raise AssertionError(absent(claims, f"claim {name}"))


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
