"""backup/storage-location: available, validated not long ago, and by a Velero that runs."""

from __future__ import annotations

from typing import Any

import pytest

from checks.backup.check_storage_location import check_storage_location
from opsproof import Examination
from opsproof.examine.velero import Vault
from opsproof.model.failure import Failure
from opsproof.testing.facts import examined
from tests.checks.backup.shelves import told
from tests.checks.backup.vaults import backup, location, schedule, server, vault


def of(found: Vault | Failure | None, **limits: Any) -> Examination:
    return examined(check_storage_location, (found,) if found is not None else None, **limits)


def only(found: Vault | Failure | None, **limits: Any) -> str:
    (finding,) = told(of(found, **limits))
    return finding


def test_an_available_location_and_a_running_server_pass() -> None:
    found = of(vault(backup()))
    assert (2, []) == (found.passed, told(found))


def placed(**given: Any) -> Vault:
    return vault(backup(), locations=(location(**given),))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"phase": "Unavailable"}, "it is Unavailable"),
        ({"phase": ""}, "it is without a phase"),
        ({"validated": None}, "it was never validated"),
        ({"validated": 60 * 25}, "it was last validated 1d1h ago"),
        (
            {"validated": 60, "validationFrequency": "1m0s"},
            "it is to be validated every 1m, and was 1h ago: its status stands still",
        ),
        (
            {"validated": 60 * 30, "validationFrequency": "1h0m0s"},
            "it is to be validated every 1h, and was 1d6h ago: its status stands still",
        ),
    ],
)
def test_a_location_that_is_not_known_to_be_available_fails(given: dict[str, Any], message: str) -> None:
    assert f"fail: backupstoragelocation velero/default: {message}" == only(placed(**given))


@pytest.mark.parametrize("frequency", [{}, {"validationFrequency": "1m0s"}])
def test_a_status_of_the_future_is_not_young(frequency: dict[str, Any]) -> None:
    """Written by a clock that was wrong, it would stay so for a year after Velero died."""
    found = only(placed(validated=-60 * 24 * 300, **frequency))
    assert found.startswith("unknown: backupstoragelocation velero/default: its last validation is dated ")


@pytest.mark.parametrize(
    "given",
    [
        {"validated": 60 * 23},
        {"validated": 9, "validationFrequency": "10s"},
        {"validated": 60 * 4, "validationFrequency": "1h0m0s"},
        {"validated": 60, "validationFrequency": "0s"},
    ],
)
def test_a_status_that_may_be_so_old_passes(given: dict[str, Any]) -> None:
    """As old as five validations, ten minutes, or the row's own limit."""
    assert [] == told(of(placed(**given)))


def test_a_new_location_is_given_a_moment() -> None:
    young = location(validated=None, age=2)
    assert only(vault(backup(), locations=(young,))).startswith("transition: ")


def test_only_the_places_of_the_rows_backups_are_looked_at() -> None:
    """Of new ones by their schedule, and of those that are there."""
    broken = location("other", phase="Unavailable")
    assert [] == told(of(vault(backup(), locations=(location(), broken))))
    moved = schedule(template={"storageLocation": "other"})
    found = vault(backup(), schedules=(moved,), locations=(location(), broken))
    assert "fail: backupstoragelocation velero/other: it is Unavailable" == only(found)
    kept = vault(backup(spec={"storageLocation": "other"}), locations=(location(), broken))
    assert "fail: backupstoragelocation velero/other: it is Unavailable" == only(kept)


def test_where_none_is_marked_the_default_one_is_called_so() -> None:
    """As the server takes it that nobody told another name."""
    unmarked = location(default=False)
    assert [] == told(of(vault(backup(), locations=(location("other", default=False), unmarked))))
    marked = location("other", phase="Unavailable", default=True)
    found = told(of(vault(backup(spec={"storageLocation": ""}), locations=(unmarked, marked))))
    assert ["fail: backupstoragelocation velero/other: it is Unavailable"] == found


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (
            vault(backup(), locations=()),
            "fail: location default: there is no BackupStorageLocation default in velero",
        ),
        (
            vault(schedules=(), locations=(location("other"),)),
            "fail: location default: there is no default BackupStorageLocation in velero; there is other",
        ),
    ],
)
def test_a_location_that_is_not_there_fails(found: Vault, message: str) -> None:
    assert message in told(of(found))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"available": 0}, "0 of 1 pods of Velero are available"),
        ({"available": 0, "replicas": 0}, "0 of 0 pods of Velero are available"),
    ],
)
def test_a_frozen_status_is_no_status(given: dict[str, Any], message: str) -> None:
    found = vault(backup(), deployments=(server(**given),))
    assert f"fail: deployment velero/velero: {message}" == only(found)


def test_a_server_that_restarts_is_in_transition() -> None:
    assert only(vault(backup(), deployments=(server(0, since=2),))).startswith(
        "transition: deployment velero/velero"
    )


def test_no_server_at_all_fails() -> None:
    message = "there is no deployment/velero in velero: nobody keeps the status"
    assert f"fail: deployment velero: {message}" == only(vault(backup(), deployments=()))


def test_another_name_of_it_is_the_rows() -> None:
    assert "fail: deployment oadp: there is no deployment/oadp in velero: nobody keeps the status" == only(
        vault(backup()), deployment="deployment/oadp"
    )


def test_a_location_that_is_read_only_is_noted() -> None:
    found = of(placed(accessMode="ReadOnly"))
    assert ([], ["default is read only: nothing more is stored there"]) == (told(found), found.notes)


def test_what_the_cluster_does_not_tell_is_undecided() -> None:
    refused = Failure("NotFound", "the API server does not serve /apis/velero.io/v1", "kubernetes:test")
    assert "unknown: source velero: the API server does not serve /apis/velero.io/v1" == only(refused)


def test_without_a_cluster_it_is_undecided() -> None:
    assert only(None).startswith(
        "unknown: source backups: nothing tells where backups are: targets.kubernetes"
    )
