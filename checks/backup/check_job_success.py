"""Backup jobs: they run by themselves, and the last one ended well."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import field_validator

from opsproof import (
    CRITICAL,
    AtMost,
    Count,
    Duration,
    Examination,
    Listing,
    Scoped,
    Subject,
    Undecided,
    check,
)
from opsproof.examine.backups.decided import aged, each
from opsproof.examine.backups.kept import Kept
from opsproof.examine.backups.limits import BackupLimits
from opsproof.examine.backups.places import Backups, Shelves
from opsproof.examine.declared import Declared
from opsproof.examine.velero import Vault, Vaults, VeleroIn, VeleroLimits
from opsproof.model.failure import Failure
from opsproof.model.words import first_few
from opsproof.sources.kubernetes.asks import Kubernetes
from opsproof.sources.kubernetes.facts.velero import Schedule
from opsproof.sources.kubernetes.facts.workloads import CronJob, Job
from opsproof.sources.kubernetes.reading.choice import absent, named, referred
from opsproof.sources.kubernetes.reading.cron_runs import runs_by_itself
from opsproof.sources.kubernetes.reading.runs import by_cron_job
from opsproof.sources.kubernetes.reading.velero_runs import makes_backups, newest_ended

CronJobsAsked = Annotated[Listing[CronJob] | None, Kubernetes("cronjobs", wanted_by=("cron_jobs",))]
JobsAsked = Annotated[Listing[Job] | None, Kubernetes("jobs", wanted_by=("cron_jobs",))]
# Those that the environment says are suspended on purpose.
Suspended = Annotated[tuple[str, ...], Declared("suspended_cron_jobs", optional=True)]


class BackupJobLimits(BackupLimits, VeleroLimits):
    """`cron_jobs`: references like `cronjob/postgres-backup`, each of which must exist.

    `late`: how long after its moment a run may begin; `longest`: how long it may take. A CronJob's own
    `startingDeadlineSeconds` and its Job's `activeDeadlineSeconds` come before them.

    `objects`, `files`: what it stores, by the dates in the names, where nobody can look at what runs it. `age`: of the
    newest of these. `days`: of so many before today, each has one. `since`: the day of the first one ever.

    `ended`: how long ago the last backup of a namespace by any schedule of Velero may have ended; each schedule keeps
    its own time besides.
    """

    cron_jobs: Scoped[tuple[str, ...]] = ()
    since: Scoped[str] = ""
    late: Duration = Duration.parse("15m")
    longest: Duration = Duration.parse("6h")
    age: AtMost[Duration] = AtMost.parse("26h", Duration)
    ended: AtMost[Duration] | None = None
    days: Count = Count(7)

    @field_validator("since")
    @classmethod
    def _is_a_day(cls, given: str) -> str:
        return date.fromisoformat(given).isoformat() if given and "${" not in given else given


@check(
    "backup/job-success", title="Backup jobs run by themselves, and the last one succeeded", level=CRITICAL
)
def check_backup_jobs(
    cron_jobs: CronJobsAsked,
    jobs: JobsAsked,
    suspended: Suspended,
    objects: Annotated[Shelves, Backups("s3")],
    files: Annotated[Shelves, Backups("files")],
    velero: Annotated[Vaults, VeleroIn("backups", "schedules")],
    limits: BackupJobLimits,
    examine: Examination,
) -> None:
    """A backup that nobody starts, or that fails every night, is found on the day when it is needed."""
    if limits.objects or limits.files:
        for kept in each(examine, objects=objects, files=files):
            aged(kept, limits.age, limits, examine)
            _examine_days(kept, limits, examine)
    elif velero is None and not limits.cron_jobs:
        raise Undecided(
            "nothing says what makes the backups; set cron_jobs, velero, or objects or files that it makes"
        )
    for one in velero or ():
        if isinstance(one, Failure):
            examine.unknown(Subject("source", "velero"), one)
        else:
            _examine_schedules(one, limits, examine)
    if cron_jobs is not None and jobs is not None:
        _examine_cron_jobs(cron_jobs, jobs, suspended, limits, examine)


def _examine_days(kept: Kept, limits: BackupJobLimits, examine: Examination) -> None:
    """One that somebody made by hand this morning does not say that it runs by itself."""
    if not kept.backups:
        return
    subject = Subject("days", kept.pattern.pattern)
    days = kept.days(int(limits.days), limits.weekdays, limits.since)
    missing = kept.without(days)
    with examine(subject, measured=Count(len(missing)), limit=f"none of {len(days)} days missing"):
        kept.require_begun(limits.since)
        shown = first_few([str(day) for day in missing])
        assert not missing, f"{len(missing)} of the last {len(days)} days have no backup: {shown}"


def _examine_cron_jobs(
    cron_jobs: Listing[CronJob],
    jobs: Listing[Job],
    suspended: tuple[str, ...],
    limits: BackupJobLimits,
    examine: Examination,
) -> None:
    found, missing = named(cron_jobs, limits.cron_jobs)
    made = by_cron_job(jobs)
    for cron in found:
        if cron.spec.suspend and f"cronjob/{cron.name}" in suspended:
            examine.not_applicable(cron, "suspended, as the environment declares")
            continue
        _examine(cron, made.get((cron.namespace, cron.name), []), cron_jobs, limits, examine)
    for text in missing:
        with examine(referred(text), measured="absent", limit="present"):
            raise AssertionError(absent(cron_jobs, text))


def _examine(
    cron: CronJob,
    jobs: list[Job],
    cron_jobs: Listing[CronJob],
    limits: BackupJobLimits,
    examine: Examination,
) -> None:
    try:
        found = runs_by_itself(cron, jobs, cron_jobs.clock.latest, limits.late, limits.longest)
    except Undecided as doubt:
        examine.unknown(cron, doubt)
        return
    with examine(
        cron,
        measured=found.measured,
        limit="every run begun and succeeded",
        since=cron_jobs.moment(*found.since),
        grace=found.grace,
    ):
        assert not found.fault, found.fault


def _examine_schedules(vault: Vault, limits: BackupJobLimits, examine: Examination) -> None:
    """Every schedule of Velero that makes backups of one of the namespaces, each of which has one."""
    making = {one.name: one for namespace in vault.namespaces for one in vault.making(namespace)}
    newest = {_last_of(vault, vault.making(namespace)) for namespace in vault.namespaces}
    for schedule in making.values():
        _examine_schedule(vault, schedule, limits, examine, newest=schedule.name in newest)
    for namespace in vault.namespaces:
        if not vault.making(namespace):
            with examine(Subject("namespace", namespace), measured="no schedule", limit="a schedule"):
                raise AssertionError(f"no schedule of Velero in {vault.place} makes backups of all of it")


def _last_of(vault: Vault, schedules: list[Schedule]) -> str:
    """The one whose backup ended last: beside a nightly one, a weekly one may be older than a day."""
    ended = [
        (last.status.completion_timestamp, one.name)
        for one in schedules
        if (last := newest_ended(vault.made_by(one))) is not None
        and last.status.completion_timestamp is not None
    ]
    return max(ended)[1] if ended else ""


def _examine_schedule(
    vault: Vault, schedule: Schedule, limits: BackupJobLimits, examine: Examination, *, newest: bool
) -> None:
    made = vault.made_by(schedule)
    try:
        found = makes_backups(schedule, made, vault.schedules.clock.latest, limits.late, limits.longest)
    except Undecided as doubt:
        examine.unknown(schedule, doubt)
        return
    last = newest_ended(made)
    if last is not None and last.status.warnings:
        examine.note(f"{last.name}: {last.status.warnings} warnings, which are in its log")
    ended = last.status.completion_timestamp if last is not None else None
    with examine(
        schedule,
        measured=found.measured,
        limit="every backup begun and completed",
        since=vault.schedules.moment(*found.since),
        grace=found.grace,
    ) as it:
        assert not found.fault, found.fault
        if limits.ended is not None and newest and last is not None:
            age = vault.backups.age(ended) if ended is not None else None
            it.holds(limits.ended, age, f"{last.name}, the last backup, ended {age} ago")
