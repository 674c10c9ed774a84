"""health/volumes-bound on plain facts."""

from __future__ import annotations

from typing import Any

import msgspec

from checks.health.check_volumes_bound import VolumeLimits, check_volumes_bound
from opsproof import Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.storage import PersistentVolume, VolumeClaim
from tests.checks.cluster import SHOP, examination, listing, meta


def claim(name: str = "data", *, phase: str = "Bound", volume: str = "pv-1", age: float = 600) -> VolumeClaim:
    given = {"metadata": meta(name, age=age), "spec": {"volumeName": volume}, "status": {"phase": phase}}
    return msgspec.convert(given, VolumeClaim)


def volume(
    name: str = "pv-1", *, phase: str = "Bound", policy: str = "Retain", of: str = "data"
) -> PersistentVolume:
    spec = {"persistentVolumeReclaimPolicy": policy, "claimRef": {"name": of, "namespace": SHOP}}
    given = {"metadata": {"name": name}, "spec": spec, "status": {"phase": phase}}
    return msgspec.convert(given, PersistentVolume)


def examined(*claims: VolumeClaim, volumes: Any = None, gaps: Any = (), **limits: Any) -> Examination:
    examine = examination()
    known = [volume()] if volumes is None else volumes
    check_volumes_bound(listing(*claims), listing(*known, gaps=gaps), VolumeLimits(**limits), examine)
    return examine


def test_a_bound_claim_passes() -> None:
    assert examined(claim()).passed == 1


def test_a_pending_claim_has_a_grace() -> None:
    (finding,) = examined(claim(phase="Pending", volume="", age=20)).findings
    assert (finding.outcome, finding.measured.text, finding.limit.text) == (Outcome.FAIL, "Pending", "Bound")
    assert (str(finding.subject), finding.message) == (
        "persistentvolumeclaim shop/data",
        "the claim is Pending, not Bound",
    )
    assert examined(claim(phase="Pending", volume="", age=1)).findings[0].in_transition


def test_a_lost_claim_has_none() -> None:
    assert examined(claim(phase="Lost", age=1)).findings[0].outcome is Outcome.FAIL


def test_its_volume_must_be_well() -> None:
    (finding,) = examined(claim(), volumes=[volume(phase="Failed")]).findings
    assert finding.message == "its volume pv-1 is Failed, not Bound"
    (finding,) = examined(claim(), volumes=[]).findings
    assert finding.message == "its volume pv-1 does not exist"


def test_unknown_volumes_decide_nothing() -> None:
    gap = Failure("Forbidden", "list persistentvolumes is not allowed", "kubernetes:test", "")
    assert examined(claim(), volumes=[], gaps=[gap]).findings[0].outcome is Outcome.UNKNOWN


def test_a_failed_volume_of_a_former_claim_is_found() -> None:
    (finding,) = examined(claim(), volumes=[volume(), volume("pv-2", phase="Failed", of="old")]).findings
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "persistentvolume pv-2")


def test_volumes_that_go_with_their_claims_are_noted() -> None:
    examine = examined(claim(), volumes=[volume(policy="Delete")])
    assert examine.notes == ["deleted with their claims (reclaim policy Delete): data"]


def test_a_named_claim_must_exist() -> None:
    (finding,) = examined(claim(), claims=("data", "models")).findings
    assert (finding.outcome, str(finding.subject)) == (Outcome.FAIL, "persistentvolumeclaim models")
