"""backup/job-success by Velero: its schedules, on plain facts. It is 09:00 UTC on a Monday."""

from __future__ import annotations

from typing import Any

import pytest

from checks.backup.check_job_success import check_backup_jobs
from opsproof import Examination
from opsproof.examine.velero import Vault
from opsproof.model.failure import Failure
from opsproof.testing.facts import examined
from tests.checks.backup.shelves import told
from tests.checks.backup.vaults import backup, nights, schedule, vault


def of(found: Vault | Failure, **limits: Any) -> Examination:
    return examined(check_backup_jobs, None, None, (), None, None, (found,), **limits)


def only(found: Vault | Failure, **limits: Any) -> str:
    (finding,) = told(of(found, **limits))
    return finding


def test_last_nights_backup_completed() -> None:
    found = of(vault(*nights()), ended="26h")
    assert (1, [], []) == (found.passed, told(found), found.notes)


def test_a_paused_schedule_fails() -> None:
    paused = schedule(paused=True)
    assert "fail: schedule velero/nightly: it is paused: it makes no backups" == only(
        vault(*nights(), schedules=(paused,))
    )


def test_a_missed_backup_fails_even_after_a_success() -> None:
    found = only(vault(*nights(first=31), schedules=(schedule(last=31),)))
    assert (
        "fail: schedule velero/nightly: it missed its backup of 2026-03-02 02:00 UTC; "
        "the last one was begun 2026-03-01 02:00 UTC"
    ) == found


def test_one_that_never_made_any_fails() -> None:
    assert "it has never made one" in only(vault(schedules=(schedule(last=None),)))


@pytest.mark.parametrize(
    ("last", "message"),
    [
        (backup(phase="PartiallyFailed", errors=3), "the last backup that ended, nightly-7, is PartiallyFailed, 3 errors"),
        (backup(phase="Failed"), "the last backup that ended, nightly-7, is Failed"),
        (backup(errors=1), "the last backup, nightly-7, is Completed, 1 errors"),
    ],
)  # fmt: skip
def test_the_newest_that_has_ended_decides(last: Any, message: str) -> None:
    assert f"fail: schedule velero/nightly: {message}" == only(vault(last, *nights(first=31)))


def test_one_that_velero_did_not_accept_is_the_newest() -> None:
    """It never began, and was made seven hours ago."""
    assert "is FailedValidation" in only(vault(backup(phase="FailedValidation"), *nights(first=31)))


def test_an_older_failure_is_healed() -> None:
    assert [] == told(of(vault(backup(), backup(31, phase="Failed"))))


def test_a_backup_of_another_schedule_is_not_its_own() -> None:
    """The weekly one succeeded an hour ago; the nightly one is not there."""
    other = backup(1, of="weekly")
    weekly = schedule("weekly", cron="0 8 * * *", last=1)
    found = only(vault(other, schedules=(schedule(), weekly)))
    assert (
        "fail: schedule velero/nightly: the backup that was begun 2026-03-02 02:00 UTC is not there" == found
    )


def test_one_begun_a_moment_ago_may_not_have_been_listed() -> None:
    found = only(vault(*nights(first=24.1), schedules=(schedule(cron="54 8 * * *", last=0.1),)))
    assert found.startswith("transition: schedule velero/nightly: the backup that was begun")


def test_a_backup_under_way_is_in_transition_for_as_long_as_it_may_take() -> None:
    running = backup(0.5, phase="InProgress")
    made = vault(running, *nights(first=24.5), schedules=(schedule(cron="30 8 * * *", last=0.5),))
    assert only(made).startswith("transition: schedule velero/nightly: nightly-0.5, begun 2026-03-02 08:30")
    assert only(made, longest="20m").startswith("fail: schedule velero/nightly: nightly-0.5, begun")


def test_a_backup_under_way_excuses_no_failure_before_it() -> None:
    running = backup(0.5, phase="InProgress")
    found = only(
        vault(running, backup(24.5, phase="Failed"), schedules=(schedule(cron="30 8 * * *", last=0.5),))
    )
    assert found.startswith("fail: ") and "nightly-24.5, is Failed" in found


def test_a_first_backup_that_is_not_due_yet_is_waited_for() -> None:
    found = only(vault(schedules=(schedule(age=60, last=None),)))
    assert found == (
        "transition: schedule velero/nightly: it has made no backup yet: the first one is due at 2026-03-03 02:00 UTC"
    )


@pytest.mark.parametrize("phase", ["New", ""])
def test_a_new_schedule_may_not_have_been_taken_up(phase: str) -> None:
    new = schedule(phase=phase, age=5, last=None)
    told_of_it = "transition: schedule velero/nightly: Velero has not taken it up"
    assert told_of_it == only(vault(schedules=(new,)))
    old = schedule(phase=phase, age=500, last=None)
    assert only(vault(schedules=(old,))).startswith("fail: ")


def test_a_schedule_that_is_not_valid_fails() -> None:
    assert "FailedValidation" in only(vault(schedules=(schedule(phase="FailedValidation"),)))


def test_a_schedule_that_cannot_be_read_is_undecided() -> None:
    assert only(vault(*nights(), schedules=(schedule(cron="nightly"),))).startswith("unknown: ")


def test_a_server_in_another_time_zone_is_judged_by_how_far_apart_backups_are() -> None:
    """It begins at 01:00 UTC, which is two in the morning there: never more than a day apart."""
    assert [] == told(of(vault(*nights(first=8), schedules=(schedule(last=8),))))
    found = only(vault(*nights(first=56), schedules=(schedule(last=56),)))
    assert "it missed its backup of 2026-03-01 01:00 UTC" in found


def test_every_so_often_counts_from_the_last_one() -> None:
    often = schedule(cron="@every 2h", last=1.5)
    assert [] == told(of(vault(backup(1.5), schedules=(often,))))
    late = schedule(cron="@every 2h", last=3)
    assert "missed" in only(vault(backup(3), schedules=(late,)))


def test_a_last_backup_that_ended_too_long_ago_fails() -> None:
    """A weekly schedule keeps its own time, and not the row's."""
    weekly = schedule(cron="0 2 * * 0", last=31)
    assert [] == told(of(vault(backup(31), schedules=(weekly,))))
    found = only(vault(backup(31), schedules=(weekly,)), ended="26h")
    assert "fail: schedule velero/nightly: nightly-31, the last backup, ended 1d6h ago" == found


def test_a_weekly_schedule_beside_a_nightly_one_may_be_older_than_a_day() -> None:
    """Of each namespace the last one counts, whoever made it; and each schedule has to make its own."""
    weekly = schedule("weekly", cron="0 2 * * 0", last=31)
    both = (schedule(), weekly)
    assert [] == told(of(vault(backup(31, of="weekly"), *nights(), schedules=both), ended="26h"))
    of_another = schedule("weekly", cron="0 2 * * 0", last=31, template={"includedNamespaces": ["billing"]})
    found = only(
        vault(
            backup(31, of="weekly", spec={"includedNamespaces": ["billing"]}), *nights(),
            schedules=(schedule(), of_another), namespaces=("shop", "billing"),
        ),
        ended="26h",
    )  # fmt: skip
    assert "weekly-31, the last backup, ended 1d6h ago" in found


@pytest.mark.parametrize(
    "template",
    [
        {"includedNamespaces": ["other"]},
        {"excludedNamespaces": ["shop"]},
        {"includedResources": ["secrets"]},
    ],
)
def test_a_namespace_that_no_schedule_holds_fails(template: dict[str, Any]) -> None:
    found = only(vault(*nights(), schedules=(schedule(template=template),)))
    assert "fail: namespace shop: no schedule of Velero in velero makes backups of all of it" == found


def test_warnings_are_noted() -> None:
    found = of(vault(backup(warnings=4)))
    assert ([], ["nightly-7: 4 warnings, which are in its log"]) == (told(found), found.notes)


def test_what_the_cluster_does_not_tell_is_undecided() -> None:
    refused = Failure("Forbidden", "the permission is missing", "kubernetes:test")
    assert "unknown: source velero: the permission is missing" == only(refused)
