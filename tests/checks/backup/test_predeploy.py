"""backup/predeploy: what was stored before the deployment began, by the clocks of both."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from checks.backup.check_predeploy import check_predeploy
from opsproof import Examination, Listing
from opsproof.examine.backups.kept import Kept
from opsproof.model.failure import Failure
from opsproof.model.moment import Clock
from opsproof.sources.kubernetes.facts.workloads import Deployment, ReplicaSet
from opsproof.testing.facts import examined
from tests.checks.backup.shelves import NOW, kept, nights, stored, told
from tests.checks.cluster import condition, deployment

REFUSED = Failure("Forbidden", "the permission to list replicasets is missing", "kubernetes:x")


def of(*places: Kept, deployments: Any = None, sets: Any = None, **limits: Any) -> Examination:
    named = {"workloads": ("deployment/api",)} if deployments is not None else {}
    return examined(check_predeploy, places or None, None, deployments, sets, **{**named, **limits})


def rolling(minutes_ago: float, *, skew: float | None = None, done: bool = False) -> dict[str, Any]:
    """A rollout that began so long ago."""
    reason = "NewReplicaSetAvailable" if done else "ReplicaSetUpdated"
    began = NOW - timedelta(minutes=minutes_ago)
    revision = {"annotations": {"deployment.kubernetes.io/revision": "2"}}
    one: Deployment = deployment(
        conditions=[condition("Progressing", True, reason=reason)],
        metadata={"name": "api", "namespace": "shop", "generation": 2, **revision},
    )
    owner = {"kind": "Deployment", "name": "api", "controller": True}
    sets = [
        msgspec.convert(
            {
                "metadata": {
                    "name": f"api-{number}", "namespace": "shop", "creationTimestamp": at.isoformat(),
                    "ownerReferences": [owner],
                    "annotations": {"deployment.kubernetes.io/revision": str(number)},
                }
            },
            ReplicaSet,
        )
        for number, at in ((1, began - timedelta(days=3)), (2, began))
    ]  # fmt: skip
    clock = Clock(NOW, "kubernetes:x", skew)
    return {"deployments": Listing([one], as_of=clock), "sets": Listing(sets, as_of=clock)}


def test_last_nights_backup_passes() -> None:
    found = of(kept(*nights()))
    assert (1, []) == (found.passed, told(found))


def test_a_backup_of_the_day_before_is_too_old() -> None:
    """No weekend excuses it: it is made for the deployment."""
    (finding,) = told(of(kept(*nights(0)), weekdays=("thu",)))
    assert "the newest is db-20261125.sql.gz, made 2026-11-25 03:00 UTC" in finding


def test_a_backup_before_the_rollout_passes() -> None:
    assert [] == told(of(kept(*nights()), **rolling(10)))


def test_a_backup_that_was_made_after_the_rollout_began_fails() -> None:
    """It may hold what the new version has spoilt already."""
    late = kept(stored(0, modified=NOW - timedelta(minutes=5)), *nights(0, 1))
    (finding,) = told(of(late, **rolling(10)))
    assert finding.endswith(
        "the newest is db-20261124.sql.gz, made 2026-11-24 03:00 UTC, before the rollout that began 2026-11-26 08:50 UTC"
    )
    only = kept(stored(0, modified=NOW - timedelta(minutes=5)))
    assert "every backup that is there was made after it" in told(of(only, **rolling(10)))[0]


@pytest.mark.parametrize("state", [{"minutes_ago": 90}, {"minutes_ago": 10, "done": True}])
def test_a_rollout_that_hangs_or_is_over_is_not_the_one_to_come(state: dict[str, Any]) -> None:
    late = kept(stored(0, modified=NOW - timedelta(minutes=5)))
    assert [] == told(of(late, **rolling(**state)))


def test_a_backup_that_is_being_written_is_none() -> None:
    """In a folder of a host; the deployment waits for its end."""
    writing = kept(stored(0, modified=NOW - timedelta(minutes=5)), whole=False)
    assert ["fail: backup db-%Y%m%d.sql.gz: no backup: the first is being written"] == told(of(writing))


def test_a_backup_whose_time_is_still_to_come_is_none_to_go_back_to() -> None:
    coming = kept(stored(-1, modified=NOW + timedelta(days=2)))
    assert told(of(coming))[0].startswith("unknown: backup db-%Y%m%d.sql.gz: the newest backup is dated")


def test_an_empty_backup_fails() -> None:
    (finding,) = told(of(kept(*nights(0), stored(0, size=0))))
    assert finding.endswith("db-20261126.sql.gz is empty")


def test_no_backup_fails() -> None:
    assert "no backup: the bucket shop is empty" in told(of(kept()))[0]


def test_clocks_that_are_far_apart_tell_no_order() -> None:
    assert told(of(kept(*nights()), **rolling(10, skew=3600.0)))[0].startswith("unknown: ")
    assert told(of(kept(*nights(), skew=-3600.0), **rolling(10)))[0].startswith("unknown: ")


def test_a_rollout_that_may_not_be_seen_is_undecided() -> None:
    found = of(kept(*nights()), deployments=rolling(10)["deployments"], sets=REFUSED)
    assert (1, [f"unknown: rollout deployment/api: {REFUSED.message}"]) == (found.passed, told(found))


def test_another_deployments_rollout_is_none_of_ours() -> None:
    late = kept(stored(0, modified=NOW - timedelta(minutes=5)))
    assert [] == told(of(late, **beside(rolling(10)), workloads=("deployment/web",)))


def beside(found: dict[str, Any]) -> dict[str, Any]:
    web = deployment(metadata={"name": "web", "namespace": "shop"})
    deployments = Listing([*found["deployments"], web], as_of=found["deployments"].clock)
    return {**found, "deployments": deployments}


@pytest.mark.parametrize("name", ["deployment/shop-api", "statefulset/api"])
def test_a_workload_that_is_not_there_does_not_tell_whether_it_is_rolled_out(name: str) -> None:
    """A name that is mistyped would let every backup be one before the rollout."""
    late = kept(stored(0, modified=NOW - timedelta(minutes=5)))
    (finding,) = told(of(late, **rolling(10), workloads=(name,)))
    assert finding.startswith("unknown: ") and f"there is no {name}: whether its rollout has begun" in finding


def test_without_a_place_nothing_is_decided() -> None:
    assert told(of())[0].startswith("unknown: ")
