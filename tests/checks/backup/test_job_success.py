"""backup/job-success of CronJobs, on plain facts. It is 09:00 UTC on Monday, 2 March 2026."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from checks.backup.check_job_success import BackupJobLimits, check_backup_jobs
from opsproof import CRITICAL, Examination
from opsproof.examine.backups.kept import Kept
from opsproof.model.outcome import Outcome
from opsproof.sources.kubernetes.facts.workloads import CronJob, Job
from tests.checks.backup.shelves import DUMP, kept, night, nights, stored, told
from tests.checks.cluster import NOW, TOO_MANY, ago, ended_job, examination, job, listing, meta

TODAY, YESTERDAY = "2026-03-02T02:00:00Z", "2026-03-01T02:00:00Z"
NIGHTLY = "0 2 * * *"


def examined(cron: CronJob | None, *jobs: Job, suspended: tuple[str, ...] = (), **limits: Any) -> Examination:
    examine = examination(CRITICAL)
    crons = [cron] if cron is not None else []
    asked = BackupJobLimits(cron_jobs=("cronjob/backup",), **limits)
    check_backup_jobs(listing(*crons), listing(*jobs), suspended, None, None, None, asked, examine)
    return examine


def backup(
    schedule: str = NIGHTLY,
    *,
    began: str | None = TODAY,
    succeeded: str | None = "2026-03-02T02:10:00Z",
    age: float = 60 * 24 * 30,
    active: bool = False,
    **spec: Any,
) -> CronJob:
    status = {
        "active": [{"name": "backup-1"}] if active else None,
        "lastScheduleTime": began,
        "lastSuccessfulTime": succeeded,
    }
    document = {"metadata": meta("backup", age=age), "spec": {"schedule": schedule, **spec}, "status": status}
    return msgspec.convert(document, CronJob)


def message(examine: Examination) -> str:
    (finding,) = examine.findings
    assert finding.outcome is Outcome.FAIL
    return finding.message


def test_last_night_s_run_succeeded() -> None:
    assert examined(backup()).passed == 1


def test_a_missed_run_fails_even_after_a_success() -> None:
    found = examined(backup(began=YESTERDAY, succeeded="2026-03-01T02:10:00Z"))
    assert message(found) == (
        "it missed its run of 2026-03-02 02:00 UTC; the last one began 2026-03-01 02:00 UTC"
    )


def test_one_that_never_ran_fails() -> None:
    found = examined(backup(began=None, succeeded=None))
    assert message(found) == "it missed its run of 2026-03-02 02:00 UTC; it has never run"


def test_a_run_that_did_not_succeed_fails() -> None:
    found = examined(backup(succeeded="2026-03-01T02:10:00Z"))
    assert message(found) == "its run of 2026-03-02 02:00 UTC is over, and none has succeeded since"


def test_a_failed_run_is_named() -> None:
    failed = ended_job("backup-29", well=False, age=400, owner="CronJob/backup")
    found = examined(backup(succeeded="2026-03-01T02:10:00Z"), failed)
    assert message(found) == f"the last finished run, job backup-29, failed ({TOO_MANY})"


def test_a_later_success_heals_a_failed_run() -> None:
    failed = ended_job("backup-28", well=False, age=60 * 24, owner="CronJob/backup")
    assert examined(backup(), failed).passed == 1


def test_suspended_it_fails_unless_the_environment_declares_it() -> None:
    off = backup(suspend=True)
    assert message(examined(off)) == "it is suspended: it does not run"
    (finding,) = examined(off, suspended=("cronjob/backup",)).findings
    assert finding.outcome is Outcome.NOT_APPLICABLE


def test_a_declared_suspension_hides_nothing_of_one_that_is_not_suspended() -> None:
    found = examined(backup(succeeded=YESTERDAY), suspended=("cronjob/backup",))
    assert found.findings[0].outcome is Outcome.FAIL


def running(age: float) -> Job:
    return job("backup-30", owner="CronJob/backup", startTime=ago(age), active=1)


def test_a_run_under_way_is_in_transition_within_its_deadline() -> None:
    cron = backup("30 8 * * *", began=ago(30), succeeded="2026-03-01T08:40:00Z", active=True)
    assert examined(cron, running(30)).findings[0].in_transition
    assert message(examined(cron, running(30), longest="20m")) == (
        "its run that began 2026-03-02 08:30 UTC is not over; 20m allowed"
    )


def test_its_own_deadline_comes_first() -> None:
    template = {"spec": {"activeDeadlineSeconds": 60}}
    cron = backup(
        "30 8 * * *", began=ago(30), succeeded="2026-03-01T08:40:00Z", active=True, jobTemplate=template
    )
    assert examined(cron, running(30)).findings[0].outcome is Outcome.FAIL


def test_a_run_under_way_excuses_no_night_before_without_success() -> None:
    """Every night the new run replaces the one that hangs."""
    cron = backup("30 8 * * *", began=ago(30), succeeded="2026-02-20T08:40:00Z", active=True)
    assert examined(cron, running(30)).findings[0].outcome is Outcome.FAIL


def test_a_first_run_that_is_not_due_yet_is_waited_for() -> None:
    new = backup(began=None, succeeded=None, age=60)
    (finding,) = examined(new).findings
    assert finding.in_transition
    assert finding.message == "it has not run yet: its first run is due at 2026-03-03 02:00 UTC"


def test_a_run_under_way_after_one_that_did_not_succeed_is_told_as_such() -> None:
    found = examined(backup(active=True, succeeded="2026-02-28T02:10:00Z"))
    assert (
        message(found) == "its run of 2026-03-02 02:00 UTC is not over, and the one before it did not succeed"
    )


def test_a_run_may_begin_a_little_late() -> None:
    cron = backup("55 8 * * *", began="2026-03-01T08:55:00Z", succeeded="2026-03-01T09:00:00Z")
    assert examined(cron).passed == 1
    assert message(examined(cron, late="1m")).startswith("it missed its run of 2026-03-02 08:55 UTC")


def test_a_starting_deadline_of_its_own_comes_first() -> None:
    cron = backup("55 8 * * *", began="2026-03-01T08:55:00Z", startingDeadlineSeconds=60)
    assert message(examined(cron)).startswith("it missed its run of 2026-03-02 08:55 UTC")


def test_weekends_are_not_due_in_a_schedule_of_working_days() -> None:
    """Monday morning, before the first run of the week."""
    cron = backup("0 22 * * 1-5", began="2026-02-27T22:00:00Z", succeeded="2026-02-27T22:10:00Z")
    assert examined(cron).passed == 1


def test_the_schedule_is_by_its_time_zone() -> None:
    """At 09:00 UTC it is 04:00 in New York: the run of five o'clock there is not due."""
    there = backup(
        "0 5 * * *",
        timeZone="America/New_York",
        began="2026-03-01T10:00:00Z",
        succeeded="2026-03-01T10:05:00Z",
    )
    assert examined(there).passed == 1


def test_without_a_time_zone_the_controller_s_may_be_another() -> None:
    """It runs at 02:00 in Berlin: never at 02:00 UTC, and never more than a day apart."""
    berlin = backup(began="2026-03-02T01:00:00Z", succeeded="2026-03-02T01:10:00Z")
    assert examined(berlin).passed == 1
    stopped = backup(began="2026-02-28T01:00:00Z", succeeded="2026-02-28T01:10:00Z")
    assert message(examined(stopped)).startswith("it missed its run of 2026-03-01 01:00 UTC")


@pytest.mark.parametrize("schedule", ["every night", "61 2 * * *", "* * * * * *"])
def test_a_schedule_that_cannot_be_read_is_undecided(schedule: str) -> None:
    assert examined(backup(schedule)).findings[0].outcome is Outcome.UNKNOWN


def test_an_unknown_time_zone_is_undecided() -> None:
    assert examined(backup(timeZone="Mars/Base")).findings[0].outcome is Outcome.UNKNOWN


def test_every_so_often_counts_from_the_last_run() -> None:
    def often(minutes: float) -> CronJob:
        moment = (NOW - timedelta(minutes=minutes)).isoformat()
        return backup("@every 2h", began=moment, succeeded=moment)

    assert examined(often(100)).passed == 1
    assert examined(often(200)).findings[0].outcome is Outcome.FAIL


def test_a_named_cron_job_must_be_there() -> None:
    assert message(examined(None)) == "there is no cronjob/backup"


def test_where_nothing_says_what_makes_the_backups_it_is_undecided() -> None:
    examine = examination(CRITICAL)
    with examine.whole("backup/job-success"):
        check_backup_jobs(None, None, (), None, None, None, BackupJobLimits(), examine)
    assert examine.findings[0].outcome is Outcome.UNKNOWN


# -- by what they make -----------------------------------------------------------------------------------


def made(*places: Kept, **limits: Any) -> list[str]:
    examine = examination(CRITICAL)
    asked = BackupJobLimits(objects=(DUMP,), **limits)
    check_backup_jobs(None, None, (), places or None, None, None, asked, examine)
    return told(examine)


def test_a_backup_of_every_day_passes() -> None:
    assert [] == made(kept(*nights()))


def test_the_newest_has_to_be_young_enough() -> None:
    found = made(kept(*nights(0, 1)))
    assert (
        "fail: backup db-%Y%m%d.sql.gz: the newest is db-20261124.sql.gz, made 2026-11-24 03:00 UTC" in found
    )


@pytest.mark.parametrize(("without", "fails"), [(1, True), (7, True), (8, False)])
def test_a_day_without_one_shows_that_it_does_not_run_by_itself(without: int, fails: bool) -> None:
    """However fresh the newest is; what is longer ago is the matter of how long backups are kept."""
    day = night(without)
    said = f"fail: days db-%Y%m%d.sql.gz: 1 of the last 7 days have no backup: {day:%Y-%m-%d}"
    assert ([said] if fails else []) == made(kept(*nights(without)))


def test_an_empty_one_makes_no_day() -> None:
    found = made(kept(*nights(3), stored(3, size=0)))
    assert ["fail: days db-%Y%m%d.sql.gz: 1 of the last 7 days have no backup: 2026-11-23"] == found


def test_days_on_which_none_is_made_are_not_missed() -> None:
    """On a Thursday, the weekend is four and five days ago."""
    working = ("mon", "tue", "wed", "thu", "fri")
    assert [] == made(kept(*nights(4, 5)), weekdays=working)
    assert 1 == len(made(kept(*nights(3, 4, 5)), weekdays=working))


def test_days_before_the_first_backup_ever_are_not_missed() -> None:
    assert [] == made(kept(*nights(count=3)), since="2026-11-24")
    assert 1 == len(made(kept(*nights(count=3))))


def test_without_a_backup_only_that_is_told() -> None:
    (finding,) = made(kept())
    assert "no backup: the bucket shop is empty" in finding


def test_where_no_place_is_configured_it_is_undecided() -> None:
    assert made()[0].startswith("unknown: ")


def test_both_ways_count() -> None:
    examine = examination(CRITICAL)
    asked = BackupJobLimits(objects=(DUMP,), cron_jobs=("cronjob/backup",))
    check_backup_jobs(listing(), listing(), (), (kept(*nights(0, 1)),), None, None, asked, examine)
    assert 3 == len(told(examine))
