"""database/high-availability: states of RDS, standbys, and what is under way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from checks.database.check_high_availability import check_high_availability
from opsproof import Examination
from opsproof.model.failure import Failure
from opsproof.model.moment import Clock
from opsproof.sources.aws.facts.databases import Cluster, Database
from opsproof.testing.facts import NOW, ago, examined

ROW = {"db_instances": ("shop",)}


def database(**more: Any) -> Database:
    told = {"name": "shop", "status": "available", "multi_az": True, "clock": Clock(NOW, "aws:test", 0.0)}
    return Database(**{**told, **more})


def of(*found: Any) -> Examination:
    return examined(check_high_availability, found, **ROW)


def told(examine: Examination) -> list[str]:
    return [
        f"{'transition' if one.in_transition else one.outcome.value}: {one.subject}: {one.message}"
        for one in examine.findings
    ]


def test_available_and_multi_az_passes() -> None:
    found = of(database())
    assert (2, [], []) == (found.passed, told(found), found.notes)


@pytest.mark.parametrize(
    "status", ["backing-up", "modifying", "storage-optimization", "configuring-log-exports"]
)
def test_a_status_in_which_it_serves_passes_and_is_noted(status: str) -> None:
    found = of(database(status=status))
    assert ([], [f"shop: its status is {status}"]) == (told(found), found.notes)


@pytest.mark.parametrize("status", ["storage-full", "stopped", "failed", "deleting", "incompatible-network"])
def test_a_status_in_which_it_is_away_fails_whatever_happened_a_moment_ago(status: str) -> None:
    assert [f"fail: DB instance shop: its status is {status}"] == told(
        of(database(status=status, changed=ago(minutes=1)))
    )


def test_a_status_that_nobody_knows_is_undecided() -> None:
    (finding,) = told(of(database(status="levitating")))
    assert "unknown: DB instance shop: its status is levitating" in finding


def test_one_zone_fails_and_tells_what_is_pending() -> None:
    found = of(database(multi_az=False, pending=("MultiAZ",), pending_multi_az=True))
    assert [
        "fail: standby shop: it has no standby in another zone: Multi-AZ is off; it is being turned on"
    ] == told(found)
    assert ["shop: changed and not yet in force: MultiAZ"] == found.notes


def test_a_standby_that_is_about_to_go_is_noted() -> None:
    found = of(database(pending=("MultiAZ",), pending_multi_az=False))
    assert [] == told(found)
    assert "shop: Multi-AZ is on, and about to be turned off" in found.notes


def test_what_the_api_does_not_tell_is_undecided() -> None:
    (finding,) = told(of(database(multi_az=None)))
    assert finding.startswith("unknown: standby shop: ")


def test_maintenance_in_its_window_is_in_transition_and_ends_with_the_grace() -> None:
    """NOW is a Saturday's noon."""
    found = [
        told(of(database(status="maintenance", maintenance=f"sat:{begins}-sat:13:30")))
        for begins in ("11:45", "11:29")
    ]
    assert ["transition", "fail"] == [one.partition(":")[0] for (one,) in found]


def test_maintenance_outside_of_the_window_fails() -> None:
    assert ["fail: DB instance shop: its status is maintenance"] == told(
        of(database(status="maintenance", maintenance="sun:04:00-sun:04:30"))
    )


@pytest.mark.parametrize(("minutes", "outcome"), [(5, "transition"), (31, "fail")])
def test_a_reboot_is_in_transition_from_its_event_on(minutes: int, outcome: str) -> None:
    (finding,) = told(of(database(status="rebooting", changed=ago(minutes=minutes))))
    assert outcome == finding.partition(":")[0]


def test_without_an_event_nothing_is_excused() -> None:
    assert ["fail: DB instance shop: its status is rebooting"] == told(of(database(status="rebooting")))


def test_a_clock_that_nobody_trusts_excuses_nothing() -> None:
    off = Clock(NOW, "aws:test", timedelta(hours=1).total_seconds())
    (finding,) = told(of(database(status="rebooting", changed=ago(minutes=5), clock=off)))
    assert not finding.startswith("transition")


def cluster(**more: Any) -> Cluster:
    return Cluster(
        **{"name": "shops", "status": "available", "multi_az": True, "members": ("shop", "shop-2"), **more}
    )


def test_an_instance_of_a_cluster_has_the_clusters_standby() -> None:
    """Of itself it is in one zone."""
    found = of(database(multi_az=False, cluster=cluster()))
    assert (3, []) == (found.passed, told(found))


def test_a_cluster_of_one_has_nobody_to_take_over() -> None:
    (finding,) = told(of(database(cluster=cluster(members=("shop",)))))
    assert finding.startswith("fail: standby shop: its cluster shops has 1 instance")


def test_a_cluster_that_is_away_fails() -> None:
    found = told(of(database(cluster=cluster(status="inaccessible-encryption-credentials"))))
    assert ["fail: DB cluster shops: its status is inaccessible-encryption-credentials"] == found


def test_a_replica_is_not_the_database_of_the_row() -> None:
    (finding,) = told(of(database(replica_of="shop-primary")))
    assert "unknown: standby shop: it is a read replica of shop-primary: name the primary" == finding


def test_one_that_is_not_there_fails() -> None:
    assert ["fail: DB instance shop: there is no DB instance shop in the region"] == told(
        of(database(found=False))
    )


def test_what_is_refused_is_undecided() -> None:
    missing = Failure("Forbidden", "the right rds:DescribeDBInstances is missing", "aws:test")
    assert ["unknown: source rds: the right rds:DescribeDBInstances is missing"] == told(of(missing))
