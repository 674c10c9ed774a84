"""Backup jobs: they run by themselves, and the last one ended well."""

from __future__ import annotations

from typing import Annotated

from opsproof import CRITICAL, Duration, Examination, Limits, Listing, Scoped, Undecided, check
from opsproof.examine.declared import Declared
from opsproof.sources.kubernetes.asks import Kubernetes
from opsproof.sources.kubernetes.facts.workloads import CronJob, Job
from opsproof.sources.kubernetes.reading.choice import absent, named, referred
from opsproof.sources.kubernetes.reading.cron_runs import runs_by_itself
from opsproof.sources.kubernetes.reading.runs import by_cron_job

CronJobsAsked = Annotated[Listing[CronJob] | None, Kubernetes("cronjobs", wanted_by=("cron_jobs",))]
JobsAsked = Annotated[Listing[Job] | None, Kubernetes("jobs", wanted_by=("cron_jobs",))]
# Those that the environment says are suspended on purpose.
Suspended = Annotated[tuple[str, ...], Declared("suspended_cron_jobs", optional=True)]


class BackupJobLimits(Limits):
    """`cron_jobs`: references like `cronjob/postgres-backup`, each of which must exist.

    `late`: how long after its moment a run may begin; `longest`: how long it may take. A CronJob's own
    `startingDeadlineSeconds` and its Job's `activeDeadlineSeconds` come before them.
    """

    cron_jobs: Scoped[tuple[str, ...]] = ()
    late: Duration = Duration.parse("15m")
    longest: Duration = Duration.parse("6h")


@check(
    "backup/job-success", title="Backup jobs run by themselves, and the last one succeeded", level=CRITICAL
)
def check_backup_jobs(
    cron_jobs: CronJobsAsked,
    jobs: JobsAsked,
    suspended: Suspended,
    limits: BackupJobLimits,
    examine: Examination,
) -> None:
    """A backup that nobody starts, or that fails every night, is found on the day when it is needed."""
    if cron_jobs is None or jobs is None:
        raise Undecided("nothing says which jobs make the backups; set cron_jobs")
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
