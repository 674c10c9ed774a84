"""Jobs that are started by hand: they can be started, and what was started last ended well and in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import field_validator

from opsproof import HIGH, Duration, Examination, Limits, Listing, Scoped, Subject, Undecided, check
from opsproof.model.units import duration_text
from opsproof.sources.kubernetes.asks import CronJobs, Kubernetes
from opsproof.sources.kubernetes.facts.workloads import CronJob, Job
from opsproof.sources.kubernetes.reading.choice import absent, named, referred
from opsproof.sources.kubernetes.reading.runs import last_ended

JobsMade = Annotated[Listing[Job], Kubernetes("jobs")]


class ManualJobLimits(Limits):
    """`cron_jobs`: references like `cronjob/scan`, from which Jobs are made by hand; each must exist.

    `deadline`: how long such a Job may take, where it sets no deadline of its own.
    """

    cron_jobs: Scoped[tuple[str, ...]]
    deadline: Duration = Duration.parse("1h")

    @field_validator("cron_jobs")
    @classmethod
    def _names_some(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if not given:
            raise ValueError("name at least one CronJob")
        return given


@check("health/jobs-succeeded", title="Jobs that are started by hand end well and in time", level=HIGH)
def check_jobs_succeeded(
    cron_jobs: CronJobs, jobs: JobsMade, limits: ManualJobLimits, examine: Examination
) -> None:
    """In an incident the Job is created, everybody takes it for done, and it failed a minute later."""
    found, missing = named(cron_jobs, limits.cron_jobs)
    for cron in found:
        _examine_template(cron, examine)
        made = [job for job in jobs.within(cron.namespace) if job.by_hand_from == cron.name]
        _examine_jobs(cron, made, jobs, limits, examine)
    for text in missing:
        with examine(referred(text), measured="absent", limit="present"):
            raise AssertionError(absent(cron_jobs, text))


def _examine_template(cron: CronJob, examine: Examination) -> None:
    with examine(cron, measured="suspended" if cron.spec.suspend else "active", limit="active"):
        assert not cron.spec.suspend, "it is suspended"


def _examine_jobs(
    cron: CronJob, made: Sequence[Job], jobs: Listing[Job], limits: ManualJobLimits, examine: Examination
) -> None:
    """The newest finished one decides; one that runs is judged once its deadline is over."""
    running = [job for job in made if not job.finished]
    last = last_ended(made)
    for job in running:
        _examine_running(job, jobs, limits, examine, alone=last is None)
    if last is not None:
        _examine_ended(last, limits, examine)
    elif not running:
        subject = Subject("job", f"{cron.name} (by hand)", cron.namespace, f"{cron.name}/by-hand")
        with examine(subject, measured="none", limit="Complete"):
            raise AssertionError(
                f"no Job was made from cronjob/{cron.name} by hand: nobody knows that one ends well"
            )


def _examine_running(
    job: Job, jobs: Listing[Job], limits: ManualJobLimits, examine: Examination, *, alone: bool
) -> None:
    """Where no other one has ended (`alone`), one that was created shows nothing yet."""
    if job.spec.suspend:
        with examine(job, measured="suspended", limit="Complete"):
            raise AssertionError("it was created, and is suspended")
        return
    allowed = _allowed(job, limits)
    since = jobs.moment(_began(job), "its start")
    with examine(job, measured="running", limit="Complete", since=since, grace=allowed):
        if alone and since is not None and since.lasts(timedelta(seconds=allowed)) is not False:
            raise Undecided("it is not complete, and no other one has ended: wait for its end")
        raise AssertionError(f"it is not complete; {duration_text(allowed)} allowed")


def _examine_ended(job: Job, limits: ManualJobLimits, examine: Examination) -> None:
    failed, began, ended = job.failure, _began(job), job.ended
    took = Duration((ended - began).total_seconds()) if began is not None and ended is not None else None
    with examine(job, measured="Failed" if failed else "Complete", limit="Complete"):
        why = f" ({failed.reason})" if failed is not None and failed.reason else ""
        assert failed is None, f"it failed{why}"
        allowed = _allowed(job, limits)
        assert took is None or took <= allowed, f"it took {took}; {duration_text(allowed)} allowed"


def _allowed(job: Job, limits: ManualJobLimits) -> Duration:
    """Its own deadline, else that of the row."""
    own = job.spec.active_deadline_seconds
    return Duration(own) if own is not None else limits.deadline


def _began(job: Job) -> datetime | None:
    return job.status.start_time or job.created
