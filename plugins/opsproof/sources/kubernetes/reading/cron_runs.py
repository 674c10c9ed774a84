"""Whether a CronJob runs by itself: not suspended, none missed, the last one that is over a success."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from opsproof.model.failure import Undecided
from opsproof.model.units import Duration, duration_text
from opsproof.sources.kubernetes.facts.workloads import CronJob, Job
from opsproof.sources.kubernetes.reading.runs import last_ended
from opsproof.sources.kubernetes.reading.schedule import Schedule
from opsproof.sources.kubernetes.reading.transitions import Since


class RunsByItself(NamedTuple):
    """`fault` is empty for one that does. With `since` and `grace` it is excused for so long."""

    fault: str = ""
    measured: str = ""
    since: Since = Since()
    grace: Duration | None = None


def runs_by_itself(
    cron: CronJob, jobs: Sequence[Job], now: datetime, late: Duration, longest: Duration
) -> RunsByItself:
    """The verdict on a CronJob.

    Args:
        cron: the CronJob.
        jobs: those that it made.
        now: by the cluster's clock, the later one where that is not trusted.
        late: how long after its moment a run may begin, where the CronJob sets no deadline.
        longest: how long a run may take, where its Job sets no deadline.

    Raises:
        Undecided: the schedule cannot be read.
    """
    if cron.spec.suspend:
        return RunsByItself("it is suspended: it does not run", "suspended")
    begin = cron.spec.starting_deadline_seconds
    due = _last_due(cron, now - timedelta(seconds=late if begin is None else begin))
    started, succeeded = cron.status.last_schedule_time, cron.status.last_successful_time
    if due is None or (cron.created is not None and due < cron.created and started is None):
        return _not_yet(cron, now, late)
    if started is None or _minute(started) < _minute(due):
        last = f"the last one began {started:%Y-%m-%d %H:%M} UTC" if started else "it has never run"
        return RunsByItself(f"it missed its run of {due:%Y-%m-%d %H:%M} UTC; {last}", "missed")
    return _ended(cron, jobs, started, succeeded, longest)


def _last_due(cron: CronJob, until: datetime) -> datetime | None:
    """When the newest run had to begin; by the distance of runs where no time zone is stated and UTC is not meant."""
    schedule = Schedule(cron.spec.schedule, cron.spec.time_zone)
    started, due = cron.status.last_schedule_time, schedule.due(until)
    if due is None:
        gap = schedule.longest_gap(until)
        if not gap:
            raise Undecided(f"its schedule never comes ({schedule.text[:40]!r})")
        return _by_distance(cron, until, gap)
    if schedule.zoned or started is None or schedule.holds(started):
        return due
    return _by_distance(cron, until, schedule.longest_gap(until))


def _by_distance(cron: CronJob, until: datetime, gap: Duration) -> datetime | None:
    """The last run itself while the next one is not overdue."""
    before = cron.status.last_schedule_time or cron.created
    if before is None or before + timedelta(seconds=gap) > until:
        return cron.status.last_schedule_time
    return before + timedelta(seconds=gap)


def _not_yet(cron: CronJob, now: datetime, late: Duration) -> RunsByItself:
    """It is so new that no run of it was due."""
    created = cron.created
    schedule = Schedule(cron.spec.schedule, cron.spec.time_zone)
    first = schedule.first_after(created) if created is not None else None
    if created is None or first is None:
        return RunsByItself("it has never run", "never run")
    told = f"it has not run yet: its first run is due at {first:%Y-%m-%d %H:%M} UTC"
    wait = (first - created).total_seconds() + late
    return RunsByItself(told, "not yet due", Since(created, "its creation"), Duration(wait))


def _ended(
    cron: CronJob, jobs: Sequence[Job], started: datetime, succeeded: datetime | None, longest: Duration
) -> RunsByItself:
    last = last_ended(jobs)
    running = bool(cron.status.active) or any(not job.finished for job in jobs)
    if (
        last is not None
        and last.failure is not None
        and not (succeeded and last.ended and succeeded > last.ended)
    ):
        why = f" ({last.failure.reason})" if last.failure.reason else ""
        return RunsByItself(f"the last finished run, job {last.name}, failed{why}", "failed")
    if running and _succeeded_before(cron, started, succeeded):
        return _under_way(cron, jobs, started, longest)
    if succeeded is None or succeeded < started:
        state = (
            "not over, and the one before it did not succeed"
            if running
            else "over, and none has succeeded since"
        )
        told = f"its run of {started:%Y-%m-%d %H:%M} UTC is {state}"
        return RunsByItself(told, "no success")
    return RunsByItself(measured="succeeded")


def _under_way(cron: CronJob, jobs: Sequence[Job], started: datetime, longest: Duration) -> RunsByItself:
    """One that runs within its deadline says nothing yet; the one before it has to have succeeded."""
    begun = [job.status.start_time for job in jobs if not job.finished and job.status.start_time]
    since = min(begun, default=started)
    own = cron.spec.job_template.spec.active_deadline_seconds
    limit = Duration(own) if own is not None else longest
    told = f"its run that began {since:%Y-%m-%d %H:%M} UTC is not over; {duration_text(limit)} allowed"
    return RunsByItself(told, "running", Since(since, "the start of its Job"), limit)


def _succeeded_before(cron: CronJob, started: datetime, succeeded: datetime | None) -> bool:
    """Whether the run before the one that began then was a success, as far as there was one."""
    before = Schedule(cron.spec.schedule, cron.spec.time_zone).due(started - timedelta(minutes=1))
    if before is None or (cron.created is not None and before < cron.created):
        return True
    return succeeded is not None and succeeded >= before


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
