"""PersistentVolumeClaims, PersistentVolumes and StorageClasses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

import msgspec

from opsproof.sources.kubernetes.facts.meta import Condition, KubernetesObject, Meta, Wire


class ClaimSpec(Wire, frozen=True):
    """`volume_mode` Block: a raw device without file system; "" is Filesystem."""

    volume_name: str = ""
    storage_class_name: str | None = None
    volume_mode: str = ""


class ClaimStatus(Wire, frozen=True):
    phase: str = ""
    conditions: tuple[Condition, ...] = ()


class VolumeClaim(KubernetesObject, frozen=True):
    """`phase` is Pending, Bound or Lost."""

    kind: ClassVar[str] = "PersistentVolumeClaim"
    spec: ClaimSpec = ClaimSpec()
    status: ClaimStatus = ClaimStatus()

    @property
    def phase(self) -> str:
        return self.status.phase


class ClaimReference(Wire, frozen=True):
    name: str = ""
    namespace: str = ""
    uid: str = ""


class VolumeSpec(Wire, frozen=True):
    claim_ref: ClaimReference | None = None
    persistent_volume_reclaim_policy: str = ""
    storage_class_name: str = ""


class VolumeStatus(Wire, frozen=True):
    phase: str = ""
    reason: str = ""
    last_phase_transition_time: datetime | None = None


class PersistentVolume(KubernetesObject, frozen=True):
    """`phase` is Pending, Available, Bound, Released or Failed."""

    kind: ClassVar[str] = "PersistentVolume"
    spec: VolumeSpec = VolumeSpec()
    status: VolumeStatus = VolumeStatus()

    @property
    def phase(self) -> str:
        return self.status.phase


class ElectedAnnotation(Wire, frozen=True):
    """The one annotation that is kept."""

    is_default: str = msgspec.field(default="", name="storageclass.kubernetes.io/is-default-class")


class StorageClassMeta(Meta, frozen=True):
    annotations: ElectedAnnotation = ElectedAnnotation()


class StorageClass(KubernetesObject, frozen=True):
    """With `volume_binding_mode` WaitForFirstConsumer a claim without a pod stays Pending, rightly."""

    kind: ClassVar[str] = "StorageClass"
    metadata: StorageClassMeta
    provisioner: str = ""
    volume_binding_mode: str | None = None
    allow_volume_expansion: bool | None = None

    @property
    def waits(self) -> bool:
        return self.volume_binding_mode == "WaitForFirstConsumer"

    @property
    def is_default(self) -> bool:
        return self.metadata.annotations.is_default == "true"


def class_of(claim: VolumeClaim, classes: Iterable[StorageClass]) -> StorageClass | None:
    """The StorageClass that a claim names, or the default one; None when there is none."""
    name = claim.spec.storage_class_name
    return next((one for one in classes if (one.is_default if name is None else one.name == name)), None)
