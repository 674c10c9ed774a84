"""backup/integrity by Velero and Redis: all items, as many as usual, the data of every claim; what INFO says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from checks.backup.check_integrity import check_integrity
from opsproof import Examination, Listing
from opsproof.examine.velero import Vault
from opsproof.model.failure import Failure
from opsproof.model.scope import in_namespace
from opsproof.sources.kubernetes.facts.storage import VolumeClaim
from opsproof.sources.redis.server import Persistence, Sample, ServerState
from opsproof.testing.facts import examined
from tests.checks.backup.shelves import told
from tests.checks.backup.vaults import backup, claim, nights, vault, volume
from tests.checks.cluster import NOW, listing


def of(
    found: Vault | Failure, *, volumes: Vault | Failure | None = None, claims: Any = None, **limits: Any
) -> Examination:
    stored = (volumes,) if volumes is not None else None
    return examined(
        check_integrity, *[None] * 5, (found,), stored, claims, None,
        volumes=volumes is not None, **limits,
    )  # fmt: skip


def test_all_items_of_as_many_as_usual_pass() -> None:
    found = of(vault(*nights()))
    assert (2, []) == (found.passed, told(found))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ({"progress": {"totalItems": 100, "itemsBackedUp": 99}}, "99 of 100 items are in it"),
        ({"progress": {}}, "nothing is in it: its filters fit nothing"),
        ({"phase": "PartiallyFailed", "errors": 2}, "it is PartiallyFailed; 2 errors"),
        ({"errors": 1}, "1 errors"),
        ({"hookStatus": {"hooksAttempted": 3, "hooksFailed": 1}}, "1 of 3 hooks failed"),
        ({"volumeSnapshotsAttempted": 2, "volumeSnapshotsCompleted": 1}, "1 of 2 snapshots were completed"),
        ({"csiVolumeSnapshotsAttempted": 2}, "0 of 2 CSI snapshots were completed"),
        (
            {"backupItemOperationsAttempted": 2, "backupItemOperationsCompleted": 1},
            "1 of 2 operations were completed",
        ),
    ],
)
def test_what_the_newest_lacks_is_named(status: dict[str, Any], message: str) -> None:
    found = told(of(vault(backup(**status), *nights(first=31))))
    assert f"fail: velero shop: nightly-7: {message}" in found


def test_an_older_one_that_failed_is_ordinary() -> None:
    assert [] == told(of(vault(backup(), backup(31, phase="PartiallyFailed"), *nights(first=55))))


def test_one_that_is_being_made_is_not_judged_yet() -> None:
    running = backup(0.1, phase="InProgress", progress={"totalItems": 100, "itemsBackedUp": 3})
    assert [] == told(of(vault(running, *nights())))


def test_a_failed_one_that_fitted_nothing_is_the_newest() -> None:
    """FailedValidation has no beginning, and is younger than last night's."""
    found = told(of(vault(backup(1, phase="FailedValidation", progress=None), *nights())))
    assert "fail: velero shop: nightly-1: it is FailedValidation" in found


def test_an_older_velero_tells_no_number_of_items() -> None:
    found = told(of(vault(backup(progress=None))))
    assert ["unknown: velero shop: nightly-7 tells no number of items"] == found


def test_without_a_backup_it_fails() -> None:
    assert ["fail: velero shop: no backup: Velero in velero has none at all"] == told(of(vault()))


@pytest.mark.parametrize(("total", "fails"), [(50, False), (49, True), (150, False), (151, True)])
def test_a_number_of_items_far_from_the_usual_one_fails(total: int, fails: bool) -> None:
    newest = backup(progress={"totalItems": total, "itemsBackedUp": total})
    found = told(of(vault(newest, *nights(first=31))))
    assert fails == (f"fail: items shop: nightly-7 has {total} items, and 100 are usual" in found)


def test_a_number_is_usual_among_backups_of_one_kind() -> None:
    """The one of Sunday holds every namespace."""
    wide = {
        "of": "weekly",
        "spec": {"includedNamespaces": None},
        "progress": {"totalItems": 9000, "itemsBackedUp": 9000},
    }
    assert [] == told(of(vault(backup(1, **wide), *nights())))
    found = told(
        of(vault(backup(1, **{**wide, "of": "nightly"}), *(backup(25 + day, **wide) for day in range(4))))
    )
    assert [] == found
    by_hand = [
        backup(1 + day, of="", progress={"totalItems": n, "itemsBackedUp": n})
        for day, n in enumerate((9, 100, 100, 100))
    ]
    assert "fail: items shop: hand-1 has 9 items, and 100 are usual" in told(
        of(vault(*by_hand, *nights(first=90)))
    )


def test_a_number_is_usual_from_three_earlier_ones_on() -> None:
    found = of(vault(*nights(3)))
    assert (1, []) == (found.passed, told(found))
    assert ["shop: fewer than 3 earlier backups, so no number of items is usual"] == found.notes


LAST = backup()
DATA, MODELS = claim("data"), claim("models")


def volumes(*of_them: Any, claims: tuple[VolumeClaim, ...] = (DATA, MODELS), last: Any = LAST) -> list[str]:
    return told(of(vault(last), volumes=vault(last, volumes=of_them), claims=listing(*claims)))


def test_the_data_of_every_claim_is_stored() -> None:
    assert [] == volumes(volume(LAST, DATA), volume(LAST, MODELS))


def test_a_claim_without_data_is_named() -> None:
    assert ["fail: volumes shop: nightly-7 has no data of 1 of 2 claims: models"] == volumes(
        volume(LAST, DATA)
    )


def test_data_of_another_backup_are_none() -> None:
    older = backup(31)
    (finding,) = volumes(volume(LAST, DATA), volume(older, MODELS))
    assert finding.endswith("no data of 1 of 2 claims: models")


@pytest.mark.parametrize("phase", ["Failed", "Canceled", "InProgress"])
def test_data_that_were_not_completed_when_the_backup_had_ended_fail(phase: str) -> None:
    (finding,) = volumes(volume(LAST, DATA, phase), volume(LAST, MODELS))
    assert "fail: volumes shop: nightly-7: 1 volumes have not been stored" == finding


@pytest.mark.parametrize(
    "aside",
    [
        claim("new", hours=1),
        claim("pending", phase="Pending"),
        claim("out", labels={"velero.io/exclude-from-backup": "true"}),
    ],
)
def test_a_claim_that_is_new_empty_or_left_out_needs_none(aside: VolumeClaim) -> None:
    assert [] == volumes(volume(LAST, DATA), claims=(DATA, aside))


def test_snapshots_are_counted_where_the_backup_is_of_this_namespace_alone() -> None:
    counted = {"volumeSnapshotsAttempted": 1, "volumeSnapshotsCompleted": 1}
    last = backup(**counted)
    assert [] == volumes(volume(last, DATA), last=last)
    (finding,) = volumes(last=last)
    assert finding.endswith("nightly-7 has no data of 1 of 2 claims: data, models")


def test_snapshots_of_many_namespaces_are_not_told_apart() -> None:
    """Ten snapshots of others are no proof of two of this one."""
    last = backup(
        spec={"includedNamespaces": ["*"]}, csiVolumeSnapshotsAttempted=10, csiVolumeSnapshotsCompleted=10
    )
    (finding,) = volumes(last=last)
    assert finding.startswith("unknown: volumes shop: nightly-7 has 10 snapshots")


@pytest.mark.parametrize("which", ["volumes", "claims"])
def test_what_of_them_cannot_be_seen_is_undecided(which: str) -> None:
    refused: Any = Failure("Forbidden", "the permission is missing", "kubernetes:test")
    both: dict[str, Any] = {"volumes": vault(LAST), "claims": listing(DATA), which: refused}
    assert ["unknown: volumes shop: the permission is missing"] == told(of(vault(LAST), **both))


def test_a_namespace_whose_claims_cannot_be_seen_is_undecided() -> None:
    gap = Failure("Forbidden", "list persistentvolumeclaims", "kubernetes:test", in_namespace("shop"))
    claims: Listing[VolumeClaim] = listing(gaps=[gap])
    assert ["unknown: volumes shop: list persistentvolumeclaims"] == told(
        of(vault(LAST), volumes=vault(LAST), claims=claims)
    )


GOOD = Persistence(aof=True, last_save=NOW - timedelta(hours=1), changes=0)
SNAPSHOTS = replace(GOOD, aof=False)


def redis(persistence: Persistence, **more: Any) -> list[str]:
    sample = Sample(at=NOW, uptime=7200, part="master", persistence=persistence, **more)
    state = ServerState(role="redis", samples=(sample,))
    return told(examined(check_integrity, *[None] * 8, state, redis=True))


@pytest.mark.parametrize("persistence", [GOOD, SNAPSHOTS])
def test_redis_could_write_its_files(persistence: Persistence) -> None:
    assert [] == redis(persistence)


@pytest.mark.parametrize(
    ("persistence", "message"),
    [
        (replace(SNAPSHOTS, saved=False), "the last snapshot failed"),
        (replace(GOOD, saved=False), "the last snapshot failed"),
        (replace(GOOD, aof_written=False), "the append-only file could not be written"),
        (replace(GOOD, aof_rewritten=False), "the append-only file could not be written"),
    ],
)
def test_what_redis_could_not_write_fails(persistence: Persistence, message: str) -> None:
    (finding,) = redis(persistence)
    assert finding.startswith(f"fail: cache redis: {message}")


@pytest.mark.parametrize(
    "persistence", [Persistence(), replace(SNAPSHOTS, last_save=NOW - timedelta(hours=2))]
)
def test_a_server_that_tells_nothing_or_never_saved_is_undecided(persistence: Persistence) -> None:
    (finding,) = redis(persistence)
    assert finding.startswith("unknown: cache redis: ")


def test_a_replica_is_not_judged() -> None:
    sample = Sample(at=NOW, uptime=7200, part="slave", persistence=GOOD)
    state = ServerState(role="redis", samples=(sample,))
    (finding,) = told(examined(check_integrity, *[None] * 8, state, redis=True))
    assert finding.startswith("unknown: cache redis: a replica answers")
