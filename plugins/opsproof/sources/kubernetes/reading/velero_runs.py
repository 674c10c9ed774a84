"""Whether a schedule of Velero makes its backups: not paused, none missed, the last one that has ended a good one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone

from opsproof.model.failure import Undecided
from opsproof.model.units import Duration, duration_text
from opsproof.sources.kubernetes.facts.velero import COMPLETED, Backup
from opsproof.sources.kubernetes.facts.velero import Schedule as VeleroSchedule
from opsproof.sources.kubernetes.reading.cron_runs import RunsByItself
from opsproof.sources.kubernetes.reading.schedule import Schedule
from opsproof.sources.kubernetes.reading.transitions import Since

_NEAR = timedelta(minutes=5)  # Velero looks once a minute whether a backup is due
_NEVER = datetime.min.replace(tzinfo=timezone.utc)


def makes_backups(
    schedule: VeleroSchedule, backups: Sequence[Backup], now: datetime, late: Duration, longest: Duration
) -> RunsByItself:
    """The verdict on a schedule.

    Args:
        schedule: the schedule.
        backups: those that it made.
        now: by the cluster's clock, the later one where that is not trusted.
        late: how long after its moment a backup may begin.
        longest: how long one may take.

    Raises:
        Undecided: the schedule cannot be read.
    """
    if schedule.spec.paused:
        return RunsByItself("it is paused: it makes no backups", "paused")
    if schedule.status.phase == "FailedValidation":
        return RunsByItself("Velero does not accept it (FailedValidation)", "FailedValidation")
    if schedule.status.phase != "Enabled":
        since = Since(schedule.created, "its creation")
        return RunsByItself("Velero has not taken it up", schedule.status.phase or "new", since, late)
    last, due = schedule.status.last_backup, last_due(schedule, now - timedelta(seconds=late))
    running = newest(one for one in backups if one.under_way)
    if running is not None:
        return _under_way(running, newest_ended(backups), longest)
    if last is None and (due is None or (schedule.created is not None and due < schedule.created)):
        return _not_yet(schedule, late)
    if last is None or (due is not None and last < due):
        told = f"the last one was begun {last:%Y-%m-%d %H:%M} UTC" if last else "it has never made one"
        when = f"{due:%Y-%m-%d %H:%M} UTC" if due else "now"
        return RunsByItself(f"it missed its backup of {when}; {told}", "missed")
    return _ended(newest_ended(backups), last, late)


def last_due(schedule: VeleroSchedule, until: datetime) -> datetime | None:
    """When the newest backup had to begin. Of a server in another time zone only how far apart they are counts.

    Raises:
        Undecided: the schedule cannot be read, or never comes.
    """
    cron, last = Schedule(schedule.spec.schedule), schedule.status.last_backup
    due = cron.due(until)
    if due is not None and (cron.zoned or last is None or _near(cron, last)):
        return due
    gap = cron.longest_gap(until)
    if not gap:
        raise Undecided(f"its schedule never comes ({cron.text[:40]!r})")
    before = last or schedule.created
    if before is None or before + timedelta(seconds=gap) > until:
        return last
    return before + timedelta(seconds=gap)


def _near(cron: Schedule, moment: datetime) -> bool:
    found = cron.due(moment)
    return found is not None and moment - found < _NEAR


def first_due(schedule: VeleroSchedule) -> datetime | None:
    """When its first backup is due. Raises Undecided."""
    created = schedule.created
    return Schedule(schedule.spec.schedule).first_after(created) if created is not None else None


def _not_yet(schedule: VeleroSchedule, late: Duration) -> RunsByItself:
    created, first = schedule.created, first_due(schedule)
    if created is None or first is None:
        return RunsByItself("it has never made a backup", "never")
    told = f"it has made no backup yet: the first one is due at {first:%Y-%m-%d %H:%M} UTC"
    wait = (first - created).total_seconds() + late
    return RunsByItself(told, "not yet due", Since(created, "its creation"), Duration(wait))


def _under_way(running: Backup, before: Backup | None, longest: Duration) -> RunsByItself:
    """One that is being made says nothing yet; the one before it has to have ended well."""
    if before is not None and (fault := failed(before)):
        return RunsByItself(fault, before.phase)
    since = running.begun or running.created
    when = f"{since:%Y-%m-%d %H:%M} UTC" if since is not None else "an unknown moment"
    told = f"{running.name}, begun {when}, has not ended ({running.phase or 'New'}); {duration_text(longest)} allowed"
    return RunsByItself(told, running.phase or "New", Since(since, "its beginning"), longest)


def _ended(last: Backup | None, begun: datetime, late: Duration) -> RunsByItself:
    """One that was begun a moment ago may have been listed a moment too early."""
    if last is None or (last.begun or last.created or _NEVER) < begun - _NEAR:
        told = f"the backup that was begun {begun:%Y-%m-%d %H:%M} UTC is not there"
        return RunsByItself(told, "gone", Since(begun, "its last backup"), late)
    return RunsByItself(failed(last), last.phase)


def failed(backup: Backup) -> str:
    """Why one that has ended is no good backup, in words; "" for a good one."""
    status = backup.status
    counts = f", {status.errors} errors" if status.errors else ""
    if backup.phase != COMPLETED:
        return f"the last backup that ended, {backup.name}, is {backup.phase}{counts}"
    return f"the last backup, {backup.name}, is {COMPLETED}{counts}" if counts else ""


def newest(backups: Iterable[Backup]) -> Backup | None:
    """The one that was begun last."""
    return max(backups, key=lambda one: (one.begun or one.created or _NEVER, one.name), default=None)


def newest_ended(backups: Iterable[Backup]) -> Backup | None:
    return newest(one for one in backups if one.ended)
