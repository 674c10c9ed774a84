"""What Velero has, as checks get it: backups of every night, made by one schedule. It is 09:00 UTC on a Monday."""

from __future__ import annotations

from typing import Any

import msgspec

from opsproof import Clock, Listing
from opsproof.examine.velero import Vault
from opsproof.sources.kubernetes.facts.storage import VolumeClaim
from opsproof.sources.kubernetes.facts.velero import Backup, Schedule, StorageLocation, VolumeOfPod
from opsproof.sources.kubernetes.facts.workloads import Deployment
from tests.checks.cluster import NOW, SHOP, ago, condition, deployment, meta

DAY = 24.0
PLACE = "velero"
BUCKET = "shop-backups"


def backup(
    hours: float = 7,
    *,
    phase: str = "Completed",
    of: str = "nightly",
    name: str = "",
    spec: dict[str, Any] | None = None,
    **status: Any,
) -> Backup:
    """One that was begun so many hours ago, and took ten minutes."""
    begun = None if phase in {"New", "FailedValidation"} else ago(60 * hours)
    labels = {"velero.io/schedule-name": of} if of else {}
    given = {
        "phase": phase,
        "startTimestamp": begun,
        "completionTimestamp": ago(60 * hours - 10),
        "expiration": ago(60 * hours - 60 * DAY * 30),
        "progress": {"totalItems": 100, "itemsBackedUp": 100},
        **status,
    }
    document = {
        "metadata": meta(name or f"{of or 'hand'}-{hours:g}", namespace=PLACE, age=60 * hours, labels=labels),
        "spec": {
            "includedNamespaces": [SHOP],
            "ttl": "720h0m0s",
            "storageLocation": "default",
            **(spec or {}),
        },
        "status": given,
    }
    return msgspec.convert(document, Backup)


def nights(count: int = 7, *, first: float = 7, **more: Any) -> tuple[Backup, ...]:
    """Those of the last nights, the newest first."""
    return tuple(backup(first + DAY * back, **more) for back in range(count))


def schedule(
    name: str = "nightly",
    *,
    cron: str = "0 2 * * *",
    last: float | None = 7,
    phase: str = "Enabled",
    age: float = 60 * DAY * 30,
    template: dict[str, Any] | None = None,
    **spec: Any,
) -> Schedule:
    """It begins one at two in the morning: `last` says how many hours ago the last one."""
    document = {
        "metadata": meta(name, namespace=PLACE, age=age),
        "spec": {"schedule": cron, "template": {"includedNamespaces": [SHOP], **(template or {})}, **spec},
        "status": {"phase": phase, "lastBackup": ago(60 * last) if last is not None else None},
    }
    return msgspec.convert(document, Schedule)


def location(
    name: str = "default",
    *,
    validated: float | None = 0.5,
    phase: str = "Available",
    age: float = 600,
    **spec: Any,
) -> StorageLocation:
    """It was validated, and made, so many minutes ago."""
    document = {
        "metadata": meta(name, namespace=PLACE, age=age),
        "spec": {"default": name == "default", "objectStorage": {"bucket": BUCKET}, **spec},
        "status": {
            "phase": phase, "lastValidationTime": ago(validated) if validated is not None else None,
        },
    }  # fmt: skip
    return msgspec.convert(document, StorageLocation)


def server(available: int = 1, *, since: float = 600, replicas: int = 1) -> Deployment:
    return deployment(
        "velero",
        replicas=replicas,
        available=available,
        conditions=[condition("Available", available >= 1 or not replicas, age=since)],
        metadata={"namespace": PLACE},
    )


def volume(of: Backup, claim: VolumeClaim, phase: str = "Completed") -> VolumeOfPod:
    labels = {"velero.io/backup-name": of.name, "velero.io/pvc-uid": claim.uid}
    name = f"{of.name}-{claim.name}"
    document = {"metadata": meta(name, namespace=PLACE, labels=labels), "status": {"phase": phase}}
    return msgspec.convert(document, VolumeOfPod)


def claim(name: str = "data", *, phase: str = "Bound", hours: float = 1000, **more: Any) -> VolumeClaim:
    document = {"metadata": meta(name, age=60 * hours, uid=f"uid-{name}", **more), "status": {"phase": phase}}
    return msgspec.convert(document, VolumeClaim)


def vault(
    *backups: Backup,
    schedules: tuple[Schedule, ...] | None = None,
    locations: tuple[StorageLocation, ...] | None = None,
    volumes: tuple[VolumeOfPod, ...] = (),
    deployments: tuple[Deployment, ...] | None = None,
    namespaces: tuple[str, ...] = (SHOP,),
    bucket: str = BUCKET,
    skew: float | None = None,
) -> Vault:
    """All of a healthy Velero but for what is said."""
    clock = Clock(NOW, "kubernetes:test", skew)

    def listed(found: Any) -> Listing[Any]:
        return Listing(found, as_of=clock)

    return Vault(
        namespaces=namespaces,
        place=PLACE,
        backups=listed(backups),
        schedules=listed((schedule(),) if schedules is None else schedules),
        locations=listed((location(),) if locations is None else locations),
        volumes=listed(volumes),
        deployments=listed((server(),) if deployments is None else deployments),
        bucket=bucket,
    )
