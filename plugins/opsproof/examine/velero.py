"""Velero's backups as checks look at them: those that hold the namespaces of a row.

velero: Annotated[Vaults, VeleroIn("backups", "schedules")]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from opsproof.examine.backups.places import target_of
from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import CollectionError, Failure
from opsproof.model.limits import Limits, Scoped
from opsproof.model.listing import Listing
from opsproof.model.moment import Moment
from opsproof.model.target import Target
from opsproof.model.units import Duration
from opsproof.sources.kubernetes.asks import ListOf, assembled, existence
from opsproof.sources.kubernetes.facts.storage import VolumeClaim
from opsproof.sources.kubernetes.facts.velero import (
    COMPLETED,
    Backup,
    BackupSpec,
    DataUpload,
    Schedule,
    StorageLocation,
    VolumeOfPod,
)
from opsproof.sources.kubernetes.facts.workloads import Deployment
from opsproof.sources.kubernetes.reading.velero_cover import covers, listed, narrowed
from opsproof.sources.kubernetes.reading.velero_runs import first_due, newest

_AHEAD = timedelta(hours=1)  # so far may Velero's clock be ahead of the cluster's
_PARTS: dict[str, tuple[str, ...]] = {
    "backups": ("backups.velero.io",),
    "schedules": ("schedules.velero.io",),
    "locations": ("backupstoragelocations",),
    "volumes": ("podvolumebackups", "datauploads"),
    "deployments": ("deployments",),
}


class VeleroLimits(Limits):
    """`velero`: namespaces that Velero's backups have to hold. `velero_in`: the namespace of Velero itself."""

    velero: Scoped[tuple[str, ...]] = ()
    velero_in: Scoped[str] = "velero"


@dataclass(frozen=True)
class Vault:
    """What Velero has of `namespaces`. A part that was not asked for is empty. `bucket`: that of the row's target."""

    namespaces: tuple[str, ...]
    place: str
    backups: Listing[Backup]
    schedules: Listing[Schedule]
    locations: Listing[StorageLocation]
    volumes: Listing[VolumeOfPod | DataUpload]
    deployments: Listing[Deployment]
    bucket: str = ""

    @cached_property
    def known(self) -> tuple[Backup, ...]:
        """Backups, but those that are being deleted and those of the future."""
        latest = self.backups.clock.latest + _AHEAD
        return tuple(
            one for one in self.backups
            if not one.terminating and one.phase != "Deleting" and (one.begun is None or one.begun <= latest)
        )  # fmt: skip

    def of(self, namespace: str) -> Iterator[Backup]:
        """Those that hold the whole namespace."""
        return (one for one in self.known if _whole(one.spec, namespace))

    def overdue(self, namespace: str) -> Iterator[tuple[datetime, Backup]]:
        """Those whose time is over, with the moment when it was; also those whose deletion does not come to its end."""
        now = self.backups.clock.latest
        for one in self.backups:
            ends = one.status.expiration
            if ends is not None and ends < now and _whole(one.spec, namespace):
                yield ends, one

    def good(self, namespace: str) -> list[Backup]:
        """Those that can be restored as far as Velero knows, the oldest first."""
        now = self.backups.clock.latest
        found = [
            one for one in self.of(namespace)
            if one.phase == COMPLETED and one.begun is not None and not one.hollow and not _expired(one, now)
        ]  # fmt: skip
        return sorted(found, key=_begun)

    def ended(self, namespace: str) -> Backup | None:
        """The newest one that has ended, well or not."""
        return newest(one for one in self.of(namespace) if one.ended)

    def making(self, namespace: str) -> list[Schedule]:
        """The schedules that make them."""
        return [one for one in self.schedules if not one.terminating and _whole(one.spec.template, namespace)]

    def made_by(self, schedule: Schedule) -> list[Backup]:
        return [one for one in self.known if schedule.made(one)]

    def under_way(self, namespace: str) -> Moment | None:
        """When the one was begun that is being made now; None where none is."""
        running = newest(one for one in self.of(namespace) if one.under_way)
        began = (running.begun or running.created) if running is not None else None
        return self.backups.moment(began, "its beginning")

    def awaited(self, namespace: str, most: Duration) -> tuple[Moment | None, Duration]:
        """Since when a first backup is to come, and for how long that is ordinary.

        Raises:
            Undecided: a schedule cannot be read.
        """
        waiting = [one for one in self.making(namespace) if not one.spec.paused and one.created is not None]
        if not waiting:
            return None, Duration(0)
        oldest = min(waiting, key=_created)
        due = first_due(oldest)
        wait = (due - _created(oldest)).total_seconds() if due is not None else 0.0
        return self.schedules.moment(oldest.created, "the creation of its schedule"), Duration(
            min(wait + 3600.0, most)
        )

    def location(self, name: str) -> StorageLocation | None:
        """The one of that name; "" is the default one, which is called so where none is marked."""
        marked = next((one for one in self.locations if one.spec.default), None) if not name else None
        return marked or next((one for one in self.locations if one.name == (name or "default")), None)

    def nothing(self, namespace: str) -> str:
        """What is there where no good backup is."""
        held = [one for one in self.known if covers(one.spec, namespace)]
        if not self.known:
            doubt = "".join(f"; {one}" for one in self.backups.doubts)
            return f"Velero in {self.place} has none at all{doubt}"
        if not held:
            return f"none of Velero's {len(self.known)} holds the namespace"
        last = newest(held)
        assert last is not None
        if only := narrowed(last.spec):
            return f"{last.name} holds {only}"
        if last.phase == COMPLETED:
            return f"{last.name} has {'nothing in it' if last.hollow else 'expired'}"
        return f"the newest of {len(held)} is {last.name}, {last.phase or 'New'}"


Vaults = tuple[Vault | Failure, ...] | None


def _whole(spec: BackupSpec, namespace: str) -> bool:
    return covers(spec, namespace) and not narrowed(spec)


def _expired(backup: Backup, now: datetime) -> bool:
    return backup.status.expiration is not None and backup.status.expiration <= now


def _begun(backup: Backup) -> tuple[datetime, str]:
    assert backup.begun is not None
    return backup.begun, backup.name


def _created(schedule: Schedule) -> datetime:
    assert schedule.created is not None
    return schedule.created


@dataclass(frozen=True)
class VeleroIn:
    """Source: what Velero has of the namespaces that the row's `velero` names. None: it names none, or the
    environment has no cluster, so that another way decides. `when`: a field of the limits that has to be set."""

    parts: tuple[str, ...]
    when: str

    def __init__(self, *parts: str, when: str = "") -> None:
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "when", when)

    def asks(self, context: Context) -> tuple[Ask, ...]:
        target = _target(context, self.when)
        if target is None:
            return ()
        place = _place(context)
        return (
            *(
                ListOf(target=target.id, resource=resource, namespace=place)
                for part in self.parts for resource in _PARTS[part]
            ),
            *existence(target.id, [place]),
        )  # fmt: skip

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Vaults:
        if not answers:
            return None
        try:
            found = {part: self._listing(part, answers) for part in self.parts}
        except CollectionError as error:
            return (error.as_failure(),)
        nothing: Listing[Any] = Listing((), as_of=next(iter(found.values())).clock)
        of = {part: found.get(part, nothing) for part in _PARTS}
        bucket = target_of("s3", context) if getattr(context.limits, "objects", ()) else None
        return (
            Vault(
                namespaces=_namespaces(context), place=_place(context),
                bucket=bucket.settings.bucket if bucket is not None else "", **of,
            ),
        )  # fmt: skip

    def _listing(self, part: str, answers: Sequence[Answer[Any]]) -> Listing[Any]:
        """All of it. Raises CollectionError: a list of it is not there, and what is not seen may be what matters."""
        own = [one for one in answers if getattr(one.ask, "resource", "") in (*_PARTS[part], "namespaces")]
        for one in own:
            if isinstance(one.ask, ListOf):
                one.value()
        found = assembled(own)
        assert found is not None
        return found


@dataclass(frozen=True)
class ClaimsIn:
    """Source: the claims of the namespaces that the row's `velero` names; the Failure where none can be seen."""

    when: str

    def asks(self, context: Context) -> tuple[Ask, ...]:
        target = _target(context, self.when)
        if target is None:
            return ()
        names = _namespaces(context)
        lists = (ListOf(target=target.id, resource="persistentvolumeclaims", namespace=one) for one in names)
        return (*lists, *existence(target.id, names))

    def assemble(
        self, answers: Sequence[Answer[Any]], context: Context
    ) -> Listing[VolumeClaim] | Failure | None:
        try:
            return assembled(answers)
        except CollectionError as error:
            return error.as_failure()


def _target(context: Context, when: str) -> Target | None:
    """The cluster, where the row wants to know of Velero."""
    wanted = _namespaces(context) and (not when or getattr(context.limits, when, False))
    return target_of("kubernetes", context) if wanted else None


def _namespaces(context: Context) -> tuple[str, ...]:
    found: tuple[str, ...] = getattr(context.limits, "velero", ())
    return tuple(dict.fromkeys(found))


def _place(context: Context) -> str:
    return str(getattr(context.limits, "velero_in", "velero"))


__all__ = ["ClaimsIn", "Vault", "Vaults", "VeleroIn", "VeleroLimits", "listed"]
