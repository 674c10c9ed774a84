"""What has run: Jobs by themselves, and CronJobs by the Jobs that they made. The last finished run decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.listing import Listing
from opsproof.sources.kubernetes.asks import Kubernetes
from opsproof.sources.kubernetes.facts.workloads import CronJob, Job
from opsproof.sources.kubernetes.reading.transitions import Since

_SOURCE = Kubernetes("jobs", "cronjobs")
_KINDS = {"job", "cronjob"}


class Runs(msgspec.Struct, frozen=True):
    """Source: Jobs and CronJobs; not asked for where the limit `workloads` names none of them."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        names: tuple[str, ...] = getattr(context.limits, "workloads", ())
        wanted = not names or any(name.partition("/")[0] in _KINDS for name in names)
        return _SOURCE.asks(context) if wanted else ()

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Listing[Job | CronJob] | None:
        return _SOURCE.assemble(answers, context)


class Verdict(NamedTuple):
    """On a Job or CronJob: `aside` why there is nothing to judge, else `fault`, `doubt`, or neither."""

    aside: str = ""
    fault: str = ""
    doubt: str = ""
    since: Since = Since()


def by_cron_job(things: Iterable[Job | CronJob]) -> dict[tuple[str, str], list[Job]]:
    """The Jobs that CronJobs made, by namespace and name of the CronJob."""
    groups: dict[tuple[str, str], list[Job]] = {}
    for one in things:
        if isinstance(one, Job) and one.key and one.owner is not None:
            groups.setdefault((one.namespace, one.owner.name), []).append(one)
    return groups


def verdict(thing: Job | CronJob, jobs: Sequence[Job]) -> Verdict:
    """What the last finished run says; `jobs` are those that a CronJob made."""
    if thing.spec.suspend:
        return Verdict(aside="suspended")
    if isinstance(thing, Job):
        return _of(thing) if thing.finished else Verdict(aside="a Job that has not finished")
    return _last(thing, jobs)


def _of(job: Job) -> Verdict:
    failed = job.failure
    if failed is None:
        return Verdict()
    why = f" ({failed.reason})" if failed.reason else ""
    return Verdict(
        fault=f"the last finished run, job {job.name}, failed{why}",
        since=Since(job.ended, "condition Failed"),
    )


def _last(cron: CronJob, jobs: Sequence[Job]) -> Verdict:
    """Of the Jobs that are still there; one that succeeded and is gone is known by its moment."""
    last = last_ended(jobs)
    begun, succeeded = cron.status.last_schedule_time, cron.status.last_successful_time
    known = max(filter(None, (last.ended if last else None, succeeded)), default=None)
    under_way = bool(cron.status.active) or any(not job.finished for job in jobs)
    if known is None and (under_way or begun is None):
        return Verdict(aside="a CronJob of which no run has finished yet")
    if begun is not None and not under_way and (known is None or known < begun):
        return Verdict(
            doubt=f"its run of {begun:%Y-%m-%d %H:%M} UTC is over without a success, and its Job is gone"
        )
    return _of(last) if last is not None and last.ended == known else Verdict()


def last_ended(jobs: Iterable[Job]) -> Job | None:
    """The Job that was finished last."""
    return max((job for job in jobs if job.ended), key=_ended, default=None)


def _ended(job: Job) -> float:
    return job.ended.timestamp() if job.ended else 0.0
