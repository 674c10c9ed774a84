"""What all Kubernetes facts share: metadata, owners, conditions, amounts.

The structs have the shape of the API's JSON with allow-listed fields only, so that the API server's answer is
decoded straight into facts. No annotation, environment variable, command or message is kept: they hold
customers' data. Lists that the API may write as null are `... | None`.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from opsproof.model.subject import Subject
from opsproof.model.units import quantity


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """Base: attribute `restart_count` is the API's `restartCount`."""


class Owner(Wire, frozen=True):
    """An owner reference."""

    kind: str
    name: str
    uid: str = ""
    controller: bool = False


class Meta(Wire, frozen=True):
    """The allow-listed part of an object's metadata."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    labels: dict[str, str] = {}
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    deletion_grace_period_seconds: int | None = None
    generation: int = 0
    owner_references: tuple[Owner, ...] = ()


class Condition(Wire, frozen=True):
    """One entry of `status.conditions`."""

    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str = ""
    last_transition_time: datetime | None = None
    last_update_time: datetime | None = None
    last_heartbeat_time: datetime | None = None

    @property
    def is_true(self) -> bool:
        return self.status == "True"


class Amounts(Wire, frozen=True):
    """Requests, limits, usage or allocatable: quantities as the API writes them; "" is not set."""

    cpu: str = ""
    memory: str = ""
    pods: str = ""

    @property
    def cores(self) -> float | None:
        """CPU in cores, None when not set."""
        return quantity(self.cpu) if self.cpu else None

    @property
    def bytes(self) -> float | None:
        """Memory in bytes, None when not set."""
        return quantity(self.memory) if self.memory else None

    @property
    def number(self) -> float | None:
        """How many pods, None when not set."""
        return quantity(self.pods) if self.pods else None


class KubernetesObject(Wire, frozen=True):
    """Base of the objects: `namespace`, `name`, `labels` and `subject` without the detour."""

    kind: ClassVar[str] = ""
    metadata: Meta

    @property
    def name(self) -> str:
        return self.metadata.name

    @property
    def namespace(self) -> str:
        return self.metadata.namespace

    @property
    def labels(self) -> dict[str, str]:
        return self.metadata.labels

    @property
    def uid(self) -> str:
        return self.metadata.uid

    @property
    def created(self) -> datetime | None:
        return self.metadata.creation_timestamp

    @property
    def terminating(self) -> bool:
        """Deleted, and still there for its grace period or finalizers."""
        return self.metadata.deletion_timestamp is not None

    @property
    def owner(self) -> Owner | None:
        """The controller that manages this object."""
        for owner in self.metadata.owner_references:  # asked of every pod many times: no generator
            if owner.controller:
                return owner
        return None

    @property
    def key(self) -> str:
        """The identity that survives a restart; "" when the name itself is stable."""
        return ""

    @property
    def subject(self) -> Subject:
        return Subject(type(self).kind.lower(), self.name, self.namespace, self.key)


def find_condition(conditions: tuple[Condition, ...] | None, kind: str) -> Condition | None:
    """The condition of that type, None when the object has none."""
    for condition in conditions or ():
        if condition.type == kind:
            return condition
    return None
