"""backup/retention by Velero: how long it is told to keep, what is left, and what has expired."""

from __future__ import annotations

from typing import Any

import pytest

from checks.backup.check_retention import check_retention
from opsproof import Examination
from opsproof.examine.velero import Vault
from opsproof.testing.facts import examined
from tests.checks.backup.shelves import told
from tests.checks.backup.vaults import backup, nights, schedule, vault
from tests.checks.cluster import ago


def of(found: Vault, **limits: Any) -> Examination:
    given = {"keep": "30d", "longest": "32d", **limits}
    return examined(check_retention, None, None, None, (found,), **given)


def test_thirty_days_are_kept() -> None:
    found = of(vault(*nights(), schedules=(schedule(template={"ttl": "720h0m0s"}),)))
    assert (4, []) == (found.passed, told(found))


@pytest.mark.parametrize(
    ("ttl", "message"),
    [
        ("168h0m0s", "its backups are taken away after 7d"),
        ("719h59m59s", "its backups are taken away after 29d23h"),
    ],
)
def test_another_time_than_the_policys_fails(ttl: str, message: str) -> None:
    found = told(of(vault(*nights(), schedules=(schedule(template={"ttl": ttl}),))))
    assert [f"fail: schedule velero/nightly: {message}"] == found


def test_what_stays_for_too_long_fails() -> None:
    found = told(of(vault(*nights(), schedules=(schedule(template={"ttl": "8760h0m0s"}),))))
    assert ["fail: oldest nightly: the backups of nightly stay for 365d"] == found


def test_a_schedule_that_says_nothing_is_judged_by_its_last_backup() -> None:
    """The server's own default is written into each."""
    assert [] == told(of(vault(*nights())))
    (finding,) = told(of(vault(backup(spec={"ttl": "24h0m0s"}), *nights(first=31))))
    assert finding.endswith("its backups are taken away after 1d")


def test_a_schedule_that_was_changed_does_not_hide_what_its_last_backup_has() -> None:
    changed = schedule(template={"ttl": "720h0m0s"})
    (finding,) = told(of(vault(backup(spec={"ttl": "24h0m0s"}), schedules=(changed,))))
    assert finding.endswith("its backups are taken away after 1d")


@pytest.mark.parametrize("ttl", ["", "0s", "a month"])
def test_without_any_time_it_is_undecided(ttl: str) -> None:
    found = told(of(vault(backup(spec={"ttl": ttl}), schedules=(schedule(template={"ttl": ttl}),))))
    assert ["unknown: schedule velero/nightly: neither it nor a backup says"] == found


def test_without_a_policy_it_is_undecided() -> None:
    found = told(of(vault(*nights()), keep=None, longest=None))
    assert ["unknown: schedule velero/nightly: for how long is not said: set keep"] == found


def test_too_few_that_can_be_restored_fail() -> None:
    some = (*nights(2), backup(60, phase="PartiallyFailed"))
    assert [] == told(of(vault(*some), least=2))
    assert ["fail: backups shop: 2 backups are left that can be restored"] == told(of(vault(*some), least=3))


def test_without_any_it_says_what_is_there() -> None:
    found = told(of(vault()))
    message = "0 backups are left that can be restored: Velero in velero has none at all"
    assert f"fail: backups shop: {message}" in found


@pytest.mark.parametrize(("hours", "fails"), [(5, False), (7, True)])
def test_what_expired_has_to_go(hours: float, fails: bool) -> None:
    """Velero looks for it once an hour."""
    old = backup(24 * 30, expiration=ago(60 * hours))
    found = told(of(vault(old, *nights())))
    assert fails == (f"fail: expired shop: nightly-720 expired {hours}h ago, and is still there" in found)


@pytest.mark.parametrize(("hours", "fails"), [(5, False), (7, True)])
def test_one_whose_deletion_does_not_end_is_still_there(hours: float, fails: bool) -> None:
    """Where the storage does not answer, Velero tries again and again."""
    old = backup(24 * 30, expiration=ago(60 * hours), phase="Deleting")
    found = told(of(vault(old, *nights())))
    assert fails == (f"fail: expired shop: nightly-720 expired {hours}h ago, and is still there" in found)


@pytest.mark.parametrize(("ttl", "outcome"), [("720h0m0s", None), ("24h0m0s", "fail"), ("", "unknown")])
def test_without_a_schedule_the_newest_backup_tells_for_how_long(ttl: str, outcome: str | None) -> None:
    """A script starts them."""
    found = told(of(vault(backup(of="", spec={"ttl": ttl}), schedules=())))
    assert outcome == (found[0].partition(":")[0] if found else None)
    assert all(": newest backup shop: " in one for one in found)


def test_an_expired_one_of_another_namespace_is_not_looked_at() -> None:
    old = backup(24 * 30, expiration=ago(60 * 48), spec={"includedNamespaces": ["other"]})
    assert [] == told(of(vault(old, *nights())))
