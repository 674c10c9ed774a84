"""A namespace out of Velero's newest backup of it, restored into one that the drill makes and takes away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, TypeVar

import msgspec

from opsproof.drill import janitor
from opsproof.drill.cluster import VELERO, Api, Cluster, NotServed, connected
from opsproof.drill.record import Performance, Tell
from opsproof.drill.scratch import Refused
from opsproof.model.paths import segment
from opsproof.model.target import Target
from opsproof.sources.drill.facts import (
    CHOOSE_BACKUP,
    LOOK,
    MAKE_NAMESPACE,
    RESTORE,
    Drill,
    Dump,
    TableRows,
)
from opsproof.sources.kubernetes.facts.velero import COMPLETED, Backup, Restore
from opsproof.sources.kubernetes.reading.velero_cover import covers, narrowed

T = TypeVar("T")
PREFIX = "opsproof-drill-"
LABEL = "opsproof.dev/drill"
_ENDED = frozenset({COMPLETED, "PartiallyFailed", "Failed", "FailedValidation"})
_EVERY = 1.0
_PATIENCE = 120.0  # seconds that a namespace may take to go


class NotRestored(Exception):
    """It was not restored whole. Its text is one line, in our words."""


def restored_by_velero(target: Target, into: Cluster, tell: Tell) -> Drill:
    """Raises Refused: another drill is under way there, or was killed not long ago."""
    try:
        with connected(into.shape.cluster) as api:
            _alone(api, into.shape.velero_in, float(target.settings.within))
            return _OfBackup(target, into.id, into.identity, tell, cluster=into, api=api).run()
    except NotServed as error:
        raise Refused(str(error)) from None


def _alone(api: Api, velero: str, within: float) -> None:
    """What a drill left that was killed, machine and all, goes when it can be none any more that is under way."""
    now = datetime.now(timezone.utc)
    for one in list(api.every("/api/v1/namespaces")):
        meta = one.get("metadata", {})
        name = str(meta.get("name", ""))
        if not name.startswith(PREFIX) or LABEL not in (meta.get("labels") or {}):
            continue  # somebody's own
        made = _read(meta.get("creationTimestamp"), datetime)
        if (now - made).total_seconds() < within and "deletionTimestamp" not in meta:
            raise Refused(f"another drill is under way there, or was killed: its namespace is {name}")
        api.delete(f"/api/v1/namespaces/{segment(name)}")
        api.delete(f"{_restores(velero)}/{segment(name)}")


@dataclass(kw_only=True)
class _OfBackup(Performance):
    """`api` is the session of the whole drill."""

    failures = (NotRestored, NotServed)

    cluster: Cluster
    api: Api

    @property
    def _scratch(self) -> str:
        return PREFIX + self.name

    def restored(self) -> None:
        shape = self.cluster.shape
        with self.step(CHOOSE_BACKUP):
            backup = self._newest()
        assert backup.begun is not None
        self.know(dump=Dump(name=backup.name, made=backup.begun))
        with self._taken_away():
            with self.step(MAKE_NAMESPACE):
                self.api.make("/api/v1/namespaces", _namespace(self._scratch, self.name))
            with self.step(RESTORE):
                self.api.make(_restores(shape.velero_in), _restore(self._scratch, backup, self.cluster))
                found = self._awaited()
                self._require_completed(found)
            with self.step(LOOK):
                self._require_whole(found)
                self.know(newest=backup.begun)
            self.examined = time.monotonic()

    def _newest(self) -> Backup:
        """The newest that is a good one. Raises NotRestored, NotServed."""
        shape, now = self.cluster.shape, datetime.now(timezone.utc)
        path = f"{VELERO}/namespaces/{segment(shape.velero_in)}/backups"
        found = [_read(one, Backup) for one in self.api.every(path)]
        good = [
            (one.begun, one.name, one) for one in found
            if one.phase == COMPLETED and one.begun is not None and one.begun <= now and not one.hollow
            and covers(one.spec, shape.namespace) and not narrowed(one.spec)
            and (one.status.expiration is None or one.status.expiration > now)
        ]  # fmt: skip
        if not good:
            raise NotRestored(f"Velero has no completed backup of namespace {shape.namespace}")
        return max(good, key=lambda one: one[:2])[2]

    def _awaited(self) -> Restore:
        """Until Velero has ended it. Raises NotRestored, NotServed."""
        path = f"{_restores(self.cluster.shape.velero_in)}/{segment(self._scratch)}"
        while time.monotonic() < self.deadline:
            found = self.api.get(path)
            restore = _read(found, Restore) if found is not None else None
            if restore is not None and restore.status.phase in _ENDED:
                return restore
            time.sleep(_EVERY)
        raise NotRestored("it was not restored in the time that a drill may take")

    def _require_completed(self, restore: Restore) -> None:
        """What came back is counted, however it ended. Raises NotRestored."""
        status = restore.status
        if status.progress is not None:
            rows = TableRows(
                table="items", wanted=status.progress.total_items, found=status.progress.items_restored
            )
            self.know(rows=(rows,), counted=True)
        if status.phase != COMPLETED or status.errors:
            raise NotRestored(
                f"Velero ended it as {status.phase}, with {status.errors} errors and {status.warnings} warnings"
            )

    def _require_whole(self, restore: Restore) -> None:
        """Raises NotRestored."""
        progress = restore.status.progress
        if progress is None or progress.total_items <= 0:
            raise NotRestored("nothing was restored: the backup holds none of what was asked for")
        if progress.items_restored < progress.total_items:
            raise NotRestored(f"{progress.items_restored} of {progress.total_items} items were restored")

    @contextmanager
    def _taken_away(self) -> Iterator[None]:
        """Whatever happens meanwhile, what the drill has made goes."""
        shape = self.cluster.shape
        within = float(self.target.settings.within)
        with janitor.watching_cluster(shape.cluster, shape.velero_in, self._scratch, within):
            try:
                yield
            finally:
                try:
                    take_away(self.api, shape.velero_in, self._scratch)
                except NotServed:
                    self.know(left=f"namespace {self._scratch}")


def take_away(api: Api, velero: str, name: str, patience: float = _PATIENCE) -> None:
    """The namespace and the Restore, until both are gone.

    Velero ends what it has begun, whoever deletes its Restore, and would make the namespace again: it is waited for.

    Raises:
        NotServed: it does not end, or one of both does not go.
    """
    restore, space = f"{_restores(velero)}/{segment(name)}", f"/api/v1/namespaces/{segment(name)}"
    _await(lambda: not _restoring(api.get(restore)), patience)
    for path in (space, restore):
        api.delete(path)
        _await(lambda path=path: api.get(path) is None, _PATIENCE)  # type: ignore[misc]


def _restoring(found: Any) -> bool:
    return found is not None and _read(found, Restore).status.phase not in _ENDED


def _read(found: Any, form: type[T]) -> T:
    """Raises NotServed: it is none. What it is instead is not told."""
    try:
        return msgspec.convert(found, form)
    except msgspec.ValidationError:
        raise NotServed(f"what should be a {form.__name__} is none") from None


def _await(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise NotServed("it does not end, or does not go")
        time.sleep(_EVERY)


def _restores(velero: str) -> str:
    return f"{VELERO}/namespaces/{segment(velero)}/restores"


def _namespace(name: str, drill: str) -> dict[str, Any]:
    labels = {LABEL: drill}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _restore(name: str, backup: Backup, cluster: Cluster) -> dict[str, Any]:
    """Nothing beyond the drill's own namespace is made."""
    shape = cluster.shape
    return {
        "apiVersion": "velero.io/v1",
        "kind": "Restore",
        "metadata": {"name": name, "namespace": shape.velero_in, "labels": {LABEL: name}},
        "spec": {
            "backupName": backup.name,
            "includedNamespaces": [shape.namespace],
            "namespaceMapping": {shape.namespace: name},
            "excludedResources": list(shape.leave_out),
            "includeClusterResources": False,
        },
    }
