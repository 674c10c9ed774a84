"""health/volumes-bound on plain facts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checks.health.check_volumes_bound import VolumeLimits, check_volumes_bound
from opsproof import Examination
from opsproof.model.failure import Failure
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.pods import Pod
from opsproof.sources.kubernetes.facts.storage import PersistentVolume, StorageClass, VolumeClaim
from tests.checks.cluster import SHOP, ago, examination, listing, meta, pod


def claim(name: str = "data", *, phase: str = "Bound", volume: str = "pv-1", age: float = 600) -> VolumeClaim:
    given = {"metadata": meta(name, age=age), "spec": {"volumeName": volume}, "status": {"phase": phase}}
    return msgspec.convert(given, VolumeClaim)


def volume(
    name: str = "pv-1", *, phase: str = "Bound", policy: str = "Retain", of: str = "data"
) -> PersistentVolume:
    spec = {"persistentVolumeReclaimPolicy": policy, "claimRef": {"name": of, "namespace": SHOP}}
    given = {"metadata": {"name": name}, "spec": spec, "status": {"phase": phase}}
    return msgspec.convert(given, PersistentVolume)


def examined(
    *claims: VolumeClaim,
    volumes: Any = None,
    classes: Any = None,
    pods: tuple[Pod, ...] = (),
    gaps: Any = (),
    **limits: Any,
) -> Examination:
    examine = examination()
    known = [volume()] if volumes is None else volumes
    given = listing(storage_class()) if classes is None else classes
    check_volumes_bound(
        listing(*claims), listing(*known, gaps=gaps), given, listing(*pods), VolumeLimits(**limits), examine
    )
    return examine


def storage_class(name: str = "fast", *, mode: str = "Immediate", default: bool = True) -> StorageClass:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return msgspec.convert(
        {"metadata": {"name": name, "annotations": annotations}, "volumeBindingMode": mode}, StorageClass
    )


WAITS = "WaitForFirstConsumer"


def user(age: float = 600, **more: Any) -> Pod:
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    return pod(metadata={"creationTimestamp": ago(age)}, spec={"volumes": volumes}, **more)


def pending(of: str | None = None) -> VolumeClaim:
    one = claim(phase="Pending", volume="", age=600)
    return msgspec.structs.replace(one, spec=msgspec.structs.replace(one.spec, storage_class_name=of))


@pytest.mark.parametrize("of", [None, "fast"])
def test_a_claim_that_is_bound_when_a_pod_wants_it_waits_for_one(of: str | None) -> None:
    """Its class may be named, or be the default one."""
    examine = examined(pending(of), classes=listing(storage_class(mode=WAITS)))
    assert examine.findings == []
    assert [one.why for one in examine.excluded] == [
        "no pod wants it yet, and its StorageClass binds it only then"
    ]
    assert examine.notes == ["persistentvolumeclaim shop/data is not bound: no pod uses it"]


@pytest.mark.parametrize(
    "classes",
    [
        [storage_class(mode=WAITS, default=False)],  # no class of its own, and none is the default
        [storage_class()],
        [],
    ],
)
def test_a_claim_that_is_to_be_bound_at_once_waits_for_nobody(classes: list[StorageClass]) -> None:
    (finding,) = examined(pending(), classes=listing(*classes)).findings
    assert finding.outcome is Outcome.FAIL


def test_a_pod_that_waits_for_its_claim_makes_it_a_failure() -> None:
    waits = listing(storage_class(mode=WAITS))
    (finding,) = examined(pending(), classes=waits, pods=(user(phase="Pending"),)).findings
    assert finding.outcome is Outcome.FAIL
    assert finding.message == "the claim is Pending, not Bound; api-7d9f8b6c5-x2x4z waits for it"
    assert examined(pending(), classes=waits, pods=(user(phase="Succeeded"),)).excluded


def test_it_is_to_be_bound_from_its_first_pod_on() -> None:
    waits = listing(storage_class(mode=WAITS))
    (finding,) = examined(pending(), classes=waits, pods=(user(2),)).findings
    assert finding.in_transition
    assert finding.since_from == "the creation of the first pod that wants it"
    assert not examined(pending(), pods=(user(2),)).findings[0].in_transition


def test_without_its_class_a_claim_that_nobody_uses_is_undecided() -> None:
    refused = Failure("Forbidden", "the permission to list storageclasses is missing", "kubernetes:test")
    assert examined(pending(), classes=refused).findings[0].outcome is Outcome.UNKNOWN
    assert examined(pending(), classes=refused, pods=(user(),)).findings[0].outcome is Outcome.FAIL
    assert examined(claim(), classes=refused).passed == 1


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
    gap = Failure("Forbidden", "list persistentvolumes is not allowed", "kubernetes:test")
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
