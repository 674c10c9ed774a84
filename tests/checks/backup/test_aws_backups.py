"""backup/fresh and backup/integrity where AWS makes the backups: RDS's own, and vaults of AWS Backup."""

from __future__ import annotations

from typing import Any

import pytest

from checks.backup.check_fresh import FreshLimits, check_fresh
from checks.backup.check_integrity import check_integrity
from opsproof import Examination
from opsproof.examine.aws_backups import AwsBackups
from opsproof.model.failure import Failure, NotConfigured
from opsproof.model.moment import Clock
from opsproof.model.target import Target
from opsproof.sources.aws.facts.databases import (
    Cluster,
    Database,
    DatabaseBackups,
    DatabaseBackupsOf,
    Snapshot,
)
from opsproof.sources.aws.facts.vaults import BackupJob, RecoveryPoint, Vault, VaultOf
from opsproof.testing.facts import NOW, ago, answer, examined
from tests.checks.backup.shelves import told

CLOCK = Clock(NOW, "aws:test", 0.0)


def snapshot(hours: float = 8, **more: Any) -> Snapshot:
    healthy = {
        "name": f"rds:{hours:g}",
        "kind": "automated",
        "status": "available",
        "made": ago(hours=hours),
        "encrypted": True,
    }
    return Snapshot(**{**healthy, **more})


def backups(*found: Snapshot, **more: Any) -> DatabaseBackups:
    healthy = {"name": "shop", "retention": 7, "created": ago(days=90), "restorable": ago(minutes=4)}
    return DatabaseBackups(database=Database(**{**healthy, **more}), snapshots=found, clock=CLOCK)


def fresh(*found: Any, **limits: Any) -> Examination:
    return examined(
        check_fresh, None, None, found, None, False, None, **{"age": "26h", "restorable": "10m", **limits}
    )


def integrity(*found: Any) -> Examination:
    return examined(check_integrity, None, None, None, None, found, *[None] * 4)


def test_a_snapshot_of_tonight_and_a_log_that_arrives_pass() -> None:
    found = fresh(backups(snapshot()))
    assert (2, []) == (found.passed, told(found))


def test_what_people_made_by_hand_is_no_backup_of_the_schedule() -> None:
    (finding,) = told(fresh(backups(snapshot(30), snapshot(1, kind="manual"))))
    assert finding.startswith("fail: snapshots shop: the newest is rds:30, made ")


def test_a_snapshot_of_aws_backup_is_one() -> None:
    assert [] == told(fresh(backups(snapshot(kind="awsbackup"))))


def test_a_snapshot_that_is_being_made_does_not_count_yet() -> None:
    """Nor does it hide the one before it."""
    growing = snapshot(0, status="creating", made=None)
    assert [] == told(fresh(backups(snapshot(25), growing)))
    assert 1 == len(told(fresh(backups(snapshot(27), growing))))


def test_a_log_of_changes_that_does_not_arrive_fails() -> None:
    (finding,) = told(fresh(backups(snapshot(), restorable=ago(minutes=11))))
    assert finding.startswith("fail: point in time shop: it can be brought back to 2026-01-31 11:49 UTC")


def test_a_row_without_that_limit_wants_automated_backups_all_the_same() -> None:
    assert [] == told(fresh(backups(snapshot(), restorable=ago(hours=1)), restorable=None))
    found = told(fresh(backups(snapshot(), retention=0, restorable=None), restorable=None))
    assert ["fail: point in time shop: automated backups are off: they are kept for 0 days"] == found


@pytest.mark.parametrize(("hours", "outcome"), [(2, "transition"), (25, "fail")])
def test_a_new_database_has_its_first_backup_after_a_while(hours: int, outcome: str) -> None:
    found = told(fresh(backups(restorable=None, created=ago(hours=hours))))
    assert [outcome, outcome] == [one.partition(":")[0] for one in found]


def test_a_new_database_whose_backups_are_off_is_not_waited_for() -> None:
    found = told(fresh(backups(restorable=None, retention=0, created=ago(hours=2))))
    assert "fail: point in time shop: automated backups are off: they are kept for 0 days" in found


def test_a_database_without_a_snapshot_fails() -> None:
    found = told(fresh(backups(snapshot(1, kind="manual"))))
    assert ["fail: snapshots shop: no automated snapshot is available, of 1"] == found


def test_what_the_api_does_not_tell_is_undecided() -> None:
    (finding,) = told(fresh(backups(snapshot(), retention=None)))
    assert finding.startswith("unknown: point in time shop: ")


def test_a_cluster_has_the_backups_of_its_instances() -> None:
    cluster = Cluster(name="shops", retention=7, restorable=ago(minutes=2))
    assert [] == told(fresh(backups(snapshot(), retention=None, restorable=None, cluster=cluster)))


def test_a_database_that_is_not_there_fails_once() -> None:
    assert ["fail: point in time shop: there is no DB instance shop in the region"] == told(
        fresh(backups(found=False))
    )


def test_another_way_decides_beside_it() -> None:
    refused = Failure("Forbidden", "the right rds:DescribeDBSnapshots is missing", "aws:test")
    assert ["unknown: source aws: the right rds:DescribeDBSnapshots is missing"] == told(fresh(refused))


# -- vaults ----------------------------------------------------------------------------------------------


def vault(*points: RecoveryPoint, jobs: tuple[BackupJob, ...] = ()) -> Vault:
    return Vault(name="nightly", points=points, jobs=jobs, clock=CLOCK)


def point(hours: float, resource: str = "disk", status: str = "COMPLETED") -> RecoveryPoint:
    return RecoveryPoint(resource=resource, status=status, made=ago(hours=hours))


def job(hours: float, state: str, resource: str = "disk") -> BackupJob:
    return BackupJob(resource=resource, state=state, began=ago(hours=hours))


def test_a_young_recovery_point_of_each_resource_passes() -> None:
    found = fresh(vault(point(3), point(4, "files"), jobs=(job(3, "COMPLETED"), job(0, "RUNNING"))))
    assert (2, []) == (found.passed, told(found))


@pytest.mark.parametrize(
    ("jobs", "outcome"),
    [
        ((job(1, "RUNNING"),), "transition"),
        ((job(25, "RUNNING"), job(1, "CREATED")), "fail"),
        ((job(2, "FAILED"), job(1, "RUNNING")), "fail"),
        ((job(2, "COMPLETED"), job(1, "RUNNING")), "fail"),
    ],
)
def test_a_resource_whose_first_job_runs_is_waited_for_a_day(jobs: Any, outcome: str) -> None:
    (finding,) = told(fresh(vault(jobs=jobs)))
    assert finding.startswith(f"{outcome}: recovery point nightly/disk: ")


def test_a_resource_that_nobody_backs_up_any_more_is_found() -> None:
    (finding,) = told(fresh(vault(point(200, "files"), point(3))))
    assert finding.startswith("fail: recovery point nightly/files: the newest was made ")


@pytest.mark.parametrize("status", ["PARTIAL", "EXPIRED", "DELETING", "CREATING"])
def test_what_nothing_can_be_restored_from_does_not_count(status: str) -> None:
    (finding,) = told(fresh(vault(point(30), point(1, status=status))))
    assert "the newest was made 2026-01-30 06:00 UTC" in finding


@pytest.mark.parametrize("state", ["FAILED", "ABORTED", "EXPIRED", "PARTIAL"])
def test_a_job_that_ended_badly_fails_though_the_backup_before_it_is_young(state: str) -> None:
    found = told(fresh(vault(point(20), jobs=(job(20, "COMPLETED"), job(1, state)))))
    assert [f"fail: recovery point nightly/disk: its last job is {state}"] == found


def test_an_empty_vault_fails() -> None:
    assert ["fail: backup vault nightly: nothing was put into the vault for 35 days"] == told(fresh(vault()))


# -- integrity -------------------------------------------------------------------------------------------


def test_the_newest_snapshot_is_available_and_encrypted() -> None:
    assert (1, []) == (integrity(backups(snapshot())).passed, told(integrity(backups(snapshot()))))


@pytest.mark.parametrize(
    ("newest", "message"),
    [
        ({"encrypted": False}, "fail: newest snapshot shop: rds:8 is not encrypted"),
        (
            {"encrypted": None},
            "unknown: newest snapshot shop: rds:8: the API does not tell whether it is encrypted",
        ),
        ({"status": "failed"}, "fail: newest snapshot shop: rds:8: its status is failed"),
        ({"kind": "manual"}, "fail: newest snapshot shop: no automated snapshot is there, of 1"),
    ],
)
def test_what_is_wrong_with_the_newest_snapshot(newest: dict[str, Any], message: str) -> None:
    assert [message] == told(integrity(backups(snapshot(**newest))))


def test_one_that_is_being_made_is_not_looked_at() -> None:
    growing = snapshot(0, status="creating", made=None, encrypted=None)
    assert [] == told(integrity(backups(snapshot(25), growing)))


# -- what is asked ---------------------------------------------------------------------------------------


class Targets:
    """An environment with targets of these kinds."""

    def __init__(self, limits: FreshLimits, *kinds: str) -> None:
        self.limits, self._kinds = limits, kinds

    def target(self, kind: str) -> Target:
        if kind not in self._kinds:
            raise NotConfigured(f"targets.{kind} is not set")
        return Target(kind, kind, f"{kind}:x", None)


def test_what_the_row_names_is_asked_and_comes_back_in_order() -> None:
    context: Any = Targets(FreshLimits(db_instances=("shop",), vaults=("nightly",)), "aws")
    asks = AwsBackups().asks(context)
    assert (DatabaseBackupsOf(target="aws:x", name="shop"), VaultOf(target="aws:x", name="nightly")) == asks
    refused = Failure("Forbidden", "no", "aws:x")
    given = [answer(asks[0], backups()), answer(asks[1], failure=refused)]
    found = AwsBackups().assemble(given, context)
    assert found is not None and [DatabaseBackups, Failure] == [type(one) for one in found]


@pytest.mark.parametrize(("row", "kind"), [({}, "aws"), ({"db_instances": ("shop",)}, "s3")])
def test_a_way_that_nobody_configures_is_none(row: dict[str, Any], kind: str) -> None:
    context: Any = Targets(FreshLimits(**row), kind)
    assert ((), None) == (AwsBackups().asks(context), AwsBackups().assemble((), context))
