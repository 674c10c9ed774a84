"""Helm's releases by the labels of the Secrets that record them: their data is never asked for."""

from __future__ import annotations

from typing import ClassVar

from opsproof.sources.kubernetes.facts.cluster import Born
from opsproof.sources.kubernetes.facts.meta import KubernetesObject, Wire

_OWNER = "helm"


class ReleaseLabels(Wire, frozen=True):
    """The labels that Helm writes; of all others nothing is kept."""

    owner: str = ""
    name: str = ""
    status: str = ""
    version: str = ""


class Recorded(Born, frozen=True):
    labels: ReleaseLabels = ReleaseLabels()


class ReleaseRecord(KubernetesObject, frozen=True):
    """A Secret as its metadata tells it: one revision of a release, where Helm has labelled it as one.

    `status`: deployed, superseded, failed, uninstalling, uninstalled, or pending-install, -upgrade, -rollback.
    """

    kind: ClassVar[str] = "PartialObjectMetadata"
    metadata: Recorded  # type: ignore[assignment]

    @property
    def is_release(self) -> bool:
        return self.metadata.labels.owner == _OWNER and bool(self.metadata.labels.name)

    @property
    def release(self) -> str:
        return self.metadata.labels.name

    @property
    def status(self) -> str:
        return self.metadata.labels.status

    @property
    def revision(self) -> int:
        """0 where the label is no number."""
        text = self.metadata.labels.version
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
