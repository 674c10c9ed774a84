"""What a real Velero writes is read as what it is."""

from __future__ import annotations

from typing import Any

import pytest

from opsproof.model.failure import Forbidden
from opsproof.sources.kubernetes.asks import ListOf
from opsproof.sources.kubernetes.collector import KubernetesCollector
from opsproof.testing.links import RecordingLink, target_of
from tests.testbed import kubernetes_access as access
from tests.testbed import kubernetes_world as world
from tests.testbed.services import s3, velero

pytestmark = pytest.mark.usefixtures("testbed")


def listed(resource: str, user: str = "opsproof") -> list[Any]:
    target = target_of("kubernetes", kubeconfig=str(access.credentials() / f"{user}.kubeconfig"))
    ask = ListOf(target=target.id, resource=resource, namespace=world.VELERO)
    found: list[Any] = KubernetesCollector(target).collect(ask, RecordingLink(target))
    return found


def test_backups_of_every_night_are_completed() -> None:
    found = {one.name: one for one in listed("backups.velero.io")}
    own = [found[name] for name in velero.names()]
    assert {"Completed"} == {one.phase for one in own}
    assert {velero.SCHEDULE} == {one.schedule for one in own}
    assert {30 * 86400.0} == {one.spec.kept_for for one in own}
    assert velero.HELD == own[0].spec.included_namespaces
    progress = own[0].status.progress
    assert progress.items_backed_up == progress.total_items > 20


def test_its_schedule_has_been_taken_up() -> None:
    (found,) = (one for one in listed("schedules.velero.io") if one.name == velero.SCHEDULE)
    assert ("Enabled", False) == (found.status.phase, found.spec.paused)
    assert found.status.last_backup is not None


def test_the_storage_is_validated_again_and_again() -> None:
    (found,) = listed("backupstoragelocations")
    assert ("Available", True, velero.BUCKET) == (
        found.status.phase,
        found.spec.default,
        found.spec.object_storage.bucket,
    )
    newest = velero.names()[0]
    assert velero.stored(newest) / f"{newest}.tar.gz" == s3.file(velero.BUCKET, found.path(newest))


def test_volumes_know_their_backup_and_their_claim() -> None:
    newest = velero.names()[0]
    found = [one for one in listed("podvolumebackups") if one.labels["velero.io/backup-name"] == newest]
    assert {"Completed"} == {one.status.phase for one in found}
    assert all(one.labels["velero.io/pvc-uid"] for one in found) and len(found) >= 3


def test_what_was_never_made_is_empty_and_what_is_not_allowed_is_refused() -> None:
    assert [] == listed("datauploads")
    with pytest.raises(Forbidden, match=r"list backups.velero.io in namespace velero"):
        listed("backups.velero.io", "stranger")
